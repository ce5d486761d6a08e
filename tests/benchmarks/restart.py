"""How soon a daemon with a long history and much under way goes on after it was stopped."""

from __future__ import annotations

import time

from hotfolder.simulator import Settings
from tests.benchmarks.arena import LOOK_S, MEGABYTE, PATIENCE_S, arena, cpu_s, spent
from tests.benchmarks.frame import Measured, benchmark
from tests.benchmarks.history import put_history
from tests.end_to_end.daemon import Daemon

OLD, OLD_SHORT = 1_000_000, 10_000
OPEN, OPEN_SHORT = 100_000, 1000
OPENING = (
    "import sys, pathlib; from hotfolder.journal.journal import Journal; "
    "Journal(pathlib.Path(sys.argv[1])).close()"
)


@benchmark("restart", unit="seconds to the first request", aim="under 2 s")
def restart(*, short: bool) -> Measured:
    """100,000 jobs under way and 1,000,000 old ones, against opening their journal alone."""
    with arena(Settings()) as studio:
        size = put_history(
            studio, done=OLD_SHORT if short else OLD, running=OPEN_SHORT if short else OPEN
        )
        bare = spent("-c", OPENING, str(studio.state))
        begun_s = time.monotonic()
        with Daemon(studio) as daemon:
            while not studio.ledger().requests and time.monotonic() < begun_s + PATIENCE_S:
                time.sleep(LOOK_S / 5)
            took_s, took_cpu_s = time.monotonic() - begun_s, cpu_s(daemon.pid)
    return Measured(
        ours=took_s,
        bound=bare.wall_s,
        beside={
            "CPU seconds": took_cpu_s,
            "opening, CPU seconds": bare.cpu_s,
            "MB of the journal": size / MEGABYTE,
        },
    )
