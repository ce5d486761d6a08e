"""The file that bears a journal's mark: compared, replaced as a whole, refused in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotfolder.outputs import disk, mark_file
from hotfolder.outputs.errors import NotMounted, OutputBlocked, RootMissing
from hotfolder.tree.ignore import litter

if TYPE_CHECKING:
    from pathlib import Path

JOURNAL = "0" * 32


def replace(
    root: Path, mark: str, *, known: str | None = None, mounted: bool = False
) -> str | None:
    """Put a mark."""
    return mark_file.replace(root, JOURNAL, mark, known=known, mounted=mounted)


def test_a_mark_is_put_where_none_stands(tmp_path: Path) -> None:
    """It is read again, and nothing else is left behind."""
    assert mark_file.read(tmp_path, JOURNAL) is None
    assert replace(tmp_path, "a") is None
    assert mark_file.read(tmp_path, JOURNAL) == "a"
    assert [each.name for each in tmp_path.iterdir()] == [mark_file.name_of(JOURNAL)]


def test_only_the_known_mark_is_replaced(tmp_path: Path) -> None:
    """Another one is returned and stays."""
    replace(tmp_path, "a")
    assert replace(tmp_path, "b", known="x") == "a"
    assert mark_file.read(tmp_path, JOURNAL) == "a"
    assert replace(tmp_path, "b", known="a") is None
    assert mark_file.read(tmp_path, JOURNAL) == "b"


@pytest.mark.parametrize("content", [b"", b"\xff\0", b'mark = "', b"#" * 5000 + b'\nmark = "a"\n'])
def test_a_damaged_file_bears_a_mark_that_nobody_knows(tmp_path: Path, content: bytes) -> None:
    """It is neither a missing one nor anybody's, and is not replaced."""
    (tmp_path / mark_file.name_of(JOURNAL)).write_bytes(content)
    assert mark_file.read(tmp_path, JOURNAL) == ""
    assert replace(tmp_path, "b") == ""


def test_what_a_crash_left_is_replaced(tmp_path: Path) -> None:
    """A temporary is in nobody's way."""
    (tmp_path / f"{mark_file.name_of(JOURNAL)}.part").write_text("half")
    assert replace(tmp_path, "a") is None
    assert [each.name for each in tmp_path.iterdir()] == [mark_file.name_of(JOURNAL)]


def test_two_machines_put_marks_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each goes through a temporary of its own: what one names is never what another writes."""
    write_all, second = disk.write_all, iter(["-second"])

    def writing(file: int, content: bytes) -> None:
        for hand in second:
            mark_file.replace(tmp_path, JOURNAL, "b", known=None, mounted=False, hand=hand)
        write_all(file, content)

    monkeypatch.setattr(disk, "write_all", writing)
    mark_file.replace(tmp_path, JOURNAL, "a", known=None, mounted=False, hand="-first")
    assert mark_file.read(tmp_path, JOURNAL) == "a"
    assert [each.name for each in tmp_path.iterdir()] == [mark_file.name_of(JOURNAL)]


def test_no_link_is_followed(tmp_path: Path) -> None:
    """A link in the file's place is no mark and is not written through."""
    (tmp_path / mark_file.name_of(JOURNAL)).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputBlocked):
        replace(tmp_path, "a")
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_not_the_outputs_gets_no_mark(tmp_path: Path) -> None:
    """Neither a missing root nor a bare mount point is written to."""
    with pytest.raises(RootMissing):
        replace(tmp_path / "away", "a")
    with pytest.raises(NotMounted):
        mark_file.replace(tmp_path, JOURNAL, "a", known=None, mounted=True)
    assert list(tmp_path.iterdir()) == []


def test_a_mark_is_never_a_source() -> None:
    """Where an output is the input of another watch, it is hotfolder's own file."""
    name = mark_file.name_of(JOURNAL)
    assert litter(name) == litter(f"{name}.part") == "hotfolder's own file"
