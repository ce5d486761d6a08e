"""Limits of the account: requests per second, and tasks that others have at the same time."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from pydantic import SecretStr

from hotfolder.service import Service
from hotfolder.simulator import RunningServer, Settings, in_thread
from tests.benchmarks.frame import Figures, Measured, benchmark, trial
from tests.benchmarks.pace import TASK_S, measure
from tests.studio import KEY, Studio, picture

PATIENCE_S = 240.0
EVERY_CALL = ("upload", "submit", "query", "download", "queue_status", "account", "cancel")


@benchmark("request-limit", unit="seconds", aim="at most 1.15 times")
def request_limit(*, short: bool) -> Measured:
    """50 pictures, tasks of 1 s, at most 10 requests of any kind a second."""
    del short
    return measure(Settings(task_s=TASK_S, requests_per_s=10, rate_calls=EVERY_CALL))


@benchmark("busy-limit", unit="seconds", aim="at most 1.06 times")
def busy_limit(*, short: bool) -> Measured:
    """50 pictures, tasks of 1 s, limit 3 that the service tells by HTTP 429 only."""
    del short
    return measure(Settings(task_s=TASK_S, concurrent_limit=3, hide_limit=True, limit_answer="429"))


@trial("two-daemons")
def two_daemons() -> Figures:
    """Two daemons on one account of limit 8, 60 pictures of 1 s each, the second 3 s later."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(task_s=TASK_S, concurrent_limit=8)
        with in_thread(settings) as server:
            return asyncio.run(_two(Path(folder), server))


async def _two(folder: Path, server: RunningServer) -> Figures:
    studios = [_studio(folder / name, server, first) for name, first in (("a", 0), ("b", 1000))]
    begun_s = time.monotonic()
    shares: list[tuple[int, int]] = []
    runs = [asyncio.create_task(_run(studios[0]))]
    await asyncio.sleep(3)
    runs.append(asyncio.create_task(_run(studios[1])))
    while not any(each.done() for each in runs):
        running = [each.states().get("running", 0) for each in studios]
        shares.append((running[0], running[1]))
        await asyncio.sleep(0.1)
    await asyncio.gather(*runs)
    ledger = server.simulator.ledger()
    half = shares[len(shares) // 2 :] or [(0, 0)]
    return {
        "pictures": 120,
        "done": sum(each.states().get("done", 0) for each in studios),
        "tasks paid": len(ledger.tasks),
        "seconds": round(time.monotonic() - begun_s, 1),
        "bound in seconds": 120 / 8 * TASK_S,
        "mean running of the first": round(sum(a for a, _ in half) / len(half), 1),
        "mean running of the second": round(sum(b for _, b in half) / len(half), 1),
        "rejected submits": len(ledger.rejected),
        "looks at the queue": ledger.requests["queue_status"],
    }


def _studio(folder: Path, server: RunningServer, first: int) -> Studio:
    folder.mkdir()
    studio = Studio(folder, server)
    for number in range(first, first + 60):
        studio.drop(f"p{number}.jpg", picture(number))
    return studio


async def _run(studio: Studio) -> None:
    service = Service(studio.config, SecretStr(KEY))
    await service.once(asyncio.Event(), timeout_s=PATIENCE_S)
