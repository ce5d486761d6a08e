"""What the program costs beside the service: against a bare loop with the same four requests."""

from __future__ import annotations

from hotfolder.simulator import Settings
from hotfolder.simulator.edit import padded
from tests.benchmarks.arena import MEGABYTE, Spent, arena, once, spent, worked_s
from tests.benchmarks.frame import Measured, benchmark
from tests.studio import Studio, picture

AT_ONCE = 50
SMALL, SMALL_SHORT = 2000, 200
LARGE, LARGE_SHORT = 200, 20
LARGE_BYTES = 10 * 10**6
RESULT_BYTES = 5 * 10**6
INSTANT = Settings(task_s=0.0, concurrent_limit=AT_ONCE)
# The bare loop keeps to no pace either: what is measured is the work.
UNPACED = "calls_per_second = 1000"


@benchmark("overhead", unit="pictures a second", aim="at least 0.8 times")
def overhead(*, short: bool) -> Measured:
    """Small pictures, a service without latency, against a bare loop that has no safety."""
    return measure(SMALL_SHORT if short else SMALL)


def measure(count: int, journal: str = "") -> Measured:
    """Edit so many small pictures, with the journal where it is said to be."""
    with arena(INSTANT, journal, UNPACED) as studio:
        studio.drop_many(count)
        took, seconds = ours(studio, count)
        bare, bare_s = bound(studio)
        return Measured(
            ours=count / seconds,
            bound=count / bare_s,
            beside={
                "pictures": count,
                "CPU ms a picture": 1000 * took.cpu_s / count,
                "bare, CPU ms a picture": 1000 * bare.cpu_s / count,
                "peak MB of the daemon": took.peak_mb,
            },
        )


@benchmark("large", unit="MB a second", aim="at least 0.9 times; at most 150 MB of memory")
def large(*, short: bool) -> Measured:
    """Files of 10 MB in and 5 MB out, of few pixels, against a bare loop that streams."""
    count = LARGE_SHORT if short else LARGE
    settings = Settings(task_s=0.0, concurrent_limit=AT_ONCE, result_bytes=RESULT_BYTES)
    with arena(settings, limits=UNPACED) as studio:
        _drop_large(studio, count)
        took, seconds = ours(studio, count)
        bare, bare_s = bound(studio)
        moved = count * (LARGE_BYTES + RESULT_BYTES) / MEGABYTE
        return Measured(
            ours=moved / seconds,
            bound=moved / bare_s,
            beside={
                "files": count,
                "peak MB of the daemon": took.peak_mb,
                "CPU seconds": took.cpu_s,
                "bare, CPU seconds": bare.cpu_s,
            },
        )


def ours(studio: Studio, count: int, *, before: int = 0) -> tuple[Spent, float]:
    """Edit what was dropped with the program; return what it took, and the seconds of work.

    `before` are the jobs that were done already.
    """
    took = once(studio)
    assert studio.states() == {"done": before + count}, studio.states()
    return took, worked_s(studio)


def bound(studio: Studio) -> tuple[Spent, float]:
    """Edit the same with the bare loop; return what it took, and the seconds of work."""
    targets = studio.folder / "bare"
    targets.mkdir()
    told = studio.folder / "told"
    took = spent(
        *("-m", "tests.benchmarks.bare", studio.base_url, str(studio.input), str(targets)),
        *(str(AT_ONCE), str(told)),
    )
    return took, float(told.read_text())


def _drop_large(studio: Studio, count: int) -> None:
    for number in range(count):
        filling = f"{number:04}".encode()
        studio.drop(f"p{number:03}.jpg", padded(picture(number), LARGE_BYTES, filling))
