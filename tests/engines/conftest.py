"""What the tests of both engines share: a journal in a file, or in a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotfolder.journal.journal import Journal
from tests.builders import Desk, StandingClock
from tests.cluster import CLUSTER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let the tests of a module that says so hold for a journal in a file and in a database."""
    if "url" in metafunc.fixturenames:
        engines = getattr(metafunc.module, "ENGINES", ("sqlite",))
        metafunc.parametrize("url", engines, indirect=True)


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    """Give where a journal is, "" = in a file."""
    return CLUSTER.database() if request.param == "postgresql" else ""


@pytest.fixture
def desk(tmp_path: Path, url: str) -> Iterator[Desk]:
    """Give a fresh journal with a standing clock."""
    clock = StandingClock()
    folder = tmp_path / "state"
    folder.mkdir()
    with Journal(folder, url, clock=clock) as journal:
        yield Desk(journal, clock)
