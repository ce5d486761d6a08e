"""How fast: the window of tasks at once, and the calls of a second. Arithmetic without a clock."""

from __future__ import annotations

import itertools

import pytest

from hotfolder.account.pace import Pace
from hotfolder.account.rate import (
    CALLS_PER_S,
    GUESS_PER_S,
    QUERIES_SHARE,
    SLOWEST_PER_S,
    Bucket,
    Rate,
)
from hotfolder.domain.states import State
from hotfolder.runninghub.fields import Answer

OK = Answer(200, {}, b"{}")
TOO_MANY = Answer(429, {"retry-after": "1"}, b"")


def pace_with(running: int, *, limit: int = 50) -> Pace:
    """Return a pace with so many tasks of ours."""
    pace = Pace(limit=limit)
    for job in range(running):
        pace.started(job)
        pace.accepted(job)
    return pace


def submit(pace: Pace, job: int, now_s: float = 0.0) -> Pace:
    """Send a submit that HTTP 429 refuses."""
    pace.started(job)
    pace.throttled(job, now_s, 5.0)
    return pace


def test_429_makes_a_pause_and_leaves_one_place_to_try() -> None:
    """It may mean the rate of calls: the window stays a little wider than what runs."""
    pace = submit(pace_with(2), 9)
    assert (pace.room(1.0), pace.room(6.0), pace.window) == (0, 1, 3)


def test_429_twice_at_the_same_number_is_full() -> None:
    """The second refusal with as many tasks says that it was the number of tasks."""
    pace = submit(submit(pace_with(2), 9), 9, 6.0)
    assert (pace.room(12.0), pace.window) == (0, 2)


def test_429_without_a_task_of_ours_leaves_one_submit_to_try() -> None:
    """Others have all the places: one submit after each pause, not as many as the window had."""
    pace = Pace(limit=8)
    for job in range(3):
        submit(pace, job)
        assert (pace.room(1.0), pace.room(6.0)) == (0, 1)
    pace.started(9)
    pace.accepted(9)
    assert pace.room(6.0) == 1


def test_429_that_meant_the_rate_narrows_for_a_moment() -> None:
    """A submit that passes with more tasks than at the refusal opens the window again."""
    pace = submit(pace_with(2), 9)
    for job in range(10, 16):
        pace.started(job)
        pace.accepted(job)
    assert pace.window == 9


def test_a_submit_under_way_is_no_proof() -> None:
    """What passes beside a refused one has not shown that there was a place for both."""
    pace = submit(pace_with(2), 9)
    pace.ended(0)
    pace.started(10)
    pace.started(11)
    pace.accepted(10)
    assert pace.window == 3


def test_who_gives_way_leaves_a_quarter() -> None:
    """Multiplicative decrease, never below one place; additive increase, never beyond the limit."""
    pace = pace_with(8, limit=8)
    pace.give_way()
    assert pace.window == 6
    for _ in range(5):
        pace.widen()
    assert pace.window == 8
    alone = pace_with(1)
    alone.give_way()
    assert alone.window == 1


def test_who_has_nothing_waits_until_a_place_is_seen() -> None:
    """Refused without a task of ours: there is no end of ours to wait for, only a look."""
    pace = Pace(limit=8)
    pace.started(1)
    pace.full(1, 0.0, 20.0)
    assert (pace.room(1.0), pace.is_waiting(1.0)) == (0, True)
    pace.widen()
    assert (pace.room(1.0), pace.is_waiting(1.0)) == (2, False)


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    """So many at once after a pause, then one by one."""
    bucket = Bucket(10.0, 3.0)
    for _ in range(3):
        assert bucket.room(100.0)
        bucket.take()
    assert bucket.room(100.0) == 0
    assert bucket.resumes_s(100.0) == pytest.approx(100.1)
    assert bucket.room(100.1 + 1e-6) == 1
    assert bucket.room(200.0) == 3


def test_queries_take_only_their_part() -> None:
    """However many tasks run, submits and uploads find room; publishing needs none."""
    rate = Rate()
    while rate.take(State.RUNNING, 10.0):
        pass
    assert rate.room(State.RUNNING, 10.0, 16) == 0
    assert rate.room(State.UPLOADED, 10.0, 16) == 16
    assert rate.room(State.FETCHED, 10.0, 4) == 4
    assert rate.resumes_s(10.0) == pytest.approx(10.0 + 1 / (QUERIES_SHARE * CALLS_PER_S))


def test_the_owner_says_how_many_calls_there_are_at_most() -> None:
    """At the start, and from the next answer on where the config changes."""
    most = [200.0]
    rate = Rate(lambda: 0.0, lambda: most[0])
    assert (rate.per_s, rate.room(State.RUNNING, 10.0, 1000)) == (200.0, 80)
    most[0] = 10.0
    rate.heard("query", OK)
    assert rate.per_s == 10.0
    most[0] = 1000.0
    for _ in range(10):
        rate.heard("query", OK)
    assert 10.0 < rate.per_s < 20.0  # as after a refusal: little by little


def test_one_refusal_out_of_the_blue_costs_little() -> None:
    """Where too few calls passed to tell the limit, the first guess is not the slowest."""
    rate = Rate()
    rate.heard("query", TOO_MANY)
    assert rate.per_s == GUESS_PER_S


def test_a_bad_hour_is_not_paid_for_all_day() -> None:
    """However often it was refused, a few hundred calls that pass bring the first guess back."""
    times = itertools.count(step=10)
    rate = Rate(lambda: float(next(times)))
    for _ in range(50):
        rate.heard("query", TOO_MANY)
    assert rate.per_s == SLOWEST_PER_S
    for _ in range(500):
        rate.heard("query", OK)
    assert rate.per_s >= GUESS_PER_S


def test_who_had_to_wait_is_looked_at_again() -> None:
    """A step that found no room is begun when there is, even if that is by now."""
    rate = Rate()
    while rate.take(State.RUNNING, 10.0):
        pass
    assert rate.room(State.RUNNING, 10.0, 16) == 0
    assert rate.resumes_s(11.0) == 11.0
    assert rate.room(State.RUNNING, 11.0, 16) == 16
    assert rate.resumes_s(11.0) is None


@pytest.mark.parametrize(("call", "slower"), [("query", True), ("submit", False)])
def test_a_refusal_for_the_rate_slows_down(call: str, slower: bool) -> None:  # noqa: FBT001  a parameter
    """A little below what passed in the last second; a submit's 429 may mean tasks instead."""
    rate = Rate()
    for _ in range(10):
        rate.heard("query", OK)
    rate.heard(call, TOO_MANY)
    assert (rate.per_s == pytest.approx(9.0)) is slower
    assert (rate.per_s < CALLS_PER_S) is slower
    before = rate.per_s
    rate.heard(call, TOO_MANY)  # was on its way already
    assert rate.per_s == before
    rate.heard("query", OK)
    assert rate.per_s >= before
