"""A settled file -> what the journal should know of it. Runs in the thread of its share."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from hotfolder import config
from hotfolder.domain import file_failures
from hotfolder.domain.failures import Failure
from hotfolder.domain.materials import Origin
from hotfolder.domain.preparation import Preparation
from hotfolder.domain.states import WaitsFor
from hotfolder.domain.texts import is_text
from hotfolder.journal.drafts import Draft, Settled, SettledSet
from hotfolder.kinds.formats import FileTooLarge, MissingParts, NotAPicture, Picture, UnfitFile
from hotfolder.kinds.kind import Kind, kind_named
from hotfolder.planning import (
    companions,
    fitting,
    lines,
    naming,
    plan,
    source_marks,
    speaking,
    taken,
)
from hotfolder.planning.facts import Facts
from hotfolder.planning.largest import largest_bytes
from hotfolder.planning.looks import Found, Look, Looks, kind_of
from hotfolder.planning.sheets import Sheet
from hotfolder.planning.texts import Text
from hotfolder.runninghub.catalog import MEGABYTE, Model
from hotfolder.tree import files

# How it begins what is told of a text that speaks for another source.
SIDECAR_OF: Final = "it is the sidecar of"

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
    """A set of sources with the jobs that it should become; a file of many texts with its rows."""

    found: SettledSet
    drafts: tuple[Draft, ...]
    sheet: Sheet | None = None


@dataclass(frozen=True, slots=True)
class Unwanted:
    """A set of sources that its sidecar wants skipped."""

    found: SettledSet
    reason: str


Verdict = NotYet | Gone | Dropped | Wanted | Unwanted


def examine(  # noqa: PLR0913  what it is judged by
    looks: Looks,
    watch: config.Watch,
    number: int,
    relative: str,
    *,
    gave_time: bool,
    at: datetime,
    awaits_parts: Callable[[Settled], bool] = lambda _: False,
    expected: str | None = None,
    only: Collection[str] | None = None,
) -> Verdict:
    """Judge a settled file and resolve its plan.

    `gave_time` says that an incomplete one should no longer be waited for silently: it
    becomes a job that waits and says so; `at` is when it became one, or would. `awaits_parts`
    says whether further pictures that a file lists may still come; `expected` is the content that
    it had before, by its hash; `only` the rows of it that count, if not all do. Raises Unseen where
    a look is lacking, OSError and RootGone where the share fails.
    """
    reason = naming.why_ignored(watch, relative)
    if reason:
        return Dropped(reason)
    try:
        seen = look_at(looks, watch, relative, expected)
    except files.SourceError as error:
        return unread(error)
    settled = as_settled(number, relative, seen)
    found = shown(settled, seen, gave_time=gave_time, awaits_parts=awaits_parts)
    if isinstance(found, NotYet):
        return found
    owner = companions.owner_of(watch, relative) if is_text(relative) else None
    if owner is not None and not looks.was_job(watch.input, relative):
        return Unwanted(SettledSet.alone(settled), f"{SIDECAR_OF} {owner}")
    return _planned(watch, settled, found, Facts(at, looks, lambda: seen), only)


def shown(
    settled: Settled, seen: Look, *, gave_time: bool, awaits_parts: Callable[[Settled], bool]
) -> NotYet | Found | UnfitFile:
    """Return what a settled file is, or why it is waited for a while longer."""
    found = seen.found
    is_read = not isinstance(found, FileTooLarge)
    if is_read and settled.sighting.size > AT_ONCE_BYTES and not gave_time:
        return NotYet("so large that it is waited for a while longer, to be sure that it is whole")
    if isinstance(found, Picture) and found.lacks_parts and awaits_parts(settled):
        found = MissingParts()
    if isinstance(found, UnfitFile) and found.growing and not gave_time:
        return NotYet(found.failure.message)
    return found


def _planned(
    watch: config.Watch,
    settled: Settled,
    found: Found | UnfitFile,
    known: Facts,
    only: Collection[str] | None,
) -> Verdict:
    try:
        beside = speaking.beside(watch.input, settled.path)
        resolution = plan.resolve(watch, settled.path, beside, known, only=only)
    except files.SourceError as error:
        return sidecar_moved(error)
    settled = replace(settled, beside=source_marks.mark_of(watch, beside))
    if isinstance(resolution, plan.Skipped):
        return Unwanted(SettledSet.alone(settled), resolution.reason)
    drafts = tuple(judged(watch, draft, found) for draft in resolution)
    return Wanted(SettledSet.alone(settled), drafts, known.sheet)


def facts(looks: Looks, watch: config.Watch, relative: str, at: datetime) -> Facts:
    """Return the facts of a source that is looked at only if need be.

    `resolve` raises Unseen and SourceError then. `at` is when it became a job.
    """
    return Facts(at, looks, lambda: look_at(looks, watch, relative))


def sidecar_moved(error: files.SourceError) -> Verdict:
    """Return what it means that a sidecar cannot be read. Raises RootGone."""
    if isinstance(error, files.RootGone):
        raise error
    return NotYet("its sidecar is just being written")


def unread(error: files.SourceError) -> Verdict:
    """Return what it means that a file cannot be read. Raises RootGone."""
    match error:
        case files.RootGone():
            raise error
        case files.SourceGone():
            return Gone()
        case files.NotARegularFile() | files.OutsideRoot():
            return Dropped(str(error))
    return NotYet("still changing")


def look_at(looks: Looks, watch: config.Watch, relative: str, expected: str | None = None) -> Look:
    """Return a look at a source. Raises Unseen, OSError, SourceError."""
    is_sheet = is_text(relative) and lines.wanted(watch, relative)
    limit = largest_bytes(watch, relative)
    return looks.of_source(watch.input, relative, limit, expected, is_sheet=is_sheet)


def as_settled(number: int, relative: str, seen: Look) -> Settled:
    """Return a source as it was looked at."""
    return Settled(
        watch=number,
        path=relative,
        sighting=seen.sighting,
        content_hash=seen.sha256,
        essence=seen.essence,
    )


def judged(watch: config.Watch, draft: Draft, found: Found | UnfitFile) -> Draft:
    """Return a draft made fit for what its source is, or with why it cannot be sent."""
    named = kind_named(draft.sources[0].path) or Kind.PICTURE
    if isinstance(found, NotAPicture) and named is not Kind.PICTURE:
        return replace(draft, failure=file_failures.not_of_kind(named, None), waits_for=None)
    if isinstance(found, UnfitFile):
        waits_for = WaitsFor.SOURCE if found.growing else None
        return replace(draft, failure=found.failure, waits_for=waits_for)
    model = watch.catalog.find(draft.plan.model)
    rule = next(each for each in watch.rule if each.name == draft.plan.rule)
    if model is None:
        return draft
    taking = config.whole(watch.catalog, rule, model)
    materials = []
    for each in draft.materials:
        of_source = each.origin is Origin.SOURCE
        needed = _needed(found, taking, each.parameter, rule) if of_source else None
        if isinstance(needed, Failure):
            return replace(draft, failure=needed, waits_for=None)
        materials.append(replace(each, preparation=needed) if of_source else each)
    return replace(draft, materials=tuple(materials))


def _needed(
    found: Found, model: Model, parameter: str, rule: config.Rule
) -> Preparation | Failure | None:
    """Return what a source needs for its parameter, or why it cannot go there."""
    into = model.params.get(parameter)
    if into is None:
        return None  # the draft says why
    kind = kind_of(found)
    if isinstance(found, Text | Sheet):
        return None
    wanted = taken.kind_into(into)
    if kind is not wanted:
        is_picture = wanted is Kind.PICTURE
        return (
            file_failures.NOT_A_PICTURE if is_picture else file_failures.not_of_kind(wanted, kind)
        )
    return fitting.fit(found, into, rule)
