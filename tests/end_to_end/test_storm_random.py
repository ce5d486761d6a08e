"""The storm as a property: any answers broken, daemons killed anywhere, callbacks lost or late.

Each schedule names the answers that are broken by call and number, the points at which one daemon
after the other is killed, and what becomes of each callback. A schedule that breaks a promise is
shrunk to the shortest that still does.
"""

from __future__ import annotations

import itertools
import signal
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hotfolder.journal import reading
from hotfolder.simulator import Fault, Settings, in_thread
from tests.end_to_end.driver import Driver
from tests.end_to_end.storm import BROKEN, CODES, CUT, ODD, SPURIOUS, UNREADABLE, Way
from tests.end_to_end.test_crash import POINTS
from tests.studio import Studio

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

EXAMPLES: Final = 25
MOST_ANSWERS: Final = 6
MOST_PASSINGS: Final = 12
PATIENCE_S: Final = 0.6
REPETITION_S: Final = 0.1
LATE_S: Final = 0.2

# Not that the service is busy: that is waited for up to half a minute and shows only patience.
WAYS: Final[dict[str, Sequence[Way]]] = {
    "submit": [*BROKEN, *UNREADABLE, *CODES, *ODD],
    "query": [*BROKEN, *UNREADABLE, *CODES, *SPURIOUS, *ODD],
    "upload": [*BROKEN, *UNREADABLE, *CODES],
    "download": [*BROKEN, *CUT],
}
CALLBACKS: Final[Sequence[Way]] = [
    {"kind": "missing"},
    {"kind": "twice"},
    {"kind": "wrong_task"},
    {"kind": "garbage"},
    {"kind": "slow", "seconds": LATE_S},
]


@dataclass(frozen=True)
class Schedule:
    """What goes wrong: faults by their place in the order of calls, and the daemons' deaths."""

    pictures: int
    callbacks: bool
    faults: tuple[Fault, ...]
    deaths: tuple[tuple[str, int], ...]

    @property
    def all_heard(self) -> bool:
        """Whether every callback is heard in the end."""
        deaf = {"missing", "garbage"}
        return self.callbacks and not deaf & {
            each.kind for each in self.faults if each.call == "webhook"
        }


def broken(call: str, ways: Sequence[Way]) -> st.SearchStrategy[Fault]:
    """Choose one answer of a call and a way to break it."""

    def fault(number: int, way: Way) -> Fault:
        slow = {"seconds": 0.6} if str(way["kind"]).startswith("timeout") else {}
        return Fault(call=call, skip=number, times=1, **{**way, **slow})  # type: ignore[arg-type]

    return st.builds(fault, st.integers(0, MOST_ANSWERS), st.sampled_from(list(ways)))


FAULTS = st.one_of(
    *(broken(call, ways) for call, ways in WAYS.items()), broken("webhook", CALLBACKS)
)
SCHEDULES = st.builds(
    Schedule,
    pictures=st.integers(1, 3),
    callbacks=st.booleans(),
    faults=st.lists(FAULTS, max_size=5).map(tuple),
    deaths=st.lists(
        st.tuples(st.sampled_from(POINTS), st.integers(1, MOST_PASSINGS)), max_size=3
    ).map(tuple),
)


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    """Give a starter of daemons that wait for a callback for a short time only."""
    folder = tmp_path_factory.mktemp("driver")
    with Driver(folder / "log", submit_s=0.8, callback_patience_s=PATIENCE_S) as driver:
        yield driver


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a new folder for each schedule."""
    root = tmp_path_factory.mktemp("storms")
    return (root / str(number) for number in itertools.count())


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.target, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(schedule=SCHEDULES)
def test_no_schedule_pays_twice_or_loses(
    driver: Driver, folders: Iterator[Path], schedule: Schedule
) -> None:
    """Every picture is done, or in doubt for a reason; with callbacks never if it was accepted."""
    folder = next(folders)
    folder.mkdir()
    service = Settings(
        task_s=0.0, webhook_tries=200, webhook_retry_s=REPETITION_S, concurrent_limit=2
    )
    with in_thread(service) as server:
        studio = Studio(folder, server)
        studio.configure(callbacks=schedule.callbacks, limits="concurrency = 2")
        studio.drop_many(schedule.pictures)
        studio.fault(*schedule.faults)
        for death in schedule.deaths:
            assert driver.once(folder / "config.toml", *death) in (0, -signal.SIGKILL)
        assert driver.once(folder / "config.toml") == 0
        check_promises(studio, schedule)


def check_promises(studio: Studio, schedule: Schedule) -> None:
    """Check what must hold after any schedule."""
    paid = Counter(task.input_sha256[0] for task in studio.ledger().tasks)
    assert max(paid.values(), default=0) <= 1, "paid twice"
    jobs = studio.read(reading.jobs)
    assert len(jobs) == schedule.pictures, "lost"
    assert {job.state for job in jobs} <= {"done", "in_doubt"}, studio.summary()
    done = {job.source for job in jobs if job.state == "done"}
    assert set(studio.outputs()) == done, "an output without its job, or a job without its output"
    for job in jobs:
        if job.state == "in_doubt":
            assert job.failure is not None, "no reason"
            accepted = job.original.content_hash in paid
            assert not (schedule.all_heard and accepted), "a callback came and was not believed"
