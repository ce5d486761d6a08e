"""What it costs that a share comes back with other inode numbers, and that a folder is moved."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from pathlib import Path

from hotfolder.domain.states import State
from hotfolder.journal import reading
from hotfolder.journal.session import Session
from hotfolder.journal.transitions import apply
from hotfolder.simulator import Settings, in_thread
from tests.benchmarks.frame import Figures, trial
from tests.builders import WAY_TO
from tests.studio import Studio

PICTURES = 10_000
PATIENCE_S = 400.0


@trial("comeback")
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


@trial("moved-folder")
def moved_folder() -> Figures:
    """10,000 finished pictures are moved with their folder: seconds, and new or paid jobs."""
    with tempfile.TemporaryDirectory() as folder, in_thread(Settings(task_s=0.0)) as server:
        studio = Studio(Path(folder), server)
        studio.simulator.update_settings(key_kind="consumer")
        studio.configure(watch='detect = "scan"\nscan_interval = 2.0', limits="backlog = 0")
        for number in range(PICTURES):
            studio.drop(f"shoot/d{number % 100:02}/p{number:05}.jpg", number=number)
        asyncio.run(_follow(studio))
        with studio.journal() as journal:
            journal.run_blocking(_finish_all)
        studio.simulator.update_settings(key_kind="enterprise")  # now whatever is new is paid
        (studio.input / "shoot").rename(studio.input / "renamed")
        moved_s = asyncio.run(_follow(studio))
        jobs = studio.jobs()
        return {
            "pictures": PICTURES,
            "taken along, seconds": round(moved_s, 1),
            "jobs": len(jobs),
            "of these done": studio.states().get("done", 0),
            "at the new place": sum(each["source"].startswith("renamed/") for each in jobs),
            "paid tasks": len(studio.ledger().tasks),
        }


def _finish_all(session: Session) -> None:
    """Bring every job to its end, as if the edits had been made."""
    listed = reading.jobs(session)
    for job in listed:
        done = WAY_TO[State.DONE]()
        for event in done[1:] if job.state is State.UPLOADED else done:
            apply(session, job.id, event)


async def _follow(studio: Studio) -> float:
    """Run the daemon until everything it found was looked at; return the seconds."""
    began_s = time.monotonic()
    stop = asyncio.Event()
    service = studio.service()
    daemon = asyncio.create_task(service.run(stop))
    while time.monotonic() - began_s < PATIENCE_S:
        await asyncio.sleep(0.1)
        parts = service.parts
        if parts and parts.watches.watchers and all(each.quiet for each in parts.watches.watchers):
            break
    took_s = time.monotonic() - began_s
    stop.set()
    await daemon
    return took_s
