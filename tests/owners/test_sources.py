"""Sources: users' files are read whole, unchanged, and never through a trap."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hotfolder.domain.sightings import Sighting
from hotfolder.tree import files
from hotfolder.tree.files import (
    NotARegularFile,
    OutsideRoot,
    RootGone,
    SourceChanged,
    SourceGone,
    SourceTooLarge,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MIB = 1024 * 1024


def read(root: Path, relative: str) -> object:
    """Read with a limit that no test file reaches."""
    return files.read(root, relative, limit=500 * MIB)


every_way = pytest.mark.parametrize("way", [read, files.digest, files.look])


def test_reads_content_hash_and_sighting(tmp_path: Path) -> None:
    """All ways of reading agree on what the file is."""
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    (folder / "ann.jpg").write_bytes(b"picture")
    content = files.read(tmp_path, "a/b/ann.jpg", limit=100)
    assert content.data == b"picture"
    assert content.sha256 == hashlib.sha256(b"picture").hexdigest()
    assert content.sighting == Sighting.of((folder / "ann.jpg").stat())
    assert files.digest(tmp_path, "a/b/ann.jpg") == (content.sha256, content.sighting)
    assert files.look(tmp_path, "a/b/ann.jpg") == content.sighting


@pytest.mark.parametrize(
    "name", [b"caf\xe9.jpg", b"two\nlines.jpg", b"n" * 255, "ann é.jpg".encode(), b"-rf *"]
)
def test_reads_files_of_any_name(tmp_path: Path, name: bytes) -> None:
    """Broken UTF-8, line breaks and names of 255 bytes are names like any other."""
    relative = os.fsdecode(name)
    (tmp_path / relative).write_bytes(b"x")
    assert files.read(tmp_path, relative, limit=1).data == b"x"


def test_the_root_may_be_a_link(tmp_path: Path) -> None:
    """The owner configured the root, so a link there is his wish."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "ann.jpg").write_bytes(b"x")
    (tmp_path / "root").symlink_to("real")
    assert files.read(tmp_path / "root", "ann.jpg", limit=1).data == b"x"


def test_the_limit_counts_to_the_byte(tmp_path: Path) -> None:
    """A file of exactly the limit is read, one byte more is refused with both numbers."""
    (tmp_path / "ann.jpg").write_bytes(b"12345")
    assert files.read(tmp_path, "ann.jpg", limit=5).data == b"12345"
    with pytest.raises(SourceTooLarge) as caught:
        files.read(tmp_path, "ann.jpg", limit=4)
    assert (caught.value.size, caught.value.limit) == (5, 4)


@every_way
def test_refuses_a_fifo_without_hanging(tmp_path: Path, way: Callable[[Path, str], object]) -> None:
    """A FIFO without a writer would stop the thread for ever."""
    os.mkfifo(tmp_path / "ann.jpg")
    with pytest.raises(NotARegularFile):
        way(tmp_path, "ann.jpg")


@every_way
def test_refuses_folders_sockets_and_devices(
    tmp_path: Path, way: Callable[[Path, str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only regular files are sources."""
    (tmp_path / "folder.jpg").mkdir()
    monkeypatch.chdir(tmp_path)  # a socket's path is limited to 108 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.jpg")
        for name in ("folder.jpg", "socket.jpg"):
            with pytest.raises(NotARegularFile):
                way(tmp_path, name)
    with pytest.raises(NotARegularFile):
        way(Path("/dev"), "null")


@every_way
def test_refuses_links(tmp_path: Path, way: Callable[[Path, str], object]) -> None:
    """No link is followed: not the file, not a folder on the way, not inside the root."""
    root = tmp_path / "root"
    (root / "real").mkdir(parents=True)
    (tmp_path / "secret").write_text("key")
    (root / "real" / "ann.jpg").write_bytes(b"x")
    (root / "file.jpg").symlink_to("../secret")
    (root / "dangling.jpg").symlink_to("nowhere")
    (root / "inside").symlink_to("real")
    (root / "outside").symlink_to(tmp_path)
    for relative in ("file.jpg", "dangling.jpg", "inside/ann.jpg", "outside/secret"):
        with pytest.raises(NotARegularFile):
            way(root, relative)


@every_way
@pytest.mark.parametrize(
    "relative", ["../secret", "a/../../secret", "/etc/passwd", "", ".", "a//b", "a/", "x\0y"]
)
def test_refuses_paths_that_lead_out(
    tmp_path: Path, way: Callable[[Path, str], object], relative: str
) -> None:
    """A path that is not plainly below its root is not even tried."""
    (tmp_path / "root" / "a").mkdir(parents=True)
    (tmp_path / "secret").write_text("key")
    with pytest.raises(OutsideRoot):
        way(tmp_path / "root", relative)


@every_way
def test_a_missing_file_is_gone(tmp_path: Path, way: Callable[[Path, str], object]) -> None:
    """A missing file, a missing folder and a file in place of a folder are all gone."""
    (tmp_path / "file").write_bytes(b"x")
    for relative in ("ann.jpg", "no/ann.jpg", "file/ann.jpg"):
        with pytest.raises(SourceGone):
            way(tmp_path, relative)


@every_way
def test_a_missing_root_is_not_a_missing_source(
    tmp_path: Path, way: Callable[[Path, str], object]
) -> None:
    """An unmounted share must never look as if its pictures were deleted."""
    with pytest.raises(RootGone) as caught:
        way(tmp_path / "share", "ann.jpg")
    assert not isinstance(caught.value, SourceGone)


@pytest.mark.parametrize("way", [read, files.digest])
def test_more_bytes_than_stated_is_a_change(way: Callable[[Path, str], object]) -> None:
    """A file that gives more than its size is not read as if it were whole.

    The kernel's own files state a size of zero and have content: the surest way to it.
    """
    with pytest.raises(SourceChanged):
        way(Path("/proc/self"), "status")


@pytest.mark.parametrize("way", [read, files.digest])
def test_a_file_that_grows_meanwhile_is_a_change(
    tmp_path: Path, way: Callable[[Path, str], object]
) -> None:
    """A file that its writer appends to while it is read is refused."""
    path = tmp_path / "ann.jpg"
    path.touch()
    os.truncate(path, 64 * MIB)
    writing, enough = threading.Event(), threading.Event()

    def append() -> None:
        with path.open("ab", buffering=0) as file:
            while not enough.is_set():
                file.write(b"x")
                writing.set()

    writer = threading.Thread(target=append)
    writer.start()
    try:
        assert writing.wait(10)
        with pytest.raises(SourceChanged):
            way(tmp_path, "ann.jpg")
    finally:
        enough.set()
        writer.join()


SWAPPER = """
import os
os.symlink("../secret", "link")
while True:
    with open("picture", "wb") as file:
        file.write(b"picture")
    os.rename("picture", "ann.jpg")
    os.link("link", "again", follow_symlinks=False)
    os.rename("again", "ann.jpg")
"""


def test_a_file_swapped_for_a_link_never_leaks(tmp_path: Path) -> None:
    """However fast file and link change places, what the link leads to is never read.

    The swapper is a process of its own, to hit the gap between looking and opening. A busy
    machine may halt it on either of the two, so the reading goes on until both have been met.
    """
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    seen: set[bytes] = set()
    refused = readings = 0
    with subprocess.Popen([sys.executable, "-c", SWAPPER], cwd=root) as swapper:
        try:
            while not (root / "ann.jpg").exists():
                assert swapper.poll() is None
            while readings < 10_000 or not (seen and refused):
                readings += 1
                try:
                    seen.add(files.read(root, "ann.jpg", limit=100).data)
                except NotARegularFile:
                    refused += 1
                except (SourceGone, SourceChanged):
                    continue
        finally:
            swapper.kill()
    assert seen == {b"picture"}


def test_reading_leaves_nothing_open(tmp_path: Path) -> None:
    """A daemon of months must not lose a file descriptor to any outcome."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "ann.jpg").write_bytes(b"x")
    (tmp_path / "a" / "link").symlink_to("ann.jpg")
    before = os.listdir("/proc/self/fd")  # noqa: PTH208 - names only, of a moving folder
    files.read(tmp_path, "a/ann.jpg", limit=1)
    for relative in ("a/link", "a/none", "b/none", "a"):
        with pytest.raises(files.SourceError):
            files.digest(tmp_path, relative)
    assert len(os.listdir("/proc/self/fd")) == len(before)  # noqa: PTH208 - the same


def test_a_copy_that_nobody_takes_is_closed(tmp_path: Path) -> None:
    """A thread may bring it when whoever wanted it was stopped: no warning, no open file."""
    (tmp_path / "ann.jpg").write_bytes(b"a picture")
    copied = files.unnamed_copy(tmp_path, "ann.jpg", tmp_path, limit=100)
    number = copied[0].fileno()
    del copied
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)
