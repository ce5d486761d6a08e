"""What is sent to open pages: made once for all of them, and only when it is another."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

import pytest

from hotfolder.domain.errors import JournalError
from hotfolder.page import live
from hotfolder.page.live import Live

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LIMIT_S = 20.0


class Journal:
    """Changes when told; counts how often its part was made."""

    def __init__(self) -> None:
        self.number = 1
        self.made = 0
        self.missed = 0
        self.is_away = False
        self.text = "one\ntwo"

    async def changes(self) -> int:
        """Return the number of the last change. Raises JournalError while it is away."""
        if self.is_away:
            self.missed += 1
            raise JournalError("it is not there")
        return self.number

    async def make(self) -> str:
        """Make the part."""
        self.made += 1
        return self.text


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often."""
    monkeypatch.setattr(live, "LOOK_S", 0.001)


async def _next(stream: AsyncIterator[bytes]) -> bytes:
    async with asyncio.timeout(LIMIT_S):
        return await anext(stream)


async def test_a_part_is_made_and_encoded_once_for_all() -> None:
    """Fifty open pages get the very same bytes, and what did not change is not sent again."""
    journal = Journal()
    pages = Live(journal.changes)
    running = asyncio.create_task(pages.run())
    streams = [pages.follow("now", journal.make) for _ in range(50)]
    first = await asyncio.gather(*map(_next, streams))
    assert set(first) == {b"data: one\ndata: two\n\n"}
    assert len({id(each) for each in first}) == 1
    assert (journal.made, pages.streams) == (1, 50)
    journal.number += 1  # a change that this part does not show
    waiting = asyncio.gather(*map(_next, streams))
    while journal.made < 2:  # noqa: ASYNC110  looked for in the loop itself
        await asyncio.sleep(0)
    assert not waiting.done()
    journal.number, journal.text = 3, "three"
    assert set(await waiting) == {b"data: three\n\n"}
    assert journal.made == 3
    for each in streams:
        async with aclosing(each):
            pass
    assert pages.streams == 0
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_journal_that_is_away_is_looked_for_again() -> None:
    """Who looks on keeps what was last known, and sees what is new once it can be read."""
    journal = Journal()
    pages = Live(journal.changes)
    running = asyncio.create_task(pages.run())
    async with aclosing(pages.follow("now", journal.make)) as stream:
        await _next(stream)
        journal.is_away = True
        waiting = asyncio.create_task(_next(stream))
        while journal.missed < 2:  # noqa: ASYNC110  looked for in the loop itself
            await asyncio.sleep(0)
        journal.number, journal.text, journal.is_away = 2, "back", False
        assert await waiting == b"data: back\n\n"
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
