"""The settled files of a set -> what the journal should know of them, as `examine` does of one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime

from hotfolder import config
from hotfolder.domain.failures import Failure
from hotfolder.domain.materials import Material, Origin
from hotfolder.journal.drafts import Draft, Settled, SettledSet
from hotfolder.kinds.formats import UnfitFile
from hotfolder.planning import examine, grouping, plan, source_marks, speaking
from hotfolder.planning.examine import NotYet, Unwanted, Verdict, Wanted
from hotfolder.planning.facts import Facts
from hotfolder.planning.grouping import Unit
from hotfolder.planning.looks import Found, Look, Looks
from hotfolder.planning.placing import Within
from hotfolder.planning.sets import Gathered
from hotfolder.tree import files

Awaits = Callable[[Settled], bool]


def examine_set(  # noqa: PLR0913  as `examine`, and the set
    looks: Looks,
    watch: config.Watch,
    number: int,
    unit: Unit,
    found: Gathered,
    *,
    gave_time: bool,
    at: datetime,
    awaits_parts: Awaits = lambda _: False,
    expected: Mapping[str, str] | None = None,
    only: Collection[str] | None = None,
) -> Verdict:
    """Judge the files of a complete set and resolve its plan, as `examine.examine` does of one.

    `expected` is the content that files had before, by path. `only` and what is raised are as
    there.
    """
    known = expected or {}
    rule = grouping.rule_named(watch, unit.rule)
    if rule is None:
        (path,) = found.paths
        return examine.examine(
            looks,
            watch,
            number,
            path,
            gave_time=gave_time,
            at=at,
            awaits_parts=awaits_parts,
            expected=known.get(path),
            only=only,
        )
    marks = {path: source_marks.mark(watch, path) for path in found.paths}
    seen: dict[str, Look] = {}
    for path in found.paths:
        try:
            seen[path] = examine.look_at(looks, watch, path, known.get(path))
        except files.SourceGone:
            return NotYet("still changing")
        except files.SourceError as error:
            return examine.unread(error)
    members = tuple(
        replace(examine.as_settled(number, path, seen[path]), beside=marks[path])
        for path in found.paths
    )
    shown: dict[str, Found | UnfitFile] = {}
    for each in members:
        told = examine.shown(each, seen[each.path], gave_time=gave_time, awaits_parts=awaits_parts)
        if isinstance(told, NotYet):
            return told
        shown[each.path] = told
    settled = SettledSet(key=found.key, named_after=found.named_after, members=members)
    first = seen[found.paths[0]]
    return _planned(watch, settled, Within(rule, found), shown, Facts(at, looks, lambda: first))


def resolve(looks: Looks, watch: config.Watch, within: Within, at: datetime) -> plan.Resolution:
    """Return what a set should become, whose files are looked at only if need be.

    Raises Unseen, OSError and SourceError.
    """
    first = within.found.paths[0]
    beside = beside_of(watch, within.found)
    return plan.resolve(watch, first, beside, examine.facts(looks, watch, first, at), within)


def beside_of(watch: config.Watch, found: Gathered) -> speaking.Beside:
    """Look for what speaks for a set. Raises OSError, RootGone."""
    return speaking.beside_set(watch.input, found.named_after, found.paths)


def _planned(
    watch: config.Watch,
    settled: SettledSet,
    within: Within,
    shown: Mapping[str, Found | UnfitFile],
    known: Facts,
) -> Verdict:
    try:
        beside = beside_of(watch, within.found)
        resolution = plan.resolve(watch, settled.first.path, beside, known, within)
    except files.SourceError as error:
        return examine.sidecar_moved(error)
    if isinstance(resolution, plan.Skipped):
        return Unwanted(settled, resolution.reason)
    return Wanted(settled, tuple(_judged(watch, each, shown) for each in resolution))


def _judged(watch: config.Watch, draft: Draft, shown: Mapping[str, Found | UnfitFile]) -> Draft:
    """Return a draft made fit for what its sources are; what is wrong with one is told by name."""
    if not all(each.parameter for each in draft.sources):
        return draft
    fit: list[Material] = []
    for each in draft.materials:
        if each.origin is not Origin.SOURCE:
            fit.append(each)
            continue
        alone = replace(draft, materials=(each,), failure=None, waits_for=None)
        judged = examine.judged(watch, alone, shown[each.path])
        if judged.failure is not None:
            several = len(draft.sources) > 1
            failure = _named(each.name, judged.failure) if several else judged.failure
            return replace(draft, failure=failure, waits_for=judged.waits_for)
        fit += judged.materials
    return replace(draft, materials=tuple(fit))


def _named(name: str, failure: Failure) -> Failure:
    return replace(failure, message=f"{name}: {failure.message}")
