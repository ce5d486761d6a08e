"""The clock as an argument, so that tests can pass their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

Now = Callable[[], datetime]


class Clock(Protocol):
    """What time it is, and how much of it passed."""

    def __call__(self) -> datetime:
        """Return the time as the wall clock shows it, aware UTC; it may be set at any time."""

    def elapsed_s(self) -> float:
        """Return the seconds since some moment, those of a machine's sleep included."""

    def awake_s(self) -> float:
        """Return the seconds since some moment that this machine was awake."""

    def start(self) -> str:
        """Return what tells this start of the machine from others, "" = not known."""


def utc_now() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)
