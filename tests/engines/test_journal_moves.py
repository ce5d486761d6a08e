"""Applying events to jobs: state, history, submits, results and charges in one transaction."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotfolder.domain import events as ev
from hotfolder.domain.essences import VERSION
from hotfolder.domain.failures import IN_DOUBT, REJECTED, TASK_DENIED, TASK_FAILED
from hotfolder.domain.jobs import Job
from hotfolder.domain.machine import TRANSITIONS, IllegalTransition
from hotfolder.domain.paid import Charge
from hotfolder.domain.states import BEFORE_INTENT, ENDED, State, WaitsFor
from hotfolder.journal.effects import TaskTaken
from hotfolder.journal.journal import Journal
from hotfolder.journal.reservations import name_result
from hotfolder.journal.rows import existing_job
from hotfolder.journal.transitions import StateMoved, apply
from hotfolder.journal.uploads import find
from tests.builders import (
    EVENTS,
    LATER,
    LINK,
    SITE,
    TOKEN,
    WAY_TO,
    Desk,
    StandingClock,
    fetched,
    intended,
    remote_failed,
    sha256,
    submitted,
    succeeded,
    uploaded,
)
from tests.cases import every

ENGINES = ("sqlite", "postgresql")

LEGAL = [(state, kind) for state, moves in TRANSITIONS.items() for kind in moves]


@every("state, kind", LEGAL)
def test_every_legal_move_is_stored(desk: Desk, state: State, kind: type[ev.Event]) -> None:
    """The stored job is in the state of the table, and the history's last line says so."""
    name = f"{state.value}-{kind.__name__}"
    job = desk.bring_to(state, f"{name}.jpg", content=name)
    if kind is ev.TaskFound and state in BEFORE_INTENT:  # only where a submit went before
        job = desk.apply(job, *WAY_TO[State.IN_DOUBT]()[state is State.UPLOADED :])
        job = desk.apply(job, ev.ResendApproved(by="test"))
        job = desk.apply(job, *[ev.UploadExpired()] * (state is State.ACCEPTED))
    event = EVENTS[kind]()
    if isinstance(event, ev.Reused):
        leader = desk.bring_to(State.DONE, f"leader-{name}.jpg", content=f"leader {name}")
        event = replace(event, leader=leader.id)
    job = desk.apply(job, event)
    target = TRANSITIONS[state][kind]
    assert job.state is target
    assert desk.history(job)[-1] == (kind.__name__, state.value, target.value)
    assert (job.ended_at is not None) == (target in ENDED)
    assert job.due_at is not None or job.waits_for or target in {*ENDED, State.SUBMITTING}


def stored(desk: Desk) -> list[list[dict[str, object]]]:
    """Return all that the journal keeps of its jobs."""
    names = ("job", "newest_submit", "history", "job_charge")
    materials = desk.rows("materials", job=1, version=VERSION)
    return [*(desk.rows(name, job=1) for name in names), materials]


def refuses(desk: Desk, job: Job, kind: type[ev.Event]) -> bool:
    """Return whether the table does not know an event for a job."""
    try:
        desk.apply(job, EVENTS[kind]())
    except IllegalTransition:
        return True
    return False


@pytest.mark.parametrize("state", State)
def test_an_illegal_event_changes_nothing(desk: Desk, state: State) -> None:
    """Each event that the table does not know raises and leaves the stored job as it was."""
    job = desk.bring_to(state)
    before = stored(desk)
    illegal = [kind for kind in EVENTS if kind not in TRANSITIONS[state]]
    assert illegal
    heeded = [each for each in illegal if not refuses(desk, job, each) or stored(desk) != before]
    assert heeded == []


def test_an_event_for_another_state_changes_nothing(desk: Desk) -> None:
    """A step's event is dropped where the job has moved on meanwhile."""
    job = desk.bring_to(State.UPLOADED)
    before = stored(desk)
    with pytest.raises(StateMoved):
        desk.journal.run_blocking(apply, job.id, ev.Cancelled(by="test"), expected=State.ACCEPTED)
    assert stored(desk) == before


def test_the_intent_is_a_row_before_the_call(desk: Desk) -> None:
    """A job that is SUBMITTING has a submit with its token, its payload and no answer."""
    job = desk.bring_to(State.SUBMITTING)
    (row,) = desk.rows("newest_submit", job=job.id)
    assert str(row["token"]).startswith(TOKEN)
    assert (row["answered_at"], row["task_id"], row["outcome"]) == (None, None, None)
    assert job.submit is not None
    assert json.loads(job.submit.payload) == {"image": LINK}


@pytest.mark.parametrize(
    ("event", "outcome"),
    [
        (submitted, "accepted"),
        (EVENTS[ev.SubmitDeferred], "deferred"),
        (EVENTS[ev.SubmitRefused], "refused"),
        (EVENTS[ev.SubmitUnanswered], "unanswered"),
        (EVENTS[ev.TaskFound], "accepted"),
    ],
)
def test_every_answer_stands_at_its_submit(desk: Desk, event: object, outcome: str) -> None:
    """What became of a paid call is kept with the call."""
    assert callable(event)
    job = desk.apply(desk.bring_to(State.SUBMITTING), event())
    assert job.submit is not None
    assert job.submit.outcome == outcome


def test_every_submit_has_a_row_of_its_own(desk: Desk) -> None:
    """A job that is sent several times keeps each call, the newest counts."""
    job = desk.bring_to(State.SUBMITTING)
    deferred = ev.SubmitDeferred(until=LATER, reason="busy")
    job = desk.apply(job, deferred, intended(), ev.SubmitUnanswered(reason="x"))
    job = desk.apply(job, ev.ResendApproved(by="test"), intended(), submitted())
    assert job.submit is not None
    assert (job.submit.number, job.submit.outcome) == (3, "accepted")


def test_charge_and_results_are_kept(desk: Desk) -> None:
    """A success stores its charge and its links; a refetch renews the links, not the charge."""
    job = desk.apply(desk.bring_to(State.RUNNING), succeeded(2))
    assert job.submit is not None
    assert (job.submit.charge, job.submit.currency) == (Decimal("0.14"), "CNY")
    assert [result.url for result in job.results] == [f"{LINK}&n=1", f"{LINK}&n=2"]
    unsaid = replace(succeeded(2), charge=Charge())
    job = desk.apply(job, ev.LinksExpired(), unsaid)
    assert job.submit is not None
    assert (job.submit.charge, job.submit.links_expired) == (Decimal("0.14"), 1)
    assert len(job.results) == 2


def test_all_charges_of_a_job_add_up(desk: Desk) -> None:
    """A job that was paid twice by a person's decision shows both charges."""
    lost = replace(remote_failed(), charge=Charge(money=Decimal("0.10"), currency="CNY"))
    job = desk.apply(desk.bring_to(State.RUNNING), lost, ev.Retried(by="operator", anew=True))
    desk.apply(job, uploaded(), intended(), submitted(), succeeded())
    assert [row["charge"] for row in desk.rows("job_charge", job=job.id)] == ["0.10", "0.14"]


def test_a_lost_spool_is_forgotten_but_names_stay(desk: Desk) -> None:
    """Results are fetched anew under the names that they have."""
    job = desk.bring_to(State.FETCHED)
    desk.journal.run_blocking(name_result, job, 1, "jpg", None)
    job = desk.apply(job, ev.SpoolLost())
    assert (job.results[0].spool_file, job.results[0].output_name) == (None, "ann.jpg")
    assert desk.rows("spool_files", followed_since=0) == []
    job = desk.apply(job, succeeded(), fetched())
    assert (job.results[0].spool_file, job.results[0].output_name) == ("1-1", "ann.jpg")
    assert desk.rows("spool_files", followed_since=0) == [{"spool_file": "1-1"}]


def test_the_task_of_a_lost_task_stays(desk: Desk) -> None:
    """A task that the service denies keeps its id, for a person to look for it."""
    running = desk.bring_to(State.RUNNING)
    lost = desk.apply(running, ev.RemoteLost())
    assert lost.submit is not None
    assert running.submit is not None
    assert lost.submit.task_id == running.submit.task_id
    assert (lost.failure, lost.waits_for) == (TASK_DENIED, WaitsFor.PERSON)


def test_a_doubt_waits_for_a_person(desk: Desk) -> None:
    """A doubtful job is never due by itself."""
    job = desk.bring_to(State.IN_DOUBT)
    assert (job.due_at, job.waits_for, job.failure) == (None, WaitsFor.PERSON, IN_DOUBT)


def test_a_failed_job_without_a_task_cannot_be_asked_for(desk: Desk) -> None:
    """Requeried needs a task: a job that was never accepted has nothing to fetch."""
    job = desk.apply(desk.accept(), ev.GaveUp(failure=REJECTED))
    with pytest.raises(LookupError, match="no task"):
        desk.apply(job, ev.Requeried(by="operator"))
    refused = desk.apply(desk.bring_to(State.SUBMITTING, "b.jpg"), EVENTS[ev.SubmitRefused]())
    with pytest.raises(LookupError, match="no task"):
        desk.apply(refused, ev.Requeried(by="operator"))


def test_attempts_count_failures_in_a_row(desk: Desk) -> None:
    """A failed attempt counts up, an ordinary poll or a move starts over."""
    job = desk.bring_to(State.RUNNING)
    failed = ev.Postponed(until=LATER, reason="HTTP 502")
    assert desk.apply(job, failed, failed).attempt == 2
    assert desk.apply(job, ev.Postponed(until=LATER, reason="-", counts=False)).attempt == 0
    assert desk.apply(job, failed, succeeded()).attempt == 0


def test_deferred_submits_count_on(desk: Desk) -> None:
    """A submit that is busy again and again waits longer and longer."""
    deferred = ev.SubmitDeferred(until=LATER, reason="busy")
    job = desk.apply(desk.bring_to(State.SUBMITTING), deferred, intended(), deferred)
    assert (job.attempt, job.due_at, job.state) == (2, LATER, State.UPLOADED)


def test_ordinary_polls_are_not_history(desk: Desk) -> None:
    """A month of polling does not fill the journal."""
    job = desk.bring_to(State.RUNNING)
    before = desk.history(job)
    poll = ev.Postponed(until=LATER, reason="still running", counts=False)
    job = desk.apply(job, poll, poll)
    assert (desk.history(job), job.due_at) == (before, LATER)


@pytest.mark.parametrize(
    ("until", "waits_for"), [(None, None), (LATER, WaitsFor.SHARE)], ids=["nothing", "both"]
)
def test_a_job_waits_for_one_thing(desk: Desk, until: None, waits_for: WaitsFor | None) -> None:
    """An open job that waits for nothing would be missed for ever: the journal refuses it."""
    job = desk.bring_to(State.FETCHED)
    before = stored(desk)
    with pytest.raises(Exception, match=r"CHECK constraint failed|violates check constraint"):
        desk.apply(job, ev.Postponed(until=until, reason="?", waits_for=waits_for))
    assert stored(desk) == before


def test_a_reason_is_shown_until_the_job_moves_on(desk: Desk) -> None:
    """A failure that made a job wait is gone once it works again."""
    postponed = ev.Postponed(until=LATER, reason="x", failure=TASK_FAILED)
    job = desk.apply(desk.bring_to(State.FETCHED), postponed)
    assert job.failure == TASK_FAILED
    assert desk.apply(job, ev.Published()).failure is None


def test_the_history_tells_no_secret(desk: Desk) -> None:
    """Links, tokens and payloads stand in their own columns, never in the history."""
    job = desk.bring_to(State.DONE)
    told = " ".join(str(row["detail"]) for row in desk.rows("history", job=job.id))
    assert SITE in told
    assert not [secret for secret in (LINK, "secret", TOKEN) if secret in told]


def test_an_upload_is_found_while_it_is_good(desk: Desk) -> None:
    """A content is uploaded once and its link reused until it is too old."""
    desk.bring_to(State.UPLOADED)
    wanted = (sha256("a"), SITE)
    just_before = LATER - timedelta(milliseconds=1)
    assert desk.journal.run_blocking(find, *wanted, just_before) == uploaded().link
    assert desk.journal.run_blocking(find, *wanted, LATER) is None
    assert desk.journal.run_blocking(find, wanted[0], "https://other.test", just_before) is None


def replayed(desk: Desk, job: Job) -> str:
    """Return the state that the history leads to; each line must begin where the last ended."""
    state = None
    for _, from_state, to_state in desk.history(job):
        assert from_state == state
        state = to_state
    return str(state)


def walk(desk: Desk, kinds: list[type[ev.Event]]) -> Job:
    """Throw events at a job, legal or not."""
    job = desk.accept()
    for kind in kinds:
        before = stored(desk)
        try:
            job = desk.apply(job, EVENTS[kind]())
        except (IllegalTransition, LookupError):
            assert stored(desk) == before
        check_money(desk, job)
    return job


def check_money(desk: Desk, job: Job) -> None:
    """Check that the intents in the history are the submits, but for tasks that were found."""
    names = [name for name, _, _ in desk.history(job)]
    further = (job.submit.number if job.submit else 0) - names.count("SubmitIntended")
    assert 0 <= further <= names.count("TaskFound")
    decisions = names.count("ResendApproved") + names.count("Retried")
    sent = names.count("SubmitIntended") - names.count("SubmitDeferred")
    assert sent <= 1 + decisions


STEPS = st.lists(st.sampled_from([kind for _, kind in LEGAL]), max_size=40)


@settings(max_examples=40, deadline=None)
@given(kinds=STEPS)
def test_replaying_the_history_gives_the_stored_state(kinds: list[type[ev.Event]]) -> None:
    """Whatever happens to a job, history and state agree, and nothing is paid twice by itself."""
    with tempfile.TemporaryDirectory() as folder:
        clock = StandingClock()
        with Journal(Path(folder), clock=clock) as journal:
            desk = Desk(journal, clock)
            job = walk(desk, kinds)
            assert replayed(desk, job) == job.state.value
            assert desk.journal.run_blocking(existing_job, job.id) == job


def test_a_task_belongs_to_one_submit(desk: Desk) -> None:
    """A task that another job has is refused, and nothing of the doubtful job changes."""
    running = desk.bring_to(State.RUNNING)
    assert running.submit is not None
    doubtful = desk.bring_to(State.IN_DOUBT, "b.jpg")
    taken = ev.TaskFound(task_id=running.submit.task_id or "", by="operator")
    with pytest.raises(TaskTaken):
        desk.apply(doubtful, taken)
    assert desk.journal.run_blocking(existing_job, doubtful.id) == doubtful


def test_a_lost_task_may_be_found_again(desk: Desk) -> None:
    """The id that the service denied can be named again: it is this job's own."""
    running = desk.bring_to(State.RUNNING)
    assert running.submit is not None
    lost = desk.apply(running, ev.RemoteLost())
    found = desk.apply(lost, ev.TaskFound(task_id=running.submit.task_id or "", by="operator"))
    assert found.submit is not None
    assert (found.state, found.submit.task_id) == (State.RUNNING, running.submit.task_id)
