"""Whether a long history makes the program slower."""

from __future__ import annotations

from tests.benchmarks.arena import MEGABYTE, arena
from tests.benchmarks.frame import Measured, benchmark
from tests.benchmarks.history import EVENTS_OF_A_JOB, put_history
from tests.benchmarks.overhead import INSTANT, ours

PICTURES, PICTURES_SHORT = 500, 100
FEW = 1000
MORE, MORE_SHORT = 100_000, 3500
MANY, MANY_SHORT = 1_000_000, 7000


@benchmark("growth", unit="CPU ms a picture", aim="at most 1.15 times")
def growth(*, short: bool) -> Measured:
    """Edit a shoot beside 1,000,000 rows of history, against the same beside 1,000."""
    count = PICTURES_SHORT if short else PICTURES
    with_few, _ = _beside(FEW, count)
    with_more, _ = _beside(MORE_SHORT if short else MORE, count)
    with_many, size = _beside(MANY_SHORT if short else MANY, count)
    return Measured(
        ours=with_many,
        bound=with_few,
        beside={
            "pictures": count,
            "beside 100,000, times the bound": with_more / with_few,
            "MB of the journal": size,
        },
    )


def _beside(rows: int, count: int) -> tuple[float, float]:
    """Return the CPU of a picture in ms, and the MB of the journal before."""
    with arena(INSTANT) as studio:
        before = rows // EVENTS_OF_A_JOB
        size = put_history(studio, done=before)
        studio.drop_many(count)
        took, _ = ours(studio, count, before=before)
        return 1000 * took.cpu_s / count, size / MEGABYTE
