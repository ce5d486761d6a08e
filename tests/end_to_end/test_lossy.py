"""The real daemon behind a line that loses every fifth packet, and is cut in the middle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotfolder.simulator import Settings, in_thread
from tests.end_to_end.daemon import Daemon
from tests.lossy import HERE, lossy_line
from tests.studio import Studio

if TYPE_CHECKING:
    from pathlib import Path

PICTURES = 10
LIMIT_S = 420.0


@pytest.mark.long
async def test_a_bad_line_costs_time_and_nothing_else(tmp_path: Path) -> None:
    """20 % loss, 200 ms and a cut: ten pictures, none paid twice, none lost."""
    with (
        lossy_line(loss=0.2, delay_s=0.2, seed=7) as line,
        in_thread(Settings(task_s=1.0), host=HERE) as server,
    ):
        studio = Studio(tmp_path, server)
        studio.drop_many(PICTURES)
        with Daemon(studio, *line.within) as daemon:
            await studio.until(lambda: studio.states().get("done", 0) >= 3, "some done", LIMIT_S)
            line.is_cut = True
            await studio.until(lambda: "Timeout" in daemon.log.read_text(), "the cut", LIMIT_S)
            line.is_cut = False
            await studio.until(lambda: settled(studio) == PICTURES, "the others are", LIMIT_S)
        states, ledger = studio.states(), studio.ledger()
    assert ledger.paid_twice() == ()
    assert len(ledger.tasks) <= PICTURES
    assert len(studio.outputs()) == states["done"]
    assert line.lost > line.passed / 20


def settled(studio: Studio) -> int:
    """Return how many jobs are done, or wait for a person."""
    return sum(studio.states().get(state, 0) for state in ("done", "in_doubt"))
