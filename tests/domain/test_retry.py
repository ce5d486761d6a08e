"""Backoff and polling as arithmetic."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hotfolder.domain.retry import BACKOFF_LONGEST_S, PollSchedule, backoff_s

jitters = st.floats(0, 1, exclude_max=True)
durations = st.floats(0, 1e6)
attempts = st.integers(1, 10_000)
SCHEDULE = PollSchedule()
JITTER_FLOOR = 0.9


@given(attempts, jitters)
def test_backoff_is_never_nothing_and_never_too_long(attempt: int, jitter: float) -> None:
    """Every wait is above zero and at most the longest."""
    assert 0.1 <= backoff_s(attempt, jitter) <= BACKOFF_LONGEST_S


@given(attempts, jitters, st.floats(0.01, 100), st.floats(0.01, 1e5))
def test_backoff_keeps_within_given_limits(
    attempt: int, jitter: float, base_s: float, longest_s: float
) -> None:
    """Base and longest wait are respected, whatever they are."""
    wait_s = backoff_s(attempt, jitter, base_s=base_s, longest_s=longest_s)
    assert 0 < wait_s <= longest_s


@given(attempts, jitters)
def test_backoff_grows(attempt: int, jitter: float) -> None:
    """With equal jitter no later attempt waits shorter."""
    assert backoff_s(attempt, jitter) <= backoff_s(attempt + 1, jitter)


@given(attempts, jitters, jitters)
def test_more_jitter_is_a_longer_wait(attempt: int, one: float, other: float) -> None:
    """Jitter spreads waits between a tenth of the ceiling and the ceiling."""
    assert backoff_s(attempt, min(one, other)) <= backoff_s(attempt, max(one, other))


def test_backoff_doubles_until_the_longest() -> None:
    """The ceilings are 1, 2, 4 ... 256, then 300 for ever."""
    ceilings = [backoff_s(attempt, 1.0) for attempt in range(1, 12)]
    assert ceilings == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


@given(durations, jitters)
def test_first_query_is_just_before_the_usual_end(usual_s: float, jitter: float) -> None:
    """The first query is never at once and never after the usual duration."""
    first_s = SCHEDULE.first_s(usual_s, jitter)
    assert SCHEDULE.shortest_s <= first_s <= max(SCHEDULE.shortest_s, usual_s)


@given(durations, st.floats(0, SCHEDULE.late_after_s), jitters)
def test_polls_keep_within_bounds(usual_s: float, running_s: float, jitter: float) -> None:
    """Between two queries of a task that is not late lie a tenth of a second to a quarter minute.

    The floor leaves room for the jitter, which is at most a tenth.
    """
    step_s = SCHEDULE.next_s(usual_s, running_s, jitter)
    assert SCHEDULE.shortest_s * JITTER_FLOOR <= step_s <= SCHEDULE.longest_s


@given(durations, durations, durations, jitters)
def test_polls_become_rarer(usual_s: float, one: float, other: float, jitter: float) -> None:
    """The longer a task runs, the longer the steps."""
    sooner = SCHEDULE.next_s(usual_s, min(one, other), jitter)
    assert sooner <= SCHEDULE.next_s(usual_s, max(one, other), jitter)


@given(durations, st.floats(SCHEDULE.late_after_s, 1e9, exclude_min=True), jitters)
def test_a_late_task_is_asked_for_hourly(usual_s: float, running_s: float, jitter: float) -> None:
    """A task that merely takes long is polled about hourly, never given up."""
    step_s = SCHEDULE.next_s(usual_s, running_s, jitter)
    assert SCHEDULE.late_step_s * JITTER_FLOOR <= step_s <= SCHEDULE.late_step_s


def test_steps_scale_with_the_usual_duration() -> None:
    """A task of a second is seen ending in a tenth, one of a minute in a few seconds."""
    assert SCHEDULE.next_s(1, 1, 1) <= 0.1
    assert 1 <= SCHEDULE.next_s(60, 60, 1) <= 5
