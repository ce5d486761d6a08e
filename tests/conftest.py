"""Fixtures that several folders of tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotfolder.journal.journal import Journal
from tests.builders import Desk, StandingClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Give a fresh journal with a standing clock."""
    clock = StandingClock()
    folder = tmp_path / "state"
    folder.mkdir()
    with Journal(folder, clock=clock) as journal:
        yield Desk(journal, clock)
