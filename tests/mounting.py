"""Real file systems for tests, where this user may mount them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


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
