"""The tests' own way to hold a law for many cases."""

from __future__ import annotations

import asyncio

import pytest

from tests.cases import every


@every("number", range(3))
@every("word, length", [("ann", 3), ("bob", 4)])
def wrong(number: int, word: str, length: int, tmp_path: object) -> None:
    """Break in some cases: by a comparison, an error, and an error that stays away."""
    assert tmp_path == "given"
    if number == 1:
        with pytest.raises(ValueError, match="no"):
            int("1")
    assert len(word) == length
    assert 1 // number


def test_every_failing_case_is_told() -> None:
    """All combinations are tried, and a failed test names each that fails."""
    with pytest.raises(ExceptionGroup) as caught:
        wrong(tmp_path="given")
    lines = str(caught.value).splitlines()
    assert lines[0] == "6 of 6 cases:"
    assert "  number=0, word='ann', length=3: ZeroDivisionError: integer division" in lines[1]
    assert "  number=1, word='ann', length=3: AssertionError: DID NOT RAISE" in lines[3]
    assert "  number=2, word='bob', length=4: AssertionError: assert 3 == 4" in lines[6]


@every("number", range(3))
async def met(number: int, meeting: asyncio.Barrier) -> None:
    """Wait for the other cases, and break in one."""
    await meeting.wait()
    if number == 1:
        with pytest.raises(ValueError, match="no"):
            int("1")


async def test_awaited_cases_are_tried_at_once() -> None:
    """None waits for another to end; those that fail are told as others are."""
    with pytest.raises(ExceptionGroup) as caught:
        await met(meeting=asyncio.Barrier(3))
    assert str(caught.value).splitlines()[:2] == [
        "1 of 3 cases:",
        "  number=1: AssertionError: DID NOT RAISE ValueError",
    ]
