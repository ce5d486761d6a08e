"""The machine's table against the design, and the laws of money over it."""

from __future__ import annotations

import pytest

from hotfolder.domain import events as ev
from hotfolder.domain.machine import TRANSITIONS, IllegalTransition, advance
from hotfolder.domain.states import BEFORE_INTENT, ENDED, OPEN, State
from tests.builders import EVENTS
from tests.cases import every

WITHDRAWN = {
    "Cancelled": "cancelled",
    "Superseded": "cancelled",
    "SourceGone": "cancelled",
    "SourceChanged": "cancelled",
    "SourceSkipped": "cancelled",
    "GaveUp": "failed",
}
# The design's tables; an event that is added there is added here by hand.
DESIGN = {
    "accepted": {
        "Uploaded": "uploaded",
        "Reused": "fetched",
        "Postponed": "accepted",
        "TaskFound": "running",
        **WITHDRAWN,
    },
    "uploaded": {
        "SubmitIntended": "submitting",
        "UploadExpired": "accepted",
        "Reused": "fetched",
        "Postponed": "uploaded",
        "TaskFound": "running",
        **WITHDRAWN,
    },
    "submitting": {
        "Submitted": "running",
        "SubmitDeferred": "uploaded",
        "SubmitRefused": "failed",
        "SubmitUnanswered": "in_doubt",
        "TaskFound": "running",
    },
    "running": {
        "RemoteSucceeded": "finished",
        "Reused": "fetched",
        "RemoteFailed": "failed",
        "RemoteFailedInPassing": "accepted",
        "RemoteCancelled": "cancelled",
        "RemoteLost": "in_doubt",
        "EndedInPart": "done",
        "Postponed": "running",
    },
    "finished": {
        "Fetched": "fetched",
        "LinksExpired": "running",
        "LinksUnusable": "running",
        "GaveUp": "failed",
        "EndedInPart": "done",
        "Postponed": "finished",
    },
    "fetched": {
        "Decided": "fetched",
        "Undecided": "fetched",
        "HandedBack": "fetched",
        "Rejected": "done",
        "Published": "done",
        "PublishedInPart": "running",
        "SpoolLost": "running",
        "Postponed": "fetched",
    },
    "in_doubt": {"TaskFound": "running", "ResendApproved": "uploaded", "Cancelled": "cancelled"},
    "failed": {"Retried": "accepted", "Requeried": "running", "Cancelled": "cancelled"},
    "done": {"Requeried": "running", "HandedBack": "fetched"},
    "cancelled": {},
}
PAIRS = [(state, kind) for state in State for kind in EVENTS]


def reachable(start: State, without: set[type[ev.Event]]) -> set[State]:
    """Return where a job can get from a state if some events never happen."""
    found = {start}
    ahead = [start]
    while ahead:
        for kind, target in TRANSITIONS[ahead.pop()].items():
            if kind not in without and target not in found:
                found.add(target)
                ahead.append(target)
    return found


def test_every_event_has_an_example() -> None:
    """No event of the program is left out of these tests."""
    kinds = {each for each in vars(ev).values() if isinstance(each, type)}
    assert set(EVENTS) == {each for each in kinds if issubclass(each, ev.Event)} - {ev.Event}


@every("state, kind", PAIRS)
def test_table_is_the_designs(state: State, kind: type[ev.Event]) -> None:
    """Every event leads where the design says; one that it does not name raises."""
    target = DESIGN[state.value].get(kind.__name__)
    if target is not None:
        assert advance(state, EVENTS[kind]()) is State(target)
        return
    with pytest.raises(IllegalTransition) as caught:
        advance(state, EVENTS[kind]())
    assert caught.value.state is state
    assert kind.__name__ in str(caught.value)


def test_every_state_can_be_reached() -> None:
    """No state stands in the table without a way to it."""
    assert reachable(State.ACCEPTED, set()) == set(State)


def test_final_states_are_final() -> None:
    """Nothing leads out of CANCELLED, and out of DONE nothing that pays."""
    assert not TRANSITIONS[State.CANCELLED]
    assert set(TRANSITIONS[State.DONE]) == {ev.Requeried, ev.HandedBack}


def test_a_doubtful_submit_is_sent_again_only_by_decision() -> None:
    """There is no path from IN_DOUBT to paying without a person's word.

    But for the service's own: its task was found, and ended without a charge.
    """
    decisions: set[type[ev.Event]] = {ev.ResendApproved, ev.Retried, ev.RemoteFailedInPassing}
    assert State.SUBMITTING not in reachable(State.IN_DOUBT, decisions)
    assert TRANSITIONS[State.IN_DOUBT][ev.ResendApproved] is State.UPLOADED


@pytest.mark.parametrize(
    "state", [State.RUNNING, State.FINISHED, State.FETCHED, State.DONE, State.CANCELLED]
)
def test_what_was_accepted_is_never_paid_again_by_itself(state: State) -> None:
    """From acceptance on, only a person, or a task that ended uncharged, leads back to paying."""
    decisions: set[type[ev.Event]] = {ev.ResendApproved, ev.Retried, ev.RemoteFailedInPassing}
    assert State.SUBMITTING not in reachable(state, decisions)


def test_fetched_ends_in_done_or_asks_again() -> None:
    """What is safe in the spool is published, or fetched anew; it cannot fail or be cancelled."""
    assert set(TRANSITIONS[State.FETCHED].values()) == {State.DONE, State.FETCHED, State.RUNNING}


def test_one_door_leads_to_paying() -> None:
    """SUBMITTING is entered by the committed intent alone."""
    doors = {
        (state, kind)
        for state, moves in TRANSITIONS.items()
        for kind, target in moves.items()
        if target is State.SUBMITTING
    }
    assert doors == {(State.UPLOADED, ev.SubmitIntended)}


def test_submitting_never_stays() -> None:
    """Whatever becomes of the paid call, the job leaves SUBMITTING."""
    assert State.SUBMITTING not in TRANSITIONS[State.SUBMITTING].values()


def test_sets_of_states() -> None:
    """The named sets say what their names say."""
    assert set(State) == OPEN | ENDED
    assert not OPEN & ENDED
    assert {State.ACCEPTED, State.UPLOADED} == BEFORE_INTENT
    assert {State.DONE, State.FAILED, State.CANCELLED} == ENDED


def test_the_table_cannot_be_changed() -> None:
    """Nothing else in the program can add a move."""
    with pytest.raises(TypeError):
        TRANSITIONS[State.DONE] = {}  # type: ignore[index]
