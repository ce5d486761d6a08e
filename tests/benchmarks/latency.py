"""How long a picture waits beside what it must wait for: settling, and the service's own time."""

from __future__ import annotations

import random
import statistics
import time
from pathlib import Path

from hotfolder.simulator import Settings
from tests.benchmarks.arena import arena, following, published_at
from tests.benchmarks.frame import Measured, benchmark
from tests.studio import Studio, picture

PICTURES, PICTURES_SHORT = 40, 5
TASK_S = 0.5
SETTLE_S = 1.0
APART_S = (0.2, 1.5)
PATIENCE_S = 60.0
SEED = 2026


@benchmark("latency", unit="seconds", aim="median 0.15 more than the bound, p95 0.4 more")
def latency(*, short: bool) -> Measured:
    """Single pictures dropped at random times, tasks of 0.5 s, ends found by queries."""
    return measure(callbacks=False, short=short)


@benchmark("latency-callbacks", unit="seconds", aim="median 0.05 more than the bound, p95 0.15")
def latency_callbacks(*, short: bool) -> Measured:
    """Single pictures dropped at random times, ends told by callbacks."""
    return measure(callbacks=True, short=short)


def measure(*, callbacks: bool, short: bool) -> Measured:
    """Drop pictures one by one beside a running daemon and return how long each took."""
    count = PICTURES_SHORT if short else PICTURES
    with arena(Settings(task_s=TASK_S)) as studio:
        studio.configure(callbacks=callbacks, watch=f"settle = {SETTLE_S}")
        with following(studio):
            dropped = _drop(studio, count)
            end_s = time.monotonic() + PATIENCE_S
            while studio.states() != {"done": count} and time.monotonic() < end_s:
                time.sleep(0.1)
        ends = published_at(studio)
    took = [ends[name] - at for name, at in dropped.items()]
    least = SETTLE_S + TASK_S
    return Measured(
        ours=statistics.median(took),
        bound=least,
        beside={
            "pictures": len(took),
            "median more, ms": 1000 * (statistics.median(took) - least),
            "p95 more, ms": 1000 * (statistics.quantiles(took, n=20)[-1] - least),
        },
    )


def _drop(studio: Studio, count: int) -> dict[str, float]:
    """Drop pictures whole at random times; return when each came, by its path."""
    chance = random.Random(SEED)  # noqa: S311  no secret
    dropped: dict[str, float] = {}
    for number in range(count):
        name = f"p{number:03}.jpg"
        beside = Path(studio.folder / name)
        beside.write_bytes(picture(number))
        time.sleep(chance.uniform(*APART_S))
        dropped[name] = time.time()
        beside.rename(studio.input / name)
    return dropped
