"""Fixtures that several folders of tests share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, settings

from hotfolder.journal.journal import Journal
from hotfolder.simulator import Settings, in_thread
from tests.builders import Desk, StandingClock
from tests.cluster import CLUSTER
from tests.customer import Clock, Customer
from tests.workers import WORKERS

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS: Final = Path(__file__).parent
WHOLE_PROGRAMS: Final = frozenset({"flow", "end_to_end"})

# How long an example takes says how busy the machine is, and nothing of what it tries.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_xdist_auto_num_workers() -> int:
    """Return how many tests run at once: most of them wait, for a disk or another process."""
    return 2 * len(os.sched_getaffinity(0))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try each law of whole programs on its first case; `.ci/long` tries it on all the others."""
    seen: set[tuple[str, str]] = set()
    for each in items:
        tier = each.path.relative_to(TESTS).parts[0]
        law = (each.path.as_posix(), getattr(each, "originalname", each.name))
        if tier in WHOLE_PROGRAMS and law in seen:
            each.add_marker(pytest.mark.long)
        seen.add(law)


@pytest.fixture(scope="session", autouse=True)
def _shared_workers() -> Iterator[None]:
    """End the workers that the tests shared."""
    yield
    WORKERS.end()


@pytest.fixture(scope="session", autouse=True)
def _shared_cluster() -> Iterator[None]:
    """End the server of PostgreSQL that the tests shared, if any asked for it."""
    yield
    CLUSTER.end()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Give a fresh journal with a standing clock."""
    clock = StandingClock()
    folder = tmp_path / "state"
    folder.mkdir()
    with Journal(folder, clock=clock) as journal:
        yield Desk(journal, clock)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder for config files that is also the home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def customer() -> Iterator[Customer]:
    """Return a customer of a fresh service whose clock stands still."""
    clock = Clock()
    with in_thread(Settings(queued_s=5, task_s=20), clock=clock) as server:
        made = Customer(server, clock)
        yield made
        made.http.close()
