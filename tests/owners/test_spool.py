"""The spool: a committed result is safe, an uncommitted one leaves nothing behind."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from typing import TYPE_CHECKING

import pytest

from hotfolder.outputs.errors import OutputBlocked
from hotfolder.outputs.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_committed_result_has_its_content_hash_and_size(tmp_path: Path) -> None:
    """Commit gives the final file, and what it reports is what stands there."""
    spool = Spool(tmp_path / "state" / "spool")
    with spool.open_part("7-1.png") as part:
        part.write(b"pic")
        assert not spool.exists("7-1.png")
        part.write(b"ture")
        with part.reopened() as file:
            assert file.read() == b"picture"
        spooled = part.commit()
    assert spool.exists("7-1.png")
    assert spooled.path == spool.path("7-1.png")
    assert spooled.path.read_bytes() == b"picture"
    assert (spooled.size, spooled.sha256) == (7, hashlib.sha256(b"picture").hexdigest())
    assert os.listdir(tmp_path / "state" / "spool") == ["7-1.png"]  # noqa: PTH208 - names


def test_only_the_owner_may_read_the_spool(tmp_path: Path) -> None:
    """Paid results are nobody else's business while they wait."""
    spool = Spool(tmp_path / "spool")
    with spool.open_part("a") as part:
        path = part.commit().path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_an_uncommitted_part_leaves_nothing(tmp_path: Path) -> None:
    """A download that breaks off is dropped, and the earlier result stays."""
    spool = Spool(tmp_path)
    with spool.open_part("a") as part:
        part.write(b"old")
        part.commit()
    broken = spool.open_part("a")
    broken.write(b"new")
    broken.discard()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert spool.path("a").read_bytes() == b"old"


def test_a_part_always_starts_anew(tmp_path: Path) -> None:
    """What a killed download left is not continued, and a late discard harms nobody."""
    (tmp_path / "a.part").write_bytes(b"left over from a crash")
    spool = Spool(tmp_path)
    first = spool.open_part("a")
    first.write(b"one")
    first.discard()
    with spool.open_part("a") as second:
        second.write(b"two")
        first.discard()
        second.commit()
    assert spool.path("a").read_bytes() == b"two"


def test_a_closed_part_takes_nothing_more(tmp_path: Path) -> None:
    """Writing after the commit is a mistake of the program, not a longer result."""
    part = Spool(tmp_path).open_part("a")
    part.commit()
    late_calls: tuple[Callable[[], object], ...] = (
        lambda: part.write(b"x"),
        part.reopened,
        part.commit,
    )
    for late in late_calls:
        with pytest.raises(ValueError, match="committed"):
            late()


def test_a_link_at_the_parts_name_is_not_written_through(tmp_path: Path) -> None:
    """Whatever stands at the part's name is removed, never followed."""
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "a.part").symlink_to("precious")
    with Spool(tmp_path).open_part("a") as part:
        part.write(b"result")
        part.commit()
    assert (tmp_path / "precious").read_bytes() == b"precious"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "a\0b", "a.part"])
def test_names_stay_in_the_spool(tmp_path: Path, name: str) -> None:
    """A name is one plain file name."""
    with pytest.raises(ValueError, match="not a name"):
        Spool(tmp_path).path(name)


def test_removing_twice_is_removing_once(tmp_path: Path) -> None:
    """A crash between removing and recording it must not matter."""
    spool = Spool(tmp_path)
    with spool.open_part("a") as part:
        part.commit()
    spool.remove("a")
    spool.remove("a")
    assert not spool.exists("a")


def test_sweeping_keeps_what_is_named(tmp_path: Path) -> None:
    """All but the kept results go, and every part, even one of a kept name."""
    spool = Spool(tmp_path)
    for name in ("a", "b", "c"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "a.part").write_bytes(b"x")
    (tmp_path / "folder").mkdir()
    assert spool.sweep({"a", "b"}) == ("a.part", "c")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "folder"]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failing_commit_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """Where the disk refuses, the error says so and the part is gone."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "injected")

    spool = Spool(tmp_path)
    with spool.open_part("a") as part:
        part.write(b"x")
        monkeypatch.setattr(os, failing, fail)
        with pytest.raises(OutputBlocked) as caught:
            part.commit()
    assert caught.value.errno == errno.EIO
    assert list(tmp_path.iterdir()) == []


def test_knows_its_free_space(tmp_path: Path) -> None:
    """Free bytes are what this program may still write."""
    assert Spool(tmp_path).free_bytes() > 0
