"""Fixtures that several folders of tests share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from hotfolder.journal.journal import Journal
from tests.builders import Desk, StandingClock
from tests.workers import WORKERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def pytest_xdist_auto_num_workers() -> int:
    """Return how many tests run at once: most of them wait, for a disk or another process."""
    return 2 * len(os.sched_getaffinity(0))


@pytest.fixture(scope="session", autouse=True)
def _shared_workers() -> Iterator[None]:
    """End the workers that the tests shared."""
    yield
    WORKERS.end()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Give a fresh journal with a standing clock."""
    clock = StandingClock()
    folder = tmp_path / "state"
    folder.mkdir()
    with Journal(folder, clock=clock) as journal:
        yield Desk(journal, clock)
