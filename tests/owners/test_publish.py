"""Publishing: whole or not at all, never over another's file, never outside the root."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path

import pytest

from hotfolder.outputs import disk
from hotfolder.outputs.errors import NameTaken, OutputBlocked, RootMissing, SpoolLost
from hotfolder.outputs.publish import Published, publish
from hotfolder.outputs.target import check_root

CONTENT = b"result" * 300_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
JOB = "j7"
TEMPORARY = f".hotfolder-{JOB}.part"


@pytest.fixture
def spooled(tmp_path: Path) -> Path:
    """Give a committed result in the spool."""
    path = tmp_path / "spooled"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give an empty output folder."""
    path = tmp_path / "out"
    path.mkdir()
    return path


def put(spooled: Path, root: Path, relative: str = "ann.png") -> Published:
    """Publish the one result of this module."""
    return publish(spooled, SHA256, root, relative, token=JOB)


def names(folder: Path) -> list[str]:
    """Give everything below a folder, hidden files included."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_publishes_into_new_folders(spooled: Path, root: Path) -> None:
    """A result lands under its name, in folders made as needed, and nothing else remains."""
    assert put(spooled, root, "a/b/ann.png") == Published.NEW
    assert (root / "a/b/ann.png").read_bytes() == CONTENT
    assert names(root) == ["a", "a/b", "a/b/ann.png"]
    assert spooled.exists()


def test_modes_follow_the_umask(spooled: Path, root: Path) -> None:
    """Files and folders belong to the studio as its umask says, not to us alone."""
    before = os.umask(0o027)
    try:
        put(spooled, root, "a/ann.png")
    finally:
        os.umask(before)
    assert stat.S_IMODE((root / "a").stat().st_mode) == 0o750
    assert stat.S_IMODE((root / "a/ann.png").stat().st_mode) == 0o640


@pytest.mark.parametrize("name", [b"caf\xe9.png", b"n" * 255, b"two\nlines.png"])
def test_publishes_under_any_name(spooled: Path, root: Path, name: bytes) -> None:
    """Broken UTF-8, the longest name and line breaks work; the temporary has its own name."""
    assert put(spooled, root, os.fsdecode(name)) == Published.NEW
    assert os.listdir(os.fsencode(root)) == [name]  # noqa: PTH208 - names as bytes


def test_publishing_twice_is_publishing_once(spooled: Path, root: Path) -> None:
    """After a crash between rename and commit, the next attempt finds its own work."""
    put(spooled, root)
    before = (root / "ann.png").stat()
    assert put(spooled, root) == Published.ALREADY
    after = (root / "ann.png").stat()
    assert (after.st_ino, after.st_ctime_ns) == (before.st_ino, before.st_ctime_ns)


@pytest.mark.parametrize("foreign", [b"foreign", b"x" * len(CONTENT)])
def test_a_foreign_file_stays(spooled: Path, root: Path, foreign: bytes) -> None:
    """Another file of the name is untouched, be its size the same or not."""
    (root / "ann.png").write_bytes(foreign)
    with pytest.raises(NameTaken) as caught:
        put(spooled, root)
    assert caught.value.path == root / "ann.png"
    assert (root / "ann.png").read_bytes() == foreign
    assert names(root) == ["ann.png"]


def test_links_and_folders_take_a_name_too(spooled: Path, root: Path) -> None:
    """What stands at the name is never followed: even a link to the same content."""
    (root / "ann.png").symlink_to(spooled)
    (root / "bob.png").mkdir()
    (root / "eve.png").symlink_to("nowhere")
    os.mkfifo(root / "joe.png")
    for name in ("ann.png", "bob.png", "eve.png", "joe.png"):
        with pytest.raises(NameTaken):
            put(spooled, root, name)


def test_never_leaves_the_root_by_a_link(spooled: Path, root: Path, tmp_path: Path) -> None:
    """A linked folder below the root is not entered, wherever it leads."""
    (tmp_path / "outside").mkdir()
    (root / "a").symlink_to("../outside")
    (root / "b").write_bytes(b"a file")
    for relative in ("a/ann.png", "a/new/ann.png", "b/ann.png"):
        with pytest.raises(OutputBlocked) as caught:
            put(spooled, root, relative)
        assert caught.value.errno in {errno.ENOTDIR, errno.ELOOP}
        assert "where a folder is needed" in caught.value.hint
    assert names(tmp_path / "outside") == []


@pytest.mark.parametrize("relative", ["../ann.png", "a/../../x", "/tmp/x", "", "a//b", ".", "x\0"])  # noqa: S108 - refused, not used
def test_refuses_paths_that_lead_out(spooled: Path, root: Path, relative: str) -> None:
    """A target that is not plainly below the root is a mistake of the program."""
    with pytest.raises(ValueError, match="not a path"):
        put(spooled, root, relative)


@pytest.mark.parametrize("token", ["", "a/b", "..", "x\0", "a b", "x" * 65])
def test_refuses_tokens_that_are_no_word(spooled: Path, root: Path, token: str) -> None:
    """The token becomes part of a file name."""
    with pytest.raises(ValueError, match="not a token"):
        publish(spooled, SHA256, root, "ann.png", token=token)


def test_a_missing_root_is_never_created(spooled: Path, tmp_path: Path) -> None:
    """A missing root is an unmounted share; writing below its mount point hides the result."""
    for root in (tmp_path / "share", spooled):
        with pytest.raises(RootMissing):
            put(spooled, root)
        with pytest.raises(RootMissing):
            check_root(root)
    assert not (tmp_path / "share").exists()


def test_a_stale_temporary_is_replaced(spooled: Path, root: Path, tmp_path: Path) -> None:
    """What a crash left is removed, a link planted there not followed."""
    (root / TEMPORARY).write_bytes(b"half")
    assert put(spooled, root) == Published.NEW
    (tmp_path / "precious").write_bytes(b"precious")
    (root / TEMPORARY).symlink_to("../precious")
    assert put(spooled, root, "bob.png") == Published.NEW
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert names(root) == ["ann.png", "bob.png"]


def test_a_crash_between_link_and_unlink_is_met(spooled: Path, root: Path) -> None:
    """Where a share renames in two steps, the second is done by the next attempt."""
    put(spooled, root)
    os.link(root / "ann.png", root / TEMPORARY)
    assert put(spooled, root) == Published.ALREADY
    assert names(root) == ["ann.png"]


def test_a_lost_or_damaged_spool_file_is_said(spooled: Path, root: Path) -> None:
    """What is not the stored result is never published, nor judged against what is."""
    put(spooled, root)
    for damaged in (CONTENT[:-1], b"x" * len(CONTENT)):
        spooled.write_bytes(damaged)
        with pytest.raises(SpoolLost):
            put(spooled, root, "bob.png")
    spooled.write_bytes(CONTENT[:-1])
    with pytest.raises(SpoolLost):
        put(spooled, root)
    spooled.unlink()
    with pytest.raises(SpoolLost):
        put(spooled, root, "bob.png")
    assert names(root) == ["ann.png"]


@pytest.mark.parametrize("code", [errno.EIO, errno.EDQUOT, errno.ESTALE])
def test_a_failing_sync_publishes_nothing(
    spooled: Path, root: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """A result that the disk did not confirm is not shown, and its temporary is gone."""

    def fail(_: int) -> None:
        raise OSError(code, "injected")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputBlocked) as caught:
        put(spooled, root)
    assert (caught.value.errno, caught.value.path) == (code, root / "ann.png")
    assert names(root) == []


@pytest.mark.parametrize("way", disk.WAYS)
def test_every_way_of_renaming_keeps_an_existing_file(tmp_path: Path, way: disk.Way) -> None:
    """Each way moves to a free name, and leaves both files alone at a taken one."""
    (tmp_path / "one").write_bytes(b"one")
    (tmp_path / "two").write_bytes(b"two")
    with disk.opened(tmp_path, disk.FOLDER) as folder:
        with pytest.raises(FileExistsError):
            way(folder, "one", folder, "two")
        assert names(tmp_path) == ["one", "two"]
        way(folder, "one", folder, "three")
    assert (tmp_path / "two").read_bytes() == b"two"
    assert (tmp_path / "three").read_bytes() == b"one"
    assert names(tmp_path) == ["three", "two"]


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.EOPNOTSUPP])
def test_a_refused_way_gives_place_to_the_next(tmp_path: Path, code: int) -> None:
    """A file system without one way of renaming is served by another."""

    def refused(_folder: int, _old: str, _target: int, _new: str) -> None:
        raise OSError(code, "not here")

    (tmp_path / "one").write_bytes(b"one")
    with disk.opened(tmp_path, disk.FOLDER) as folder:
        ways = (refused, refused, disk.by_looking_first)
        disk.rename_without_replacing(folder, "one", "two", ways)
    assert names(tmp_path) == ["two"]


def test_a_real_failure_is_not_tried_another_way(tmp_path: Path) -> None:
    """Only "cannot do that here" leads on; a full disk or lost share is the answer."""

    def failing(_folder: int, _old: str, _target: int, _new: str) -> None:
        raise OSError(errno.EIO, "lost")

    (tmp_path / "one").write_bytes(b"one")
    with disk.opened(tmp_path, disk.FOLDER) as folder, pytest.raises(OSError, match="lost"):
        disk.rename_without_replacing(folder, "one", "two", (failing, disk.by_link))
    assert names(tmp_path) == ["one"]


def test_a_link_that_fails_like_a_lost_share_is_only_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`rclone mount` says EIO to every link; a share that is lost refuses the rename, too."""

    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "no links here")

    monkeypatch.setattr(os, "link", refused)
    (tmp_path / "one").write_bytes(b"one")
    (tmp_path / "two").write_bytes(b"two")
    with disk.opened(tmp_path, disk.FOLDER) as folder:
        with pytest.raises(FileExistsError):
            disk.rename_without_replacing(folder, "one", "two", disk.WAYS[1:])
        disk.rename_without_replacing(folder, "one", "three", disk.WAYS[1:])
        monkeypatch.setattr(os, "rename", refused)
        with pytest.raises(OSError, match="no links"):
            disk.rename_without_replacing(folder, "two", "one", disk.WAYS[1:])
    assert names(tmp_path) == ["three", "two"]


EARLIER = b"the earlier edit"
EARLIER_SHA256 = hashlib.sha256(EARLIER).hexdigest()


def put_over(spooled: Path, root: Path) -> Published:
    """Publish where the earlier edit may be replaced."""
    return publish(spooled, SHA256, root, "ann.png", token=JOB, replaces=[EARLIER_SHA256])


def test_replaces_an_earlier_edit_in_one_step(spooled: Path, root: Path) -> None:
    """What may be replaced is; again, and where nothing stands, it is as ever."""
    (root / "ann.png").write_bytes(EARLIER)
    assert put_over(spooled, root) == Published.NEW
    assert put_over(spooled, root) == Published.ALREADY
    (root / "ann.png").unlink()
    assert put_over(spooled, root) == Published.NEW
    assert names(root) == ["ann.png"]
    assert (root / "ann.png").read_bytes() == CONTENT


@pytest.mark.parametrize("kind", ["retouched", "folder", "link"])
def test_replaces_nothing_else(spooled: Path, root: Path, tmp_path: Path, kind: str) -> None:
    """Another content, a folder, or a link to the earlier edit stays as it is."""
    other = tmp_path / "other"
    other.write_bytes(EARLIER)
    target = root / "ann.png"
    if kind == "retouched":
        target.write_bytes(b"retouched")
    elif kind == "folder":
        target.mkdir()
    else:
        target.symlink_to(other)
    with pytest.raises(NameTaken):
        put_over(spooled, root)
    assert names(root) == ["ann.png"]
    assert other.read_bytes() == EARLIER
