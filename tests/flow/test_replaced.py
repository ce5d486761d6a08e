"""A journal's file that is deleted, or replaced, under the running daemon."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import pytest

from hotfolder.domain.clock import utc_now
from hotfolder.domain.errors import JournalReplaced
from hotfolder.journal import backup
from hotfolder.journal.connection import FILE_NAME
from tests.studio import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.studio import Studio


def delete(studio: Studio) -> None:
    """Delete the file."""
    (studio.state / FILE_NAME).unlink()


def rename_over(studio: Studio) -> None:
    """Move an older copy over the file."""
    (studio.folder / "older").rename(studio.state / FILE_NAME)


def replace_folder(studio: Studio) -> None:
    """Put a folder with an older copy in the state directory's place."""
    studio.state.rename(studio.folder / "former")
    studio.state.mkdir()
    rename_over(studio)


async def run_until_noticed(studio: Studio, happens: Callable[[Studio], None]) -> None:
    """Run until a picture is done, let it happen, drop another, and wait for the daemon's end."""
    daemon = asyncio.create_task(studio.service().run(asyncio.Event()))
    await studio.until_states(done=1)
    happens(studio)
    studio.drop("bob.jpg", number=2)
    async with asyncio.timeout(LIMIT_S):
        await asyncio.wait({daemon})
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, "all of it has ended"
    await daemon


@pytest.mark.parametrize("happens", [delete, rename_over, replace_folder])
async def test_nothing_is_sent_once_the_journal_is_not_where_it_was(
    studio: Studio, happens: Callable[[Studio], None]
) -> None:
    """The daemon ends and says what to do; what it knew is put back, and nothing is paid twice."""
    await studio.once()
    shutil.copy(studio.state / FILE_NAME, studio.folder / "older")
    studio.drop("ann.jpg", number=1)
    with pytest.raises(JournalReplaced, match="put that back"):
        await run_until_noticed(studio, happens)
    assert len(studio.ledger().tasks) == 1
    with pytest.raises(JournalReplaced, match="hotfolder restore"):
        studio.status()

    (saved,) = studio.state.glob(f"{FILE_NAME}.saved-*")
    backup.put_back(studio.state, saved, utc_now)
    await studio.act("release", watch="studio")
    await studio.once()
    assert studio.states() == {"done": 2}
    assert studio.outputs() == ["ann.jpg", "bob.jpg"]
    assert len(studio.ledger().tasks) == 2
