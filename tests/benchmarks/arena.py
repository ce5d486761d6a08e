"""Where benchmarks run: the simulator in this process, what is measured in another."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from resource import struct_rusage

from hotfolder.journal import reading
from hotfolder.simulator import Settings, in_thread
from tests.end_to_end.daemon import Daemon
from tests.studio import KEY, Studio

MEGABYTE = 1024 * 1024
LOOK_S = 0.05
PATIENCE_S = 900.0
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What a process took: seconds on the wall and on processors, and its memory at most."""

    wall_s: float
    cpu_s: float
    peak_mb: float


@contextmanager
def arena(settings: Settings, journal: str = "", limits: str = "") -> Iterator[Studio]:
    """Open a studio in a new folder; its service is simulated in a thread of this process.

    `journal` is the url of a database, "" = the journal is a file; `limits` are further lines.
    """
    with tempfile.TemporaryDirectory() as folder, in_thread(settings) as server:
        studio = Studio(Path(folder), server)
        studio.configure(limits=f"backlog = 0\n{limits}", journal=journal)
        yield studio


def once(studio: Studio) -> Spent:
    """Run `hotfolder once` over a studio to its end."""
    config = studio.folder / "config.toml"
    return spent("-m", "hotfolder", "once", "-c", str(config), "--log-level", "error")


def spent(*arguments: str) -> Spent:
    """Run Python with arguments and return what it took.

    CPU is that of the process with its workers, memory its own. Raises RuntimeError where it fails.
    """
    begun_s = time.monotonic()
    command = [sys.executable, *arguments]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, env=os.environ | {"RH_API_KEY": KEY}, stdout=output, stderr=output
        )
        peak_kb, used = 0, None
        while used is None:
            peak_kb = max(peak_kb, memory_kb(process.pid, "VmHWM"))
            used = _used_by(process.pid, begun_s)
        process.returncode = os.waitstatus_to_exitcode(used[0])
        if process.returncode:
            output.seek(0)
            told = output.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"{arguments} ended with {process.returncode}: {told}")
    return Spent(
        wall_s=time.monotonic() - begun_s,
        cpu_s=used[1].ru_utime + used[1].ru_stime,
        peak_mb=peak_kb / 1024,
    )


def memory_kb(pid: int, kind: str) -> int:
    """Return how much memory a process has (VmRSS), or had at most (VmHWM); 0 = it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    told = status.partition(f"{kind}:")[2].split()
    return int(told[0]) if told else 0


def cpu_s(pid: int) -> float:
    """Return the seconds that a process took of processors so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def published_at(studio: Studio) -> dict[str, float]:
    """Return when the first result of each source was published, by the source's path."""
    found: dict[str, float] = {}
    for job in studio.read(reading.jobs):
        times = [each.published_at for each in job.results if each.published_at is not None]
        if times:
            found[job.source] = min(times).timestamp()
    return found


def worked_s(studio: Studio) -> float:
    """Return the seconds from the first source accepted of its watch to the last publishing."""
    listed = [job for job in studio.read(reading.jobs) if job.input_root == str(studio.input)]
    begun: float = min(job.accepted_at.timestamp() for job in listed)
    return max(published_at(studio).values()) - begun


def _used_by(pid: int, begun_s: float) -> tuple[int, struct_rusage] | None:
    """Return a process's status and use once it has ended, None after a moment else."""
    ended, status, used = os.wait4(pid, os.WNOHANG)
    if ended:
        return status, used
    if time.monotonic() - begun_s > PATIENCE_S:
        raise TimeoutError(f"process {pid} does not end")
    time.sleep(LOOK_S)
    return None


@contextmanager
def following(studio: Studio) -> Iterator[Daemon]:
    """Run the daemon while the block runs; it follows its folders when the block begins."""
    with Daemon(studio) as daemon:
        end_s = time.monotonic() + PATIENCE_S
        while not _follows(studio) and time.monotonic() < end_s:
            time.sleep(LOOK_S)
        yield daemon


def _follows(studio: Studio) -> bool:
    try:
        watches = studio.status()["watches"]
    except FileNotFoundError:  # the daemon has not laid its journal out yet
        return False
    return bool(watches) and all(each["online"] for each in watches)
