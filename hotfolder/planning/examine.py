"""A settled file -> what the journal should know of it. Runs in the thread of its share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from hotfolder import config
from hotfolder.domain.failures import Failure
from hotfolder.domain.materials import Origin
from hotfolder.domain.states import WaitsFor
from hotfolder.journal.drafts import Draft, Settled
from hotfolder.kinds.formats import FileTooLarge, MissingParts, Picture, PictureError
from hotfolder.planning import fitting, naming, plan, sidecar, source_marks
from hotfolder.planning.facts import Facts
from hotfolder.planning.looks import Look, Looks
from hotfolder.runninghub.catalog import MEGABYTE
from hotfolder.tree import files

# A file above this is waited for a while longer.
AT_ONCE_BYTES: Final = 64 * MEGABYTE


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


def examine(
    looks: Looks,
    watch: config.Watch,
    number: int,
    relative: str,
    *,
    gave_time: bool,
    at: datetime,
    awaits_parts: Callable[[Settled], bool] = lambda _: False,
    expected: str | None = None,
) -> Verdict:
    """Judge a settled file's picture and resolve its plan.

    `gave_time` says that an incomplete picture should no longer be waited for silently: it
    becomes a job that waits and says so; `at` is when it became one, or would. `awaits_parts`
    says whether further pictures that a file lists may still come; `expected` is the content that
    it had before, by its hash. Raises Unseen where a look is lacking, OSError and RootGone where
    the share fails.
    """
    reason = naming.why_ignored(watch, relative)
    if reason:
        return Dropped(reason)
    try:
        seen = _look(looks, watch, relative, expected)
    except files.SourceError as error:
        return _unread(error)
    settled, picture = _settled(number, relative, seen), seen.found
    is_read = not isinstance(picture, FileTooLarge)
    if is_read and settled.sighting.size > AT_ONCE_BYTES and not gave_time:
        return NotYet("so large that it is waited for a while longer, to be sure that it is whole")
    if isinstance(picture, Picture) and picture.lacks_parts and awaits_parts(settled):
        picture = MissingParts()
    if isinstance(picture, PictureError) and picture.growing and not gave_time:
        return NotYet(picture.failure.message)
    return _planned(watch, settled, picture, Facts(at, looks, lambda: seen))


def _planned(
    watch: config.Watch, settled: Settled, picture: Picture | PictureError, known: Facts
) -> Verdict:
    try:
        beside = sidecar.beside(watch.input, settled.path)
        resolution = plan.resolve(watch, settled.path, beside, known)
    except files.SourceError as error:
        return _sidecar_moved(error)
    settled = replace(settled, beside=source_marks.mark_of(watch, beside))
    if isinstance(resolution, plan.Skipped):
        return Unwanted(settled, resolution.reason)
    drafts = tuple(_judged(watch, draft, picture) for draft in resolution)
    return Wanted(settled, drafts)


def facts(looks: Looks, watch: config.Watch, relative: str, at: datetime) -> Facts:
    """Return the facts of a source that is looked at only if need be.

    `resolve` raises Unseen and SourceError then. `at` is when it became a job.
    """
    return Facts(at, looks, lambda: _look(looks, watch, relative))


def _sidecar_moved(error: files.SourceError) -> Verdict:
    if isinstance(error, files.RootGone):
        raise error
    return NotYet("its sidecar is just being written")


def _unread(error: files.SourceError) -> Verdict:
    match error:
        case files.RootGone():
            raise error
        case files.SourceGone():
            return Gone()
        case files.NotARegularFile() | files.OutsideRoot():
            return Dropped(str(error))
    return NotYet("still changing")


def _look(looks: Looks, watch: config.Watch, relative: str, expected: str | None = None) -> Look:
    return looks.of_source(watch.input, relative, watch.largest_mb * MEGABYTE, expected)


def _settled(number: int, relative: str, seen: Look) -> Settled:
    return Settled(
        watch=number,
        path=relative,
        sighting=seen.sighting,
        content_hash=seen.sha256,
        essence=seen.essence,
    )


def _judged(watch: config.Watch, draft: Draft, picture: Picture | PictureError) -> Draft:
    if isinstance(picture, PictureError):
        waits_for = WaitsFor.SOURCE if picture.growing else None
        return replace(draft, failure=picture.failure, waits_for=waits_for)
    model = watch.catalog.find(draft.plan.model)
    rule = next(each for each in watch.rule if each.name == draft.plan.rule)
    if model is None:
        return draft
    materials = []
    for each in draft.materials:
        of_source = each.origin is Origin.SOURCE
        needed = fitting.fit(picture, model.params[each.parameter], rule) if of_source else None
        if isinstance(needed, Failure):
            return replace(draft, failure=needed, waits_for=None)
        materials.append(replace(each, preparation=needed) if of_source else each)
    return replace(draft, materials=tuple(materials))
