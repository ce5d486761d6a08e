"""The files of a watch that are on their way to being accepted, each looked at until it settles."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from hotfolder import config
from hotfolder.bell import Bell, Ring
from hotfolder.domain.errors import JournalTakenOver, JournalUnavailable, OutputError
from hotfolder.domain.failures import BACKLOG
from hotfolder.domain.sightings import Sighting
from hotfolder.journal import acceptance, aside, sets
from hotfolder.journal.journal import Journal
from hotfolder.kinds.workshop.errors import WorkerFailed
from hotfolder.planning import (
    collisions,
    examine,
    examine_set,
    gathering,
    grouping,
    lines,
    moved_from,
    served,
    speaking,
)
from hotfolder.planning.grouping import Unit
from hotfolder.planning.looking import Looking
from hotfolder.planning.looks import Unseen
from hotfolder.planning.sets import Gathered, Incomplete
from hotfolder.tree import files
from hotfolder.tree.threads import PatientThread
from hotfolder.watching import rows, set_waits
from hotfolder.watching.accepting import Accepting
from hotfolder.watching.set_waits import WaitingFiles
from hotfolder.watching.settle import Settling
from hotfolder.watching.waits import Waits

EXAMINED_TOGETHER: Final = 16

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.watching")


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """The file or its share refuses to be read; it must be looked at again later."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Troubling:
    """No worker could tell what the file shows; each try may take long, and all others wait."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Lacking:
    """A set is not complete, or holds a file that has no place in it."""

    found: Incomplete


_Verdict = (
    examine.Verdict | rows.Many | rows.TooMany | _Unreadable | _Troubling | _Lacking | Unseen | None
)


class Candidates:
    """Looks at files in the watch's thread until they are accepted, or turn out to be no sources.

    The files of a set are looked at together, until all of them are settled. `number` is the
    watch's number in the journal. With `single_scan` only a file's own time says how long it has
    been left alone.
    """

    def __init__(
        self,
        watch: config.Watch,
        number: int,
        journal: Journal,
        thread: PatientThread,
        looking: Looking,
        *,
        bell: Bell,
        limit: Callable[[], int] = lambda: 0,
        single_scan: bool = False,
    ) -> None:
        self._limit = limit
        self._watch = watch
        self._number = number
        self._journal = journal
        self._thread = thread
        self._looking = looking
        self._bell = bell
        self._waits = Waits(watch, number, journal, single_scan=single_scan)
        self._accepting = Accepting(watch, number, journal, thread, looking, self._guarded)
        self._clock_s = journal.clock.awake_s
        self._settling: dict[Unit, Settling] = {}
        self._besides: set[Unit] = set()
        self.waiting = WaitingFiles()

    @property
    def progress(self) -> tuple[int, float]:
        """What stays the same while nothing comes of what is on its way."""
        changed = (each.changed_s for each in self._settling.values())
        return len(self._settling), max(changed, default=0.0)

    @property
    def next_look_s(self) -> float:
        """When the next of them is to be looked at, in monotonic seconds."""
        return min((each.next_look_s for each in self._settling.values()), default=float("inf"))

    def __len__(self) -> int:
        return len(self._settling)

    def add(self, paths: Iterable[str]) -> None:
        """Take in paths with their sets; those already on their way stay as they are."""
        for path in paths:
            self.add_units(grouping.units(self._watch, path))

    def add_units(self, units: Iterable[Unit]) -> None:
        """Take in sets; those already on their way stay as they are."""
        for unit in units:
            if unit not in self._settling:
                now_s = self._clock_s()
                quiet_s = set_waits.quiet_s(self._watch, unit)
                self._settling[unit] = Settling(quiet_s, now_s, now_s, now_s)

    def reason(self, path: str) -> str | None:
        """Return why a path is not accepted yet, if it is on its way."""
        units = (Unit(path), *grouping.units(self._watch, path))
        found = (self._settling[each] for each in units if each in self._settling)
        candidate = next(found, None)
        if candidate is None:
            return None
        left_s = candidate.left_s(self._clock_s())
        return f"{candidate.reason}, {left_s:.1f} s to go" if left_s else candidate.reason

    async def look(self) -> bool:
        """Look at those whose time has come; returns whether one of them could not be read."""
        now_s = self._clock_s()
        due = [unit for unit, each in self._settling.items() if each.next_look_s <= now_s]
        unreadable = [
            await self._look_at(due[at : at + EXAMINED_TOGETHER])
            for at in range(0, len(due), EXAMINED_TOGETHER)
        ]
        return any(unreadable)

    async def _look_at(self, units: list[Unit]) -> bool:
        judged = await self._thread.run(lambda: [self._judged(unit) for unit in units])
        known = await asyncio.gather(*map(self._looked_at, units, judged))
        verdicts = await self._thread.run(lambda: list(map(self._placed, known)))
        await asyncio.gather(*map(self._settle, units, verdicts))
        self._bell.ring(Ring.ACCEPTED)
        return any(isinstance(verdict, _Unreadable) for verdict in verdicts)

    def _judged(self, unit: Unit) -> _Verdict:
        return self._guarded(unit.key, lambda: self._judge(unit))

    def _placed(self, verdict: _Verdict) -> _Verdict:
        """Say where a set was before, and whether its output's name is taken."""
        if not isinstance(verdict, examine.Wanted | examine.Unwanted):
            return verdict
        return self._guarded(
            verdict.found.first.path,
            lambda: self._known(verdict),
        )

    def _known(self, verdict: examine.Verdict) -> _Verdict:
        moved = moved_from.trace(self._journal, self._watch.input, verdict)
        judged = served.judged(self._journal, moved)
        found = rows.judged(self._journal, self._watch, judged, self._limit())
        if isinstance(found, rows.Many | rows.TooMany):
            return found
        return collisions.without_collisions(self._journal, self._watch, found)

    async def _looked_at(self, unit: Unit, verdict: _Verdict) -> _Verdict:
        """Have workers look at what a verdict lacks; while none can tell, no source is taken."""
        if not isinstance(verdict, Unseen):
            return verdict
        again = partial(self._judged_again, unit)
        try:
            return await self._looking.along(self._thread.run, again, lacking=verdict)
        except files.SourceError:
            return examine.NotYet("still changing")
        except WorkerFailed as error:
            return _Troubling(f"it cannot be looked at: {error}")
        except OSError as error:
            return examine.NotYet(f"it cannot be looked at: {error}")

    def _judged_again(self, unit: Unit) -> _Verdict:
        verdict = self._judged(unit)
        if isinstance(verdict, Unseen):
            raise verdict
        return verdict

    def _guarded(self, path: str, call: Callable[[], _Verdict]) -> _Verdict:
        """Look at a candidate: one that cannot be read keeps no other from being accepted."""
        try:
            return call()
        except Unseen as unseen:
            return unseen
        except (JournalUnavailable, JournalTakenOver):
            raise
        except (OSError, files.RootGone) as error:
            return _Unreadable(f"cannot be read: {files.in_words(error)}")
        except OutputError as error:
            return _Unreadable(f"the output folder cannot be looked at: {error}")
        except Exception as error:
            log.exception("source.crashed", watch=self._watch.name, source=path)
            return _Unreadable(f"something unexpected happened: {error}")

    def _judge(self, unit: Unit) -> _Verdict:
        """Look at a candidate in the thread; None = not quiet for long enough yet."""
        candidate = self._settling[unit]
        now_s = self._clock_s()
        found = gathering.gather(self._watch, unit)
        if found is None:
            return examine.Gone()
        candidate.paths = found.paths
        try:
            seen = {path: files.look(self._watch.input, path) for path in found.paths}
            beside = [speaking.beside(self._watch.input, path) for path in found.paths]
        except files.SourceGone:
            return examine.NotYet("still changing") if unit.rule else examine.Gone()
        except files.NotARegularFile as error:
            return examine.Dropped(str(error))
        size = sum(each.size for each in seen.values())
        if not candidate.look((found, seen, beside), size, now_s):
            return None
        return self._judge_quiet(unit, found, seen, beside[0])

    def _judge_quiet(
        self,
        unit: Unit,
        found: Gathered | Incomplete,
        seen: Mapping[str, Sighting],
        beside: speaking.Beside,
    ) -> _Verdict:
        """Judge what was left alone for long enough."""
        candidate = self._settling[unit]
        now_s = self._clock_s()
        self._besides |= {Unit(path, unit.rule) for path in found.besides}
        if isinstance(found, Incomplete):
            self.waiting.put(seen)
            return _Lacking(found)
        if self._waits.holds_back(candidate, found, seen, beside, now_s):
            return None
        return self._examined(unit, found, seen, gave_time=candidate.gave_time(now_s))

    def _examined(
        self, unit: Unit, found: Gathered, seen: Mapping[str, Sighting], *, gave_time: bool
    ) -> examine.Verdict:
        """Read quiet files; one that is no longer as it was `seen` is not quiet after all."""
        verdict = examine_set.examine_set(
            self._looking.looks,
            self._watch,
            self._number,
            unit,
            found,
            gave_time=gave_time,
            at=self._journal.clock(),
            awaits_parts=self._waits.awaits_parts,
            only=() if lines.wanted(self._watch, found.paths[0]) else None,
        )
        match verdict:
            case examine.Wanted(found=read) | examine.Unwanted(found=read):
                if {each.path: each.sighting for each in read.members} != seen:
                    return examine.NotYet("still changing")
        return verdict

    async def _settle(  # noqa: C901  a case for each
        self, unit: Unit, verdict: _Verdict
    ) -> None:
        others = grouping.others(self._watch, unit)
        match verdict:
            case None:
                await self._note_late(unit)
                return
            case examine.NotYet(reason=reason):
                self._settling[unit].later(reason, self._clock_s())
                await self._note_late(unit)
                return
            case _Unreadable(reason=reason):
                await self._set_aside(unit, reason)
                self._settling[unit].later(reason, self._clock_s())
                return
            case _Troubling(reason=reason):
                await self._set_aside(unit, reason)
                self._settling[unit].rest(reason, self._clock_s())
                return
            case _Lacking(found=found):
                await self._wait(unit, found.reason, found.paths)
            case rows.Many():
                if not await self._accepting.enter(verdict):
                    self._settling[unit].later("still changing", self._clock_s())
                    return
            case rows.TooMany():
                await rows.hold(self._journal, verdict)
                log.warning("backlog.held", watch=self._watch.name, **BACKLOG.log_context())
            case examine.Wanted(found=settled):
                await self._accepting.accept(verdict, others)
                await self._forget_set(unit, settled.paths)
            case examine.Unwanted(found=settled, reason=reason):
                await self._journal.run(acceptance.skip, settled, reason, others=others)
                await self._forget_set(unit, settled.paths)
                log.info("source.skipped", watch=self._watch.name, source=unit.key, reason=reason)
            case examine.Gone():
                await self._forget_set(unit, ())
                await self._journal.run(aside.forget, self._number, [unit.key])
            case examine.Dropped():
                pass
        del self._settling[unit]
        besides, self._besides = self._besides, set()
        self.add_units(besides)

    async def _wait(self, unit: Unit, reason: str, paths: Sequence[str]) -> None:
        """Keep, and say once, why nothing is made of a set yet."""
        is_news = await self._journal.run(
            sets.put, self._number, unit.key, unit.rule, reason, paths
        )
        if is_news:
            log.info("set.waits", watch=self._watch.name, set=unit.key, reason=reason)

    async def _forget_set(self, unit: Unit, paths: Iterable[str]) -> None:
        """Forget that a set waited."""
        self.waiting.forget(paths)
        if unit.rule:
            await self._journal.run(sets.forget, self._number, unit.key, unit.rule)

    async def _note_late(self, unit: Unit) -> None:
        """Keep why a file or set is long on its way, so that it leaves a trace meanwhile."""
        settling = self._settling[unit]
        reason = settling.reason
        if not settling.is_late(self._clock_s()) or settling.told == reason:
            return
        settling.told = reason
        if unit.rule:
            await self._wait(unit, reason, settling.paths)
        else:
            await self._journal.run(aside.put, self._number, unit.key, "waiting", reason)

    async def _set_aside(self, unit: Unit, reason: str) -> None:
        """Say once, and keep, why a file cannot be looked at."""
        if self._settling[unit].reason != reason:
            log.warning("source.unreadable", source=unit.key, watch=self._watch.name, reason=reason)
            await self._journal.run(aside.put, self._number, unit.key, "waiting", reason)
