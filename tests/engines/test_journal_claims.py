"""What can be worked on: due times, room, holds and their trials."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from hotfolder.domain import events as ev
from hotfolder.domain.failures import KEY_REFUSED, NO_MONEY, OUTPUT_BLOCKED, PAUSED, Failure
from hotfolder.domain.states import State, WaitsFor
from hotfolder.journal import holds
from hotfolder.journal.claims import Claim, claim
from tests.builders import Desk, draft

ENGINES = ("sqlite", "postgresql")

PLENTY = 100
ALL = dict.fromkeys(State, PLENTY)
SCOPES = [holds.ACCOUNT, holds.watch_scope("one"), holds.rule_scope("one", "default")]


def look(
    desk: Desk,
    room: dict[State, int] | None = None,
    busy: frozenset[int] = frozenset(),
    ahead: int = PLENTY,
) -> tuple[list[Claim], datetime | None]:
    """Look for work."""
    wanted = ALL if room is None else room
    return desk.journal.run_blocking(claim, wanted, busy, ahead)


def claimed(desk: Desk, room: dict[State, int] | None = None) -> list[int]:
    """Return the jobs that can be worked on."""
    return [each.job.id for each in look(desk, room)[0]]


def hold(desk: Desk, scope: str, failure: Failure = NO_MONEY) -> bool:
    """Stop submitting."""
    return desk.journal.run_blocking(holds.hold, scope, failure)


def postponed(desk: Desk, path: str, seconds: float) -> int:
    """Accept a source that is due so many seconds from now, and return its job."""
    until = desk.clock.now + timedelta(seconds=seconds)
    return desk.apply(desk.accept(path), ev.Postponed(until=until, reason="x")).id


def test_what_is_hurried_is_due_however_far_the_clock_goes_back(desk: Desk) -> None:
    """At once is 0 in the journal, and what a step of the clock moves back is before that."""
    job = desk.accept("a")
    desk.apply(job, ev.Postponed(until=datetime(1969, 12, 31, 22, tzinfo=UTC), reason="x"))
    assert claimed(desk) == [job.id]


def test_the_longest_due_comes_first(desk: Desk) -> None:
    """Jobs are claimed in the order of their due times, equals in the order of acceptance."""
    ids = [postponed(desk, path, delay) for path, delay in [("a", 3), ("b", 1), ("c", 1)]]
    desk.clock.forward(5)
    assert claimed(desk) == [ids[1], ids[2], ids[0]]


def test_what_is_not_due_is_told_for_later(desk: Desk) -> None:
    """The next look is at the earliest due time; not yet means not now."""
    first = postponed(desk, "a", 60)
    postponed(desk, "b", 90)
    assert look(desk) == ([], desk.clock.now + timedelta(seconds=60))
    desk.clock.forward(60)
    assert claimed(desk) == [first]


def test_waiting_and_ended_jobs_are_never_claimed(desk: Desk) -> None:
    """Doubts, waiting, ended and submitting jobs are nobody's work."""
    for number, state in enumerate((*ended(), State.IN_DOUBT, State.SUBMITTING)):
        desk.bring_to(state, f"{number}.jpg")
    wait = draft(failure=NO_MONEY, waits_for=WaitsFor.SIDECAR)
    desk.accept_all("waiting.jpg", drafts=[wait])
    assert look(desk) == ([], None)


def ended() -> list[State]:
    """Return the states of which nothing follows by itself."""
    return [State.DONE, State.FAILED, State.CANCELLED]


def test_room_and_busy_jobs_are_respected(desk: Desk) -> None:
    """Of each state only so many are claimed, and none that is being worked on."""
    ids = [desk.accept(path).id for path in ("a", "b", "c")]
    assert [each.job.id for each in look(desk, {State.ACCEPTED: 1}, frozenset(ids[:1]))[0]] == [
        ids[1]
    ]
    assert claimed(desk, {State.ACCEPTED: 0, State.RUNNING: 5}) == []
    assert claimed(desk, {State.ACCEPTED: 2}) == ids[:2]


def test_nothing_is_uploaded_too_far_ahead(desk: Desk) -> None:
    """Links live for a day: while enough is uploaded, no more is."""
    desk.accept("a.jpg")
    desk.bring_to(State.UPLOADED, "b.jpg")
    states = {each.job.state for each in look(desk, ahead=1)[0]}
    assert states == {State.UPLOADED}
    assert len(look(desk, ahead=2)[0]) == 2


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("state", [State.ACCEPTED, State.UPLOADED])
def test_a_hold_stops_what_is_not_submitted(desk: Desk, scope: str, state: State) -> None:
    """A held job is not claimed until the trial is due, and then says what it tries."""
    job = desk.bring_to(state)
    assert hold(desk, scope)
    assert look(desk) == ([], desk.clock.now + timedelta(seconds=holds.FIRST_TRIAL_S))
    desk.clock.forward(holds.FIRST_TRIAL_S)
    ((found,), _) = look(desk)
    assert (found.job.id, found.trials) == (job.id, frozenset({scope}))


@pytest.mark.parametrize("scope", [holds.watch_scope("two"), holds.rule_scope("one", "other")])
def test_a_hold_concerns_its_scope_only(desk: Desk, scope: str) -> None:
    """Other watches and rules go on."""
    job = desk.accept()
    hold(desk, scope)
    ((found,), _) = look(desk)
    assert (found.job.id, found.trials) == (job.id, frozenset())


@pytest.mark.parametrize("state", [State.RUNNING, State.FINISHED, State.FETCHED])
def test_what_is_paid_is_never_held(desk: Desk, state: State) -> None:
    """Holds stop submitting, not the way of what was submitted."""
    job = desk.bring_to(state)
    for scope in SCOPES:
        hold(desk, scope)
    assert claimed(desk) == [job.id]


def test_two_holds_are_both_waited_for(desk: Desk) -> None:
    """A job under two holds is tried only when both may be tried."""
    job = desk.accept()
    hold(desk, holds.ACCOUNT)
    desk.clock.forward(10)
    hold(desk, holds.watch_scope("one"))
    desk.clock.forward(holds.FIRST_TRIAL_S - 10)
    assert claimed(desk) == []
    desk.clock.forward(10)
    assert claimed(desk) == [job.id]


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (NO_MONEY, [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]),
        (Failure(OUTPUT_BLOCKED, "away", ""), [30, *[60] * 8]),
    ],
    ids=["service", "share"],
)
def test_failed_trials_come_at_doubling_intervals(
    desk: Desk, failure: Failure, expected: list[int]
) -> None:
    """The trials of a hold become rarer, up to half an hour; looks at a folder here, a minute."""
    waits = []
    for _ in range(9):
        desk.journal.run_blocking(holds.hold, holds.ACCOUNT, failure)
        (found,) = desk.journal.run_blocking(holds.holds)
        assert found.next_trial is not None
        waits.append((found.next_trial - desk.clock.now).total_seconds())
        desk.clock.forward(waits[-1])
    assert waits == expected


def test_answers_on_their_way_are_no_trials(desk: Desk) -> None:
    """Fifty submits that are refused in one burst do not put the first trial off for hours."""
    assert [hold(desk, holds.ACCOUNT, KEY_REFUSED) for _ in range(50)].count(True) == 1
    (found,) = desk.journal.run_blocking(holds.holds)
    assert found.next_trial == desk.clock.now + timedelta(seconds=holds.FIRST_TRIAL_S)


def test_a_hold_says_since_when_and_for_how_much(desk: Desk) -> None:
    """A hold keeps its beginning, and counts what waits for it with the estimates' sum."""
    for path in ("a.jpg", "b.jpg"):
        desk.accept(path)
    desk.accept("c.jpg", watch=2)
    desk.bring_to(State.RUNNING, "d.jpg")
    hold(desk, holds.watch_scope("one"))
    since = desk.clock.now
    desk.clock.forward(3600)
    hold(desk, holds.watch_scope("one"), KEY_REFUSED)
    (found,) = desk.journal.run_blocking(holds.holds)
    assert (found.since, found.count, found.estimate) == (since, 2, Decimal("0.28"))
    assert found.failure == KEY_REFUSED


def test_lifting_lets_go_on(desk: Desk) -> None:
    """A lifted hold is gone; lifting tells which there were."""
    job = desk.accept()
    hold(desk, holds.ACCOUNT)
    scopes = [holds.ACCOUNT, holds.watch_scope("one")]
    assert desk.journal.run_blocking(holds.lift, scopes, "another reason") == []
    assert desk.journal.run_blocking(holds.lift, scopes) == [holds.ACCOUNT]
    ((found,), _) = look(desk)
    assert (found.job.id, found.trials) == (job.id, frozenset())


def test_trying_now_tries_at_once(desk: Desk) -> None:
    """At start and on an operator's word every hold gets a trial."""
    job = desk.accept()
    hold(desk, holds.ACCOUNT)
    desk.journal.run_blocking(holds.try_now)
    assert claimed(desk) == [job.id]


def test_a_trial_that_said_nothing_is_put_off(desk: Desk) -> None:
    """A trial that neither lifted nor confirmed its hold is followed by a later one."""
    desk.accept()
    hold(desk, holds.ACCOUNT)
    desk.journal.run_blocking(holds.try_now)
    desk.journal.run_blocking(holds.put_off, holds.ACCOUNT)
    desk.journal.run_blocking(holds.put_off, holds.watch_scope("one"))
    assert claimed(desk) == []
    assert [each.scope for each in desk.journal.run_blocking(holds.holds)] == [holds.ACCOUNT]


def test_a_hold_without_trials_stays(desk: Desk) -> None:
    """What was stopped by hand is neither tried at start nor lifted by an answer."""
    desk.accept()
    assert stop(desk, holds.ACCOUNT)
    assert not stop(desk, holds.ACCOUNT)
    desk.journal.run_blocking(holds.try_now)
    desk.clock.forward(10**6)
    assert desk.journal.run_blocking(holds.lift, [holds.ACCOUNT]) == []
    assert look(desk) == ([], None)


def test_a_scope_is_held_by_hand_and_by_the_service(desk: Desk) -> None:
    """Two reasons stand beside each other; each goes on its own, and both must go."""
    job = desk.accept()
    hold(desk, holds.ACCOUNT, KEY_REFUSED)
    stop(desk, holds.ACCOUNT)
    codes = {each.failure.code for each in desk.journal.run_blocking(holds.holds)}
    assert codes == {KEY_REFUSED.code, PAUSED.code}
    assert desk.journal.run_blocking(holds.lift, [holds.ACCOUNT]) == [holds.ACCOUNT]
    assert claimed(desk) == []
    assert desk.journal.run_blocking(holds.drop, holds.ACCOUNT, PAUSED.code)
    assert claimed(desk) == [job.id]


def test_a_trial_may_find_another_cause(desk: Desk) -> None:
    """The key is mended, the money gone: one hold, with the newest reason and the old beginning."""
    desk.accept()
    hold(desk, holds.ACCOUNT, KEY_REFUSED)
    since = desk.clock.now
    desk.clock.forward(holds.FIRST_TRIAL_S)
    assert not hold(desk, holds.ACCOUNT, NO_MONEY)
    (found,) = desk.journal.run_blocking(holds.holds)
    assert (found.failure, found.since) == (NO_MONEY, since)


@pytest.mark.parametrize("state", [State.ACCEPTED, State.UPLOADED, State.RUNNING, State.FINISHED])
def test_a_silent_service_stops_whatever_needs_it(desk: Desk, state: State) -> None:
    """Nothing that would ask the service is begun while nobody answers there."""
    job = desk.bring_to(state)
    stop(desk, holds.SERVICE)
    assert claimed(desk) == []
    desk.journal.run_blocking(holds.drop, holds.SERVICE, PAUSED.code)
    assert claimed(desk) == [job.id]


def test_a_silent_service_keeps_nobody_from_publishing(desk: Desk) -> None:
    """What is fetched needs the service no more."""
    job = desk.bring_to(State.FETCHED)
    stop(desk, holds.SERVICE)
    assert claimed(desk) == [job.id]


def test_held_jobs_stop_no_uploads_of_others(desk: Desk) -> None:
    """Uploads run ahead of what can be submitted: what is held or waits is not counted."""
    desk.bring_to(State.UPLOADED, "a.jpg")
    stop(desk, holds.watch_scope("one"))
    other = desk.accept("b.jpg", watch=2)
    assert [each.job.id for each in look(desk, ahead=1)[0]] == [other.id]


def stop(desk: Desk, scope: str) -> bool:
    """Stop a scope by hand."""
    return desk.journal.run_blocking(holds.stop, scope, PAUSED)


def test_a_jumping_clock_strands_no_job(desk: Desk) -> None:
    """A due time far ahead is from before the clock was set back: the job is looked at now."""
    far = postponed(desk, "a.jpg", 86_400)
    near = postponed(desk, "b.jpg", 3600)
    assert claimed(desk) == [far]
    desk.clock.forward(3600)
    assert near in claimed(desk)


def test_what_failed_does_not_take_every_place(desk: Desk) -> None:
    """However long jobs that failed have been due, some places are left to those that did not."""
    failed = [postponed(desk, f"failed{number}", number) for number in range(4)]
    desk.clock.forward(60)
    fresh = [desk.accept(f"fresh{number}").id for number in range(4)]
    room, again = {State.ACCEPTED: 4}, {State.ACCEPTED: 3}
    found, _ = desk.journal.run_blocking(claim, room, frozenset(), PLENTY, again)
    assert [each.job.id for each in found] == [*failed[:3], fresh[0]]
    found, _ = desk.journal.run_blocking(
        claim, room, frozenset(failed[:3]), PLENTY, {State.ACCEPTED: 0}
    )
    assert [each.job.id for each in found] == fresh
