"""The composition root: builds every part, runs them in one TaskGroup, stops them in order.

Nothing else constructs owners, but for the command line's read-only journal and the tests.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import partial
from typing import Final

import structlog
from pydantic import SecretStr

from hotfolder import control, views
from hotfolder.config import Config, Watch, listen_place
from hotfolder.control import Control
from hotfolder.domain import events as ev
from hotfolder.domain import names
from hotfolder.domain.clock import Clock, utc_now
from hotfolder.domain.errors import JournalUnavailable, RemoteError
from hotfolder.domain.failpoints import Failpoint, no_failpoint
from hotfolder.domain.jobs import Job
from hotfolder.domain.retry import PollSchedule
from hotfolder.domain.states import State
from hotfolder.housekeeping import Housekeeping
from hotfolder.imaging.workshop import Workshop
from hotfolder.intake.companions import going_along
from hotfolder.intake.events import Events
from hotfolder.intake.intake import WatchIntake
from hotfolder.intake.listening import Listen
from hotfolder.intake.overdue import Overdue
from hotfolder.intake.review import review
from hotfolder.journal import acceptance, backlog, budgets, callbacks, reading, recovery
from hotfolder.journal.budgets import Budget
from hotfolder.journal.journal import Journal
from hotfolder.key import KeyProblem
from hotfolder.notices.noticing import Noticing
from hotfolder.outputs.access import UNCHANGED, Access, group_number
from hotfolder.outputs.spool import Spool
from hotfolder.overview import Overview
from hotfolder.pipeline.aftermath import Aftermath
from hotfolder.pipeline.doubts import CALLBACK_PATIENCE_S, Doubts
from hotfolder.pipeline.fetching import Fetching
from hotfolder.pipeline.finishing import Finishing
from hotfolder.pipeline.keepsakes import Keepsakes
from hotfolder.pipeline.noting import Noting, Wishes
from hotfolder.pipeline.originals import Moving, Originals
from hotfolder.pipeline.pacing import Durations, Pace, Pacing
from hotfolder.pipeline.preparing import Preparing
from hotfolder.pipeline.pricing import Prices
from hotfolder.pipeline.probing import Probing
from hotfolder.pipeline.publishing import Publishing
from hotfolder.pipeline.querying import Querying
from hotfolder.pipeline.rate import Rate
from hotfolder.pipeline.reusing import Reusing, work_key
from hotfolder.pipeline.runner import Runner
from hotfolder.pipeline.sharing import Sharing
from hotfolder.pipeline.steps import Jitter, Later, Step, observed
from hotfolder.pipeline.submitting import Addresses, Intending, Storage, Submitting
from hotfolder.pipeline.threads import ShareThreads
from hotfolder.pipeline.uploading import Uploading
from hotfolder.reload import Reloading, Reread
from hotfolder.runninghub.catalog import MEGABYTE, Catalog
from hotfolder.runninghub.client import SUBMIT_TIMEOUT_S, Client
from hotfolder.supervision import Supervisor
from hotfolder.watches import Watches
from hotfolder.web.listener import listening
from hotfolder.web.metrics import Metrics
from hotfolder.web.monitor import monitor
from hotfolder.web.serving import serving

KEY_BYTES: Final = 32
SPOOL_NAME: Final = "spool"
ASK_TIMEOUT_S: Final = 10.0
LOOK_S: Final = 0.1

FindKey = Callable[[Config], SecretStr]
Progress = Callable[[Mapping[State, int]], None]

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.service")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Where the program touches time, chance and failure; tests pass their own.

    `submit_timeout_s` is how long the answer to a paid call is waited for, `callback_patience_s`
    how long a callback may bring a lost one. `zone` is where the owner's days begin at midnight,
    None = where this machine is set to. `listen` opens a source of hints on a folder.
    """

    clock: Clock = utc_now
    jitter: Jitter = random.random
    failpoint: Failpoint = no_failpoint
    submit_timeout_s: float = SUBMIT_TIMEOUT_S
    callback_patience_s: float = CALLBACK_PATIENCE_S
    schedule: PollSchedule = field(default_factory=PollSchedule)
    zone: tzinfo | None = None
    listen: Listen = Events


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run of `once` ended.

    `before` is the number of the history's last line before it; `complete` says whether every
    file found was settled and could be read.
    """

    before: int
    complete: bool


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is open while the service runs."""

    journal: Journal
    client: Client
    runner: Runner
    probing: Probing
    sharing: Sharing
    noting: Noting
    pace: Pace
    doubts: Doubts
    originals: Originals
    overdue: Overdue
    watches: Watches
    reloading: Reloading
    control: Control
    threads: ShareThreads


class Service:
    """One daemon over one journal.

    `reread` reads the config again; it blocks and raises ConfigError. `find_key` finds the key
    again, where a mended one may stand; it blocks and raises KeyProblem.
    Raises JournalLocked, JournalDamaged and their kin when it is run.
    """

    def __init__(
        self,
        config: Config,
        key: SecretStr,
        edges: Edges | None = None,
        *,
        reread: Reread | None = None,
        supervisor: Supervisor | None = None,
        find_key: FindKey | None = None,
    ) -> None:
        self._config = config
        self._key = key
        self._key_problem = ""
        self._find_key = find_key or (lambda _config: key)
        self._edges = edges or Edges()
        self._workshop = Workshop(memory_bytes=config.limits.picture_memory_mb * MEGABYTE)
        self._reread = reread or (lambda: config)
        self._supervisor = supervisor or Supervisor()
        self._metrics = Metrics()
        self._currency: str | None = None
        self._limit_there = 0
        self._hold_none = False
        self._parts: _Parts | None = None

    async def run(self, stop: asyncio.Event, reload: asyncio.Event | None = None) -> None:
        """Run until `stop` is set, then drain within the config's grace period.

        Whenever `reload` is set, the config is read again.
        """
        async with (
            self._open(single_scan=False) as parts,
            self._working(parts) as working,
            self._monitoring(parts),
        ):
            log.info("service.started", watches=[each.name for each in self._config.watch])
            self._supervisor.ready()
            reloading = asyncio.create_task(parts.reloading.run(reload or asyncio.Event()))
            try:
                await _stop_or_death(stop, [*working, reloading])
            finally:
                reloading.cancel()
        log.info("service.stopped")

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
        async with self._open(single_scan=True) as parts:
            before = await parts.journal.run(reading.newest_event)
            if release:
                await self._release_all(parts.journal)
            async with self._working(parts) as working:
                still = asyncio.create_task(self._until_still(parts, timeout_s, progress))
                try:
                    await _stop_or_death(stop, [*working, still])
                finally:
                    still.cancel()
                intakes = parts.watches.intakes
                complete = all(each.quiet and each.all_readable for each in intakes)
        return Ended(before=before, complete=complete)

    async def _release_all(self, journal: Journal) -> None:
        self._hold_none = True
        for each in self._config.watch:
            await journal.run(backlog.release, each.name)

    @asynccontextmanager
    async def _hearing(self, journal: Journal) -> AsyncIterator[None]:
        """Listen for callbacks, from before anything else is begun until all is drained."""
        stated = self._config.api.webhook_listen
        if not stated:
            yield
            return
        host, port = listen_place(stated)
        key = await journal.run(callbacks.key, secrets.token_bytes(KEY_BYTES))

        async def hear(token: str, task_id: str) -> None:
            is_news = await journal.run(callbacks.hear, token, task_id)
            if is_news and self._parts:
                self._parts.doubts.wake()

        async with listening(host, port, key, hear):
            log.info("callbacks.listening", address=stated)
            yield

    @asynccontextmanager
    async def _monitoring(self, parts: _Parts) -> AsyncIterator[None]:
        """Serve the pages of the monitor, if the owner wants them."""
        stated = self._config.monitor.listen
        if not stated:
            yield
            return
        overview = Overview(
            journal=parts.journal,
            config=lambda: self._config,
            pace=parts.pace,
            watches=parts.watches,
            threads=parts.threads,
        )
        host, port = listen_place(stated)
        async with serving(monitor(overview.now, self._metrics), host, port, "monitor.listen"):
            yield

    @asynccontextmanager
    async def _working(self, parts: _Parts) -> AsyncIterator[list[asyncio.Task[None]]]:
        """Let every part work while the block runs.

        Whatever ends it, a death of a part included, what runs is drained: the answer to a paid
        call that is under way must reach the journal.
        """
        server = await control.serve(parts.control, self._config.state_dir)
        parts_aside = (
            parts.watches.run(),
            parts.doubts.run(),
            parts.probing.run(),
            parts.sharing.run(),
            parts.originals.run(),
            parts.overdue.run(),
            parts.noting.run(),
            self._beat(parts.journal),
            Housekeeping(parts.journal, lambda: self._config, self._edges.clock).run(),
            Noticing(parts.journal, lambda: self._config.notify, self._edges.clock).run(),
        )
        aside = [asyncio.create_task(each) for each in parts_aside]
        working = list(aside)
        try:
            await parts.reloading.begin()
            await parts.watches.follow(self._config.watch)
            working.append(asyncio.create_task(parts.runner.run()))
            yield working
        finally:
            log.info("service.draining", grace_s=self._config.limits.grace)
            self._supervisor.stopping()
            server.close()
            await parts.watches.stop()
            await parts.runner.drain(self._config.limits.grace)
            await parts.noting.finish()
            parts.threads.close()
            for each in aside:
                each.cancel()
            await asyncio.gather(*working, return_exceptions=True)

    async def _beat(self, journal: Journal) -> None:
        """Say from time to time that the loop turns and the journal's thread commits.

        The other parts need no asking: whose task ends, ends the service. A journal whose disk is
        full answers, too: starting again would not help it.
        """
        status = "starting"
        while True:
            with suppress(JournalUnavailable):
                status = views.in_a_line(await journal.run(reading.state_counts))
            self._supervisor.alive(status)
            await asyncio.sleep(self._supervisor.beat_s)

    async def _until_still(self, parts: _Parts, timeout_s: float, progress: Progress) -> None:
        last: object = None
        since_s = time.monotonic()
        while time.monotonic() - since_s < timeout_s:
            intakes = parts.watches.intakes
            settled = all(each.quiet for each in intakes)  # before the rest: else a job slips by
            try:
                counts = await parts.journal.run(reading.state_counts)
                going_on = await parts.journal.run(reading.going_on)
                going_on = going_on or await parts.doubts.hopeful()
            except JournalUnavailable:
                await asyncio.sleep(LOOK_S)
                continue
            progress(counts)
            if settled and not going_on and parts.runner.idle and parts.originals.idle:
                return
            seen = (_advance(counts), [each.progress for each in intakes])
            if seen != last:
                last, since_s = seen, time.monotonic()
            await asyncio.sleep(LOOK_S)
        log.warning("once.gave_up_waiting", seconds=timeout_s)

    @asynccontextmanager
    async def _open(self, *, single_scan: bool) -> AsyncIterator[_Parts]:
        edges = self._edges
        state_dir = self._config.state_dir
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        client = Client(
            self._config.api.base_url,
            self._key,
            submit_timeout_s=edges.submit_timeout_s,
            failpoint=edges.failpoint,
        )
        try:
            with Journal(
                state_dir,
                clock=edges.clock,
                failpoint=edges.failpoint,
                observe=self._metrics.observe,
            ) as journal:
                async with self._hearing(journal):
                    parts = await self._build(journal, client, single_scan=single_scan)
                    asking = asyncio.create_task(self._ask_currency(journal, client))
                    try:
                        yield parts
                    finally:
                        asking.cancel()
        finally:
            self._workshop.close()
            await client.aclose()

    async def _build(self, journal: Journal, client: Client, *, single_scan: bool) -> _Parts:
        for job in await journal.run(recovery.recover):
            log.warning("submit.unanswered", **job.log_context(), reason=recovery.INTERRUPTED)
        await journal.run(budgets.reconsider)
        spool = Spool(self._config.state_dir / SPOOL_NAME)
        spool.sweep(await journal.run(recovery.spooled_files))
        self._currency = await journal.run(reading.currency)
        threads = ShareThreads()
        pace = await self._build_pace(journal, client)
        later = Later(self._edges.clock, self._edges.jitter)
        probing = Probing(
            journal,
            client,
            later,
            renew_key=partial(self._renew_key, client),
            answers=partial(self._ask_service, journal, client),
            wake=self._wake,
        )
        sharing = Sharing(client.queue, pace, self._edges.jitter, wake=self._wake)
        noting = Noting(journal, spool, threads, self._note_wishes)
        aftermath = Aftermath(
            noting, on_hold=probing.stir, on_done=partial(self._after_done, spool)
        )
        runner = await self._build_runner(
            journal, client, spool, threads, pace, aftermath, sharing, later
        )
        api, edges = self._config.api, self._edges
        watches = Watches(
            journal,
            accepted=self._note_accepted,
            backlog=self._backlog,
            listen=self._edges.listen,
            single_scan=single_scan,
        )
        parts = _Parts(
            journal=journal,
            client=client,
            runner=runner,
            probing=probing,
            sharing=sharing,
            noting=noting,
            pace=pace,
            doubts=Doubts(
                journal,
                client,
                later,
                currency=lambda: self._currency,
                wake=runner.wake,
                resend_up_to=lambda: self._config.limits.resend_up_to,
                patience_s=edges.callback_patience_s if api.webhook_url else 0.0,
            ),
            originals=Originals(journal, threads, moving=self._moving, failpoint=edges.failpoint),
            overdue=Overdue(journal, lambda: self._config.watch),
            watches=watches,
            reloading=Reloading(
                journal,
                self._config,
                reread=self._reread,
                put=self._put,
                supervisor=self._supervisor,
            ),
            control=Control(
                journal,
                client,
                wake=self._wake,
                settling=self._settling,
                look=probing.look,
                look_again=self._look_again,
                watch=self._watch_named,
            ),
            threads=threads,
        )
        self._parts = parts
        return parts

    async def _build_runner(
        self,
        journal: Journal,
        client: Client,
        spool: Spool,
        threads: ShareThreads,
        pace: Pace,
        aftermath: Aftermath,
        sharing: Sharing,
        later: Later,
    ) -> Runner:
        edges = self._edges
        durations = Durations()
        hurry = asyncio.Event()
        key = await journal.run(callbacks.key, secrets.token_bytes(KEY_BYTES))
        preparing = Preparing(self._workshop, self._config.state_dir / SPOOL_NAME, threads, later)
        fetching = Fetching(client, spool, later, self._catalog, Finishing(self._workshop, spool))
        uploading = Uploading(
            journal, client, threads, later, self._catalog, preparing, Keepsakes(spool)
        )
        reusing = Reusing(
            journal,
            client,
            spool,
            threads,
            later,
            fetching,
            self._work_key,
            uploading.keep_source,
        )
        prices = Prices(
            journal,
            client,
            previewed=lambda: self._config.limits.price_preview,
            budgets=self._budgets,
        )
        steps: dict[State, Step] = {
            State.ACCEPTED: reusing.before(uploading),
            State.UPLOADED: reusing.before(
                Intending(
                    journal,
                    Addresses(client.site, self._config.api.webhook_url, key),
                    Storage(spool, lambda: self._config.limits.min_free_mb * MEGABYTE),
                    self._review,
                    threads,
                    later,
                    self._catalog,
                    prices,
                )
            ),
            State.SUBMITTING: Submitting(
                client, durations, edges.schedule, later, hurry, self._catalog
            ),
            State.RUNNING: reusing.again(
                Querying(journal, client, durations, edges.schedule, later, lambda: self._currency)
            ),
            State.FINISHED: fetching,
            State.FETCHED: Publishing(
                journal, spool, threads, later, self._access, edges.failpoint
            ),
        }
        rate = Rate()
        client.listen(rate.heard)
        return Runner(
            journal,
            {state: observed(step, self._metrics.observe) for state, step in steps.items()},
            pacing=Pacing(pace, rate, durations),
            later=later,
            hurry=hurry,
            aftermath=aftermath,
            budgets=self._budgets,
            refused=sharing.refused,
        )

    def _backlog(self) -> int:
        return 0 if self._hold_none else self._config.limits.backlog

    def _catalog(self) -> Catalog:
        return self._config.catalog

    def _note_wishes(self) -> Wishes:
        """Return which notes each watch wants."""
        return {each.name: each.notes for each in self._config.watch}

    def _budgets(self) -> list[Budget]:
        """Return the limits on a day's charges that the config sets."""
        per_watch = (
            (each.name, each.charge_per_day, "charge_per_day") for each in self._config.watch
        )
        limits = [(None, self._config.limits.daily_charge, "limits.daily_charge"), *per_watch]
        return [
            Budget(watch=watch, limit=limit, key=key, zone=self._edges.zone)
            for watch, limit, key in limits
            if limit
        ]

    def _work_key(self, job: Job) -> str | None:
        """Return what an edit is known by again, None where its watch pays for each."""
        reuses = any(
            each.name == job.watch and each.duplicates == "reuse" for each in self._config.watch
        )
        return work_key(self._catalog(), job) if reuses else None

    async def _build_pace(self, journal: Journal, client: Client) -> Pace:
        await self._ask_limit(client)
        running = await journal.run(recovery.running_jobs)
        return Pace(limit=self._limit(), running=running)

    async def _ask_limit(self, client: Client) -> None:
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S):
                self._limit_there = (await client.queue()).limit or 0
        except (RemoteError, TimeoutError) as error:
            log.info("service.limit_unknown", error=str(error))

    async def _ask_service(self, journal: Journal, client: Client) -> None:
        """Ask what could not be asked while the service was silent."""
        await self._ask_limit(client)
        if self._parts:
            self._parts.pace.limit_to(self._limit())
        await self._ask_currency(journal, client)

    def _renew_key(self, client: Client) -> bool:
        """Let the key be used that now stands where it was found; blocks."""
        try:
            return client.use_key(self._find_key(self._config))
        except KeyProblem as error:
            if str(error) != self._key_problem:
                log.warning("key.unusable", error=str(error))
            self._key_problem = str(error)
            return False

    def _wake(self) -> None:
        """Let everything be looked at again: something may be due."""
        if self._parts:
            self._parts.runner.wake()
            self._parts.probing.stir()
            self._parts.originals.wake()

    def _note_accepted(self) -> None:
        if self._parts:
            self._parts.runner.wake()
            self._parts.originals.wake()

    async def _after_done(self, spool: Spool, job: Job) -> None:
        """Do what follows a job's end; what a crash leaves undone is derived from the journal."""
        spooled = [each.spool_file for each in job.results if each.spool_file is not None]
        spooled += [*map(names.raw_file, spooled), names.keepsake_file(job.id)]
        await asyncio.to_thread(spool.empty, spooled)
        if self._parts:
            self._parts.originals.wake()

    def _moving(self) -> list[Moving]:
        """Return the watches whose originals are moved once their edits are done."""
        return [
            Moving(each.name, each.input, each.output, partial(going_along, each))
            for each in self._config.watch
            if each.originals == "move"
        ]

    def _limit(self) -> int:
        """Return how many tasks may run at once: the smaller of what config and service say."""
        known = [each for each in (self._config.limits.concurrency, self._limit_there) if each]
        return min(known, default=0)

    async def _put(self, wanted: Config) -> None:
        """Put a config into force: what is not asked for anew at each step is told here."""
        self._config = wanted
        if self._parts:
            self._parts.pace.limit_to(self._limit())
            await self._parts.watches.follow(wanted.watch)
            await self._parts.journal.run(budgets.reconsider)
            self._note_accepted()

    async def _ask_currency(self, journal: Journal, client: Client) -> None:
        try:
            account = await client.account()
        except RemoteError as error:
            log.info("service.account_unknown", error=str(error))
            return
        if account.currency:
            self._currency = account.currency
            await journal.run(reading.keep_currency, account.currency)

    def _review(self, job: Job) -> ev.Event | acceptance.Draft | None:
        """Look at a source again before its edit is paid; blocks. Raises OSError and RootGone."""
        intake = self._intake(job.watch)
        if intake is None:
            reason = "the config has no such watch any more"
            return ev.Postponed(until=self._edges.clock(), reason=reason, counts=False)
        verdict = review(intake.watch, intake.number, job)
        if isinstance(verdict, ev.SourceGone):
            intake.require_root()
        return verdict

    def _watch_named(self, name: str) -> Watch | None:
        return self._config.watch_named(name)

    def _access(self, job: Job) -> Access:
        """Return how a job's outputs are left; of a watch that is gone as they come."""
        watch = self._watch_named(job.watch)
        if watch is None:
            return UNCHANGED
        return Access(
            umask=int(watch.umask, 8) if watch.umask else None,
            group=group_number(watch.group) if watch.group else None,
            mtime_ns=job.source_mtime_ns if watch.times == "source" else None,
        )

    def _settling(self, watch: str, path: str) -> str | None:
        intake = self._intake(watch)
        return intake.settling(path) if intake else None

    def _look_again(self, watch: str) -> None:
        intake = self._intake(watch)
        if intake:
            intake.look_again()

    def _intake(self, watch: str) -> WatchIntake | None:
        return self._parts.watches.intake(watch) if self._parts else None


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
