"""Fixtures of the tests with real programs: a studio whose service takes no time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotfolder.simulator import Settings, in_thread
from tests.studio import Studio

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """Give a studio with empty folders and a service that works at once."""
    with in_thread(Settings(task_s=0.0)) as server:
        yield Studio(tmp_path, server)
