"""What callbacks say, in the journal: kept, taken once a query confirmed it, and never believed."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

import pytest

from hotfolder.domain import events as ev
from hotfolder.domain.failures import PAID_LOST, REJECTED
from hotfolder.domain.paid import Charge
from hotfolder.domain.states import State
from hotfolder.journal import callbacks, doubts, paid, reading
from hotfolder.journal.callbacks import MOST_TASKS, Confirmed, Hint
from hotfolder.journal.rows import existing_job
from hotfolder.pipeline.outcome import commit as commit_outcome
from hotfolder.pipeline.step import Outcome
from tests.builders import LATER, NOON, WAY_TO, fetched, intended, submitted, succeeded, uploaded

if TYPE_CHECKING:
    from hotfolder.domain.jobs import Job
    from hotfolder.journal.session import Session
    from tests.builders import Desk

ENGINES = ("sqlite", "postgresql")

TASK = "2013508786110730241"
SUCCEEDED = Confirmed(outcome="succeeded", charge=Charge(money=Decimal("0.14"), currency="CNY"))
FAILED = Confirmed(outcome="failed")
RUNNING = Confirmed(outcome=None)


def token_of(desk: Desk, job: Job) -> str:
    """Return the token of a job's newest submit."""
    (row,) = desk.rows("newest_submit", job=job.id)
    return str(row["token"])


def hint(desk: Desk, token: str, task_id: str = TASK) -> Hint:
    """Hear a callback and return the only hint that is to be looked into."""
    assert desk.journal.run_blocking(callbacks.hear, token, task_id)
    ((found,), _) = desk.journal.run_blocking(callbacks.due, 10)
    return found


def take(desk: Desk, told: Hint, confirmed: Confirmed) -> Job | None:
    """Take in what the service confirmed."""
    return desk.journal.run_blocking(callbacks.take, told, confirmed, LATER)


def job_of(desk: Desk, job: Job) -> Job:
    """Return a job as it is now."""
    return desk.journal.run_blocking(existing_job, job.id)


def pending(desk: Desk) -> bool:
    """Whether a callback is still to be looked into."""
    return desk.rows("next_callback")[0]["due_at"] is not None


def test_a_repetition_is_no_news(desk: Desk) -> None:
    """The service repeats itself, and so may anybody: kept once, for known tokens, a few each."""
    job = desk.bring_to(State.IN_DOUBT)
    hear = callbacks.hear
    token = token_of(desk, job)
    assert desk.journal.run_blocking(hear, token, TASK)
    assert not desk.journal.run_blocking(hear, token, TASK)
    assert not desk.journal.run_blocking(hear, "unknown", TASK)
    for number in range(10):
        desk.journal.run_blocking(hear, token, f"{number}{TASK[1:]}")
    hints, _ = desk.journal.run_blocking(callbacks.due, 100)
    assert len(hints) == MOST_TASKS


@pytest.mark.parametrize(
    "confirmed", [SUCCEEDED, RUNNING, FAILED], ids=["succeeded", "running", "failed"]
)
def test_a_doubt_follows_its_task(desk: Desk, confirmed: Confirmed) -> None:
    """However the task stands: its own query tells the rest."""
    job = desk.bring_to(State.IN_DOUBT)
    moved = take(desk, hint(desk, token_of(desk, job)), confirmed)
    assert moved is not None
    assert moved.submit is not None
    assert (moved.state, moved.submit.task_id, moved.submit.outcome) == (
        State.RUNNING,
        TASK,
        "accepted",
    )
    assert not pending(desk)


def is_due(desk: Desk, job: Job) -> bool:
    """Whether a job may be worked on now."""
    due_at = job_of(desk, job).due_at
    return due_at is not None and due_at <= NOON


def test_a_job_that_is_just_being_sent_hears_its_answer_first(desk: Desk) -> None:
    """The callback waits; with the answer the task is followed already, and due at once."""
    job = desk.bring_to(State.SUBMITTING)
    assert desk.journal.run_blocking(callbacks.hear, token_of(desk, job), TASK)
    assert desk.journal.run_blocking(callbacks.due, 10)[0] == []
    desk.apply(job, ev.Submitted(task_id=TASK, query_at=LATER))
    assert desk.journal.run_blocking(callbacks.hurry)
    assert is_due(desk, job)
    assert not pending(desk)


def test_a_job_that_was_answered_meanwhile_is_due_too(desk: Desk) -> None:
    """Between hearing and confirming the answer came: the end is seen now, not at the next poll."""
    job = desk.bring_to(State.IN_DOUBT)
    told = hint(desk, token_of(desk, job))
    desk.apply(job, ev.TaskFound(task_id=TASK, by="operator"))
    desk.apply(job, ev.Postponed(until=LATER, reason="still running", counts=False))
    assert take(desk, told, SUCCEEDED) is None
    assert is_due(desk, job)


def test_a_task_of_another_submit_is_refused(desk: Desk) -> None:
    """A token with somebody else's task changes nothing, whoever sent it."""
    running = desk.bring_to(State.RUNNING)
    assert running.submit is not None
    doubtful = desk.bring_to(State.IN_DOUBT, "b.jpg")
    told = hint(desk, token_of(desk, doubtful), running.submit.task_id or "")
    assert take(desk, told, SUCCEEDED) is None
    assert job_of(desk, doubtful) == doubtful
    assert not pending(desk)


def test_a_second_task_is_recorded_when_it_is_not_needed(desk: Desk) -> None:
    """Until the results that the job follows are safe it is in reserve; then its charge is kept."""
    job = desk.apply(
        desk.bring_to(State.IN_DOUBT), ev.ResendApproved(by="test"), intended(), submitted()
    )
    assert job.submit is not None
    told = hint(desk, submits(desk)[0][1])
    assert take(desk, told, RUNNING) is None
    for event in (succeeded(), fetched()):
        assert take(desk, told, SUCCEEDED) is None
        assert pending(desk)
        desk.apply(job, event)
    assert take(desk, told, SUCCEEDED) is None
    now = job_of(desk, job)
    assert now.submit is not None
    assert (now.state, now.submit.task_id) == (State.FETCHED, job.submit.task_id)
    charged = desk.rows("job_charge", job=job.id)
    assert [each["charge"] for each in charged] == ["0.14", "0.14"]
    assert desk.history(job)[-1] == ("TaskRecorded", "fetched", "fetched")
    assert not pending(desk)


def test_a_lost_result_is_replaced_by_the_one_in_reserve(desk: Desk) -> None:
    """The links of the task that the job followed are gone for good: the other was paid, too."""
    job = desk.apply(
        desk.bring_to(State.IN_DOUBT), ev.ResendApproved(by="test"), intended(), submitted()
    )
    told = hint(desk, submits(desk)[0][1])
    desk.apply(job, succeeded())
    assert take(desk, told, SUCCEEDED) is None
    desk.apply(job, ev.GaveUp(failure=PAID_LOST))
    moved = take(desk, told, SUCCEEDED)
    assert moved is not None
    assert moved.submit is not None
    assert (moved.state, moved.submit.task_id) == (State.RUNNING, TASK)


def test_two_tasks_of_one_submit_are_two(desk: Desk) -> None:
    """A submit that a proxy repeated made two tasks: both are known, the first is followed."""
    job = desk.bring_to(State.DONE)
    assert job.submit is not None
    told = hint(desk, token_of(desk, job))
    assert take(desk, told, SUCCEEDED) is None
    now = job_of(desk, job)
    assert now.submit is not None
    assert (now.state, now.submit.task_id) == (State.DONE, job.submit.task_id)
    assert len(desk.rows("job_charge", job=job.id)) == 2


def test_a_failed_job_gets_the_results_of_a_task_that_turns_up(desk: Desk) -> None:
    """Sent again after a doubt and refused then: the first task was paid, and is fetched."""
    refused = ev.SubmitRefused(failure=REJECTED)
    job = desk.apply(
        desk.bring_to(State.IN_DOUBT), ev.ResendApproved(by="test"), intended(), refused
    )
    assert job.state is State.FAILED
    moved = take(desk, hint(desk, submits(desk)[0][1]), SUCCEEDED)
    assert moved is not None
    assert moved.submit is not None
    assert (moved.state, moved.submit.task_id) == (State.RUNNING, TASK)


def test_a_failed_task_does_not_stop_a_resend(desk: Desk) -> None:
    """A task that ended without results is recorded, and the edit is sent again as wished."""
    job = desk.apply(desk.bring_to(State.IN_DOUBT), ev.ResendApproved(by="test"))
    assert take(desk, hint(desk, token_of(desk, job)), FAILED) is None
    assert job_of(desk, job).state is State.UPLOADED


def test_a_task_in_reserve_is_followed_before_another_is_paid(desk: Desk) -> None:
    """The task that the job followed failed in passing: the one that was paid before is asked for.

    However long ago it was asked for last: the next submit waits for that.
    """
    resend = ev.ResendApproved(by="test")
    job = desk.apply(desk.bring_to(State.IN_DOUBT), resend, intended(), submitted())
    assert take(desk, hint(desk, submits(desk)[0][1]), SUCCEEDED) is None
    passing = ev.RemoteFailedInPassing(failure=REJECTED, until=NOON)
    job = desk.apply(job, passing, uploaded())
    commit = partial(commit_outcome, before=job, outcome=Outcome(intended()), tried=())
    assert desk.journal.run_blocking(commit).job.state is State.UPLOADED
    assert len(submits(desk)) == 2
    desk.clock.forward((LATER - NOON).total_seconds())
    ((again,), _) = desk.journal.run_blocking(callbacks.due, 10)
    moved = take(desk, again, SUCCEEDED)
    assert moved is not None
    assert moved.submit is not None
    assert (moved.state, moved.submit.task_id) == (State.RUNNING, TASK)


def test_the_callback_of_a_failed_task_delays_nothing(desk: Desk) -> None:
    """It tells what a query has told: the next submit need not wait for it to be looked into."""
    job = desk.bring_to(State.RUNNING)
    assert job.submit is not None
    assert job.submit.task_id is not None
    assert desk.journal.run_blocking(callbacks.hear, token_of(desk, job), job.submit.task_id)
    assert desk.journal.run_blocking(callbacks.named, job.id) == job.submit.task_id
    job = desk.apply(job, ev.RemoteFailedInPassing(failure=REJECTED, until=NOON), uploaded())
    assert job.submit is not None
    desk.journal.run_blocking(paid.hear_again, job.submit.id)
    commit = partial(commit_outcome, before=job, outcome=Outcome(intended()), tried=())
    assert desk.journal.run_blocking(commit).job.state is State.SUBMITTING


def submits(desk: Desk) -> list[tuple[int, str]]:
    """Return number and token of all submits of the first job, as they were made."""

    def read(session: Session) -> list[tuple[int, str]]:
        rows = session._connection.execute(  # noqa: SLF001  no query of the program asks this
            "SELECT number, token FROM submit ORDER BY id"
        ).fetchall()
        return [(row["number"], row["token"]) for row in rows]

    return desk.journal.run_blocking(read)


def test_what_is_at_risk(desk: Desk) -> None:
    """Doubts count until they are settled; given up ones for good; what a person saw does not."""

    def submits_at_risk() -> int:
        return desk.journal.run_blocking(reading.at_risk).submits

    first = desk.bring_to(State.IN_DOUBT)
    second = desk.bring_to(State.IN_DOUBT, "b.jpg")
    third = desk.bring_to(State.IN_DOUBT, "c.jpg")
    assert submits_at_risk() == 3
    assert desk.journal.run_blocking(reading.at_risk).amount == Decimal("0.42")
    desk.apply(first, ev.Cancelled(by="operator"))
    assert submits_at_risk() == 3
    desk.apply(second, ev.TaskFound(task_id=TASK, by="operator"))
    assert submits_at_risk() == 2
    desk.apply(third, ev.ResendApproved(by="operator"))
    assert submits_at_risk() == 1


def test_what_the_limit_sends_again_stays_at_risk(desk: Desk) -> None:
    """Once for each job, by its price, after the silence: nobody saw that it was not accepted."""
    job = desk.bring_to(State.IN_DOUBT)
    is_edit = [job.plan.model].__contains__

    def resent(up_to: str, silence: timedelta = timedelta()) -> list[int]:
        allowance = doubts.Allowance(
            up_to=Decimal(up_to), silent_since=NOON - silence, covers=is_edit
        )
        return [each.id for each in desk.journal.run_blocking(doubts.resend, allowance)]

    assert resent("0") == resent("0.13") == resent("9", timedelta(seconds=1)) == []
    assert resent("0.14") == [job.id]
    desk.apply(job_of(desk, job), *WAY_TO[State.IN_DOUBT]()[1:])
    assert resent("9") == []
    assert desk.journal.run_blocking(reading.at_risk).submits == 2


def test_a_doubt_that_a_callback_told_of_is_not_sent_again(desk: Desk) -> None:
    """While the service cannot be asked for the task, the hint holds the resend back."""
    job = desk.bring_to(State.IN_DOUBT)
    hint(desk, token_of(desk, job))
    allowance = doubts.Allowance(up_to=Decimal(1), silent_since=LATER, covers=bool)
    assert desk.journal.run_blocking(doubts.resend, allowance) == []
    assert desk.journal.run_blocking(doubts.hopeful, allowance) == 1


def test_the_brake(desk: Desk) -> None:
    """Five in a row: an answer in between begins the count anew, a busy service does not."""

    def doubt(path: str) -> None:
        desk.bring_to(State.IN_DOUBT, path)

    def brakes() -> bool:
        return desk.journal.run_blocking(doubts.brake) is not None

    for number in range(4):
        doubt(f"a{number}.jpg")
    assert not brakes()
    deferred = ev.SubmitDeferred(until=LATER, reason="busy")
    desk.apply(desk.accept("d.jpg"), uploaded(), intended(), deferred)
    doubt("e.jpg")
    assert brakes()
    desk.bring_to(State.RUNNING, "f.jpg")
    assert not brakes()
