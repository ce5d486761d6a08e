"""Publishing on disks that are full, read-only or forbidden, and under kill -9."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hotfolder.outputs.errors import OutputBlocked
from hotfolder.outputs.publish import Published, publish
from hotfolder.outputs.spool import Spool
from hotfolder.outputs.target import check_root
from tests.mounting import mount

if TYPE_CHECKING:
    from collections.abc import Iterator

JOB = "j1"
NOBODY = 65534
PATIENCE_S = 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of one MiB with room for few files."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount("-t", "tmpfs", "-o", "size=1m,nr_inodes=10", "hotfolder-test", str(folder))
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def spool_file(folder: Path, content: bytes) -> tuple[Path, str]:
    """Write a result and give its file and hash."""
    path = folder / "spooled"
    path.write_bytes(content)
    return path, hashlib.sha256(content).hexdigest()


def test_a_full_disk_shows_nothing_and_is_retried(tmp_path: Path, small_disk: Path) -> None:
    """A full disk leaves no name and no temporary; with room made, the same call succeeds."""
    path, sha256 = spool_file(tmp_path, b"x" * 700_000)
    (small_disk / "filler").write_bytes(b"f" * 600_000)
    for _ in range(2):
        with pytest.raises(OutputBlocked) as caught:
            publish(path, sha256, small_disk, "ann.png", token=JOB)
        assert caught.value.errno == errno.ENOSPC
        assert "disk is full" in caught.value.hint
        assert [entry.name for entry in small_disk.iterdir()] == ["filler"]
    assert check_root(small_disk) < 700_000
    (small_disk / "filler").unlink()
    assert publish(path, sha256, small_disk, "ann.png", token=JOB) == Published.NEW


def test_a_disk_without_room_for_names_is_full(tmp_path: Path, small_disk: Path) -> None:
    """No inodes left is a full disk, whatever the free bytes say."""
    path, sha256 = spool_file(tmp_path, b"x")
    with pytest.raises(OutputBlocked) as caught:
        publish(path, sha256, small_disk, "/".join("abcdefghijk"), token=JOB)
    assert caught.value.errno == errno.ENOSPC


def test_a_full_spool_drops_the_part(small_disk: Path) -> None:
    """A download that the spool cannot hold is dropped and said."""
    spool = Spool(small_disk / "spool")
    with spool.open_part("a") as part, pytest.raises(OutputBlocked) as caught:
        part.write(b"x" * 2_000_000)
    assert caught.value.errno == errno.ENOSPC
    assert list((small_disk / "spool").iterdir()) == []
    assert spool.free_bytes() > 900_000


def test_a_read_only_disk_is_said(tmp_path: Path, small_disk: Path) -> None:
    """Both the check and the attempt name a read-only disk."""
    path, sha256 = spool_file(tmp_path, b"x")
    assert check_root(small_disk) > 0
    mount("-o", "remount,ro", str(small_disk))
    for attempt in (
        lambda: check_root(small_disk),
        lambda: publish(path, sha256, small_disk, "ann.png", token=JOB),
    ):
        with pytest.raises(OutputBlocked) as caught:
            attempt()
        assert caught.value.errno == errno.EROFS
        assert "read-only" in caught.value.hint


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that every user may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_missing_permission_is_said(open_folder: Path) -> None:
    """Without the right to write, check and attempt name the permission and the target."""
    path, sha256 = spool_file(open_folder, b"x")
    root = open_folder / "out"
    root.mkdir()
    root.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)  # root may write anywhere
    try:
        for attempt in (
            lambda: check_root(root),
            lambda: publish(path, sha256, root, "ann.png", token=JOB),
        ):
            with pytest.raises(OutputBlocked) as caught:
                attempt()
            assert caught.value.errno == errno.EACCES
            assert "permission" in caught.value.hint
            assert caught.value.path in {root, root / "ann.png"}
    finally:
        os.seteuid(user)


PUBLISHER = """
import sys
from pathlib import Path
from hotfolder.outputs.publish import publish
spooled, sha256, root = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
for number in range(int(sys.argv[4])):
    print(publish(spooled, sha256, root, f"a/{number}.png", token=f"j{number}"), flush=True)
"""
RESULTS = 6
SIZE = 8_000_000


class Witness(threading.Thread):
    """A reader of the output folder who hashes whatever has a final name."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.seen: set[str] = set()
        self.enough = threading.Event()

    def run(self) -> None:
        """Look again and again."""
        while not self.enough.is_set():
            for path in self.folder.glob("[0-9]*.png"):
                self.seen.add(hashlib.sha256(path.read_bytes()).hexdigest())


def written(temporary: Path) -> int:
    """Give a temporary's size in bytes, or -1 where there is none."""
    try:
        return temporary.stat().st_size
    except FileNotFoundError:
        return -1


def kill_in_the_middle(command: list[str], temporary: Path, size: int) -> None:
    """Run a publisher and kill it once its temporary holds so many bytes."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as publisher:
        deadline = time.monotonic() + PATIENCE_S
        while written(temporary) < size and publisher.poll() is None:
            assert time.monotonic() < deadline
        publisher.kill()


def test_nobody_ever_sees_a_part_of_a_result(tmp_path: Path) -> None:
    """Killed again and again while a reader looks on, a final name holds all or nothing.

    Afterwards the same calls finish the work, and no temporary is left.
    """
    path, sha256 = spool_file(tmp_path, os.urandom(SIZE))
    root = tmp_path / "out"
    (root / "a").mkdir(parents=True)
    command = [sys.executable, "-c", PUBLISHER, str(path), sha256, str(root), str(RESULTS)]
    witness = Witness(root / "a")
    witness.start()
    try:
        for number in range(RESULTS - 1):
            # From just created, over partly written, to whole and being synced.
            at = root / "a" / f".hotfolder-j{number}.part"
            kill_in_the_middle(command, at, number * SIZE // (RESULTS - 2))
        ended = subprocess.run(command, check=True, capture_output=True, text=True)
    finally:
        witness.enough.set()
        witness.join()
    assert witness.seen <= {sha256}
    assert set(ended.stdout.split()) <= {"new", "already"}
    assert sorted(entry.name for entry in (root / "a").iterdir()) == [
        f"{number}.png" for number in range(RESULTS)
    ]
    again = subprocess.run(command, check=True, capture_output=True, text=True)
    assert again.stdout.split() == ["already"] * RESULTS
