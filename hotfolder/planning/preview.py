"""What would become of sources, without entering or sending anything: for `hotfolder plan`."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from hotfolder import config
from hotfolder.journal.drafts import Draft, SettledSet
from hotfolder.kinds.workshop.errors import WorkerFailed
from hotfolder.kinds.workshop.workshop import Workshop
from hotfolder.planning import examine, examine_set, gathering, grouping, lines, naming, sets
from hotfolder.planning.grouping import Unit
from hotfolder.planning.looking import Looking
from hotfolder.planning.looks import Looks
from hotfolder.tree import files
from hotfolder.tree.ignorefile import IgnoreFiles
from hotfolder.tree.scan import walk


@dataclass(frozen=True, slots=True)
class Preview:
    """What a source would become: the edits, or the reason why there are none.

    `found` is the source as it was read with all of its set, None where it was not.
    """

    watch: str
    source: str
    drafts: tuple[Draft, ...] = ()
    reason: str | None = None
    found: SettledSet | None = None

    @property
    def named_after(self) -> str:
        """The path that its outputs are named by."""
        return self.found.named_after if self.found else self.source


def of_source(looks: Looks, watch: config.Watch, relative: str, at: datetime) -> Preview:
    """Look at one source as if it had settled at a time. Raises Unseen, OSError, RootGone."""
    unit = next(iter(grouping.units(watch, relative)), Unit(relative))
    return of_unit(looks, watch, unit, relative, at)


def of_unit(looks: Looks, watch: config.Watch, unit: Unit, relative: str, at: datetime) -> Preview:
    """Look at the set of a source as if it had settled. Raises as above."""
    found = gathering.gather(watch, unit) if unit.rule else sets.Gathered.alone(relative)
    if found is None:
        reason = naming.why_left_out(watch, relative) or "nothing of its set is there"
        return Preview(watch.name, relative, reason=reason)
    if isinstance(found, sets.Incomplete):
        return Preview(watch.name, found.paths[0], reason=found.reason)
    return _of_set(looks, watch, unit, found, at)


def _of_set(
    looks: Looks, watch: config.Watch, unit: Unit, found: sets.Gathered, at: datetime
) -> Preview:
    relative = found.paths[0]
    verdict = examine_set.examine_set(looks, watch, 0, unit, found, gave_time=True, at=at)
    match verdict:
        case examine.Wanted(found=settled, drafts=drafts):
            listed = dict.fromkeys(each.row for each in drafts if each.row)
            numbered = lines.numbered(drafts, lines.numbers(listed, {}, ()))
            return Preview(watch.name, relative, numbered, found=settled)
        case examine.Gone():
            return Preview(watch.name, relative, reason="there is no such file")
    return Preview(watch.name, relative, reason=verdict.reason)


def sources(watch: config.Watch, folder: str) -> Iterator[str]:
    """Yield every file below a folder but sidecars, litter and what an ignore file names.

    Raises OSError where the folder cannot be listed, RootGone.
    """
    ignore_files = IgnoreFiles(watch.input)
    for listing in walk(
        watch.input,
        folder,
        recursive=watch.recursive,
        goes_into=lambda below: not ignore_files.why(below, is_folder=True),
    ):
        for name in listing.names:
            relative = os.fsdecode(listing.folder + name)
            if not (naming.why_hidden(watch, relative) or ignore_files.why(relative)):
                yield relative


async def of_many(
    watch: config.Watch, relatives: Iterable[str], at: datetime
) -> AsyncIterator[Preview]:
    """Look at sources, by workers of its own. Raises OSError where none can be found, RootGone."""
    with closing(Workshop()) as workshop:
        looking = Looking(workshop, None)
        for unit, relative in _once_each(watch, relatives):
            look = partial(of_unit, looking.looks, watch, unit, relative, at)
            try:
                yield await looking.along(_at_once, look)
            except files.RootGone:
                raise
            except OSError as error:
                reason = f"it cannot be read: {error.strerror}"
                yield Preview(watch.name, relative, reason=reason)
            except (WorkerFailed, files.SourceError) as error:
                yield Preview(watch.name, relative, reason=f"it cannot be looked at: {error}")


def _once_each(watch: config.Watch, relatives: Iterable[str]) -> Iterator[tuple[Unit, str]]:
    """Yield the sets that files are in, with the first of these; each once."""
    told: set[Unit] = set()
    for relative in relatives:
        for unit in grouping.units(watch, relative) or (Unit(relative),):
            if unit not in told:
                told |= {unit} if unit.rule else set()
                yield unit, relative


async def _at_once(call: Callable[[], Any]) -> Any:  # noqa: ANN401  whatever the call returns
    return call()
