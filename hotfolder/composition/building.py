"""Builds every part of the owners, the answers and the exchange."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from hotfolder.account.account import Account, FindKey
from hotfolder.account.doubts import Doubts
from hotfolder.account.pace import Durations, Pace, Pacing
from hotfolder.account.probing import Probing
from hotfolder.account.rate import Rate
from hotfolder.account.recalling import Recalling
from hotfolder.account.sharing import Sharing
from hotfolder.after.aftermath import Aftermath
from hotfolder.after.notes import Notes
from hotfolder.after.originals import Originals
from hotfolder.composition.bell import Bell
from hotfolder.composition.current_config import CurrentConfig
from hotfolder.composition.daemon_parts import Owners, Parts
from hotfolder.composition.steps import Way
from hotfolder.control.control import Control
from hotfolder.domain import names
from hotfolder.domain.jobs import Job
from hotfolder.domain.measures import Observe
from hotfolder.journal import recovery
from hotfolder.pipeline.marking import Marking
from hotfolder.pipeline.runner import Runner
from hotfolder.pipeline.step import observed
from hotfolder.planning.essences import Essences
from hotfolder.reload import Reloading, Reread
from hotfolder.supervision import Supervisor
from hotfolder.watching.learning import Learning
from hotfolder.watching.listening import Reach
from hotfolder.watching.overdue import Overdue
from hotfolder.watching.watches import Watches


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """What parts are built of.

    `callback_key` signs the addresses that callbacks come to; with `single_scan` what comes
    later is left alone.
    """

    owners: Owners
    current: CurrentConfig
    exchange: Bell
    callback_key: bytes
    single_scan: bool
    observe: Observe
    reread: Reread
    find_key: FindKey
    supervisor: Supervisor

    async def parts(self) -> Parts:
        """Return every part; none works yet."""
        own, exchange = self.owners, self.exchange
        marking = self._marking()
        account = Account(own.journal, own.client, lambda: self.current.config, self.find_key)
        await account.begin()
        durations = Durations(await own.journal.run(recovery.usual_durations_s))
        pace = await self._pace(account.limit, durations)
        sharing = Sharing(own.client.queue, pace, own.later, wake=exchange.wake)
        notes = Notes(own.journal, own.spool, own.threads, self.current.wanted_notes)
        probing = self._probing(account)
        aftermath = Aftermath(notes, on_hold=probing.stir, on_done=self._clear_up)
        runner = self._runner(account, marking, pace, durations, sharing, aftermath)
        essences = Essences(own.workshop, own.spool.folder, own.journal)
        watches = self._watches(essences)
        return Parts(
            journal=own.journal,
            client=own.client,
            account=account,
            runner=runner,
            marking=marking,
            probing=probing,
            sharing=sharing,
            notes=notes,
            pace=pace,
            doubts=self._doubts(account, runner),
            recalling=Recalling(own.journal, own.client, wake=exchange.wake),
            originals=self._originals(),
            overdue=Overdue(own.journal, lambda: self.current.config.watch),
            learning=Learning(own.journal, essences, lambda: watches.watchers),
            watches=watches,
            reloading=self._reloading(),
            control=self._control(probing),
            threads=own.threads,
        )

    async def _pace(self, limit: int, durations: Durations) -> Pace:
        """Return a window in which all that may run at the service has its place."""
        own = self.owners
        pace = Pace(limit=limit, running=await own.journal.run(recovery.running_jobs))
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

    def _probing(self, account: Account) -> Probing:
        return Probing(
            self.owners.journal,
            self.owners.client,
            self.owners.later,
            renew_key=account.renew_key,
            answers=self.exchange.note_answering,
            wake=self.exchange.wake,
        )

    def _runner(
        self,
        account: Account,
        marking: Marking,
        pace: Pace,
        durations: Durations,
        sharing: Sharing,
        aftermath: Aftermath,
    ) -> Runner:
        hurry, rate = asyncio.Event(), Rate(self.owners.environment.clock.elapsed_s)
        self.owners.client.listen(rate.heard)
        way = Way(
            owners=self.owners,
            current=self.current,
            review=self.exchange.review,
            require_place=self.exchange.require_place,
            marking=marking,
            callback_key=self.callback_key,
            currency=lambda: account.currency,
            durations=durations,
            hurry=hurry,
        )
        clock = self.owners.environment.clock
        return Runner(
            self.owners.journal,
            {state: observed(each, self.observe, clock) for state, each in way.steps().items()},
            pacing=Pacing(pace, rate, durations),
            later=self.owners.later,
            hurry=hurry,
            aftermath=aftermath,
            budgets=self.current.budgets,
            refused=sharing.refused,
        )

    def _doubts(self, account: Account, runner: Runner) -> Doubts:
        hears = bool(self.current.config.api.webhook_url)
        return Doubts(
            self.owners.journal,
            self.owners.client,
            self.owners.later,
            currency=lambda: account.currency,
            wake=runner.wake,
            resend_up_to=lambda: self.current.config.limits.resend_up_to,
            patience_s=self.owners.environment.callback_patience_s if hears else 0.0,
        )

    def _originals(self) -> Originals:
        return Originals(
            self.owners.journal,
            self.owners.threads,
            moving=self.current.moving,
            failpoint=self.owners.environment.failpoint,
        )

    def _watches(self, essences: Essences) -> Watches:
        return Watches(
            self.owners.journal,
            accepted=self.exchange.note_accepted,
            backlog=self.current.backlog,
            essences=essences,
            reach=Reach(self.owners.environment.listen, self.owners.environment.pool),
            single_scan=self.single_scan,
        )

    def _reloading(self) -> Reloading:
        return Reloading(
            self.owners.journal,
            self.current.config,
            reread=self.reread,
            put=self.exchange.put,
            supervisor=self.supervisor,
        )

    def _control(self, probing: Probing) -> Control:
        return Control(
            self.owners.journal,
            self.owners.client,
            threads=self.owners.threads,
            wake=self.exchange.wake,
            settling=self.exchange.settling,
            look=probing.look,
            look_again=self.exchange.look_again,
            watch=self.current.watch,
        )

    async def _clear_up(self, job: Job) -> None:
        """Do what follows a job's end; what a crash leaves undone is derived from the journal."""
        spooled = [each.spool_file for each in job.results if each.spool_file is not None]
        spooled += [names.raw_file(each) for each in spooled]
        if not job.missing:
            spooled.append(names.keepsake_file(job.id))
        await asyncio.to_thread(self.owners.spool.empty, spooled)
        self.exchange.note_done()
