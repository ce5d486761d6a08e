"""Sums of money."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

COINS: Final = "COINS"  # a currency of the service's own

_SUM: Final = re.compile(r"([0-9.]+)(?: (\S+))?", re.ASCII)


def written(amount: Decimal | None, currency: str | None) -> str:
    """Return a sum in plain text, by which a sum that was allowed is known: "20.5 CNY"."""
    return "unknown" if amount is None else f"{amount:f} {currency or ''}".strip()


def covers(allowed: str, asked: str) -> bool:
    """Return whether what was allowed is what is asked for, or more of the same currency."""
    if allowed == asked:
        return True
    most, wanted = _read(allowed), _read(asked)
    if most is None or wanted is None:
        return False
    return most[1] == wanted[1] and wanted[0] <= most[0]


def _read(text: str) -> tuple[Decimal, str] | None:
    found = _SUM.fullmatch(text)
    return (Decimal(found[1]), found[2] or "") if found else None


def total(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Return the sum of amounts, None where one of them is not known."""
    known = Decimal(0)
    for each in amounts:
        if each is None:
            return None
        known += each
    return known
