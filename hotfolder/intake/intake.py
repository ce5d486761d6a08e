"""Following one watch: hints and scans become candidates, candidates settle, sources are accepted.

Events are only hints. The truth is the scan held against the journal: what it does not know,
or knows otherwise, is a candidate. All work on the share happens in one thread of this watch,
so that a share that hangs stops nobody else.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final, ParamSpec, TypeVar

import structlog

from hotfolder import config, sources
from hotfolder.domain.errors import JournalUnavailable
from hotfolder.intake import examine, mounts, rules, sidecar, tracing
from hotfolder.intake.events import Events
from hotfolder.intake.finding import Finder
from hotfolder.intake.hints import Hints
from hotfolder.intake.settle import Settling
from hotfolder.journal import acceptance, sightings
from hotfolder.journal.journal import Journal

P = ParamSpec("P")
T = TypeVar("T")

SCAN_WITH_EVENTS_S: Final = 300.0
SCAN_ALONE_S: Final = 5.0
SCAN_SHARE: Final = 10.0
EXAMINED_TOGETHER: Final = 16
JOURNAL_WAIT_S: Final = 1.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.intake")


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """The file or its share refuses to be read; it must be looked at again later."""

    reason: str


@dataclass(slots=True)
class Condition:
    """What can be said of a watch at any time without touching its share."""

    online: bool = False
    detect: str = "scan"
    reason: str | None = None


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
        self.condition = Condition()
        self.all_readable = True
        self.number = number
        self._journal = journal
        self._accepted = accepted
        self._single_scan = single_scan
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"intake-{watch.name}")
        self._hints = Hints()
        self._events: Events | None = None
        self._candidates: dict[str, Settling] = {}
        self._stopped = threading.Event()
        self._finder = Finder(watch, number, journal, self._stopped)
        self._noted: Condition | None = None
        self._looked = False
        self._next_scan_s = 0.0

    @property
    def quiet(self) -> bool:
        """Whether all that a scan found has been settled, or the share cannot be scanned."""
        return self._looked and not self._candidates and self._hints.empty

    @property
    def progress(self) -> tuple[int, float]:
        """What stays the same while nothing comes of what is on its way."""
        changed = (each.changed_s for each in self._candidates.values())
        return len(self._candidates), max(changed, default=0.0)

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
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def _follow(self) -> None:
        if time.monotonic() >= self._next_scan_s:
            await self._scan()
        await self._take_hints()
        await self._look()
        await self._hints.wait(self._pause_s())

    def settling(self, relative: str) -> str | None:
        """Return why a path is not accepted yet, if it is on its way."""
        candidate = self._candidates.get(relative)
        if candidate is None:
            return None
        left_s = candidate.left_s(time.monotonic())
        return f"{candidate.reason}, {left_s:.1f} s to go" if left_s else candidate.reason

    async def _in_thread(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: call(*args, **kwargs))

    # -- scanning

    async def _scan(self) -> None:
        started_s = time.monotonic()
        await self._ensure_events()
        try:
            found = await self._in_thread(self._finder.walk)
        except (OSError, sources.RootGone) as error:
            await self._went_offline(error)
        else:
            await self._came_online(self._finder.refused)
            self._add(found)
            await self._add_waiting()
        self._looked = True
        self._next_scan_s = self._after(time.monotonic() - started_s)

    def _after(self, took_s: float) -> float:
        now_s = time.monotonic()
        if self._single_scan and self.condition.online:
            return float("inf")
        if self.watch.scan_interval != "auto":
            return now_s + self.watch.scan_interval
        if self.condition.online and self.condition.detect == "events":
            return now_s + SCAN_WITH_EVENTS_S
        return now_s + max(SCAN_ALONE_S, SCAN_SHARE * took_s)

    # -- hints

    async def _ensure_events(self) -> None:
        if self._single_scan or self._events_wanted_and_alive():
            return
        if self._events:
            self._events.stop()
            self._events = None
        try:
            self._events = await self._in_thread(self._start_events)
            if self._events:
                self.condition.reason = None
        except OSError as error:
            reason = f"no events ({error.strerror}): scanning instead"
            if reason != self.condition.reason:
                log.warning("events.unavailable", watch=self.watch.name, error=str(error))
            self.condition.reason = reason
        self.condition.detect = "events" if self._events else "scan"

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
                found = await self._in_thread(self._finder.sort, hints)
            except (OSError, sources.RootGone):
                self._next_scan_s = 0.0
                return
            self._add(found)
            await self._add_waiting()

    # -- settling

    def _add(self, paths: Iterable[str]) -> None:
        for path in paths:
            self._candidates.setdefault(path, self._settling())

    async def _add_waiting(self) -> None:
        """Look again at what waits for a prompt or lost its rule, after a start or a new prompt."""
        if self._finder.prompts_changed:
            self._finder.prompts_changed = False
            listed = await self._journal.run(sightings.unsubmitted, self.number)
            self._add(each.path for each in listed if each.waits or not self._still_takes(each))

    def _still_takes(self, job: sightings.Unsubmitted) -> bool:
        return job.rule in {rule.name for rule in rules.matching(self.watch, job.path)}

    def _settling(self) -> Settling:
        now_s = time.monotonic()
        return Settling(self.watch.settle, now_s, now_s, now_s)

    async def _look(self) -> None:
        now_s = time.monotonic()
        due = [path for path, each in self._candidates.items() if each.next_look_s <= now_s]
        for at in range(0, len(due), EXAMINED_TOGETHER):
            await self._look_at(due[at : at + EXAMINED_TOGETHER])

    async def _look_at(self, paths: list[str]) -> None:
        verdicts = await self._in_thread(lambda: [(path, self._judge_one(path)) for path in paths])
        if any(isinstance(verdict, _Unreadable) for _, verdict in verdicts):
            self._next_scan_s = min(self._next_scan_s, time.monotonic() + SCAN_ALONE_S)
        await asyncio.gather(*(self._settle(path, each) for path, each in verdicts))
        self._accepted()

    def _judge_one(self, path: str) -> examine.Verdict | _Unreadable | None:
        """Look at a candidate: one that cannot be read keeps no other from being accepted."""
        try:
            return self._judge(path)
        except JournalUnavailable:
            raise
        except (OSError, sources.RootGone) as error:
            return _Unreadable(f"cannot be read: {error}")
        except Exception as error:
            log.exception("source.crashed", watch=self.watch.name, source=path)
            return _Unreadable(f"something unexpected happened: {error}")

    def _judge(self, path: str) -> examine.Verdict | None:
        """Look at a candidate in the thread; None = not quiet for long enough yet."""
        candidate = self._candidates[path]
        now_s = time.monotonic()
        try:
            sighting = sources.look(self.watch.input, path)
            beside = sidecar.beside(self.watch.input, path)
        except sources.SourceGone:
            return examine.Gone()
        except sources.NotARegularFile as error:
            return examine.Dropped(str(error))
        if not candidate.look((sighting, beside), now_s):
            return None
        if self._may_get_a_sidecar(beside, candidate, now_s):
            candidate.next_look_s = candidate.first_seen_s + self.watch.sidecar_wait
            candidate.reason = "waiting a moment for a sidecar"
            return None
        gave_time = candidate.gave_time(now_s)
        verdict = examine.examine(self.watch, self.number, path, gave_time=gave_time)
        return tracing.trace(self._journal, self.watch.input, verdict)

    def _may_get_a_sidecar(self, beside: sidecar.Beside, candidate: Settling, now_s: float) -> bool:
        waits = self.watch.sidecar == "optional" and beside.sidecar is None
        return waits and now_s - candidate.first_seen_s < self.watch.sidecar_wait

    async def _settle(self, path: str, verdict: examine.Verdict | _Unreadable | None) -> None:
        match verdict:
            case None:
                return
            case examine.NotYet(reason=reason):
                self._candidates[path].later(reason, time.monotonic())
                return
            case _Unreadable(reason=reason):
                if self._candidates[path].reason != reason:
                    log.warning(
                        "source.unreadable", source=path, watch=self.watch.name, reason=reason
                    )
                self._candidates[path].later(reason, time.monotonic())
                return
            case examine.Wanted(settled=settled, drafts=drafts):
                await self._accept(settled, drafts)
            case examine.Unwanted(settled=settled, reason=reason):
                await self._journal.run(acceptance.skip, settled, reason)
            case examine.Gone() | examine.Dropped():
                pass
        del self._candidates[path]

    async def _accept(
        self, settled: acceptance.Settled, drafts: tuple[acceptance.Draft, ...]
    ) -> None:
        output = str(self.watch.output)
        per_rule = self.watch.rules == "all"
        jobs = await self._journal.run(
            acceptance.accept, settled, drafts, output, per_rule=per_rule
        )
        for job in jobs:
            code = job.failure.code if job.failure else None
            log.info("job.accepted", **job.log_context(), state=job.state.value, error=code)

    # -- condition

    async def _went_offline(self, error: Exception) -> None:
        reason = f"the folder cannot be read: {error}"
        if self.condition.online or self.condition.reason != reason:
            log.warning("watch.offline", watch=self.watch.name, reason=reason)
        self.condition.online = False
        self.condition.reason = reason
        await self._note()

    async def _came_online(self, refused: Sequence[str]) -> None:
        if not self.condition.online:
            log.info("watch.online", watch=self.watch.name, detect=self.condition.detect)
            self.condition.reason = None
        if refused:
            reason = f"{len(refused)} folders cannot be read, the first is {refused[0]!a}"
            if reason != self.condition.reason:
                log.warning("watch.partly_unreadable", watch=self.watch.name, reason=reason)
            self.condition.reason = reason
        self.all_readable = not refused
        self.condition.online = True
        await self._note()

    async def _note(self) -> None:
        condition = self.condition
        if condition == self._noted:
            return
        self._noted = replace(condition)
        await self._journal.run(
            sightings.note_watch,
            self.number,
            online=condition.online,
            detect=condition.detect,
            reason=condition.reason,
        )

    def _pause_s(self) -> float:
        looks = (each.next_look_s for each in self._candidates.values())
        next_s = min(looks, default=float("inf"))
        return max(0.0, min(next_s, self._next_scan_s) - time.monotonic())
