"""Two daemons on one account: neither starves, neither is told of the other."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from hotfolder.account.pace import Pace
from hotfolder.account.sharing import Sharing
from hotfolder.bell import Bell, Ring
from hotfolder.clock import MACHINE_CLOCK
from hotfolder.domain.retry import Later
from hotfolder.runninghub.wire import Queue
from hotfolder.simulator import Settings, in_thread
from tests.studio import LIMIT_S, Studio, picture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMIT = 4
PLENTY = 16


@pytest.fixture
def studios(tmp_path: Path) -> Iterator[tuple[Studio, Studio]]:
    """Give two studios with accounts of their own that are one and the same."""
    with in_thread(Settings(task_s=0.4, concurrent_limit=LIMIT)) as server:
        made = []
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
            made.append(Studio(tmp_path / name, server))
        yield made[0], made[1]


def _undone(studio: Studio) -> int:
    return sum(count for state, count in studio.states().items() if state != "done")


async def keep_busy(studio: Studio) -> None:
    """Drop pictures as fast as they are edited, without end."""
    for number in range(1000, 9000):
        await studio.until(lambda: _undone(studio) < PLENTY, "fewer wait")
        studio.drop(f"p{number}.jpg", number=number)


async def test_the_second_daemon_finds_its_places(studios: tuple[Studio, Studio]) -> None:
    """One that comes later is let in while the first has plenty to do; few submits are refused."""
    first, second = studios
    async with first.running():
        busy = asyncio.create_task(keep_busy(first))
        await first.until(lambda: first.states().get("running") == LIMIT, "all places are taken")
        for number in range(100, 106):
            second.drop(f"p{number}.jpg", picture(number))
        await second.once()
        assert second.states() == {"done": 6}
        busy.cancel()
    ledger = first.ledger()
    assert len(ledger.rejected) <= len(ledger.tasks) / 2, len(ledger.rejected)


def sharing_of(pace: Pace, *, limit: int | None, tasks: int | None, bell: Bell) -> Sharing:
    """Return the sharing of an account whose queue looks so."""

    async def look() -> Queue:
        return Queue(limit=limit, tasks=tasks)

    return Sharing(look, pace, Later(MACHINE_CLOCK, lambda: 0.0), bell)


def pace_with(mine: int, *, limit: int = 8) -> Pace:
    """Return a pace with so many tasks, all places taken."""
    pace = Pace(limit=limit)
    for job in range(mine):
        pace.started(job)
        pace.accepted(job)
    pace.started(99)
    pace.full(99, 0.0, 1e9)
    return pace


@pytest.mark.parametrize(
    ("mine", "tasks", "limit", "window"),
    [
        (6, 8, 8, 4),  # more than all others: gives way
        (4, 8, 8, 4),  # as many: stays
        (2, 8, 8, 2),  # fewer, and no place free: stays
        (2, 7, 8, 3),  # fewer, and a place free: takes it
        (5, 7, 8, 5),  # more, and a place free: leaves it at first
        (8, 8, 8, 8),  # alone: the window decides
        (3, None, None, 3),  # the service does not say
        (6, 8, None, 4),  # the limit is not told: what ran at the refusal is it
    ],
)
async def test_one_look_moves_the_window(
    mine: int, tasks: int | None, limit: int | None, window: int
) -> None:
    """Additive increase, multiplicative decrease, by what a look at the queue tells."""
    pace = pace_with(mine)
    bell = Bell()
    sharing = sharing_of(pace, limit=limit, tasks=tasks, bell=bell)
    bell.ring(Ring.REFUSED)
    running = asyncio.create_task(sharing.run())
    await asyncio.sleep(0)  # it looks once, and waits
    running.cancel()
    assert pace.window == window


async def test_who_was_left_without_a_place_goes_on_when_all_is_free() -> None:
    """After others have ended there is nobody to wait for."""
    pace, bell = pace_with(0), Bell()
    sharing, runner = sharing_of(pace, limit=8, tasks=0, bell=bell), bell.ear(Ring.DUE)
    assert pace.room(1.0) == 0
    bell.ring(Ring.REFUSED)
    running = asyncio.create_task(sharing.run())
    await runner.hear(LIMIT_S)
    running.cancel()
    assert runner.rung
    assert pace.room(1.0) > 0
