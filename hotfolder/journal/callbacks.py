"""What callbacks of the service say, kept until a query confirmed it.

A callback is a hint: "the submit of this token has this task". It is committed before it is
acknowledged, for the service tells it but a few times; it is believed only when the service
itself knows the task.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hotfolder.domain import events as ev
from hotfolder.domain.jobs import Job
from hotfolder.domain.machine import TRANSITIONS
from hotfolder.domain.paid import NOT_SAID, Charge
from hotfolder.domain.states import State
from hotfolder.journal import paid
from hotfolder.journal.effects import count_on, further_submit
from hotfolder.journal.rows import existing_job
from hotfolder.journal.session import Session, from_ms, to_ms
from hotfolder.journal.transitions import apply

BY_CALLBACK: Final = "callback"
MOST_TASKS: Final = 4  # told of one submit; whoever knows its token can fill no more than this
LONGEST_WAIT: Final = timedelta(minutes=10)
_KEY: Final = "callback_key"
_RESULT_MAY_BE_LOST: Final = frozenset({State.RUNNING, State.FINISHED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """A task that a callback named for a submit.

    `tries` counts how often the service was asked, `denied` how often it knew no such task since
    it was `heard_at`.
    """

    submit: int
    job: int
    task_id: str
    tries: int
    denied: int
    heard_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """A task as the service reports it; `outcome` None = it still runs."""

    outcome: str | None
    charge: Charge = NOT_SAID

    @property
    def is_promising(self) -> bool:
        """Whether there are or may come results."""
        return self.outcome in (None, "succeeded")


def key(session: Session, fresh: bytes) -> bytes:
    """Return the key that seals this journal's tokens; `fresh` becomes it where there is none."""
    found = session.row("get_meta", key=_KEY)
    if found is None:
        session.change("set_meta", key=_KEY, value=fresh.hex())
        return fresh
    return bytes.fromhex(found["value"])


def hear(session: Session, token: str, task_id: str) -> bool:
    """Keep what a callback says; returns whether it is news."""
    return session.change("put_callback", token=token, task_id=task_id, most=MOST_TASKS) > 0


def hurry(session: Session) -> bool:
    """Let the jobs that follow a task that was told of be due now; returns whether any is."""
    told = session.rows("callbacks_of_followed_tasks")
    for row in told:
        session.change("hurry_job", job=row["job"])
        session.change("settle_callback", submit=row["submit"], task_id=row["task_id"])
    return bool(told)


def named(session: Session, job_id: int) -> str | None:
    """Return a task that a callback named for a job and that is still to be looked into."""
    row = session.row("callback_of_job", job=job_id)
    return None if row is None else str(row["task_id"])


def due(session: Session, limit: int) -> tuple[list[Hint], datetime | None]:
    """Return the hints to look into now, the oldest first, and when to look for more."""
    horizon = to_ms(session.now + LONGEST_WAIT)
    hints = [
        Hint(
            submit=row["submit"],
            job=row["job"],
            task_id=row["task_id"],
            tries=row["tries"],
            denied=row["denied"],
            heard_at=from_ms(row["heard_at"]),
        )
        for row in session.rows("due_callbacks", limit=limit, horizon=horizon)
    ]
    found = session.row("next_callback")
    at = found["due_at"] if found is not None else None
    return hints, None if at is None else from_ms(at)


def postpone(session: Session, hint: Hint, until: datetime, *, denied: bool = False) -> None:
    """Look into a hint again later."""
    session.change(
        "postpone_callback",
        submit=hint.submit,
        task_id=hint.task_id,
        due_at=to_ms(until),
        denied=hint.denied + denied,
    )


def drop(session: Session, hint: Hint) -> None:
    """Look into a hint no more."""
    session.change("settle_callback", submit=hint.submit, task_id=hint.task_id)


def take(session: Session, hint: Hint, confirmed: Confirmed, again_at: datetime) -> Job | None:
    """Take in a task that the service knows; returns the job where this moved it.

    A job without results of another task follows this one. For any other job the task is
    recorded with its charge, once it has ended; one that ended well while the job follows another
    is kept in reserve until the other's results are safe. While the job is just being sent
    nothing is done: the answer comes first. That a task of a paid call has succeeded is kept at
    once in any case.
    """
    job = existing_job(session, hint.job)
    owner = session.row("task_owner", task_id=hint.task_id)
    if owner and (owner["submit"] != hint.submit or job.state is not State.IN_DOUBT):
        if owner["submit"] == hint.submit:
            session.change("hurry_job", job=job.id)
        drop(session, hint)
        return None
    if confirmed.outcome == "succeeded":
        paid.hear(session, hint.submit, NOT_SAID, succeeded=True)
    event = _event(job, hint, confirmed)
    is_reserve = job.state in _RESULT_MAY_BE_LOST and confirmed.is_promising
    waits = event is None and (confirmed.outcome is None or is_reserve)
    if job.state is State.SUBMITTING or waits:
        postpone(session, hint, again_at)
        return None
    drop(session, hint)
    if event is None:
        _record(session, job, hint, confirmed)
        return None
    count_on(session, job.id, _submit_of_task(session, hint))
    return apply(session, job.id, event)


def _event(job: Job, hint: Hint, confirmed: Confirmed) -> ev.Event | None:
    """Return what moves a job that waits for a task, or that failed without this one's results."""
    if job.state is State.FAILED and confirmed.outcome == "succeeded":
        return ev.Requeried(by=BY_CALLBACK)
    is_the_doubt = job.state is State.IN_DOUBT and job.submit and job.submit.id == hint.submit
    if ev.TaskFound in TRANSITIONS[job.state] and (confirmed.is_promising or is_the_doubt):
        return ev.TaskFound(task_id=hint.task_id, by=BY_CALLBACK)
    return None


def _submit_of_task(session: Session, hint: Hint) -> int:
    """Write a task down as its submit's, or as a further one where that has another task."""
    if session.change("name_task", submit=hint.submit, task_id=hint.task_id):
        return hint.submit
    return further_submit(session, hint.submit, hint.task_id)


def _record(session: Session, job: Job, hint: Hint, confirmed: Confirmed) -> None:
    """Record a task that changes nothing, with its charge; the submit that counts stays so."""
    counting = job.submit.id if job.submit else hint.submit
    submit = _submit_of_task(session, hint)
    session.change("record_task", submit=submit, outcome=confirmed.outcome)
    if confirmed.outcome == "succeeded":
        paid.hear(session, submit, confirmed.charge, succeeded=True)
    else:
        paid.hear_end(session, submit, confirmed.charge)
    count_on(session, job.id, counting)
    session.change(
        "insert_event",
        job=job.id,
        name="TaskRecorded",
        from_state=job.state.value,
        to_state=job.state.value,
        detail=json.dumps({"task_id": hint.task_id, "outcome": confirmed.outcome}),
    )
