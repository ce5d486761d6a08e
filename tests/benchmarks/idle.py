"""What the daemon costs while nothing happens: CPU share and memory with 100,000 files."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from hotfolder.simulator import Settings, in_thread
from tests.benchmarks import scan
from tests.benchmarks.frame import Figures, benchmark
from tests.end_to_end.daemon import Daemon
from tests.studio import Studio

FOLDERS = 1000
BEGIN_S = 30.0
MEASURED_S = 120.0
TICKS = os.sysconf("SC_CLK_TCK")


@benchmark("idle-events")
def idle_events() -> Figures:
    """Measure idling with 100,000 files in 1,000 folders under events."""
    return _measure('detect = "events"')


@benchmark("idle-scan")
def idle_scan() -> Figures:
    """Measure the same with scanning every 60 s."""
    return _measure('detect = "scan"\nscan_interval = 60.0')


def _measure(watch: str) -> Figures:
    with tempfile.TemporaryDirectory() as folder, in_thread(Settings(task_s=0.0)) as server:
        studio = Studio(Path(folder), server)
        studio.configure(watch=watch)
        scan.make_tree(studio.input, FOLDERS)
        studio.state.mkdir()
        scan.fill_journal(studio.input, studio.state, FOLDERS, studio.config.watch[0].edits)
        with Daemon(studio) as daemon:
            time.sleep(BEGIN_S)
            before_s = _cpu_s(daemon.pid)
            time.sleep(MEASURED_S)
            share = (_cpu_s(daemon.pid) - before_s) / MEASURED_S
            memory_mb = _memory_mb(daemon.pid)
    return {
        "files": FOLDERS * scan.FILES_EACH,
        "CPU share, percent of a core": round(100 * share, 2),
        "memory, MB": round(memory_mb, 1),
    }


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _memory_mb(pid: int) -> float:
    return scan.memory_kb(pid, "VmRSS") / 1024
