"""500 tasks at once at the service: what watching them costs, and how soon their ends are seen.

The daemon is the real program in a process of its own, which knows nothing of how long the tasks
take. The clock runs from each task's end, as the service knows it, to its publishing.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from hotfolder.journal import reading
from hotfolder.simulator import Settings, in_thread
from tests.benchmarks.frame import Figures, benchmark
from tests.studio import KEY, Studio

TASKS = 500
TASK_S = 60.0
PATIENCE_S = 400.0
LOOK_S = 0.5


@benchmark("running-500")
def running() -> Figures:
    """500 tasks of 60 s at once, watched by queries alone."""
    return measure(callbacks=False)


@benchmark("running-500-callbacks")
def running_callbacks() -> Figures:
    """500 tasks of 60 s at once, their ends told by callbacks."""
    return measure(callbacks=True)


def measure(*, callbacks: bool) -> Figures:
    """Edit 500 pictures at once and return what it took."""
    settings = Settings(task_s=TASK_S, concurrent_limit=TASKS)
    with tempfile.TemporaryDirectory() as folder, in_thread(settings) as server:
        studio = Studio(Path(folder), server)
        studio.configure(callbacks=callbacks, limits="backlog = 0")
        studio.drop_many(TASKS)
        with _daemon(studio) as daemon:
            try:
                return _watch(studio, daemon.pid)
            finally:
                daemon.terminate()


def _daemon(studio: Studio) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "hotfolder", "run", "-c", str(studio.folder / "config.toml")]
    return subprocess.Popen(
        [*command, "--log-level", "error"], env={**os.environ, "RH_API_KEY": KEY}
    )


def _watch(studio: Studio, pid: int) -> Figures:
    end_s = time.monotonic() + PATIENCE_S
    _until(lambda: len(studio.ledger().tasks) == TASKS, end_s)
    queries, cpu_s, at_s = _queries(studio), _cpu_s(pid), time.monotonic()
    _until(lambda: any(task.ended_at is not None for task in studio.ledger().tasks), end_s)
    waited_s = time.monotonic() - at_s
    waiting = _queries(studio) - queries, _cpu_s(pid) - cpu_s
    _until(lambda: studio.states() == {"done": TASKS}, end_s)
    delays = _delays(studio)
    return {
        "done": studio.states().get("done", 0),
        "seconds watched while all ran": round(waited_s, 1),
        "queries per second then": round(waiting[0] / waited_s, 1),
        "CPU then, share of one core": round(waiting[1] / waited_s, 2),
        "queries per task in all": round(_queries(studio) / TASKS, 1),
        "CPU seconds in all": round(_cpu_s(pid), 1),
        "end to publishing, median s": round(statistics.median(delays), 2),
        "95 of 100 within s": round(statistics.quantiles(delays, n=20)[-1], 2),
        "longest s": round(max(delays), 2),
        "rejected submits": len(studio.ledger().rejected),
    }


def _until(condition: Callable[[], bool], end_s: float) -> None:
    while not condition() and time.monotonic() < end_s:
        time.sleep(LOOK_S)


def _queries(studio: Studio) -> int:
    return studio.ledger().requests.get("query", 0)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _delays(studio: Studio) -> list[float]:
    ended_at = {task.task_id: task.ended_at for task in studio.ledger().tasks}
    found = []
    for job in studio.read(reading.jobs):
        task_end = ended_at.get(job.submit.task_id) if job.submit else None
        published = [each.published_at for each in job.results if each.published_at is not None]
        if task_end is not None and published:
            found.append(max(published).timestamp() - task_end)
    return found
