"""Thousands of pictures of one watch, to the end. `tests.end_to_end.many` takes other numbers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from hotfolder.simulator import in_thread
from tests.end_to_end import many

if TYPE_CHECKING:
    from pathlib import Path

FILES = 5_000
MOST_MB = 400.0


@pytest.mark.long
async def test_thousands_of_pictures_end_once_each(tmp_path: Path) -> None:
    """All are done, none is paid twice, lost or half-done, and memory is bounded."""
    with in_thread(many.settings()) as server:
        ended = await many.edit(tmp_path, server, FILES)
    print(ended)  # noqa: T201  for -rP
    assert not ended.faults, ended
    assert ended.done == ended.tasks == FILES
    assert ended.most_mb < MOST_MB


async def test_an_empty_wallet_is_named(tmp_path: Path) -> None:
    """What holds the rest is in the figures: nothing is waited for that cannot come."""
    settings = replace(many.settings(), task_s=0.0, balance=Decimal("0.30"))
    with in_thread(settings) as server:
        ended = await many.edit(tmp_path, server, 4)
    assert (ended.done, ended.held) == (2, ["no_money"]), ended
