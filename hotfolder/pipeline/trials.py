"""What came of a step with what it means for holds, in one transaction.

The holds themselves are the journal's. Here is only which job tries one just now: where a trial
is due, one job is let through, and the others wait for what comes of it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from hotfolder.domain import events as ev
from hotfolder.domain import failures
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State
from hotfolder.journal import budgets, callbacks, doubts, holds, transitions
from hotfolder.journal.claims import Claim
from hotfolder.journal.effects import keep_estimate
from hotfolder.journal.session import Session
from hotfolder.pipeline.step import TOLD_AFTER, Outcome

NAMED_LOOK_S: Final = 5.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.pipeline")


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """A job after an event; which hold it began and why, and which scopes were let go."""

    job: Job
    event: ev.Event
    began: tuple[str, Failure] | None
    lifted: tuple[str, ...]


def commit(session: Session, before: Job, outcome: Outcome, tried: Collection[str]) -> Committed:
    """Apply an event, and hold, let go or put off what it says something about.

    `tried` are the scopes whose trial the job is. An intent beyond its budgets is not stated; its
    scope is held instead. Nor is one for which a hold began while it was looked at, or while a
    task that a callback named for the job is asked for. Raises what `transitions.apply` raises, and
    JournalReplaced for an intent that nobody would find again.
    """
    if isinstance(outcome.event, ev.SubmitIntended):
        session.require_file()
        if holds.scopes_over(session, before.id) - frozenset(tried):
            return _put_back(session, before)
        named = callbacks.named(session, before.id)
        if named is not None:
            return _asked_for_first(session, before, named)
        refused = budgets.refuse(session, before, outcome.budgets, outcome.event.estimate)
        if refused is not None:
            return _refused(session, before, outcome.event, *refused)
    job = transitions.apply(session, before.id, outcome.event, expected=before.state)
    hold = outcome.hold
    if isinstance(outcome.event, ev.SubmitUnanswered):
        hold = doubts.brake(session)
    if hold is not None:
        is_new = holds.hold(session, *hold)
        began = hold if is_new else None
        return Committed(job=job, event=outcome.event, began=began, lifted=())
    lifted = holds.lift_disproved(session, before, outcome.event, tried)
    if _asked(before, outcome.event, job):
        for scope in tried:
            holds.put_off(session, scope)
    return Committed(job=job, event=outcome.event, began=None, lifted=tuple(lifted))


def _put_back(session: Session, before: Job) -> Committed:
    """Leave a job as it is: it is claimed again when it is its turn to try, or all go on."""
    later = ev.Postponed(until=session.now, reason="held meanwhile", counts=False)
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


class Trials:
    """Which job tries a hold just now: one at a time for each scope."""

    def __init__(self) -> None:
        self._tried_by: dict[str, int] = {}

    def may_try(self, claimed: Claim, busy: Collection[int]) -> bool:
        """Return whether a job may begin, and remember it as the trial of what it tries."""
        if any(self._tried_by.get(scope) in busy for scope in claimed.trials):
            return False
        self._tried_by.update(dict.fromkeys(claimed.trials, claimed.job.id))
        return True

    def of(self, job: Job) -> frozenset[str]:
        """Return the scopes whose trial a job is."""
        return frozenset(scope for scope, tried in self._tried_by.items() if tried == job.id)

    def ended(self, job: Job) -> None:
        """Take in that nobody works on a job any longer."""
        for scope in self.of(job):
            del self._tried_by[scope]


def tell(committed: Committed) -> None:
    """Say once that a hold began, and that it ended."""
    if committed.began is not None:
        scope, failure = committed.began
        log.warning(
            "hold.began", scope=scope, code=failure.code, reason=failure.message, hint=failure.hint
        )
    for scope in committed.lifted:
        log.info("hold.lifted", scope=scope)
