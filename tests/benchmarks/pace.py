"""How near to what the service allows: seconds, queries and refused submits for a shoot.

The clock runs from the first submit that the service accepted to the last publishing that the
journal knows. The bound is what the service itself takes: full waves of tasks, one after the
other.
"""

from __future__ import annotations

import asyncio
import math
import tempfile
from pathlib import Path

from pydantic import SecretStr

from hotfolder.journal import reading
from hotfolder.service import Service
from hotfolder.simulator import Settings, in_thread
from tests.benchmarks.frame import Figures, benchmark
from tests.studio import KEY, Studio

PICTURES = 50
TASK_S = 1.0
PATIENCE_S = 120.0


@benchmark("waves")
def waves() -> Figures:
    """50 pictures, tasks of 1 s, limit 8 told by the service."""
    return measure(Settings(task_s=TASK_S, concurrent_limit=8))


@benchmark("hidden-limit")
def hidden_limit() -> Figures:
    """50 pictures, tasks of 1 s, limit 3 that the service does not tell."""
    return measure(Settings(task_s=TASK_S, concurrent_limit=3, hide_limit=True))


def measure(settings: Settings) -> Figures:
    """Edit a shoot with the daemon's own schedule and clock, and return the figures."""
    with tempfile.TemporaryDirectory() as folder, in_thread(settings) as server:
        studio = Studio(Path(folder), server)
        studio.drop_many(PICTURES)
        service = Service(studio.config, SecretStr(KEY))
        asyncio.run(_once(service))
        return _figures(studio, settings)


async def _once(service: Service) -> None:
    await service.once(asyncio.Event(), timeout_s=PATIENCE_S)


def _figures(studio: Studio, settings: Settings) -> Figures:
    ledger = studio.ledger()
    first_s = min(task.accepted_at for task in ledger.tasks)
    published = [
        result.published_at.timestamp()
        for job in studio.read(reading.jobs)
        for result in job.results
        if result.published_at is not None
    ]
    seconds = max(published) - first_s
    bound = math.ceil(PICTURES / settings.concurrent_limit) * settings.task_s
    return {
        "pictures": PICTURES,
        "published": len(published),
        "tasks paid": len(ledger.tasks),
        "seconds": round(seconds, 2),
        "bound in seconds": bound,
        "times the bound": round(seconds / bound, 3),
        "queries per task": round(ledger.requests["query"] / len(ledger.tasks), 2),
        "rejected submits": len(ledger.rejected),
    }
