"""The same with the journal in PostgreSQL: a server of its own here, whose disk counts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hotfolder.simulator import Settings
from tests.benchmarks import overhead, pace
from tests.benchmarks.frame import Measured, benchmark
from tests.cluster import Cluster


@benchmark("waves-postgresql", unit="seconds", aim="as waves, within the spread")
def waves(*, short: bool) -> Measured:
    """50 pictures, tasks of 1 s, limit 8, with the journal in PostgreSQL."""
    del short
    with database() as url:
        return pace.measure(Settings(task_s=pace.TASK_S, concurrent_limit=8), journal=url)


@benchmark("overhead-postgresql", unit="pictures a second", aim="said, not promised")
def overhead_there(*, short: bool) -> Measured:
    """Small pictures, a service without latency, with the journal in PostgreSQL."""
    with database() as url:
        return overhead.measure(overhead.SMALL_SHORT if short else overhead.SMALL, journal=url)


@contextmanager
def database() -> Iterator[str]:
    """Give an empty database of a server that keeps what it commits."""
    cluster = Cluster("")
    try:
        yield cluster.database()
    finally:
        cluster.end()
