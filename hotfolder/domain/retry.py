"""When to try again: arithmetic only. Jitter and times are arguments, so nothing here waits.

Full jitter after M. Brooker, "Exponential Backoff and Jitter" (AWS Architecture Blog, 2015).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hotfolder.domain.clock import Clock

Jitter = Callable[[], float]

BACKOFF_BASE_S = 1.0
BACKOFF_LONGEST_S = 300.0
JOURNAL_WAIT_S = 1.0  # before a journal that cannot be written just now is tried again


def backoff_s(
    attempt: int,
    jitter: float,
    *,
    base_s: float = BACKOFF_BASE_S,
    longest_s: float = BACKOFF_LONGEST_S,
) -> float:
    """Return the seconds to wait before the next attempt.

    `attempt` counts the failed ones from 1, `jitter` is uniform in [0, 1). A floor of a tenth
    of the ceiling keeps an unlucky series of small jitters from becoming a storm.
    """
    ceiling = min(longest_s, base_s * 2.0 ** min(attempt - 1, 32))
    return ceiling * (0.1 + 0.9 * jitter)


@dataclass(frozen=True, slots=True)
class Later:
    """Says when to try again. `jitter` is uniform in [0, 1)."""

    clock: Clock
    jitter: Jitter

    def after(self, seconds: float) -> datetime:
        """Return the time in so many seconds."""
        return self.clock() + timedelta(seconds=seconds)

    def backoff(self, failed: int) -> datetime:
        """Return when something may be tried again that failed so many times."""
        return self.after(backoff_s(failed, self.jitter()))


@dataclass(frozen=True, slots=True)
class PollSchedule:
    """When to ask for a running task, given how long such tasks usually take (seconds).

    The first query comes just before the usual end; later ones in steps that grow with the
    time that has passed since, up to `longest_s`. All steps scale with the usual duration, so
    that a task of a second is seen ending in a tenth and one of a minute in a few seconds. What
    ended without a charge is asked for once more after `confirm_after_s`, before it is submitted
    again: a charge may be filled in late.
    """

    shortest_s: float = 0.1
    longest_s: float = 15.0
    late_after_s: float = 4 * 3600.0
    late_step_s: float = 3600.0
    confirm_after_s: float = 10.0

    def first_s(self, usual_s: float, jitter: float) -> float:
        """Return the seconds from the submit to the first query."""
        return max(self.shortest_s, usual_s * (0.9 + 0.1 * jitter))

    def next_s(self, usual_s: float, running_s: float, jitter: float) -> float:
        """Return the seconds to the next query of a task that has run for `running_s`."""
        if running_s > self.late_after_s:
            return self.late_step_s * (0.9 + 0.1 * jitter)
        overdue_s = max(0.0, running_s - usual_s)
        step_s = 0.05 * usual_s + 0.3 * overdue_s
        return min(self.longest_s, max(self.shortest_s, step_s)) * (0.9 + 0.1 * jitter)
