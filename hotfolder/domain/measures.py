"""What is measured while the program works; who keeps it, if anybody, is the composition's."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Measure(StrEnum):
    """What took how long."""

    STEP = "step"
    COMMIT = "commit"


# Takes what was measured, the seconds it took, and a label: the state of a step's job.
Observe = Callable[[Measure, float, str], None]


def unobserved(measure: Measure, seconds: float, label: str) -> None:
    """Let a measurement go."""
    del measure, seconds, label
