"""What the daemon costs while nothing happens: CPU share and memory with 100,000 files."""

from __future__ import annotations

import os
import time
from pathlib import Path

from hotfolder.simulator import Settings
from tests.benchmarks import scan
from tests.benchmarks.arena import arena, memory_kb
from tests.benchmarks.frame import Measured, benchmark
from tests.end_to_end.daemon import Daemon
from tests.studio import free_port

FOLDERS = 1000
BEGIN_S = 30.0
MEASURED_S = 120.0
SHORT = 10, 4.0, 4.0
TICKS = os.sysconf("SC_CLK_TCK")


@benchmark("idle", unit="percent of a core", aim="under 0.1 %, under 80 MB with the page")
def idle_events(*, short: bool) -> Measured:
    """100,000 files in 1,000 folders under events, nothing happens, the page is open."""
    return _measure('detect = "events"', short=short)


@benchmark("idle-scan", unit="percent of a core", aim="as little as a scan a minute takes")
def idle_scan(*, short: bool) -> Measured:
    """Follow the same 100,000 files by scanning every 60 s."""
    return _measure('detect = "scan"\nscan_interval = 60.0', short=short)


def _measure(watch: str, *, short: bool) -> Measured:
    folders, begin_s, measured_s = SHORT if short else (FOLDERS, BEGIN_S, MEASURED_S)
    with arena(Settings(task_s=0.0)) as studio:
        studio.configure(watch=watch, web=f'listen = "127.0.0.1:{free_port()}"')
        scan.make_tree(studio.input, folders)
        studio.state.mkdir()
        scan.fill_journal(studio.input, studio.state, folders, studio.config.watch[0].edits)
        with Daemon(studio) as daemon:
            time.sleep(begin_s)
            before_s = _cpu_s(daemon.pid)
            time.sleep(measured_s)
            share = (_cpu_s(daemon.pid) - before_s) / measured_s
            memory_mb = memory_kb(daemon.pid, "VmRSS") / 1024
    return Measured(
        ours=100 * share,
        beside={"files": folders * scan.FILES_EACH, "memory, MB": memory_mb},
    )


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
