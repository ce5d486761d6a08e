"""Walking a tree that changes under the walk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotfolder.tree.scan import walk

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("stands_there", ["nothing", "a file"])
def test_a_folder_that_goes_while_it_is_looked_at_ends_no_walk(
    tmp_path: Path, stands_there: str
) -> None:
    """Between listing its names and looking at them it is taken away, or replaced by a file."""
    for name in ("a/1.jpg", "b/2.jpg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    found: list[bytes] = []
    refused: list[str] = []
    for listing in walk(tmp_path):
        if listing.name == "a":
            (tmp_path / "a" / "1.jpg").unlink()
            (tmp_path / "a").rmdir()
            if stands_there == "a file":
                (tmp_path / "a").touch()
        found += [name for name, _ in listing.look(listing.names, refused.append)]
    assert (found, refused) == ([b"2.jpg"], [])
