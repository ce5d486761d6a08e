"""Following one watch: hints and scans become candidates, candidates settle, sources are accepted.

Events are only hints. The truth is the scan held against the journal: what it does not know,
or knows otherwise, is a candidate. All work on the share happens in one thread of this watch,
so that a share that hangs stops nobody else.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from hotfolder import config, sources
from hotfolder.domain.errors import JournalUnavailable
from hotfolder.intake import mounts, rules
from hotfolder.intake.candidates import Candidates
from hotfolder.intake.events import Events
from hotfolder.intake.finding import Finder
from hotfolder.intake.hints import Hints
from hotfolder.intake.standing import Standing
from hotfolder.intake.thread import ShareThread
from hotfolder.journal import sightings
from hotfolder.journal.journal import Journal

SCAN_WITH_EVENTS_S: Final = 300.0
SCAN_ALONE_S: Final = 5.0
SCAN_SHARE: Final = 10.0
JOURNAL_WAIT_S: Final = 1.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.intake")


class WatchIntake:
    """Follows one watch until cancelled.

    `number` is the watch's number in the journal; `accepted` is called when jobs may be due;
    with `single_scan` what comes after the first scan is left alone.
    """

    def __init__(
        self,
        watch: config.Watch,
        number: int,
        journal: Journal,
        *,
        accepted: Callable[[], None],
        single_scan: bool = False,
    ) -> None:
        self.watch = watch
        self.standing = Standing(watch.name, number, journal)
        self.all_readable = True
        self.number = number
        self._journal = journal
        self._single_scan = single_scan
        self._thread = ShareThread(f"intake-{watch.name}", self._hangs)
        self._hints = Hints()
        self._events: Events | None = None
        self._candidates = Candidates(
            watch,
            number,
            journal,
            self._thread,
            accepted=accepted,
            unreadable=self._scan_soon,
        )
        self._stopped = threading.Event()
        self._finder = Finder(watch, number, journal, self._stopped)
        self._looked = False
        self._next_scan_s = 0.0

    @property
    def quiet(self) -> bool:
        """Whether all that a scan found has been settled, or the share cannot be scanned."""
        return self._looked and not self._candidates and self._hints.empty

    @property
    def progress(self) -> tuple[int, float]:
        """What stays the same while nothing comes of what is on its way."""
        return self._candidates.progress

    async def run(self) -> None:
        """Follow the watch."""
        try:
            while True:
                try:
                    await self._follow()
                except JournalUnavailable as error:
                    log.error("journal.unavailable", watch=self.watch.name, error=str(error))  # noqa: TRY400  expected
                    self._next_scan_s = 0.0
                    await asyncio.sleep(JOURNAL_WAIT_S)
        finally:
            self._stopped.set()
            if self._events:
                self._events.stop()
            self._thread.close()

    async def _follow(self) -> None:
        if time.monotonic() >= self._next_scan_s:
            await self._scan()
        await self._take_hints()
        await self._candidates.look()
        await self._hints.wait(self._pause_s())

    def settling(self, relative: str) -> str | None:
        """Return why a path is not accepted yet, if it is on its way."""
        return self._candidates.reason(relative)

    # -- scanning

    async def _scan(self) -> None:
        started_s = time.monotonic()
        await self._ensure_events()
        try:
            found = await self._thread.run(self._finder.walk)
        except (OSError, sources.RootGone) as error:
            await self.standing.went_offline(f"the folder cannot be read: {error}")
        else:
            await self._came_online(self._finder.refused)
            self._candidates.add(found)
            await self._add_waiting()
        self._looked = True
        self._next_scan_s = self._after(time.monotonic() - started_s)

    def _after(self, took_s: float) -> float:
        now_s = time.monotonic()
        if self._single_scan and self.standing.online:
            return float("inf")
        if self.watch.scan_interval != "auto":
            return now_s + self.watch.scan_interval
        if self.standing.online and self.standing.detect == "events":
            return now_s + SCAN_WITH_EVENTS_S
        return now_s + max(SCAN_ALONE_S, SCAN_SHARE * took_s)

    def _scan_soon(self) -> None:
        self._next_scan_s = min(self._next_scan_s, time.monotonic() + SCAN_ALONE_S)

    # -- hints

    async def _ensure_events(self) -> None:
        if self._single_scan or self._events_wanted_and_alive():
            return
        if self._events:
            self._events.stop()
            self._events = None
        try:
            self._events = await self._thread.run(self._start_events)
            self.standing.trouble("events", None)
        except OSError as error:
            self.standing.trouble("events", f"no events ({error.strerror}): scanning instead")
        self.standing.detect = "events" if self._events else "scan"

    def _events_wanted_and_alive(self) -> bool:
        return self._events is not None and self._events.alive

    def _start_events(self) -> Events | None:
        if self.watch.detect == "scan":
            return None
        if self.watch.detect == "auto" and mounts.of(self.watch.input).remote:
            return None
        if not self.watch.input.is_dir():
            return None
        return Events(self.watch.input, self._hints.add, recursive=self.watch.recursive)

    async def _take_hints(self) -> None:
        hints = self._hints.take()
        if hints is None:
            self._next_scan_s = 0.0
        elif hints:
            try:
                found = await self._thread.run(lambda: self._finder.sort(hints))
            except (OSError, sources.RootGone):
                self._next_scan_s = 0.0
                return
            self._candidates.add(found)
            await self._add_waiting()

    async def _add_waiting(self) -> None:
        """Look again at what waits for a prompt or lost its rule, after a start or a new prompt."""
        if self._finder.prompts_changed:
            self._finder.prompts_changed = False
            listed = await self._journal.run(sightings.unsubmitted, self.number)
            self._candidates.add(
                each.path for each in listed if each.waits or not self._still_takes(each)
            )

    def _still_takes(self, job: sightings.Unsubmitted) -> bool:
        return job.rule in {rule.name for rule in rules.matching(self.watch, job.path)}

    # -- condition

    async def _hangs(self) -> None:
        await self.standing.went_offline("the folder does not answer")

    async def _came_online(self, refused: Sequence[str]) -> None:
        reason = None
        if refused:
            reason = f"{len(refused)} folders cannot be read, the first is {refused[0]!a}"
        self.standing.trouble("folders", reason)
        self.all_readable = not refused
        await self.standing.came_online()

    def _pause_s(self) -> float:
        next_s = min(self._candidates.next_look_s, self._next_scan_s)
        return max(0.0, next_s - time.monotonic())
