"""A wall clock that is set, forward or back, while there is work: no time passes by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotfolder.domain.retry import PollSchedule
from hotfolder.housekeeping import Housekeeping
from hotfolder.journal.journal import Journal
from hotfolder.simulator import Fault

if TYPE_CHECKING:
    from tests.studio import Studio

HOUR_S = 3600.0
DAY_S = 86_400.0
RUNS = Fault(call="query", kind="says", fields={"status": "RUNNING"})


async def sent(studio: Studio) -> None:
    """Send three pictures whose tasks run until the service says otherwise."""
    studio.fault(RUNS)
    for number in range(3):
        studio.drop(f"{number}.jpg", number=number)
    await studio.until_states(running=3)


async def ends(studio: Studio) -> None:
    """Let the tasks end, and see each fetched within seconds, hence none thought late."""
    studio.simulator.clear_faults()
    await studio.until_states(done=3)
    for number in range(3):
        assert "late" not in str(studio.job(f"{number}.jpg"))
    assert len(studio.ledger().tasks) == 3


@pytest.mark.parametrize("step_s", [-2 * HOUR_S, -DAY_S, 5 * HOUR_S, 400 * DAY_S])
async def test_a_task_under_way_is_asked_for_as_before(studio: Studio, step_s: float) -> None:
    """It is neither waited for by hours nor taken for late, while the daemon runs on."""
    studio.edge(schedule=PollSchedule())
    async with studio.running():
        await sent(studio)
        studio.clock.set_by(step_s)
        await ends(studio)


@pytest.mark.parametrize("step_s", [-2 * HOUR_S, 5 * HOUR_S])
async def test_a_clock_set_while_no_daemon_runs_is_noticed(studio: Studio, step_s: float) -> None:
    """As long as the machine ran on, the next start knows that no time passed."""
    studio.edge(schedule=PollSchedule())
    async with studio.running():
        await sent(studio)
    studio.clock.set_by(step_s)
    async with studio.running():
        await ends(studio)


async def test_no_history_goes_by_a_clock_that_was_set_by_years(studio: Studio) -> None:
    """Only when it has shown the same for a month is it believed."""
    studio.configure(limits="history_days = 30")
    studio.drop("ann.jpg")
    studio.drop("bob.txt", "no picture")
    await studio.once()
    lines = studio.history("ann.jpg")
    studio.clock.set_by(4000 * DAY_S)
    with Journal(studio.state, clock=studio.clock) as journal:
        keeping = Housekeeping(journal, lambda: studio.config)
        await keeping.round()
        studio.wait(29 * DAY_S)
        await keeping.round()
        assert studio.history("ann.jpg") == lines
        studio.wait(2 * DAY_S)
        await keeping.round()
    assert len(studio.history("ann.jpg")) == 1  # the end of all history
