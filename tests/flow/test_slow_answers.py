"""A service that drips keeps its own jobs waiting, says so, and stops no others."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from hotfolder.pipeline.runner import QUERIES_AT_ONCE, UPLOADS_AT_ONCE
from hotfolder.runninghub.patience import Patience
from hotfolder.simulator import Fault

if TYPE_CHECKING:
    from tests.studio import Studio

DRIP_S = 0.3
HEALTHY = 6


def drop_many(studio: Studio, name: str, count: int, first: int) -> list[str]:
    """Put pictures whose prompt is their name, and return what stands for their contents."""
    hashes = []
    for number in range(first, first + count):
        path = studio.drop(f"{name}{number:02}.jpg", number=number)
        studio.drop(f"{name}{number:02}.txt", f"Make it {name}")
        hashes.append(hashlib.sha256(path.read_bytes()).hexdigest())
    return hashes


@pytest.mark.parametrize("call", ["query", "upload", "download"])
async def test_healthy_jobs_go_on_beside_slow_answers(studio: Studio, call: str) -> None:
    """Though as many answers drip as there are places, the others are done and a person is told."""
    studio.edge(patience=Patience(call_s=1.0, stall_s=1.0))
    places = QUERIES_AT_ONCE if call == "query" else UPLOADS_AT_ONCE
    for each in drop_many(studio, "slow", places, first=0):
        named = each[:32] if call == "upload" else "slow"
        studio.fault(Fault(call=call, kind="drip", seconds=DRIP_S, contains=named))  # type: ignore[arg-type]
    drop_many(studio, "fair", HEALTHY, first=50)
    async with studio.running():
        await studio.until(lambda: studio.states().get("done") == HEALTHY, "the others are done")
        await studio.until(lambda: "too_slow" in studio.told(), "it is told")
        studio.simulator.clear_faults()
        await studio.until_states(done=places + HEALTHY)
    assert len(studio.ledger().tasks) == places + HEALTHY
