"""Sums of money."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal


def total(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Return the sum of amounts, None where one of them is not known."""
    known = Decimal(0)
    for each in amounts:
        if each is None:
            return None
        known += each
    return known
