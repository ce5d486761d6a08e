"""500 tasks at once at the service: what watching them costs, and how soon their ends are seen.

The daemon is the real program in a process of its own, which knows nothing of how long the tasks
take. The clock runs from each task's end, as the service knows it, to its publishing.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from hotfolder.journal import reading
from hotfolder.simulator import Settings
from tests.benchmarks.arena import arena
from tests.benchmarks.frame import Measured, benchmark
from tests.end_to_end.daemon import Daemon
from tests.studio import Studio

TASKS = 500
TASK_S = 60.0
TASKS_SHORT, TASK_SHORT_S = 50, 5.0
PATIENCE_S = 400.0
LOOK_S = 0.5


@benchmark("many-running", unit="seconds from end to publishing, p95", aim="under 10 s")
def running(*, short: bool) -> Measured:
    """500 tasks of 60 s at once, watched by queries alone."""
    return measure(callbacks=False, short=short)


@benchmark("many-running-callbacks", unit="seconds from end to publishing, p95", aim="under 2 s")
def running_callbacks(*, short: bool) -> Measured:
    """500 tasks of 60 s at once, their ends told by callbacks."""
    return measure(callbacks=True, short=short)


def measure(*, callbacks: bool, short: bool) -> Measured:
    """Edit many pictures at once and return what it took; each task ends in its own time."""
    count, task_s = (TASKS_SHORT, TASK_SHORT_S) if short else (TASKS, TASK_S)
    with arena(Settings(task_s=task_s, concurrent_limit=count)) as studio:
        studio.configure(callbacks=callbacks, limits="backlog = 0")
        studio.drop_many(count)
        with Daemon(studio) as daemon:
            return _watch(studio, daemon.pid, count)


def _watch(studio: Studio, pid: int, count: int) -> Measured:
    end_s = time.monotonic() + PATIENCE_S
    _until(lambda: len(studio.ledger().tasks) == count, end_s)
    queries, cpu_s, at_s = _queries(studio), _cpu_s(pid), time.monotonic()
    _until(lambda: any(task.ended_at is not None for task in studio.ledger().tasks), end_s)
    waited_s = time.monotonic() - at_s
    waiting = _queries(studio) - queries, _cpu_s(pid) - cpu_s
    _until(lambda: studio.states() == {"done": count}, end_s)
    delays = _delays(studio)
    return Measured(
        ours=statistics.quantiles(delays, n=20)[-1],
        beside={
            "done": studio.states().get("done", 0),
            "queries a second while all ran": waiting[0] / waited_s,
            "CPU then, percent of a core": 100 * waiting[1] / waited_s,
            "queries a task": _queries(studio) / count,
            "CPU seconds in all": _cpu_s(pid),
            "median, s": statistics.median(delays),
            "longest, s": max(delays),
            "rejected submits": len(studio.ledger().rejected),
        },
    )


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
