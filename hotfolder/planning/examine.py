"""A settled file -> what the journal should know of it. Runs in a worker thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hotfolder import config
from hotfolder.domain.essences import Essence
from hotfolder.domain.failures import Failure
from hotfolder.domain.sightings import Sighting
from hotfolder.domain.states import WaitsFor
from hotfolder.journal.drafts import Draft, Settled
from hotfolder.kinds.formats import FileTooLarge, MissingParts, PictureError
from hotfolder.kinds.picture.essence import VERSION
from hotfolder.planning import fitting, glance, naming, plan, sidecar, source_marks
from hotfolder.planning.facts import Facts, Seen
from hotfolder.runninghub.catalog import MEGABYTE
from hotfolder.tree import files


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
    watch: config.Watch,
    number: int,
    relative: str,
    *,
    gave_time: bool,
    at: datetime,
    awaits_parts: Callable[[Settled], bool] = lambda _: False,
) -> Verdict:
    """Read a settled file, judge its picture and resolve its plan.

    `gave_time` says that an incomplete picture should no longer be waited for silently: it
    becomes a job that waits and says so; `at` is when it became one, or would. `awaits_parts`
    says whether further pictures that a file lists may still come. Raises OSError and RootGone
    where the share fails.
    """
    reason = naming.why_ignored(watch, relative)
    if reason:
        return Dropped(reason)
    try:
        settled, picture, content = _read(watch, number, relative)
    except files.SourceError as error:
        return _unread(error)
    if isinstance(picture, FileTooLarge):
        settled = replace(settled, essence=Essence(VERSION, settled.content_hash))
    elif settled.sighting.size > glance.READ_LIMIT_BYTES and not gave_time:
        return NotYet("so large that it is waited for a while longer, to be sure that it is whole")
    if _lacks_parts(picture) and awaits_parts(settled):
        picture = MissingParts()
    if isinstance(picture, PictureError) and picture.growing and not gave_time:
        return NotYet(picture.failure.message)
    return _planned(watch, settled, picture, Facts(at, lambda: _seen(picture, content)))


def _lacks_parts(picture: fitting.Found | PictureError) -> bool:
    if isinstance(picture, PictureError) or picture.picture is None:
        return False
    return picture.picture.lacks_parts


def _planned(
    watch: config.Watch, settled: Settled, picture: fitting.Found | PictureError, known: Facts
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


def facts(watch: config.Watch, relative: str, at: datetime) -> Facts:
    """Return the facts of a source that is read only if need be: `resolve` raises SourceError then.

    `at` is when it became a job.
    """
    return Facts(at, lambda: _seen(*_read(watch, 0, relative)[1:]))


def _seen(picture: fitting.Found | PictureError, content: Any) -> Seen:  # noqa: ANN401  bytes or a map
    if isinstance(picture, PictureError):
        return Seen(None)
    return Seen(picture.type, picture.picture, content)


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


def _read(
    watch: config.Watch, number: int, relative: str
) -> tuple[Settled, fitting.Found | PictureError, Any]:
    seen = glance.read(watch.input, relative, watch.largest_mb * MEGABYTE)
    settled = _settled(number, relative, seen.sighting, seen.sha256)
    return settled, seen.found, seen.content


def _settled(number: int, relative: str, sighting: Sighting, sha256: str) -> Settled:
    return Settled(watch=number, path=relative, sighting=sighting, content_hash=sha256)


def _judged(watch: config.Watch, draft: Draft, picture: fitting.Found | PictureError) -> Draft:
    if isinstance(picture, PictureError):
        waits_for = WaitsFor.SOURCE if picture.growing else None
        return replace(draft, failure=picture.failure, waits_for=waits_for)
    model = watch.catalog.find(draft.plan.model)
    rule = next(each for each in watch.rule if each.name == draft.plan.rule)
    needed = fitting.fit(picture, model.picture, rule) if model else None
    if isinstance(needed, Failure):
        return replace(draft, failure=needed, waits_for=None)
    return replace(draft, plan=replace(draft.plan, preparation=needed))
