"""A settled file -> what the journal should know of it. Runs in a worker thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hotfolder import config, sources
from hotfolder.domain import failures
from hotfolder.domain.events import WaitsFor
from hotfolder.domain.failures import Failure
from hotfolder.domain.sightings import Sighting
from hotfolder.imaging import inspect
from hotfolder.imaging.picture import (
    BrokenPicture,
    EmptyPicture,
    NotAPicture,
    Picture,
    PictureError,
    PictureType,
    TooManyPixels,
    TruncatedPicture,
)
from hotfolder.intake import plan
from hotfolder.journal.acceptance import Draft, Settled
from hotfolder.runninghub import catalog

READ_LIMIT_BYTES = 64 * catalog.MEGABYTE

_INCOMPLETE = (EmptyPicture, TruncatedPicture)
_FAILURES: dict[type[PictureError], Failure] = {
    EmptyPicture: Failure(
        "empty",
        "The file is empty.",
        "If it is still being copied, nothing need be done; else drop it again.",
    ),
    TruncatedPicture: Failure(
        "truncated",
        "The picture's end is missing: it was not copied completely.",
        "If it is still being copied, nothing need be done; else drop it again.",
    ),
    NotAPicture: failures.NOT_A_PICTURE,
    BrokenPicture: Failure(
        "broken_picture",
        "The picture is damaged and cannot be opened.",
        "Save it anew from its original and drop it again.",
    ),
    TooManyPixels: Failure(
        "too_many_pixels",
        "The picture has too many pixels.",
        "Save it smaller and drop it again.",
    ),
}


@dataclass(frozen=True, slots=True)
class NotYet:
    """The file must be looked at again later."""

    reason: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The file is no longer there."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """The file is no source of this watch."""

    reason: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A source with the jobs that it should become."""

    settled: Settled
    drafts: tuple[Draft, ...]


@dataclass(frozen=True, slots=True)
class Unwanted:
    """A source that its sidecar wants skipped."""

    settled: Settled
    reason: str


Verdict = NotYet | Gone | Dropped | Wanted | Unwanted


def examine(watch: config.Watch, number: int, relative: str, *, gave_time: bool) -> Verdict:
    """Read a settled file, judge its picture and resolve its plan.

    `gave_time` says that an incomplete picture should no longer be waited for silently: it
    becomes a job that waits and says so. Raises OSError and RootGone where the share fails.
    """
    resolution = plan.resolve(watch, relative)
    if isinstance(resolution, plan.Ignored):
        return Dropped(resolution.reason)
    try:
        settled, picture = _read(watch, number, relative)
    except sources.SourceError as error:
        return _unread(error)
    if isinstance(resolution, plan.Skipped):
        return Unwanted(settled, resolution.reason)
    if isinstance(picture, _INCOMPLETE) and not gave_time:
        return NotYet(_FAILURES[type(picture)].message)
    return Wanted(settled, _with_picture(watch.catalog, resolution, settled, picture))


def _unread(error: sources.SourceError) -> Verdict:
    match error:
        case sources.RootGone():
            raise error
        case sources.SourceGone():
            return Gone()
        case sources.NotARegularFile() | sources.OutsideRoot():
            return Dropped(str(error))
    return NotYet("still changing")


def _read(
    watch: config.Watch, number: int, relative: str
) -> tuple[Settled, Picture | PictureError | None]:
    try:
        content = sources.read(watch.input, relative, limit=READ_LIMIT_BYTES)
    except sources.SourceTooLarge:
        sha256, sighting = sources.digest(watch.input, relative)
        return _settled(number, relative, sighting, sha256), None
    settled = _settled(number, relative, content.sighting, content.sha256)
    try:
        return settled, inspect.inspect(content.data)
    except PictureError as error:
        return settled, error


def _settled(number: int, relative: str, sighting: Sighting, sha256: str) -> Settled:
    return Settled(watch=number, path=relative, sighting=sighting, content_hash=sha256)


def _with_picture(
    models: catalog.Catalog,
    drafts: Sequence[Draft],
    settled: Settled,
    picture: Picture | PictureError | None,
) -> tuple[Draft, ...]:
    return tuple(
        _judged(draft, models.find(draft.plan.model), settled, picture) for draft in drafts
    )


def _judged(
    draft: Draft,
    model: catalog.Model | None,
    settled: Settled,
    picture: Picture | PictureError | None,
) -> Draft:
    if isinstance(picture, PictureError):
        waits_for = WaitsFor.SOURCE if isinstance(picture, _INCOMPLETE) else None
        return replace(draft, failure=_FAILURES[type(picture)], waits_for=waits_for)
    if model is None:
        return draft
    if picture is not None and not _takes(model, picture.type):
        return replace(draft, failure=_wrong_type(model, picture.type), waits_for=None)
    if settled.sighting.size > model.max_bytes:
        return replace(draft, failure=_too_large(model, settled.sighting.size), waits_for=None)
    return draft


def _takes(model: catalog.Model, kind: PictureType) -> bool:
    accepted = set(model.picture.accept)
    if accepted & {"jpg", "jpeg"}:
        accepted |= {"jpg", "jpeg"}
    return not accepted or kind.extension in accepted


def _wrong_type(model: catalog.Model, kind: PictureType) -> Failure:
    kinds = ", ".join(each.upper() for each in model.picture.accept)
    return Failure(
        "unsupported_type",
        f"The picture is a {kind.extension.upper()}, which this edit does not take.",
        f"Save it as one of {kinds} and drop it again.",
    )


def _too_large(model: catalog.Model, size: int) -> Failure:
    megabytes = size / catalog.MEGABYTE
    limit = model.max_bytes / catalog.MEGABYTE
    return Failure(
        "too_large",
        f"The picture has {megabytes:.1f} MB; this edit takes at most {limit:.0f} MB.",
        "Save it smaller and drop it again.",
    )
