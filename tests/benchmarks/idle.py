"""What the daemon costs while nothing happens: CPU share and memory with 100,000 files."""

from __future__ import annotations

import time

from hotfolder.simulator import Settings
from tests.benchmarks import scan
from tests.benchmarks.arena import LOOK_S, PATIENCE_S, arena, cpu_s, following, memory_kb
from tests.benchmarks.frame import Measured, benchmark
from tests.end_to_end.daemon import Daemon
from tests.studio import free_port

FOLDERS = 1000
BEGIN_S = 30.0
MEASURED_S = 120.0
SHORT = 10, 4.0, 4.0
POLLED = 50


@benchmark("idle", unit="percent of a core", aim="under 0.1 %, under 80 MB with the page")
def idle_events(*, short: bool) -> Measured:
    """100,000 files in 1,000 folders under events, nothing happens, the page is open."""
    return _measure('detect = "events"', short=short)


@benchmark("idle-scan", unit="percent of a core", aim="as little as a scan a minute takes")
def idle_scan(*, short: bool) -> Measured:
    """Follow the same 100,000 files by scanning every 60 s."""
    return _measure('detect = "scan"\nscan_interval = 60.0', short=short)


@benchmark("idle-polling", unit="percent of a core", aim="under 1 %")
def idle_polling(*, short: bool) -> Measured:
    """Wait for 50 tasks that go on for long, asking for them."""
    _, begin_s, measured_s = SHORT if short else (0, BEGIN_S, MEASURED_S)
    with arena(Settings(task_s=PATIENCE_S, concurrent_limit=POLLED)) as studio:
        studio.drop_many(POLLED)
        with Daemon(studio) as daemon:
            end_s = time.monotonic() + PATIENCE_S
            while len(studio.ledger().tasks) < POLLED and time.monotonic() < end_s:
                time.sleep(LOOK_S)
            time.sleep(begin_s)
            queries = studio.ledger().requests["query"]
            share = _share(daemon.pid, measured_s)
            queries = studio.ledger().requests["query"] - queries
    return Measured(
        ours=100 * share,
        beside={"tasks": POLLED, "queries a second": queries / measured_s},
    )


def _measure(watch: str, *, short: bool) -> Measured:
    folders, begin_s, measured_s = SHORT if short else (FOLDERS, BEGIN_S, MEASURED_S)
    with arena(Settings(task_s=0.0)) as studio:
        studio.configure(watch=watch, web=f'listen = "127.0.0.1:{free_port()}"')
        scan.make_tree(studio.input, folders)
        studio.state.mkdir()
        scan.fill_journal(studio.input, studio.state, folders, studio.config.watch[0].edits)
        with following(studio) as daemon:
            time.sleep(begin_s)
            share = _share(daemon.pid, measured_s)
            memory_mb = memory_kb(daemon.pid, "VmRSS") / 1024
    return Measured(
        ours=100 * share,
        beside={"files": folders * scan.FILES_EACH, "memory, MB": memory_mb},
    )


def _share(pid: int, measured_s: float) -> float:
    """Return which share of a processor a process takes in the next seconds."""
    before_s = cpu_s(pid)
    time.sleep(measured_s)
    return (cpu_s(pid) - before_s) / measured_s
