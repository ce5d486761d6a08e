"""One daemon: starts what the composition built, runs it, drains it in order."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

import structlog
from pydantic import SecretStr

from hotfolder import __version__, views
from hotfolder.account.account import FindKey
from hotfolder.composition import Composition, Environment, Parts
from hotfolder.config import Config, listen_place
from hotfolder.control import channel
from hotfolder.domain.commands import Commands
from hotfolder.domain.errors import (
    JournalError,
    JournalReplaced,
    JournalUnavailable,
)
from hotfolder.domain.redaction import Redactor
from hotfolder.domain.states import State
from hotfolder.housekeeping import Housekeeping
from hotfolder.journal import backlog, daemons, reading
from hotfolder.journal.journal import Journal
from hotfolder.notices.noticing import Noticing
from hotfolder.overview import Overview
from hotfolder.reload import Reread
from hotfolder.showing import Showing
from hotfolder.supervision import Supervisor
from hotfolder.thumbnails import Thumbnails
from hotfolder.web.guarding import known_names
from hotfolder.web.monitor import monitor

LOOK_S: Final = 0.1
# How exactly the journal knows when a daemon was killed that had nothing to do; each is a commit.
SEEN_S: Final = 60.0
AGAIN_S: Final = 2.0

Progress = Callable[[Mapping[State, int]], None]

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.service")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run of `once` ended.

    `before` is the number of the history's last line before it; `complete` says whether every
    file found was settled and could be read.
    """

    before: int
    complete: bool


class Service:
    """One daemon over one journal.

    `reread` reads the config again; it blocks and raises ConfigError. `find_key` finds the key
    again, where a mended one may stand; it blocks and raises KeyProblem. `redactor` learns every
    secret that the daemon works with. `commands` is how others are typed that hints name, unless
    an environment says so.
    Raises JournalLocked, JournalDamaged and their kin when it is run.
    """

    def __init__(
        self,
        config: Config,
        key: SecretStr,
        environment: Environment | None = None,
        *,
        reread: Reread | None = None,
        supervisor: Supervisor | None = None,
        find_key: FindKey | None = None,
        redactor: Redactor | None = None,
        commands: Commands | None = None,
    ) -> None:
        self._supervisor = supervisor or Supervisor()
        self._redactor = redactor or Redactor()
        self._house = Composition(
            config,
            key,
            environment or Environment(commands=commands or Commands()),
            reread=reread,
            supervisor=self._supervisor,
            find_key=find_key,
            redactor=self._redactor,
        )
        self._has_started = False

    @property
    def parts(self) -> Parts | None:
        """What is open while the service runs."""
        return self._house.parts

    async def run(self, stop: asyncio.Event, reload: asyncio.Event | None = None) -> None:
        """Run until `stop` is set, then drain within the config's grace period.

        Whenever `reload` is set, the config is read again. A journal in a database that cannot be
        reached yet is waited for: whatever starts machines after a power cut may start it last,
        and a start in the middle of which it went away is begun again.
        One that goes away later is waited for by every part; what a part cannot bear ends the run.
        """
        told = ""
        while not stop.is_set():
            try:
                await self._run(stop, reload or asyncio.Event())
                break
            except JournalUnavailable as error:
                if not self._house.config.journal.url or self._has_started:
                    raise
                if told != (told := str(error)):
                    log.warning("journal.awaited", error=told)
                self._supervisor.alive(told)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), AGAIN_S)
        log.info("service.stopped")

    async def _run(self, stop: asyncio.Event, reload: asyncio.Event) -> None:
        async with (
            self._house.open(single_scan=False) as parts,
            self._monitoring(parts),  # before any work: its port may be taken
            self._showing(parts),
            self._kept(parts.journal, "run"),
            self._working(parts) as working,
        ):
            self._has_started = True
            log.info("service.started", watches=[each.name for each in self._house.config.watch])
            self._supervisor.ready()
            reloading = asyncio.create_task(parts.reloading.run(reload))
            try:
                await _stop_or_death(stop, [*working, reloading])
            finally:
                reloading.cancel()

    async def once(
        self,
        stop: asyncio.Event,
        *,
        timeout_s: float,
        release: bool = False,
        progress: Progress = lambda _counts: None,
    ) -> Ended:
        """Take what is there and work until nothing goes on by itself; `release` holds none back.

        Ends, too, after `timeout_s` seconds without any progress, or when `stop` is set.
        `progress` is often told the number of jobs by state.
        """
        async with (
            self._house.open(single_scan=True) as parts,
            self._kept(parts.journal, "once"),
        ):
            before = await parts.journal.run(reading.newest_event)
            if release:
                await self._release_all(parts.journal)
            async with self._working(parts) as working:
                still = asyncio.create_task(self._until_still(parts, timeout_s, progress))
                try:
                    await _stop_or_death(stop, [*working, still])
                finally:
                    still.cancel()
                watchers = parts.watches.watchers
                complete = all(each.quiet and each.all_readable for each in watchers)
        return Ended(before=before, complete=complete)

    async def _release_all(self, journal: Journal) -> None:
        self._house.current.hold_none = True
        for each in self._house.config.watch:
            await journal.run(backlog.release, each.name)

    @asynccontextmanager
    async def _kept(self, journal: Journal, command: daemons.Command) -> AsyncIterator[None]:
        """Keep in the journal that a daemon runs, and how it ended."""
        born = daemons.Born(
            pid=os.getpid(),
            version=__version__,
            command=command,
            unit=self._supervisor.unit,
            unconfined=self._house.unconfined,
        )
        await journal.run(daemons.began, born)
        end: daemons.End = "failed"
        try:
            yield
            end = "stopped"
        finally:
            with suppress(JournalError):
                await journal.run(daemons.ended, end)

    @asynccontextmanager
    async def _monitoring(self, parts: Parts) -> AsyncIterator[None]:
        """Serve the pages of the monitor, if the owner wants them."""
        stated = self._house.config.monitor.listen
        if not stated:
            yield
            return
        overview = Overview(
            journal=parts.journal,
            config=lambda: self._house.config,
            pace=parts.pace,
            watches=parts.watches,
            threads=parts.threads,
        )
        host, port = listen_place(stated)
        names = known_names(host, self._house.config.monitor.hosts)
        app = monitor(overview.now, self._house.metrics, names)
        async with self._house.environment.serve(app, host, port, "monitor.listen", _unheeded):
            yield

    @asynccontextmanager
    async def _showing(self, parts: Parts) -> AsyncIterator[None]:
        """Serve the page, if the owner wants it."""
        showing = Showing(
            config=lambda: parts.leasing.wanted,
            control=parts.control,
            thumbnails=Thumbnails(parts.workshop, parts.threads, parts.small, parts.spool.folder),
            looking=parts.looking,
            threads=parts.threads,
            clock=self._house.environment.clock,
            zone=self._house.environment.zone,
        )
        async with showing.open(self._house.config.web):
            yield

    @asynccontextmanager
    async def _working(self, parts: Parts) -> AsyncIterator[list[asyncio.Task[None]]]:
        """Let every part work while the block runs.

        Whatever ends it, a death of a part included, what runs is drained: the answer to a paid
        call that is under way must reach the journal.
        """
        server = await channel.serve(parts.control, self._house.config.state_dir)
        parts_aside = (
            parts.watches.run(),
            *([parts.leasing.run()] if parts.journal.is_shared else []),
            parts.doubts.run(),
            parts.recalling.run(),
            parts.probing.run(),
            parts.sharing.run(),
            parts.originals.run(),
            parts.overdue.run(),
            parts.learning.run(),
            parts.notes.run(),
            self._beat(parts.journal),
            Housekeeping(parts.journal, lambda: self._house.config).run(),
            self._noticing(parts).run(),
        )
        aside = [asyncio.create_task(each) for each in parts_aside]
        working = list(aside)
        try:
            await parts.marking.look()
            await parts.reloading.begin()
            await parts.leasing.begin()
            working.append(asyncio.create_task(parts.runner.run()))
            yield working
        finally:
            log.info("service.draining", grace_s=self._house.config.limits.grace)
            self._supervisor.stopping()
            server.close()
            try:
                await parts.watches.stop()
                await parts.runner.drain(self._house.config.limits.grace)
                await parts.notes.finish()
            finally:
                parts.threads.close()
                for each in aside:
                    each.cancel()
                await asyncio.gather(*working, return_exceptions=True)
        _require_file(parts.journal)

    def _noticing(self, parts: Parts) -> Noticing:
        return Noticing(
            parts.journal,
            lambda: self._house.config.notify,
            self._redactor,
            watches=lambda: [each.name for each in parts.leasing.wanted.watch],
        )

    async def _beat(self, journal: Journal) -> None:
        """Say from time to time that the loop turns and the journal's thread commits.

        The other parts need no asking: whose task ends, ends the service. A journal whose disk is
        full answers, too: starting again would not help it.
        """
        status, seen_s = "starting", journal.clock.elapsed_s()
        while True:
            with suppress(JournalUnavailable):
                status = views.in_a_line(await journal.run(reading.state_counts))
                if journal.clock.elapsed_s() - seen_s >= SEEN_S:
                    seen_s = journal.clock.elapsed_s()
                    await journal.run(daemons.seen)
            _require_file(journal)
            self._supervisor.alive(journal.trouble or status)
            await asyncio.sleep(self._supervisor.beat_s)

    async def _until_still(self, parts: Parts, timeout_s: float, progress: Progress) -> None:
        clock = parts.journal.clock
        last: object = None
        since_s = clock.awake_s()
        while clock.awake_s() - since_s < timeout_s:
            watchers = parts.watches.watchers
            settled = all(each.quiet for each in watchers)  # before the rest: else a job slips by
            try:
                counts = await parts.journal.run(reading.state_counts)
                going_on = await parts.doubts.going_on()
            except JournalUnavailable:
                await asyncio.sleep(LOOK_S)
                continue
            progress(counts)
            if settled and not going_on and parts.runner.idle and parts.originals.idle:
                return
            seen = (_advance(counts), [each.progress for each in watchers])
            if seen != last:
                last, since_s = seen, clock.awake_s()
            await asyncio.sleep(LOOK_S)
        log.warning("once.gave_up_waiting", seconds=timeout_s)


def _unheeded() -> None:
    """Leave it at that: who looks at a monitor comes again."""


def _require_file(journal: Journal) -> None:
    if journal.replaced:
        raise JournalReplaced(journal.replaced)


def _advance(counts: Mapping[State, int]) -> dict[State, int]:
    """Return what changes as jobs get on; an attempt to submit that failed is none of it."""
    sent = State.SUBMITTING
    waiting = counts[State.UPLOADED] + counts[sent]
    return {**counts, State.UPLOADED: waiting, sent: 0}


async def _stop_or_death(stop: asyncio.Event, parts: list[asyncio.Task[None]]) -> None:
    """Wait for the wish to stop. A part that ends by itself is a bug and ends the service."""
    stopping = asyncio.ensure_future(stop.wait())
    try:
        done, _ = await asyncio.wait({stopping, *parts}, return_when=asyncio.FIRST_COMPLETED)
        for each in done - {stopping}:
            await each
    finally:
        stopping.cancel()
