"""Builds every part of the owners, the config in force and the bell."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from hotfolder.account.account import Account, FindKey
from hotfolder.account.doubts import Doubts
from hotfolder.account.pace import Durations, Pace, Pacing
from hotfolder.account.probing import Probing
from hotfolder.account.rate import Rate
from hotfolder.account.recalling import Recalling
from hotfolder.account.sharing import Sharing
from hotfolder.after.clearing import clearing
from hotfolder.after.notes import Notes
from hotfolder.after.originals import Originals
from hotfolder.bell import Bell, Ring
from hotfolder.composition.current_config import CurrentConfig
from hotfolder.composition.daemon_parts import Owners, Parts
from hotfolder.composition.steps import StepTable
from hotfolder.config import Config
from hotfolder.control.control import Control
from hotfolder.domain.measures import Observe
from hotfolder.journal import budgets, leaders, recovery
from hotfolder.pipeline.delays import Delays
from hotfolder.pipeline.marking import Marking
from hotfolder.pipeline.runner import Runner
from hotfolder.pipeline.step import observed
from hotfolder.planning import served
from hotfolder.planning.looking import Looking
from hotfolder.planning.looks import Looks
from hotfolder.reload import Reloading, Reread
from hotfolder.supervision import Supervisor
from hotfolder.watching.learning import Learning
from hotfolder.watching.leasing import Leasing, Left
from hotfolder.watching.listening import Reach
from hotfolder.watching.overdue import Overdue
from hotfolder.watching.watches import Watches


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """What parts are built of.

    `wanted` is the config with all of its watches; `callback_key` signs the addresses that
    callbacks come to; with `single_scan` what comes later is left alone.
    """

    owners: Owners
    current: CurrentConfig
    wanted: Config
    bell: Bell
    callback_key: bytes
    single_scan: bool
    observe: Observe
    reread: Reread
    find_key: FindKey
    supervisor: Supervisor

    async def parts(self) -> Parts:
        """Return every part; none works yet."""
        own, bell = self.owners, self.bell
        marking = self._marking()
        account = Account(own.journal, own.client, lambda: self.current.config, self.find_key)
        await account.begin()
        durations = Durations(await own.journal.run(recovery.usual_durations_s))
        pace = await self._pace(account.limit, durations)
        probing = self._probing(account, pace)
        looks = Looks(partial(served.was_job, own.journal))
        looking = Looking(own.workshop, own.spool.folder, looks)
        watches = self._watches(looking)
        shared = (lambda: account.limit) if own.journal.is_shared else (lambda: 0)
        pacing = Pacing(pace, self._rate(), durations, shared)
        runner = self._runner(account, marking, pacing, watches)
        notes, originals = self._notes(), self._originals()

        async def left(watch: str) -> None:
            """Return once nothing of a watch is under way here: no step, no move and no note."""
            await runner.left(watch)
            await originals.left(watch)
            await notes.left()

        leasing = self._leasing(account, pace, watches, left)
        return Parts(
            bell=bell,
            journal=own.journal,
            client=own.client,
            account=account,
            runner=runner,
            leasing=leasing,
            marking=marking,
            probing=probing,
            sharing=Sharing(own.client.queue, pace, own.later, bell),
            notes=notes,
            pace=pace,
            doubts=self._doubts(account),
            recalling=Recalling(own.journal, own.client, bell),
            originals=originals,
            overdue=Overdue(own.journal, lambda: self.current.config.watch),
            learning=Learning(
                own.journal,
                looking,
                lambda: watches.watchers,
                look_s=own.environment.learn_every_s,
            ),
            watches=watches,
            reloading=self._reloading(leasing),
            control=self._control(probing, watches, looking),
            looking=looking,
            workshop=own.workshop,
            small=own.small,
            spool=own.spool,
            threads=own.threads,
        )

    async def _pace(self, limit: int, durations: Durations) -> Pace:
        """Return a window in which what is in doubt has its place; what runs gets its own later."""
        own = self.owners
        pace = Pace(limit=limit)
        now, now_s = own.later.clock(), own.later.clock.elapsed_s()
        for each in await own.journal.run(recovery.doubtful_submits):
            usual_s = durations.doubt_s(each.model)
            left_s = min(usual_s, usual_s - (now - each.intent_at).total_seconds())
            pace.doubted(each.job, now_s + left_s)
        return pace

    def _marking(self) -> Marking:
        return Marking(
            self.owners.journal,
            self.owners.threads,
            timeout_s=self.owners.environment.mark_timeout_s,
            failpoint=self.owners.environment.failpoint,
        )

    def _probing(self, account: Account, pace: Pace) -> Probing:
        async def ask_anew() -> None:
            await account.ask_limit()
            pace.limit_to(account.limit)
            await account.ask_currency()

        return Probing(
            self.owners.journal,
            self.owners.client,
            self.owners.later,
            bell=self.bell,
            renew_key=account.renew_key,
            on_answer=ask_anew,
        )

    def _rate(self) -> Rate:
        clock, current = self.owners.environment.clock, self.current
        rate = Rate(clock.elapsed_s, lambda: current.config.limits.calls_per_second)
        self.owners.client.listen(rate.heard)
        return rate

    def _runner(
        self, account: Account, marking: Marking, pacing: Pacing, watches: Watches
    ) -> Runner:
        hurry = asyncio.Event()
        table = StepTable(
            owners=self.owners,
            current=self.current,
            review=watches.review,
            require_place=watches.require_place,
            marking=marking,
            callback_key=self.callback_key,
            currency=lambda: account.currency,
            durations=pacing.durations,
            hurry=hurry,
        )
        clock = self.owners.environment.clock
        return Runner(
            self.owners.journal,
            {state: observed(each, self.observe, clock) for state, each in table.steps().items()},
            pacing=pacing,
            delays=Delays(self.owners.later),
            hurry=hurry,
            bell=self.bell,
            clear=clearing(self.owners.spool, self.owners.journal),
            budgets=self.current.budgets,
        )

    def _doubts(self, account: Account) -> Doubts:
        hears = bool(self.current.config.api.webhook_url)
        return Doubts(
            self.owners.journal,
            self.owners.client,
            self.owners.later,
            bell=self.bell,
            currency=lambda: account.currency,
            resend_up_to=lambda: self.current.config.limits.resend_up_to,
            catalog=self.current.catalog,
            patience_s=self.owners.environment.callback_patience_s if hears else 0.0,
        )

    def _notes(self) -> Notes:
        return Notes(
            self.owners.journal,
            self.owners.spool,
            self.owners.threads,
            bell=self.bell,
            wanted_by=self.current.wanted_notes,
            commands=self.owners.environment.commands,
        )

    def _originals(self) -> Originals:
        return Originals(
            self.owners.journal,
            self.owners.threads,
            bell=self.bell,
            moving=self.current.moving,
            failpoint=self.owners.environment.failpoint,
        )

    def _watches(self, looking: Looking) -> Watches:
        return Watches(
            self.owners.journal,
            bell=self.bell,
            backlog=self.current.backlog,
            looking=looking,
            reach=Reach(self.owners.environment.listen, self.owners.environment.pool),
            single_scan=self.single_scan,
        )

    def _leasing(self, account: Account, pace: Pace, watches: Watches, left: Left) -> Leasing:
        async def put(wanted: Config, others: Collection[str]) -> None:
            """Put a config into force: what is not asked for anew at each step is told here."""
            self.current.config = wanted
            pace.limit_to(account.limit)
            pace.have(await self.owners.journal.run(recovery.running_jobs))
            await watches.follow(wanted.watch, others)
            await self.owners.journal.run(budgets.reconsider)
            await self.owners.journal.run(leaders.reconsider)
            self.bell.ring(Ring.CHANGED)

        return Leasing(self.owners.journal, self.wanted, bell=self.bell, put=put, left=left)

    def _reloading(self, leasing: Leasing) -> Reloading:
        return Reloading(
            self.owners.journal,
            self.wanted,
            reread=self.reread,
            put=leasing.want,
            supervisor=self.supervisor,
        )

    def _control(self, probing: Probing, watches: Watches, looking: Looking) -> Control:
        return Control(
            self.owners.journal,
            self.owners.client,
            threads=self.owners.threads,
            bell=self.bell,
            settling=watches.settling,
            look=probing.look,
            scan=watches.scan,
            watch=self.current.watch,
            looking=looking,
        )
