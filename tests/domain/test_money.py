"""Sums as they are allowed: known again by their text."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hotfolder.domain import money


@pytest.mark.parametrize(
    ("allowed", "asked", "is_covered"),
    [
        ("20 CNY", "20 CNY", True),
        ("20 CNY", "19.99 CNY", True),
        ("20 CNY", "20.01 CNY", False),
        ("20 CNY", "20 USD", False),
        ("20 CNY", "19", False),
        ("20", "19", True),
        ("unknown", "unknown", True),
        ("unknown", "1 CNY", False),
        ("20 CNY", "unknown", False),
        ('["model", {}]', '["model", {}]', True),
        ('["model", {}]', "1 CNY", False),
    ],
)
def test_what_an_allowed_sum_covers(allowed: str, asked: str, *, is_covered: bool) -> None:
    """As much or less of the same currency; what is not known covers only what is not known."""
    assert money.covers(allowed, asked) is is_covered


def test_sums_in_text() -> None:
    """Exact, with the currency where there is one."""
    assert money.written(Decimal("0.290"), "CNY") == "0.290 CNY"
    assert money.written(Decimal("1E+2"), None) == "100"
    assert money.written(None, "CNY") == "unknown"
