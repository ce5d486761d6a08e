"""The essences of sources: asked of a worker where one may look at the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from hotfolder.journal.journal import Journal
from hotfolder.kinds.picture.essence import VERSION
from hotfolder.kinds.workshop.workshop import Workshop
from hotfolder.planning.essences import Essences
from hotfolder.tree import files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")


async def at_once(call: Callable[[], T]) -> T:
    """Make a call on the share."""
    return call()


async def test_a_file_larger_than_any_that_is_sent_is_known_by_its_bytes(tmp_path: Path) -> None:
    """No copy of it is made; so it is taken, and told to be too large."""
    with (tmp_path / "ann.jpg").open("wb") as made:
        made.truncate(files.LARGEST_BYTES + 1)
    workshop = Workshop()
    with Journal(tmp_path) as journal:
        found = await Essences(workshop, tmp_path, journal).of(
            at_once, tmp_path, "ann.jpg", "a" * 64
        )
    workshop.close()
    assert (found.version, found.digest) == (VERSION, "a" * 64)
