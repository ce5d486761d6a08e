"""Following one watch: hints and scans become candidates, candidates settle, sources are accepted.

Events are only hints. The truth is the scan held against the journal: what it does not know,
or knows otherwise, is a candidate. All work on the share happens in one thread of this watch,
so that a share that hangs stops nobody else. While the root is not the one that was recognised,
nothing that is seen or missing there counts.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from typing import Final, TypeVar

import structlog

from hotfolder import config
from hotfolder.bell import Bell, Ring
from hotfolder.domain.errors import JournalUnavailable
from hotfolder.domain.retry import JOURNAL_WAIT_S
from hotfolder.journal import follow_ups, sets, sightings
from hotfolder.journal.journal import Journal
from hotfolder.planning.grouping import Unit
from hotfolder.planning.looking import Looking
from hotfolder.planning.staleness import StaleCheck
from hotfolder.tree import files
from hotfolder.tree.threads import PatientThread
from hotfolder.watching.backlog import Backlog
from hotfolder.watching.candidates import Candidates
from hotfolder.watching.finding import Finder
from hotfolder.watching.hints import Hints
from hotfolder.watching.home import Claims, Home
from hotfolder.watching.listening import Listening, Reach
from hotfolder.watching.rechecking import Rechecking
from hotfolder.watching.walks import EVERYTHING, Step, Walks
from hotfolder.watching.watch_status import WatchStatus

SCAN_WITH_EVENTS_S: Final = 300.0
SCAN_ALONE_S: Final = 5.0
SCAN_SHARE: Final = 10.0
CHECK_S: Final = 2.0
ENOUGH_CANDIDATES: Final = 5000
T = TypeVar("T")

NEVER: Final = float("inf")

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.watching")


class Watcher:
    """Follows one watch until cancelled.

    `number` is the watch's number in the journal, until its root is recognised as another's;
    `claims` knows the other watches that are followed.
    `backlog` says how many sources may be let go at once that stood there before. `looking` has
    files looked at. With `single_scan` what comes after the first scan is left alone.
    """

    def __init__(  # noqa: PLR0913  a watch needs all of it
        self,
        watch: config.Watch,
        number: int,
        journal: Journal,
        *,
        bell: Bell,
        backlog: Callable[[], int],
        claims: Claims,
        looking: Looking,
        reach: Reach,
        single_scan: bool = False,
    ) -> None:
        self.watch = watch
        self.number = number
        self.status = WatchStatus(watch.name, number, journal)
        self.all_readable = True
        self.scanned = False
        self.scan_s = 0.0
        self._journal = journal
        self._clock = journal.clock
        self._bell = bell
        self._backlog = backlog
        self._looking = looking
        self._single_scan = single_scan
        self._stopped = threading.Event()
        self._thread = PatientThread(watch.name, self._hangs, reach.pool)
        self._hints = Hints()
        self._home = Home(watch, journal, self._thread, claims)
        self._listening = Listening(
            watch, self.status, self._hints, self._thread, reach.listen, journal.clock
        )
        self._next_check_s = 0.0
        self._next_scan_s = 0.0
        self._next_parts_s = 0.0
        self._begin(number)

    def _begin(self, number: int) -> None:
        """Begin with nothing found yet, under the number that the watch has in the journal."""
        self.number = self.status.number = number
        self._candidates = Candidates(
            self.watch,
            number,
            self._journal,
            self._thread,
            self._looking,
            bell=self._bell,
            limit=self._backlog,
            single_scan=self._single_scan,
        )
        guard = Backlog(self.watch, number, self._journal, self._backlog)
        stale = StaleCheck(self._looking.looks, self.watch, number, self._journal)
        self._rechecking = Rechecking(stale, self._looking, self._thread.run, self._candidates.add)
        self._finder = Finder(
            self.watch,
            number,
            self._journal,
            guard,
            stale,
            self._stopped,
            entering=self._listening.enter,
            away=self._home.away,
            waits=self._candidates.waiting.has,
        )
        self._walks = Walks(self._finder, self._thread, self._clock)

    @property
    def quiet(self) -> bool:
        """Whether all that a scan found has been settled, or the share cannot be scanned."""
        idle = self._walks.idle and not self._candidates and self._hints.empty
        idle = idle and self._rechecking.idle
        return self.scanned and (idle or not self.status.online)

    @property
    def progress(self) -> tuple[int, float]:
        """What stays the same while nothing comes of what is on its way."""
        return self._candidates.progress

    def settling(self, relative: str) -> str | None:
        """Return why a path is not accepted yet, if it is on its way."""
        return self._candidates.reason(relative)

    async def on_share(self, call: Callable[[], T]) -> T:
        """Make a blocking call on the folder, in its turn."""
        return await self._thread.run(call)

    def look_again(self) -> None:
        """Look at the whole folder now, as something was released."""
        self._next_check_s = 0.0
        self._hints.add("")

    def require_place(self, relative: str) -> None:
        """Raise RootGone or OSError unless what holds a path is there as it was; blocks.

        That the path is missing says something only while this holds.
        """
        if not self._home.is_there():
            raise files.RootGone(f"{os.fspath(self.watch.input)!a} is not there")
        if self._home.away()(relative):
            raise files.RootGone(f"the disk or share that holds {relative!a} is not mounted")

    async def run(self) -> None:
        """Follow the watch."""
        try:
            while True:
                try:
                    await self._follow()
                except JournalUnavailable:
                    self._walks.give_up()
                    self._next_scan_s = 0.0
                    await asyncio.sleep(JOURNAL_WAIT_S)
        finally:
            self._stopped.set()
            self._home.leave()
            self._rechecking.stop()
            self._listening.stop()
            self._thread.close()

    async def _follow(self) -> None:
        if self._clock.awake_s() >= self._next_check_s:
            await self._check()
        if self._home.recognised:
            self._ask_for_scans()
            if self._may_walk:
                await self._walk()
            await self._take_hints()
            self._rechecking.begin()
            if await self._candidates.look():
                self._scan_soon()
        await self._hints.wait(self._pause_s())

    # -- the root

    async def _check(self) -> None:
        """See whether the root is there, is the same as before, and is listened to."""
        self._next_check_s = self._clock.awake_s() + min(CHECK_S, self._interval_s(SCAN_ALONE_S))
        try:
            number = await self._home.check()
            if number is not None:
                self._rechecking.stop()
                self._listening.stop()
                self._begin(number)
                self._next_scan_s = 0.0
            if not self._single_scan and await self._listening.ensure():
                self._next_scan_s = 0.0
        except (OSError, files.RootGone) as error:
            await self._went_offline(f"the folder cannot be read: {files.in_words(error)}")
        else:
            if self._home.stranger is not None:
                await self._went_offline(self._home.stranger)

    async def _went_offline(self, reason: str) -> None:
        self._home.leave()
        self._rechecking.stop()
        self._listening.stop()
        self._begin(self.number)
        self.scanned = True
        await self.status.went_offline(reason)

    async def _hangs(self) -> None:
        self._home.leave()
        await self.status.went_offline("the folder does not answer")

    # -- scanning

    def _ask_for_scans(self) -> None:
        now_s = self._clock.awake_s()
        if now_s >= self._next_scan_s:
            self._next_scan_s = NEVER
            self._walks.ask(EVERYTHING)
        if now_s >= self._next_parts_s and self._listening.scanned_parts:
            self._next_parts_s = NEVER
            self._walks.ask(*self._listening.scanned_parts)

    @property
    def _may_walk(self) -> bool:
        return not self._walks.idle and len(self._candidates) < ENOUGH_CANDIDATES

    async def _walk(self) -> None:
        """Do a slice of what is to be walked; the files that it finds are looked at meanwhile."""
        try:
            step = await self._walks.step()
        except (OSError, files.RootGone) as error:
            await self._walk_failed(error)
        else:
            self._candidates.add(step.found)
            await self.status.came_online()
            if step.ended:
                await self._walked(step)

    async def _walk_failed(self, error: OSError | files.RootGone) -> None:
        """Tell a folder that vanished, or cannot be read, from a root that did."""
        walk = self._walks.failed
        if walk == EVERYTHING or not await self._thread.run(self._home.is_there):
            await self._went_offline(f"the folder cannot be read: {files.in_words(error)}")
        else:
            self._listening.forget(walk)
            self._scan_parts_after(0.0)

    async def _walked(self, step: Step) -> None:
        self._listening.tell_limit()
        if step.folder != EVERYTHING:
            self._scan_parts_after(step.spent_s)
            await self.status.note()
            return
        refused = self._finder.refused
        first = min(refused, default="")
        reason = f"{len(refused)} folders cannot be read whole, see {first!a}"
        self.status.trouble("folders", reason if refused else None)
        await self.status.note()
        self.all_readable = not refused
        await self._notice_gone()
        await self._look_at_sets()
        await self._wake_steps()
        self.scanned = True
        self.scan_s = step.spent_s
        self._next_scan_s = self._after(step.spent_s)

    async def _notice_gone(self) -> None:
        """Note which failed and waiting pictures are gone.

        A failed one that is dropped again is told from a touch then; for one that is gone nobody
        is asked to do anything.
        """
        try:
            gone = await self._thread.run(self._finder.missed)
            is_there = await self._thread.run(self._home.is_there)
            if gone and is_there:
                await self._journal.run(sightings.forget_gone, self.number, gone)
                self._bell.ring(Ring.DUE)
        except (OSError, files.RootGone):
            self._next_check_s = 0.0

    async def _look_at_sets(self) -> None:
        """Look again at the sets that wait: what they needed, or had too much, may be gone."""
        waiting = await self._journal.run(sets.waiting, self.number)
        self._candidates.add_units(Unit(each.key, each.rule) for each in waiting)

    async def _wake_steps(self) -> None:
        """Look again at what follows in chains and waits: what it needed may be there."""
        await self._journal.run(follow_ups.wake, self.number)
        self._bell.ring(Ring.DUE)

    def _after(self, spent_s: float) -> float:
        if self._single_scan:
            return NEVER
        alone_s = max(SCAN_ALONE_S, SCAN_SHARE * spent_s)
        listened = self.status.detect == "events"
        usual_s = SCAN_WITH_EVENTS_S if listened else alone_s
        return self._clock.awake_s() + self._interval_s(usual_s)

    def _scan_parts_after(self, spent_s: float) -> None:
        usual_s = max(SCAN_ALONE_S, SCAN_SHARE * spent_s)
        self._next_parts_s = self._clock.awake_s() + self._interval_s(usual_s)

    def _interval_s(self, usual_s: float) -> float:
        stated = self.watch.scan_interval
        return usual_s if stated == "auto" else stated

    def _scan_soon(self) -> None:
        self._next_scan_s = min(self._next_scan_s, self._clock.awake_s() + SCAN_ALONE_S)

    # -- hints

    async def _take_hints(self) -> None:
        hints = self._hints.take()
        if hints is None:
            self._walks.ask(EVERYTHING)
        elif hints:
            try:
                found, folders = await self._thread.run(lambda: self._finder.judge(hints))
            except (OSError, files.RootGone):
                self._walks.ask(EVERYTHING)
                return
            self._candidates.add(found)
            self._walks.ask(*folders)
            self._bell.ring(Ring.DUE)  # what waited and is gone may be given up

    def _pause_s(self) -> float:
        if not self._home.recognised:
            return self._next_check_s - self._clock.awake_s()
        if self._may_walk:
            return 0.0
        scans_s = min(
            self._next_scan_s, self._next_parts_s if self._listening.scanned_parts else NEVER
        )
        next_s = min(self._candidates.next_look_s, scans_s, self._next_check_s)
        return max(0.0, next_s - self._clock.awake_s())
