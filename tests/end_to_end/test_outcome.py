"""How the machines' runs are judged: the figures that their promises are held against."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hotfolder.simulator import Ledger
from hotfolder.simulator.ledger import TaskEntry
from tests.end_to_end.mishaps import Takeover
from tests.end_to_end.outcome import by_day, most_at_once, taken, takeovers

NOON_S = 1_796_000_400.0
DAY_S = 24 * 3600.0


def task(began_s: float, ended_s: float) -> TaskEntry:
    """Return a task that was charged, by the times of its acceptance and end after noon."""
    return TaskEntry(
        task_id="1",
        endpoint="edit",
        prompt="A red hat",
        params={},
        input_sha256=("0" * 64,),
        status="SUCCESS",
        charge=Decimal("0.10"),
        coins=Decimal(0),
        currency="CNY",
        accepted_at=NOON_S + began_s,
        ended_at=NOON_S + ended_s,
        queries=1,
        downloads=1,
        answered=True,
    )


def ledger(*tasks: TaskEntry) -> Ledger:
    """Return a ledger of some tasks."""
    left = Decimal(100)
    return Ledger(tasks=tasks, rejected=(), requests={}, remaining=left, currency="CNY")


def test_a_place_is_free_when_its_task_ends() -> None:
    """What begins at that very moment takes the same place."""
    assert most_at_once(ledger(task(0, 10), task(0, 10), task(10, 20))) == 2
    assert most_at_once(ledger(task(0, 10), task(0, 10), task(9, 20))) == 3


@pytest.mark.parametrize(("gap_s", "share"), [(0, 1.0), (10, 0.75)])
def test_the_share_is_of_the_time_while_all_places_are_wanted(gap_s: float, share: float) -> None:
    """One place is always taken, the other not for a while; beginning and end count for nothing."""
    steady = [task(5, 15), task(15, 25), task(25, 35)]
    other = [task(0, 5), task(5 + gap_s, 25 + gap_s)] if gap_s else [task(0, 5), task(5, 25)]
    assert taken([*steady, *other], 2) == pytest.approx(share, abs=0.01)


def test_the_charges_of_a_day_are_its_own() -> None:
    """A run over midnight has the budgets of two days."""
    assert list(by_day(ledger(task(0, 1), task(2, 3), task(DAY_S, DAY_S + 1))).values()) == [
        Decimal("0.20"),
        Decimal("0.10"),
    ]


def test_a_takeover_that_never_came_is_not_left_out() -> None:
    """It took for ever."""
    came = Takeover(what="killed", watches=1, seconds=12.0)
    never = Takeover(what="killed", watches=2, seconds=None)
    assert takeovers([came, never]) == {"killed": "2, inf s, at most inf s"}
