"""Committing what came of a step with what it means for holds, in one transaction.

While the disk refuses, it is kept; what was committed is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from hotfolder.bell import Bell, Ring
from hotfolder.domain import events as ev
from hotfolder.domain import failures
from hotfolder.domain.errors import JournalTakenOver, JournalUnavailable
from hotfolder.domain.failures import PAID_ALREADY, Failure
from hotfolder.domain.jobs import Estimate, Job
from hotfolder.domain.machine import IllegalTransition
from hotfolder.domain.retry import JOURNAL_WAIT_S
from hotfolder.domain.states import State
from hotfolder.journal import (
    budgets,
    callbacks,
    claims,
    disproved,
    doubts,
    holds,
    reviews,
    transitions,
)
from hotfolder.journal.budgets import Budget
from hotfolder.journal.effects import TaskTaken, keep_estimate
from hotfolder.journal.journal import Journal
from hotfolder.journal.paid import PaidAlready
from hotfolder.journal.session import Session
from hotfolder.pipeline import event_log
from hotfolder.pipeline.delays import TOLD_AFTER
from hotfolder.pipeline.step import Outcome
from hotfolder.threads import unattended

NAMED_LOOK_S: Final = 5.0
PLACE_LOOK_S: Final = 0.5

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.pipeline")


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """A job after an event; which hold it began and why, and which scopes were let go."""

    job: Job
    event: ev.Event
    began: tuple[str, Failure] | None
    lifted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shared:
    """What those who share the journal share of the account.

    `places` tells how many tasks they may have at once in all, 0 = any number; `doubt_s` of a model
    how many seconds a doubtful submit takes up one of them.
    """

    places: Callable[[], int] = lambda: 0
    doubt_s: Callable[[str], float] = lambda _model: 0.0

    def free(self, session: Session, wanted: int) -> int:
        """Return how many of so many wanted places are free."""
        places = self.places() if wanted > 0 else 0
        if not places:
            return wanted
        return max(0, min(wanted, places - claims.at_service(session, self.doubt_s)))


ALONE: Final = Shared()


def commit(
    session: Session,
    before: Job,
    outcome: Outcome,
    tried: Collection[str],
    shared: Shared = ALONE,
) -> Committed:
    """Apply an event, and hold, let go or put off what it says something about.

    `tried` are the scopes whose trial the job is. An intent beyond its budgets is not stated; its
    scope is held instead. Nor is one for which a hold began while it was looked at, while a task
    that a callback named for the job is asked for, or while all who share the journal have all
    places at the service. To a budget what follows a job counts, too.
    Raises what `transitions.apply` raises, and JournalReplaced for an intent that nobody would find
    again.
    """
    if isinstance(outcome.event, ev.SubmitIntended):
        not_now = _not_now(session, before, outcome.event, outcome.budgets, tried, shared)
        if not_now is not None:
            return not_now
    job = transitions.apply(session, before.id, outcome.event, expected=before.state)
    hold = outcome.hold
    if isinstance(outcome.event, ev.Rejected) and outcome.event.redo:
        reviews.make_anew(session, job)
    if isinstance(outcome.event, ev.SubmitUnanswered):
        hold = doubts.brake(session)
    if hold is not None:
        is_new = holds.hold(session, *hold)
        began = hold if is_new else None
        return Committed(job=job, event=outcome.event, began=began, lifted=())
    lifted = disproved.lift(session, before, outcome.event, tried)
    if _asked(before, outcome.event, job):
        for scope in tried:
            holds.put_off(session, scope)
    return Committed(job=job, event=outcome.event, began=None, lifted=tuple(lifted))


def _not_now(
    session: Session,
    before: Job,
    intent: ev.SubmitIntended,
    limits: Sequence[Budget],
    tried: Collection[str],
    shared: Shared,
) -> Committed | None:
    """Leave a job as it is where its intent may not be stated; None = it may."""
    session.require_file()
    if holds.scopes_over(session, before.id) - frozenset(tried):
        return _put_back(session, before, "held meanwhile")
    if not shared.free(session, 1):
        return _put_back(session, before, "no place at the service", PLACE_LOOK_S)
    named = callbacks.named(session, before.id)
    if named is not None:
        return _asked_for_first(session, before, named)
    amount = before.plan.whole_price(intent.estimate, intent.currency)
    expected = Estimate(amount=amount, currency=intent.currency)
    refused = budgets.refuse(session, before, limits, expected)
    return None if refused is None else _refused(session, before, intent, *refused)


def _put_back(session: Session, before: Job, reason: str, wait_s: float = 0.0) -> Committed:
    """Leave a job as it is: it is claimed again when it is its turn to try, or all go on."""
    until = session.now + timedelta(seconds=wait_s)
    later = ev.Postponed(until=until, reason=reason, counts=False)
    job = transitions.apply(session, before.id, later, expected=before.state)
    return Committed(job=job, event=later, began=None, lifted=())


def _asked_for_first(session: Session, before: Job, task_id: str) -> Committed:
    """Leave a job as it is: it may have been paid already, and that task's result is free."""
    reason = f"a callback named task {task_id} for it, and the service is asked for that first"
    tried = before.attempt + 1
    later = ev.Postponed(
        until=session.now + timedelta(seconds=NAMED_LOOK_S),
        reason=reason,
        failure=failures.delayed(tried, reason) if tried >= TOLD_AFTER else None,
    )
    job = transitions.apply(session, before.id, later, expected=before.state)
    return Committed(job=job, event=later, began=None, lifted=())


def _refused(
    session: Session,
    before: Job,
    intent: ev.SubmitIntended,
    scope: str,
    failure: Failure,
    is_new: bool,  # noqa: FBT001  of a tuple
) -> Committed:
    """Leave a job as it is, under a hold: what it wants is more than the budget has."""
    later = ev.Postponed(until=session.now, reason=failure.code, counts=False)
    job = transitions.apply(session, before.id, later, expected=before.state)
    keep_estimate(session, before.id, intent)
    began = (scope, failure) if is_new else None
    return Committed(job=job, event=later, began=began, lifted=())


def _asked(before: Job, event: ev.Event, after: Job) -> bool:
    """Whether a trial was in vain, or ended without an answer, which proves nothing.

    Who began to follow another job has not tried anything that is held.
    """
    if before.state is State.ACCEPTED:
        return isinstance(event, ev.Postponed) and event.counts and after.leader is None
    return before.state is State.SUBMITTING


class Committing:
    """Commits outcomes; once `hurry` is set, a disk that refuses is waited for no longer."""

    def __init__(
        self,
        journal: Journal,
        bell: Bell,
        hurry: asyncio.Event,
        shared: Shared = ALONE,
    ) -> None:
        self._journal = journal
        self._shared = shared
        self._bell = bell
        self._hurry = hurry

    async def commit(self, job: Job, outcome: Outcome, tried: Collection[str]) -> Job | None:
        """Commit an outcome and return the job; None = another event overtook it.

        `tried` are the scopes whose trial the job is.
        """
        try:
            committed = await self._insist(
                partial(commit, before=job, outcome=outcome, tried=tried, shared=self._shared),
                **job.log_context(),
                **event_log.details(outcome.event),
            )
        except JournalTakenOver:
            await self._answer_late(job, outcome.event)
            raise
        except TaskTaken as error:
            return await self.commit(job, Outcome(ev.SubmitUnanswered(reason=str(error))), tried)
        except PaidAlready:
            return await self.commit(job, Outcome(ev.GaveUp(failure=PAID_ALREADY)), tried)
        except (transitions.StateMoved, IllegalTransition) as error:
            log.info("event.overtaken", **job.log_context(), error=str(error))
            return None
        event_log.tell(job, committed.job, committed.event)
        event_log.tell_holds(committed.began, committed.lifted)
        if committed.began is not None:
            self._bell.ring(Ring.HELD)
        return committed.job

    async def _answer_late(self, job: Job, event: ev.Event) -> None:
        """Tell whoever has the journal now of the task that was paid for; it ends their doubt."""
        if not isinstance(event, ev.Submitted) or job.submit is None:
            return
        context = {**job.log_context(), **event_log.details(event)}
        submit = job.submit
        log.warning("submit.answered_late", **context)
        while not self._hurry.is_set():
            try:
                await self._journal.answer_late(
                    submit=submit.id, job=job.id, payload=submit.payload, task_id=event.task_id
                )
            except JournalUnavailable:
                await asyncio.sleep(JOURNAL_WAIT_S)
            else:
                return
        log.error("submit.answer_lost", **context)

    async def _insist(
        self, operation: Callable[[Session], Committed], **context: object
    ) -> Committed:
        """Run an operation of the journal; while the disk refuses, it is kept and tried again.

        What it is about stands in the log then: a task's number must not be lost with this process.
        """
        told = False
        while True:
            try:
                begun = asyncio.create_task(self._journal.run(operation))
                return await asyncio.shield(unattended(begun))
            except JournalUnavailable:
                if not told:
                    log.warning("event.withheld", **context)
                told = True
                if self._hurry.is_set():
                    raise
                await asyncio.sleep(JOURNAL_WAIT_S)
