"""Real file systems for tests, where this user may mount them."""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


MOUNTED_WITHIN_S = 30.0


def mount(*options: str) -> None:
    """Mount, or skip saying why."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    done = subprocess.run(["mount", *options], check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"mounting is not permitted here: {done.stderr.strip()}")


def unmount(*places: Path) -> None:
    """Unmount, also what is in use."""
    subprocess.run(["umount", "-l", *map(str, places)], check=True)


@contextlib.contextmanager
def open_to_all(folder: Path) -> Iterator[Path]:
    """Give a place where every user may read a folder, wherever it lies; nobody writes there."""
    place = Path(tempfile.mkdtemp(prefix="hotfolder-seen-"))
    try:
        mount("--bind", "-o", "ro", str(folder), str(place))
        try:
            yield place
        finally:
            unmount(place)
    finally:
        place.rmdir()


@contextlib.contextmanager
def hanging_share(place: Path) -> Iterator[Callable[[], None]]:
    """Mount a FUSE file system that never answers; give what breaks its connection (ENOTCONN)."""
    if os.geteuid() != 0 or not Path("/dev/fuse").exists():
        pytest.skip("a file system of our own needs root and /dev/fuse")
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0"
    library = ctypes.CDLL(None, use_errno=True)
    if library.mount(b"dead", os.fsencode(place), b"fuse", 0, options.encode()) != 0:
        os.close(device)
        pytest.skip(f"mounting is not permitted here: {os.strerror(ctypes.get_errno())}")
    broken = contextlib.ExitStack()
    broken.callback(os.close, device)
    try:
        yield broken.close
    finally:
        broken.close()
        unmount(place)


@contextlib.contextmanager
def folding_disk(place: Path) -> Iterator[None]:
    """Mount a small ext4 over a folder that takes names for the same whatever their case."""
    if not (shutil.which("mkfs.ext4") and shutil.which("chattr")):
        pytest.skip("a disk that folds case needs mkfs.ext4 and chattr")
    image = place.with_name(f"{place.name}-image")
    with image.open("wb") as file:
        file.truncate(16 * 1024 * 1024)
    subprocess.run(["mkfs.ext4", "-q", "-O", "casefold", str(image)], check=True)
    mount("-o", "loop", str(image), str(place))
    try:
        (place / "lost+found").rmdir()
        subprocess.run(["chattr", "+F", str(place)], check=True)
        yield
    finally:
        unmount(place)


class Orders:
    """What a failing share is told: each order is an operation, an error and a path's beginning."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lines: list[str] = []
        self.heal()

    def fail(self, error: str, *operations: str, at: str = "/") -> None:
        """Let operations fail from now on, besides those that fail already."""
        self._lines += [f"{operation} {error} {at}" for operation in operations]
        self._write()

    def heal(self) -> None:
        """Let nothing fail."""
        self._lines = []
        self._write()

    def _write(self) -> None:
        part = self.file.with_suffix(".part")
        part.write_text("\n".join(self._lines))
        part.rename(self.file)


@contextlib.contextmanager
def failing_share(place: Path, program: str = "tests.failing_share") -> Iterator[Orders]:
    """Mount a FUSE file system over an empty folder that fails as it is ordered to.

    `program` is the module that is run for it.
    """
    mirrored = place.with_name(f"{place.name}-mirrored")
    mirrored.mkdir()
    orders = Orders(place.with_name(f"{place.name}-orders"))
    told = (str(mirrored), str(place), str(orders.file))
    with mounted_share(place, [sys.executable, "-m", program, *told]):
        try:
            yield orders
        finally:
            orders.heal()


@contextlib.contextmanager
def mounted_share(place: Path, program: list[str]) -> Iterator[None]:
    """Run a program that mounts a FUSE file system of ours; what it noted is there afterwards."""
    if os.geteuid() != 0 or not Path("/dev/fuse").exists():
        pytest.skip("a file system of our own needs root and /dev/fuse")
    if not (ctypes.util.find_library("fuse3") or ctypes.util.find_library("fuse")):
        pytest.skip("a file system of our own needs libfuse (Debian: libfuse3-3)")
    share = subprocess.Popen(program)
    try:
        end_s = time.monotonic() + MOUNTED_WITHIN_S
        while not os.path.ismount(place):
            if share.poll() is not None:
                pytest.skip(f"mounting is not permitted here: it ended with {share.returncode}")
            assert time.monotonic() < end_s, "the share was not mounted in time"
            time.sleep(0.01)
        yield
    finally:
        if os.path.ismount(place):
            unmount(place)
        share.terminate()
        share.wait()
