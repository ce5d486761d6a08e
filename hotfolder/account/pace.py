"""How many tasks to have at the service at once, and how long they usually take.

The account's limit may be unknown, and others may use the same account. So the window of
tasks at once is learned: it opens by one for every accepted submit until the service first says
that it is full; then it is exactly as wide as what then ran, and one wider is tried now and
then. Every refusal of such a trial doubles the number of ended tasks before the next.

Where others use the account, too, `sharing` looks how many tasks there are in all, and the window
follows additive increase and multiplicative decrease: whoever has more than all others gives way,
whoever has less takes what is free.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from hotfolder.account.rate import Rate

START_WINDOW: Final = 2
WIDEST_WINDOW: Final = 500
FIRST_PROBE_AFTER: Final = 10
LONGEST_PROBE_AFTER: Final = 640
GIVE_WAY: Final = 0.75
LONGEST_DOUBT_S: Final = 600.0
UNKNOWN_USUAL_S: Final = 1.0
LEARNING_SHARE: Final = 0.3
EARLIER: Final = 0.8
LATE: Final = 2.0


class Pace:
    """The window of tasks at once. Times are monotonic seconds.

    `limit` is what the config or the service says, 0 where nobody does.
    """

    def __init__(self, *, limit: int = 0) -> None:
        self._limit = limit
        self._ceiling = limit or WIDEST_WINDOW
        self._window = limit or START_WINDOW
        self._opening = not limit
        self._busy: set[int] = set()
        self._sending: set[int] = set()
        self._doubts: list[float] = []
        self._not_before_s = 0.0
        self._full_until_s = 0.0
        self._ended_since_refusal = 0
        self._probe_after = FIRST_PROBE_AFTER
        self._throttled_at: int | None = None
        self.refusals = 0

    @property
    def window(self) -> int:
        """How many tasks may be at the service at once."""
        return self._window

    @property
    def mine(self) -> int:
        """How many places are taken by tasks of ours, and submits under way."""
        return len(self._busy)

    def have(self, running: frozenset[int]) -> None:
        """Take in which jobs have a task: at the start, and after others took or left some."""
        self._busy = self._sending | running

    def limit_to(self, limit: int) -> None:
        """Take in another limit. The same one again changes nothing of what was learned."""
        if limit == self._limit:
            return
        self._limit = limit
        self._ceiling = limit or WIDEST_WINDOW
        self._window = limit or self._window
        self._opening = not limit

    def room(self, now_s: float) -> int:
        """Return how many submits may leave now."""
        if now_s < max(self._not_before_s, self._full_until_s):
            return 0
        self._doubts = [until_s for until_s in self._doubts if until_s > now_s]
        return max(0, self._window - len(self._busy) - len(self._doubts))

    def is_short(self, now_s: float) -> bool:
        """Return whether places at the service are what keeps submits from leaving."""
        return self.is_waiting(now_s) or self._window <= len(self._busy)

    def is_waiting(self, now_s: float) -> bool:
        """Return whether no place was left, and none of ours will come free."""
        return now_s < self._full_until_s

    def resumes_s(self, now_s: float) -> float | None:
        """Return when there may be room again for reasons of time alone."""
        times = (self._not_before_s, self._full_until_s, *self._doubts)
        return min((each for each in times if each > now_s), default=None)

    def started(self, job: int) -> None:
        """Take in that a submit is about to leave."""
        self._busy.add(job)
        self._sending.add(job)

    def accepted(self, job: int) -> None:
        """Take in that the service accepted a submit.

        After HTTP 429 the window opens only by a submit that it would have refused, had it meant
        the number of tasks.
        """
        self._sending.discard(job)
        if self._throttled_at is not None and self._running <= self._throttled_at:
            return
        self._throttled_at = None
        if self._opening and self._window < self._ceiling:
            self._window += 1

    def ended(self, job: int) -> None:
        """Take in that a task ended, or that a submit was certainly not accepted."""
        if job not in self._busy:
            return
        self._leave(job)
        self._ended_since_refusal += 1
        if not self._opening and self._ended_since_refusal >= self._probe_after:
            self.widen()

    def doubted(self, job: int, until_s: float) -> None:
        """Keep the place of a submit that may have been accepted taken for a while."""
        self._leave(job)
        self._doubts.append(until_s)

    def full(self, job: int, now_s: float, after_s: float) -> None:
        """Take in that the service had no place; without tasks of ours to wait for, wait."""
        self._leave(job)
        narrower = max(1, min(self._window, len(self._busy)))
        if not self._opening or self._throttled_at is not None:
            self._probe_after = min(LONGEST_PROBE_AFTER, 2 * self._probe_after)
        self._opening = False
        self._throttled_at = None
        self._window = narrower
        self._ended_since_refusal = 0
        self.refusals += 1
        if not self._busy:
            self._full_until_s = max(self._full_until_s, now_s + after_s)

    def throttled(self, job: int, now_s: float, after_s: float) -> None:
        """Take in that the service wants to hear from us later, as HTTP 429 says.

        It may mean the rate of calls or the number of tasks. Either way there is a pause, and the
        window is as wide as what then runs, and one more. The second time at the same number counts
        as full; without a task of ours one submit after each pause finds out.
        """
        self._leave(job)
        running = self._running
        if running and self._throttled_at == running:
            self.full(job, now_s, after_s)
        else:
            self._throttled_at = running
            self._opening = True
            self._window = min(self._window, running + 1)
        self.slow_down(now_s, after_s)

    @property
    def _running(self) -> int:
        return len(self._busy) - len(self._sending)

    def _leave(self, job: int) -> None:
        self._busy.discard(job)
        self._sending.discard(job)

    def slow_down(self, now_s: float, after_s: float) -> None:
        """Let no submit leave for a while."""
        self._not_before_s = max(self._not_before_s, now_s + after_s)

    # -- others on the same account

    def widen(self) -> None:
        """Take one place more, which may be free."""
        self._full_until_s = 0.0
        self._opening = False
        self._window = min(self._ceiling, self._window + 1)
        self._ended_since_refusal = 0

    def give_way(self) -> None:
        """Leave places to others."""
        self._opening = False
        self._window = max(1, int(GIVE_WAY * min(self._window, len(self._busy))))
        self._ended_since_refusal = 0


class Durations:
    """How long tasks of each model usually take, in seconds, learned from those that ended.

    `known_s` is what was learned before.
    """

    def __init__(self, known_s: Mapping[str, float] | None = None) -> None:
        self._usual_s = dict(known_s or {})

    def usual_s(self, model: str) -> float:
        """Return the usual duration."""
        return self._usual_s.get(model, UNKNOWN_USUAL_S)

    def learn(self, model: str, seen_running_s: float | None, ended_by_s: float) -> None:
        """Take in a task that ran for `seen_running_s` at least and had ended by `ended_by_s`.

        The end is seen when it is asked for, and that may be late: after a restart, an outage,
        or because the usual duration is held to be longer than it is. So what nobody was there
        to see is not believed, and a task found ended at the first look says: look earlier.
        """
        usual_s = self.usual_s(model)
        if seen_running_s is None:
            seconds = EARLIER * min(usual_s, ended_by_s)
        else:
            seconds = min(ended_by_s, LATE * seen_running_s)
        share = LEARNING_SHARE if model in self._usual_s else 1.0
        self._usual_s[model] = (1 - share) * usual_s + share * seconds

    def doubt_s(self, model: str) -> float:
        """Return how long a doubtful submit takes up a place."""
        return min(LONGEST_DOUBT_S, self.usual_s(model))


@dataclass(frozen=True, slots=True)
class Pacing:
    """How fast all goes: tasks at once, calls a second, and how long tasks take.

    `shared` tells how many tasks all who share the journal may have at once, 0 = any number.
    """

    pace: Pace
    rate: Rate
    durations: Durations
    shared: Callable[[], int]
