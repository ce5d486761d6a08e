"""What it costs that a share comes back with other inode numbers."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from pathlib import Path

from hotfolder.simulator import Settings, in_thread
from tests.benchmarks.frame import Figures, benchmark
from tests.studio import Studio

PICTURES = 10_000
PATIENCE_S = 400.0


@benchmark("comeback")
def comeback() -> Figures:
    """10,000 accepted pictures come back with other inode numbers: seconds, and new jobs."""
    with tempfile.TemporaryDirectory() as folder, in_thread(Settings(task_s=0.0)) as server:
        studio = Studio(Path(folder), server)
        studio.simulator.update_settings(key_kind="consumer")  # no submit is accepted
        studio.configure(watch='detect = "scan"\nscan_interval = 2.0', limits="backlog = 0")
        for number in range(PICTURES):
            studio.drop(f"d{number % 100:02}/p{number:05}.jpg", number=number)
        first_s = asyncio.run(_follow(studio))
        before = len(studio.jobs())
        copy = studio.folder / "copy"
        shutil.copytree(studio.input, copy)
        shutil.rmtree(studio.input)
        copy.rename(studio.input)
        again_s = asyncio.run(_follow(studio))
        return {
            "pictures": PICTURES,
            "accepted at first, seconds": round(first_s, 1),
            "looked at again, seconds": round(again_s, 1),
            "jobs before": before,
            "jobs after": len(studio.jobs()),
            "paid tasks": len(studio.ledger().tasks),
        }


async def _follow(studio: Studio) -> float:
    """Run the daemon until everything it found was looked at; return the seconds."""
    began_s = time.monotonic()
    stop = asyncio.Event()
    service = studio.service()
    daemon = asyncio.create_task(service.run(stop))
    while time.monotonic() - began_s < PATIENCE_S:
        await asyncio.sleep(0.1)
        parts = service.parts
        if parts and parts.watches.intakes and all(each.quiet for each in parts.watches.intakes):
            break
    took_s = time.monotonic() - began_s
    stop.set()
    await daemon
    return took_s
