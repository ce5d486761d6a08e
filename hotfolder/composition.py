"""The composition root: builds every part and keeps the config in force.

Nothing else constructs owners, but for the command line's read-only journal and the tests. What
the parts ask of each other and of the config they ask here, so that a reload needs no new parts.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import partial
from typing import Final

import structlog
from pydantic import SecretStr

from hotfolder.account import Account, FindKey
from hotfolder.config import Config, Watch, listen_place
from hotfolder.control import Control
from hotfolder.domain import events as ev
from hotfolder.domain import names
from hotfolder.domain.clock import Clock, utc_now
from hotfolder.domain.failpoints import Failpoint, no_failpoint
from hotfolder.domain.jobs import Job
from hotfolder.domain.retry import PollSchedule
from hotfolder.domain.states import State
from hotfolder.imaging.workshop import Workshop
from hotfolder.intake.companions import going_along
from hotfolder.intake.events import Events
from hotfolder.intake.intake import WatchIntake
from hotfolder.intake.listening import Listen
from hotfolder.intake.overdue import Overdue
from hotfolder.intake.review import review
from hotfolder.journal import acceptance, budgets, callbacks, recovery
from hotfolder.journal.budgets import Budget
from hotfolder.journal.journal import Journal
from hotfolder.outputs.access import UNCHANGED, Access, group_number
from hotfolder.outputs.spool import Spool
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

KEY_BYTES: Final = 32
SPOOL_NAME: Final = "spool"

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


@dataclass(frozen=True, slots=True)
class Parts:
    """What is open while the service runs."""

    journal: Journal
    client: Client
    account: Account
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


class Composition:
    """The parts of one daemon. `reread`, `find_key` and `supervisor` are as for `Service`."""

    def __init__(
        self,
        config: Config,
        key: SecretStr,
        edges: Edges,
        *,
        reread: Reread | None,
        supervisor: Supervisor,
        find_key: FindKey | None,
    ) -> None:
        self.config = config
        self._key = key
        self._find_key = find_key or (lambda _config: key)
        self.edges = edges
        self._workshop = Workshop(memory_bytes=config.limits.picture_memory_mb * MEGABYTE)
        self._reread = reread or (lambda: config)
        self._supervisor = supervisor
        self.metrics = Metrics()
        self.hold_none = False
        self.parts: Parts | None = None

    @asynccontextmanager
    async def open(self, *, single_scan: bool) -> AsyncIterator[Parts]:
        """Give every part, ready to work; `single_scan` = what comes later is left alone."""
        edges = self.edges
        state_dir = self.config.state_dir
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        client = Client(
            self.config.api.base_url,
            self._key,
            submit_timeout_s=edges.submit_timeout_s,
            failpoint=edges.failpoint,
        )
        try:
            with Journal(
                state_dir,
                clock=edges.clock,
                failpoint=edges.failpoint,
                observe=self.metrics.observe,
            ) as journal:
                async with self._hearing(journal):
                    parts = await self._build(journal, client, single_scan=single_scan)
                    asking = asyncio.create_task(parts.account.ask_currency())
                    try:
                        yield parts
                    finally:
                        asking.cancel()
        finally:
            self._workshop.close()
            await client.aclose()

    async def _build(self, journal: Journal, client: Client, *, single_scan: bool) -> Parts:
        for job in await journal.run(recovery.recover):
            log.warning("submit.unanswered", **job.log_context(), reason=recovery.INTERRUPTED)
        await journal.run(budgets.reconsider)
        spool = Spool(self.config.state_dir / SPOOL_NAME)
        spool.sweep(await journal.run(recovery.spooled_files))
        threads = ShareThreads()
        account = Account(journal, client, lambda: self.config, self._find_key)
        await account.begin()
        pace = Pace(limit=account.limit, running=await journal.run(recovery.running_jobs))
        later = Later(self.edges.clock, self.edges.jitter)
        probing = Probing(
            journal,
            client,
            later,
            renew_key=account.renew_key,
            answers=self._ask_service,
            wake=self._wake,
        )
        sharing = Sharing(client.queue, pace, self.edges.jitter, wake=self._wake)
        noting = Noting(journal, spool, threads, self._note_wishes)
        aftermath = Aftermath(
            noting, on_hold=probing.stir, on_done=partial(self._after_done, spool)
        )
        runner = await self._build_runner(
            journal, client, spool, threads, pace, aftermath, sharing, account
        )
        api, edges = self.config.api, self.edges
        watches = Watches(
            journal,
            accepted=self._note_accepted,
            backlog=self._backlog,
            listen=self.edges.listen,
            single_scan=single_scan,
        )
        parts = Parts(
            journal=journal,
            client=client,
            account=account,
            runner=runner,
            probing=probing,
            sharing=sharing,
            noting=noting,
            pace=pace,
            doubts=Doubts(
                journal,
                client,
                later,
                currency=lambda: account.currency,
                wake=runner.wake,
                resend_up_to=lambda: self.config.limits.resend_up_to,
                patience_s=edges.callback_patience_s if api.webhook_url else 0.0,
            ),
            originals=Originals(journal, threads, moving=self._moving, failpoint=edges.failpoint),
            overdue=Overdue(journal, lambda: self.config.watch),
            watches=watches,
            reloading=Reloading(
                journal,
                self.config,
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
        self.parts = parts
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
        account: Account,
    ) -> Runner:
        edges = self.edges
        later = Later(edges.clock, edges.jitter)
        durations = Durations()
        hurry = asyncio.Event()
        key = await journal.run(callbacks.key, secrets.token_bytes(KEY_BYTES))
        preparing = Preparing(self._workshop, self.config.state_dir / SPOOL_NAME, threads, later)
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
            previewed=lambda: self.config.limits.price_preview,
            budgets=self._budgets,
        )
        steps: dict[State, Step] = {
            State.ACCEPTED: reusing.before(uploading),
            State.UPLOADED: reusing.before(
                Intending(
                    journal,
                    Addresses(client.site, self.config.api.webhook_url, key),
                    Storage(spool, lambda: self.config.limits.min_free_mb * MEGABYTE),
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
                Querying(
                    journal, client, durations, edges.schedule, later, lambda: account.currency
                )
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
            {state: observed(step, self.metrics.observe) for state, step in steps.items()},
            pacing=Pacing(pace, rate, durations),
            later=later,
            hurry=hurry,
            aftermath=aftermath,
            budgets=self._budgets,
            refused=sharing.refused,
        )

    def _backlog(self) -> int:
        return 0 if self.hold_none else self.config.limits.backlog

    def _catalog(self) -> Catalog:
        return self.config.catalog

    def _note_wishes(self) -> Wishes:
        """Return which notes each watch wants."""
        return {each.name: each.notes for each in self.config.watch}

    def _budgets(self) -> list[Budget]:
        """Return the limits on a day's charges that the config sets."""
        per_watch = (
            (each.name, each.charge_per_day, "charge_per_day") for each in self.config.watch
        )
        limits = [(None, self.config.limits.daily_charge, "limits.daily_charge"), *per_watch]
        return [
            Budget(watch=watch, limit=limit, key=key, zone=self.edges.zone)
            for watch, limit, key in limits
            if limit
        ]

    def _work_key(self, job: Job) -> str | None:
        """Return what an edit is known by again, None where its watch pays for each."""
        reuses = any(
            each.name == job.watch and each.duplicates == "reuse" for each in self.config.watch
        )
        return work_key(self._catalog(), job) if reuses else None

    async def _ask_service(self) -> None:
        """Ask what could not be asked while the service was silent."""
        if self.parts:
            await self.parts.account.ask_limit()
            self.parts.pace.limit_to(self.parts.account.limit)
            await self.parts.account.ask_currency()

    def _wake(self) -> None:
        """Let everything be looked at again: something may be due."""
        if self.parts:
            self.parts.runner.wake()
            self.parts.probing.stir()
            self.parts.originals.wake()

    def _note_accepted(self) -> None:
        if self.parts:
            self.parts.runner.wake()
            self.parts.originals.wake()

    async def _after_done(self, spool: Spool, job: Job) -> None:
        """Do what follows a job's end; what a crash leaves undone is derived from the journal."""
        spooled = [each.spool_file for each in job.results if each.spool_file is not None]
        spooled += [*map(names.raw_file, spooled), names.keepsake_file(job.id)]
        await asyncio.to_thread(spool.empty, spooled)
        if self.parts:
            self.parts.originals.wake()

    def _moving(self) -> list[Moving]:
        """Return the watches whose originals are moved once their edits are done."""
        return [
            Moving(each.name, each.input, each.output, partial(going_along, each))
            for each in self.config.watch
            if each.originals == "move"
        ]

    async def _put(self, wanted: Config) -> None:
        """Put a config into force: what is not asked for anew at each step is told here."""
        self.config = wanted
        if self.parts:
            self.parts.pace.limit_to(self.parts.account.limit)
            await self.parts.watches.follow(wanted.watch)
            await self.parts.journal.run(budgets.reconsider)
            self._note_accepted()

    def _review(self, job: Job) -> ev.Event | acceptance.Draft | None:
        """Look at a source again before its edit is paid; blocks. Raises OSError and RootGone."""
        intake = self._intake(job.watch)
        if intake is None:
            reason = "the config has no such watch any more"
            return ev.Postponed(until=self.edges.clock(), reason=reason, counts=False)
        verdict = review(intake.watch, intake.number, job)
        if isinstance(verdict, ev.SourceGone):
            intake.require_root()
        return verdict

    def _watch_named(self, name: str) -> Watch | None:
        return self.config.watch_named(name)

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
        return self.parts.watches.intake(watch) if self.parts else None

    @asynccontextmanager
    async def _hearing(self, journal: Journal) -> AsyncIterator[None]:
        """Listen for callbacks, from before anything else is begun until all is drained."""
        stated = self.config.api.webhook_listen
        if not stated:
            yield
            return
        host, port = listen_place(stated)
        key = await journal.run(callbacks.key, secrets.token_bytes(KEY_BYTES))

        async def hear(token: str, task_id: str) -> None:
            is_news = await journal.run(callbacks.hear, token, task_id)
            if is_news and self.parts:
                self.parts.doubts.wake()

        async with listening(host, port, key, hear):
            log.info("callbacks.listening", address=stated)
            yield
