"""Applying an event to a job: state, history, ids and charges in one transaction."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime

from hotfolder.domain import events as ev
from hotfolder.domain import failures
from hotfolder.domain.errors import HotfolderError
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Job
from hotfolder.domain.machine import advance
from hotfolder.domain.paid import Charge
from hotfolder.domain.states import ENDED, State, WaitsFor
from hotfolder.journal import follow_ups, leaders
from hotfolder.journal.effects import KEEP
from hotfolder.journal.rows import encode_detail, existing_job
from hotfolder.journal.session import Session, to_ms

REOPENABLE_CODES = frozenset({"superseded", "source_gone", "source_changed", "skipped"})

_WITHDRAWALS: Mapping[type[ev.Event], Failure] = {
    ev.Superseded: Failure(
        "superseded",
        "Before it was sent, a newer version of the file or another rule took its place.",
        "",
    ),
    ev.SourceGone: Failure(
        "source_gone",
        "The file was taken away before it was sent.",
        "Drop it again to have it edited.",
    ),
    ev.SourceChanged: Failure(
        "source_changed", "The file changed before it was sent; the new one is taken.", ""
    ),
    ev.SourceSkipped: Failure(
        "skipped", "Its sidecar says skip.", "Take that out to have the file edited."
    ),
    ev.Cancelled: Failure("cancelled", "Given up by the operator.", ""),
    ev.RemoteCancelled: Failure("cancelled_remotely", "Cancelled at the service.", ""),
}


_LEAD_TO_REVIEW = (ev.Fetched, ev.Reused, ev.Undecided, ev.HandedBack)
_WITH_RESULTS = frozenset({State.FETCHED, State.DONE})


class StateMoved(HotfolderError):
    """The job is no longer in the state that the event was made for; nothing was changed."""


def apply(session: Session, job_id: int, event: ev.Event, *, expected: State | None = None) -> Job:
    """Move a job by an event and return it as it then is.

    With `expected` the job must be in that state. Raises StateMoved, IllegalTransition, TaskTaken.
    """
    job = existing_job(session, job_id)
    if expected is not None and job.state is not expected:
        raise StateMoved(f"job {job_id} is {job.state.value}, not {expected.value}")
    to_state = advance(job.state, event)
    keep = KEEP.get(type(event))
    if keep is not None:
        keep(session, job, event)
    in_vain = _enter_following(session, job, to_state)
    _move(session, job, event, to_state)
    if to_state is State.CANCELLED:
        session.change("free_names", job=job_id)
    if not ev.is_ordinary(event):
        _remember(session, job, event, to_state)
    for each, failure in in_vain.items():
        apply(session, each, ev.GaveUp(failure=failure))
    moved = existing_job(session, job_id, before=job)
    leaders.note_move(session, moved)
    if to_state is State.CANCELLED and moved.place is not None:
        _hand_back(session, moved.place.parent)
    return moved


def _enter_following(session: Session, job: Job, to_state: State) -> dict[int, Failure]:
    """Enter what follows a job whose results are here now; returns what cannot be, and why."""
    if not job.plan.then or to_state is not State.FETCHED or job.state is State.FETCHED:
        return {}
    return follow_ups.enter(session, existing_job(session, job.id, before=job))


def _hand_back(session: Session, parent: int) -> None:
    """Have results published that nothing follows any more."""
    job = existing_job(session, parent)
    left = [each for each in job.results if not each.is_taken and each.published_at is None]
    if job.state in _WITH_RESULTS and any(each.sha256 is not None for each in left):
        apply(session, parent, ev.HandedBack())


def _move(session: Session, job: Job, event: ev.Event, to_state: State) -> None:
    due_at, waits_for = _next_look(session.now, event, to_state)
    if isinstance(event, _LEAD_TO_REVIEW) and _awaits_review(session, job, to_state):
        due_at, waits_for = None, WaitsFor.REVIEW
    failure = _failure(job, event)
    changed = session.change(
        "move_job",
        job=job.id,
        from_state=job.state.value,
        to_state=to_state.value,
        due_at=to_ms(due_at) if due_at else None,
        waits_for=waits_for.value if waits_for else None,
        attempt=_attempt(job, event),
        error_code=failure.code if failure else None,
        error_message=failure.message if failure else None,
        error_hint=failure.hint if failure else None,
        ended_at=session.now_ms if to_state in ENDED else None,
    )
    if changed != 1:
        raise StateMoved(f"job {job.id} moved away from {job.state.value}")


def _next_look(
    now: datetime, event: ev.Event, to_state: State
) -> tuple[datetime | None, WaitsFor | None]:
    match event:
        case ev.Postponed(until=until, waits_for=waits_for):
            return until, waits_for
        case (
            ev.SubmitDeferred(until=until)
            | ev.RemoteFailedInPassing(until=until)
            | ev.PublishedInPart(until=until)
            | ev.Decided(until=until)
        ):
            return until, None
        case ev.Submitted(query_at=query_at):
            return query_at, None
    if to_state is State.IN_DOUBT:
        return None, WaitsFor.PERSON
    if to_state in ENDED or to_state is State.SUBMITTING:
        return None, None
    return now, None


def _awaits_review(session: Session, job: Job, to_state: State) -> bool:
    """Whether anything that came has to be decided by a person before it is published."""
    if not job.plan.review or to_state is not State.FETCHED:
        return False
    return session.row("undecided_result", job=job.id) is not None


def _attempt(job: Job, event: ev.Event) -> int:
    match event:
        case ev.Postponed(counts=True) | ev.SubmitDeferred():
            return job.attempt + 1
        case ev.SubmitIntended():
            return job.attempt
    return 0


def _failure(job: Job, event: ev.Event) -> Failure | None:
    match event:
        case (
            ev.GaveUp(failure=failure)
            | ev.SubmitRefused(failure=failure)
            | ev.RemoteFailed(failure=failure)
            | ev.RemoteFailedInPassing(failure=failure)
            | ev.PublishedInPart(failure=failure)
            | ev.EndedInPart(failure=failure)
        ):
            return failure
        case ev.Postponed(failure=waiting) | ev.SubmitDeferred(failure=waiting):
            return waiting
        case ev.SubmitUnanswered():
            is_called = job.submit is not None and job.submit.asks_for_callback
            return failures.IN_DOUBT_CALLED if is_called else failures.IN_DOUBT
        case ev.RemoteLost():
            return failures.TASK_DENIED
    return _WITHDRAWALS.get(type(event))


def _remember(session: Session, job: Job, event: ev.Event, to_state: State) -> None:
    detail = {
        name: dataclasses.asdict(value) if isinstance(value, Failure | Charge) else value
        for name, value in ev.history_detail(event).items()
    }
    session.change(
        "insert_event",
        job=job.id,
        name=type(event).__name__,
        from_state=job.state.value,
        to_state=to_state.value,
        detail=encode_detail(detail),
    )
