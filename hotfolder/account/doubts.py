"""How doubts end without a person: by a callback that a query confirms, or by the owner's leave.

Callbacks come at a task's end. One that tells of a task which is followed already makes it due,
so that nobody waits for the next poll. Any other names a task that was lost, or a second one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import structlog

from hotfolder.bell import Bell, Ring
from hotfolder.domain.errors import JournalUnavailable, RemoteError
from hotfolder.domain.retry import Later, backoff_s
from hotfolder.journal import callbacks, doubts, reading, unheard
from hotfolder.journal.callbacks import Confirmed, Hint
from hotfolder.journal.journal import Journal
from hotfolder.journal.session import Session
from hotfolder.runninghub.catalog import CurrentCatalog
from hotfolder.runninghub.client import Client
from hotfolder.runninghub.wire import TaskReport, TaskStatus

CALLBACK_PATIENCE_S: Final = 600.0
CONFIRM_TIMEOUT_S: Final = 20.0
AT_ONCE: Final = 8
DENIED_TRIES: Final = 5
DENIED_FOR: Final = timedelta(minutes=10)
LONGEST_LOOK_S: Final = 60.0
RESEND_LOOK_S: Final = 5.0
SHORTEST_LOOK_S: Final = 0.1
CLOCK_JUMP_S: Final = 10.0
UNHEARD_EVERY: Final = timedelta(minutes=1)
# What costs too much to be made twice without a person.
DEAR_OUTPUTS: Final = frozenset({"video", "3d"})

_OUTCOMES: Final = {
    TaskStatus.WAITING: None,
    TaskStatus.SUCCEEDED: "succeeded",
    TaskStatus.FAILED: "failed",
    TaskStatus.CANCELLED: "cancelled",
}

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.account")


class Doubts:
    """Works on doubts until cancelled.

    `currency` tells the account's; `resend_up_to` tells the owner's limit, 0 = none, which holds of
    no video, 3D or model without a list price; `patience_s` is how long a callback is waited for, 0
    without.
    """

    def __init__(
        self,
        journal: Journal,
        client: Client,
        later: Later,
        *,
        bell: Bell,
        currency: Callable[[], str | None],
        resend_up_to: Callable[[], Decimal],
        catalog: CurrentCatalog,
        patience_s: float,
    ) -> None:
        self._journal = journal
        self._client = client
        self._later = later
        self._currency = currency
        self._bell = bell
        self._resend_up_to = resend_up_to
        self._catalog = catalog
        self._patience = timedelta(seconds=patience_s)
        self._hearing_since = self._looked_at = later.clock()
        self._looked_s = later.clock.awake_s()
        self._told_at = datetime.min.replace(tzinfo=UTC)
        self._ear = bell.ear(Ring.HEARD)
        self._unheard = bell.ear(Ring.UNHEARD)

    async def run(self) -> None:
        """Look into what was heard, and send again what may be."""
        while True:
            self._ear.forget()
            try:
                next_due = await self._look()
            except JournalUnavailable:
                next_due = None
            await self._wait(next_due)

    async def going_on(self) -> bool:
        """Return whether any job goes on by itself: doubts that may yet end are among them."""
        return await self._journal.run(_going_on, self._allowance()) > 0

    async def _wait(self, next_due: datetime | None) -> None:
        wait_s = RESEND_LOOK_S if self._resend_up_to() else LONGEST_LOOK_S
        if next_due is not None:
            until_s = (next_due - self._later.clock()).total_seconds()
            wait_s = min(wait_s, max(SHORTEST_LOOK_S, until_s))
        await self._ear.hear(wait_s)

    async def _look(self) -> datetime | None:
        if await self._journal.run(callbacks.hurry):
            self._bell.ring(Ring.DUE)
        hints, next_due = await self._journal.run(callbacks.due, AT_ONCE)
        await asyncio.gather(*(self._look_into(each) for each in hints))
        await self._resend()
        return next_due

    # -- callbacks

    async def _look_into(self, hint: Hint) -> None:
        again_at = self._later.after(backoff_s(hint.tries + 1, self._later.jitter()))
        try:
            async with asyncio.timeout(CONFIRM_TIMEOUT_S):
                report = await self._client.query(hint.task_id)
        except (RemoteError, TimeoutError):
            await self._journal.run(callbacks.postpone, hint, again_at)
            return
        if report.status is TaskStatus.DENIED:
            await self._denied(hint, again_at)
            return
        job = await self._journal.run(callbacks.take, hint, self._confirmed(report), again_at)
        if job is not None:
            log.info("task.found", **job.log_context(), task_id=hint.task_id, by="callback")
        self._bell.ring(Ring.DUE)

    async def _denied(self, hint: Hint, again_at: datetime) -> None:
        """Believe a denial only when it is repeated for long: good tasks are denied, too."""
        is_young = self._later.clock() - hint.heard_at < DENIED_FOR
        if hint.denied + 1 < DENIED_TRIES or is_young:
            await self._journal.run(callbacks.postpone, hint, again_at, denied=True)
            return
        log.warning("callback.refused", job=hint.job, task_id=hint.task_id)
        await self._journal.run(callbacks.drop, hint)

    def _confirmed(self, report: TaskReport) -> Confirmed:
        charge = replace(report.charge, currency=self._currency())
        return Confirmed(outcome=_OUTCOMES[report.status], charge=charge)

    # -- sending again

    def _allowance(self) -> doubts.Allowance:
        silent_since = self._later.clock() - self._patience
        return doubts.Allowance(
            up_to=self._resend_up_to(), silent_since=silent_since, covers=self._is_cheap
        )

    def _is_cheap(self, name: str) -> bool:
        """Whether a model may be paid twice for little: never a film, 3D, or an unknown price."""
        model = self._catalog().look_up(name)
        return model is not None and model.output not in DEAR_OUTPUTS and model.price is not None

    async def _note_gap(self) -> None:
        """Begin to wait anew where no callback could come: the machine slept, or some were dropped.

        The one shows in the other: only the monotonic clock stands still or goes on as before.
        """
        now, now_s = self._later.clock(), self._later.clock.awake_s()
        passed_s = (now - self._looked_at).total_seconds()
        is_unheard = self._unheard.rung
        if is_unheard or abs(passed_s - (now_s - self._looked_s)) > CLOCK_JUMP_S:
            self._hearing_since = now
        self._unheard.forget()
        self._looked_at, self._looked_s = now, now_s
        if is_unheard:
            await self._note_unheard(now)

    async def _note_unheard(self, now: datetime) -> None:
        """Have it told, at most once a minute: whoever floods the listener fills no log."""
        if now - self._told_at >= UNHEARD_EVERY:
            self._told_at = now
            log.warning("callback.crowded_out")
            await self._journal.run(unheard.keep, now)

    async def _resend(self) -> None:
        """Send again what may be, once callbacks could have come all the while."""
        await self._note_gap()
        allowance = self._allowance()
        if not allowance.up_to or self._hearing_since > allowance.silent_since:
            return
        for job in await self._journal.run(doubts.resend, allowance):
            log.warning("submit.approved", **job.log_context(), by=doubts.BY_LIMIT)
            self._bell.ring(Ring.DUE)


def _going_on(session: Session, allowance: doubts.Allowance) -> int:
    """Count both at one moment: a job may leave the one for the other at any time."""
    return reading.going_on(session) + doubts.hopeful(session, allowance)
