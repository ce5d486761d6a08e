"""How near to what the service allows: seconds, queries and refused submits for a shoot.

The clock runs from the first submit that the service accepted to the last publishing that the
journal knows. The bound is what the service itself takes: full waves of tasks, one after the
other.
"""

from __future__ import annotations

import math

from hotfolder.simulator import Settings
from tests.benchmarks.arena import arena, once, published_at
from tests.benchmarks.frame import Measured, benchmark

PICTURES = 50
MANY = 500
SHARE = 5
TASK_S = 1.0


@benchmark("waves", unit="seconds", aim="at most 1.06 times")
def waves(*, short: bool) -> Measured:
    """50 pictures, tasks of 1 s, limit 8 told by the service."""
    del short
    return measure(Settings(task_s=TASK_S, concurrent_limit=8))


@benchmark("hidden-limit", unit="seconds", aim="at most 1.06 times, at most 5 rejected")
def hidden_limit(*, short: bool) -> Measured:
    """50 pictures, tasks of 1 s, limit 3 that the service does not tell."""
    del short
    return measure(Settings(task_s=TASK_S, concurrent_limit=3, hide_limit=True))


@benchmark("wide", unit="seconds", aim="at most 1.08 times")
def wide(*, short: bool) -> Measured:
    """500 pictures, tasks of 2 s, limit 50 told by the service: that takes 75 calls a second."""
    settings = Settings(task_s=2 * TASK_S, concurrent_limit=50)
    return measure(settings, MANY // SHARE if short else MANY, limits="calls_per_second = 150")


def measure(
    settings: Settings, pictures: int = PICTURES, journal: str = "", limits: str = ""
) -> Measured:
    """Edit a shoot with the program's own schedule and clock, and return the figures.

    `limits` are further lines of the config.
    """
    with arena(settings, journal, limits) as studio:
        studio.drop_many(pictures)
        took = once(studio)
        ledger = studio.ledger()
        ends = published_at(studio)
        return Measured(
            ours=max(ends.values()) - min(task.accepted_at for task in ledger.tasks),
            bound=math.ceil(pictures / settings.concurrent_limit) * settings.task_s,
            beside={
                "pictures": pictures,
                "published": len(ends),
                "tasks paid": len(ledger.tasks),
                "queries a task": ledger.requests["query"] / len(ledger.tasks),
                "rejected submits": len(ledger.rejected),
                "CPU seconds": took.cpu_s,
            },
        )
