"""Named points at which a test may stop the world; the program itself passes them."""

from __future__ import annotations

from collections.abc import Callable

Failpoint = Callable[[str], None]


def no_failpoint(_name: str) -> None:
    """Pass every point."""
