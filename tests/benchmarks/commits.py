"""How many transitions a second reach the disk, beside what SQLite itself gives."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from hotfolder.domain import events as ev
from hotfolder.domain.jobs import Job
from hotfolder.journal.journal import Journal
from hotfolder.journal.transitions import apply
from tests.benchmarks.frame import Measured, benchmark
from tests.benchmarks.slow_disk import slow_disk
from tests.builders import NOON, Desk, StandingClock

ROUNDS, ROUNDS_SHORT = 1000, 100
SLOW_ROUNDS, SLOW_ROUNDS_SHORT = 200, 20
AT_ONCE = 50
POSTPONED = ev.Postponed(until=NOON, reason="the benchmark waits", counts=False)


@benchmark("commits", unit="transitions a second", aim="at least 0.6 times")
def one_by_one(*, short: bool) -> Measured:
    """Transitions one after the other, against one row changed and one added by bare SQLite."""
    count = ROUNDS_SHORT if short else ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        with _jobs(Path(folder), 1) as (journal, jobs):
            ours_s = _transitions_s(journal, jobs[0], count)
        bound = count / _bare_s(Path(folder), count, 1)
    return Measured(ours=count / ours_s, bound=bound, beside={"transitions": count})


@benchmark("commits-slow-disk", unit="transitions a second", aim="at least 0.6 times, 2 fsyncs")
def on_slow_disk(*, short: bool) -> Measured:
    """Do the same on a disk on which each fsync takes 10 ms."""
    count = SLOW_ROUNDS_SHORT if short else SLOW_ROUNDS
    with slow_disk() as (folder, fsyncs):
        with _jobs(folder, 1) as (journal, jobs):
            before = fsyncs()
            ours_s = _transitions_s(journal, jobs[0], count)
            each = (fsyncs() - before) / count
        bound = count / _bare_s(folder, count, 1)
    return Measured(
        ours=count / ours_s,
        bound=bound,
        beside={"transitions": count, "fsyncs a transition": each},
    )


@benchmark("commits-load", unit="transitions a second", aim="at least 0.6 times")
def under_load(*, short: bool) -> Measured:
    """Transitions 50 at once, which share commits, against bare SQLite with 50 in a commit."""
    count = AT_ONCE * (ROUNDS_SHORT if short else ROUNDS) // 10
    with tempfile.TemporaryDirectory() as folder:
        with _jobs(Path(folder), AT_ONCE) as (journal, jobs):
            begun_s = time.monotonic()
            asyncio.run(_all(journal, jobs, count // AT_ONCE))
            ours_s = time.monotonic() - begun_s
        bound = count / _bare_s(Path(folder), count, AT_ONCE)
    return Measured(ours=count / ours_s, bound=bound, beside={"transitions": count})


@contextmanager
def _jobs(folder: Path, count: int) -> Iterator[tuple[Journal, list[Job]]]:
    clock = StandingClock()
    with Journal(folder, clock=clock) as journal:
        desk = Desk(journal, clock)
        yield journal, [desk.accept(f"p{n}.jpg", content=str(n)) for n in range(count)]


def _transitions_s(journal: Journal, job: Job, count: int) -> float:
    """Return the seconds of so many transitions of a job, one after the other."""
    begun_s = time.monotonic()
    for _ in range(count):
        journal.run_blocking(apply, job.id, POSTPONED)
    return time.monotonic() - begun_s


async def _all(journal: Journal, jobs: list[Job], rounds: int) -> None:
    async def one(job: Job) -> None:
        for _ in range(rounds):
            await journal.run(apply, job.id, POSTPONED)

    await asyncio.gather(*map(one, jobs))


def _bare_s(folder: Path, count: int, together: int) -> float:
    """Return the seconds of as many changes by SQLite alone, so many in each commit."""
    with closing(sqlite3.connect(folder / "bare.sqlite", isolation_level=None)) as bare:
        bare.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
            "CREATE TABLE job (id INTEGER PRIMARY KEY, state TEXT, due INTEGER) STRICT;"
            "CREATE TABLE event (id INTEGER PRIMARY KEY, job INTEGER, told TEXT) STRICT;"
            "INSERT INTO job VALUES (1, 'accepted', 0);"
        )
        begun_s = time.monotonic()
        for number in range(count):
            if number % together == 0:
                bare.execute("BEGIN IMMEDIATE")
            bare.execute("UPDATE job SET due = ? WHERE id = 1 AND state = 'accepted'", (number,))
            bare.execute("INSERT INTO event (job, told) VALUES (1, ?)", (f"waits {number}",))
            if number % together == together - 1:
                bare.execute("COMMIT")
        return time.monotonic() - begun_s
