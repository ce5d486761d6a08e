"""Thousands of pictures of one watch, dropped at once and edited to the end.

    python -m tests.end_to_end.many [FILES]

The daemon is the real program in a process of its own. What is printed are figures; what must hold
whatever their size is in `Ended.faults`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PIL import Image

from hotfolder.domain.errors import JournalUnavailable
from hotfolder.domain.states import State
from hotfolder.journal import holds, reading
from hotfolder.simulator import Settings, in_thread
from tests.end_to_end.daemon import Daemon
from tests.studio import Studio, picture

if TYPE_CHECKING:
    from hotfolder.journal.holds import Hold
    from hotfolder.simulator import RunningServer

FILES: Final = 50_000
MOST_FILES: Final = 65_536  # as many small pictures differ from one another
IN_A_FOLDER: Final = 100
AT_ONCE: Final = 200
LIMITS: Final = "backlog = 0\ncalls_per_second = 200"  # so that the machine is the limit
TASK_S: Final = 1.0
LEAST_A_SECOND: Final = 1.0  # slower than that is stuck
LOOK_S: Final = 1.0
SLOWEST_START_S: Final = 30.0
ON_THE_WAY: Final = (State.SUBMITTING, State.RUNNING, State.FINISHED, State.FETCHED)
WALLET: Final = Decimal(10_000)  # enough for all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What came of it: how many files were done, and by how many tasks; MB are the daemon's most.

    `held` are the codes of the holds that it ended with; `faults` says what must never be, each
    with how often it was.
    """

    files: int
    done: int
    tasks: int
    seconds: float
    cpu_s: float
    most_mb: float
    journal_mb: float
    held: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)


async def edit(folder: Path, server: RunningServer, files: int) -> Ended:
    """Drop so many files, let them all be edited, and return what came of it."""
    studio = Studio(folder, server)
    studio.configure(limits=LIMITS)
    for number in range(files):
        studio.drop(name(number), picture(number, "PNG", side=8))
    began_s = time.monotonic()
    with Daemon(studio) as daemon:
        await daemon.holds_the_journal()
        await _ended_or_stuck(studio, daemon, files, began_s)
        seconds = time.monotonic() - began_s
        cpu_s, most_mb = _cpu_s(daemon.pid), _most_mb(daemon.pid)
    return Ended(
        files=files,
        done=_done(studio),
        tasks=len(studio.ledger().tasks),
        seconds=round(seconds, 1),
        cpu_s=round(cpu_s, 1),
        most_mb=round(most_mb, 1),
        held=_held(studio),
        journal_mb=round((studio.state / "journal.db").stat().st_size / 1e6, 1),
        faults=_faults(studio, files),
    )


async def _ended_or_stuck(studio: Studio, daemon: Daemon, files: int, began_s: float) -> None:
    """Wait until all is done, or nothing more can be expected."""
    while _done(studio) < files and not _is_stuck(studio):
        assert not daemon.over, daemon.log.read_text()[-4000:]
        if time.monotonic() - began_s > files / LEAST_A_SECOND + SLOWEST_START_S:
            return
        await asyncio.sleep(LOOK_S)


def name(number: int) -> str:
    """Return the path of a file below the input folder."""
    return f"{number // IN_A_FOLDER:03}/{number:05}.png"


def _faults(studio: Studio, files: int) -> Counter[str]:
    paid = Counter(task.input_sha256 for task in studio.ledger().tasks)
    outputs = set(studio.outputs())
    wanted = {name(number) for number in range(files)}
    return +Counter(
        {
            "paid twice": sum(times - 1 for times in paid.values()),
            "missing": len(wanted - outputs),
            "left over": len({each for each in outputs if each not in wanted}),
            "half-done": sum(not _is_whole(studio.output / each) for each in wanted & outputs),
            "left in the spool": sum(1 for _ in (studio.state / "spool").iterdir()),
        }
    )


def _is_whole(path: Path) -> bool:
    try:
        with Image.open(path) as image:
            image.load()
    except OSError:
        return False
    return True


def _done(studio: Studio) -> int:
    return _counts(studio)[State.DONE]


def _is_stuck(studio: Studio) -> bool:
    """Whether something is held, and nothing that is paid for is still on its way."""
    if not _held(studio):
        return False
    counts = _counts(studio)
    return not any(counts[each] for each in ON_THE_WAY)


def _counts(studio: Studio) -> dict[State, int]:
    try:
        counts: dict[State, int] = studio.read(reading.state_counts)
    except (FileNotFoundError, JournalUnavailable):  # just being made
        return dict.fromkeys(State, 0)
    return counts


def _held(studio: Studio) -> list[str]:
    try:
        found: list[Hold] = studio.read(holds.holds)
    except (FileNotFoundError, JournalUnavailable):  # just being made
        return []
    return [each.failure.code for each in found]


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _most_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (most,) = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return int(most) / 1024


def settings() -> Settings:
    """Return how the service behaves."""
    return Settings(task_s=TASK_S, concurrent_limit=AT_ONCE, balance=WALLET)


def main(arguments: list[str]) -> int:
    """Edit so many files and print the figures; return 1 if anything is as it must never be."""
    files = min(int(arguments[0]), MOST_FILES) if arguments else FILES
    with tempfile.TemporaryDirectory() as folder, in_thread(settings()) as server:
        ended = asyncio.run(edit(Path(folder), server, files))
    print(ended)  # noqa: T201  the figures
    return int(bool(ended.faults) or ended.done < files)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
