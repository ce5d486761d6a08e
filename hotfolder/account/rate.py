"""How many calls a second the service is asked, in all and for queries, learned from refusals.

The service's own limit is not known. So calls may come as fast as a budget allows, until one is
refused for its rate; then they come evenly, a little slower than those that passed in the last
second, and a little faster with each one that passes. A slow pace grows by a step rather than by
its share, so that a bad hour of the service is not paid for all day. HTTP 429 to a submit is left
out: it may mean the number of tasks, which is the pace's matter.

Downloads are no calls: a service counts those by key, and a result's link carries none; it mostly
leads to another machine. Few go on at a time, and each waits as long as that machine says.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from hotfolder.clock import MACHINE_CLOCK
from hotfolder.domain.states import State
from hotfolder.runninghub import refusals
from hotfolder.runninghub.fields import Answer

CALLS_PER_S: Final = 50.0  # where the config says no other
QUERIES_SHARE: Final = 0.4
SLOWEST_PER_S: Final = 0.2
GUESS_PER_S: Final = 5.0
BELOW_PASSED: Final = 0.9
SLOWER: Final = 0.8
FIRST_GROWTH: Final = 0.01
LEAST_GROWTH: Final = 0.0005
STEP_PER_S: Final = 0.01
MEASURED_S: Final = 1.0


class Bucket:
    """So many calls a second, and so many at once after a pause. Times are monotonic seconds."""

    def __init__(self, per_s: float, burst: float) -> None:
        self.per_s = per_s
        self.burst = burst
        self._tokens = burst
        self._at_s = 0.0

    def room(self, now_s: float) -> int:
        """Return how many calls may be made now."""
        passed_s = max(0.0, now_s - self._at_s)
        self._at_s = max(self._at_s, now_s)
        self._tokens = min(self.burst, self._tokens + passed_s * self.per_s)
        return int(self._tokens)

    def take(self) -> None:
        """Take in that a call is made."""
        self._tokens -= 1

    def resumes_s(self, now_s: float) -> float:
        """Return when the next call may be made."""
        return now_s if self.room(now_s) else self._at_s + (1 - self._tokens) / self.per_s

    def pause(self, until_s: float) -> None:
        """Make no call until then, and begin without a burst."""
        self.burst = 1.0
        self._tokens = 0.0
        self._at_s = max(self._at_s, until_s)


class Rate:
    """The budget of calls of each kind of step; `most_per_s` is what it never goes beyond."""

    def __init__(
        self,
        elapsed_s: Callable[[], float] = MACHINE_CLOCK.elapsed_s,
        most_per_s: Callable[[], float] = lambda: CALLS_PER_S,
    ) -> None:
        self._elapsed_s = elapsed_s
        self._most_per_s = most_per_s
        most, queries = most_per_s(), QUERIES_SHARE * most_per_s()
        self._calls, self._queries = Bucket(most, most), Bucket(queries, queries)
        self._buckets: Mapping[State, tuple[Bucket, ...]] = {
            State.ACCEPTED: (self._calls,),
            State.UPLOADED: (self._calls,),
            State.RUNNING: (self._calls, self._queries),
        }
        self._waiting: set[State] = set()
        self._passed: deque[float] = deque()
        self._growth = FIRST_GROWTH
        self._paused_until_s = 0.0

    @property
    def per_s(self) -> float:
        """How many calls a second may be made in all."""
        return self._calls.per_s

    def room(self, state: State, now_s: float, places: int) -> int:
        """Return how many of so many steps of a state may begin now."""
        room = min([places, *(each.room(now_s) for each in self._buckets.get(state, ()))])
        self._note(state, waits=not room and places > 0)
        return room

    def take(self, state: State, now_s: float) -> bool:
        """Take what a step needs; returns whether it was there."""
        buckets = self._buckets.get(state, ())
        is_there = all(each.room(now_s) for each in buckets)
        self._note(state, waits=not is_there)
        for each in buckets if is_there else ():
            each.take()
        return is_there

    def resumes_s(self, now_s: float) -> float | None:
        """Return when a step may begin that had to wait; None = none had to."""
        states = [self._buckets[state] for state in self._waiting]
        times = [max(each.resumes_s(now_s) for each in buckets) for buckets in states]
        return min(times, default=None)

    def _note(self, state: State, *, waits: bool) -> None:
        """Remember who had to wait: by the time of asking when, there may be room again."""
        if waits and state in self._buckets:
            self._waiting.add(state)
        else:
            self._waiting.discard(state)

    def heard(self, call: str, answer: Answer | None) -> None:
        """Take in what a call was answered with; None = nothing."""
        if answer is None:
            return
        now_s = self._elapsed_s()
        wait_s = refusals.rate_refused_s(answer, may_mean_tasks=call == "submit")
        if wait_s is None:
            self._pass(now_s)
        elif now_s >= self._paused_until_s:  # else it was sent before the pause began
            self._slow_down(now_s, wait_s)

    def _pass(self, now_s: float) -> None:
        self._passed.append(now_s)
        self._forget_before(now_s - MEASURED_S)
        per_s = self._calls.per_s
        faster = per_s * self._growth
        if per_s < GUESS_PER_S:
            faster = max(faster, STEP_PER_S)
        self._calls.per_s = min(self._most_per_s(), per_s + faster)
        self._queries.per_s = QUERIES_SHARE * self._most_per_s()

    def _slow_down(self, now_s: float, wait_s: float) -> None:
        self._forget_before(now_s - MEASURED_S)
        passed = BELOW_PASSED * len(self._passed) / MEASURED_S
        guess = min(GUESS_PER_S, SLOWER * self._calls.per_s)  # where too few passed to tell
        self._calls.per_s = max(SLOWEST_PER_S, min(self._calls.per_s, max(passed, guess)))
        self._growth = max(LEAST_GROWTH, self._growth / 2)
        self._paused_until_s = now_s + wait_s
        self._calls.pause(self._paused_until_s)

    def _forget_before(self, when_s: float) -> None:
        while self._passed and self._passed[0] < when_s:
            self._passed.popleft()
