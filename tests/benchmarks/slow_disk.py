"""A disk on which each fsync takes 10 ms and is counted: a mirror over FUSE, run as a program.

python -m tests.benchmarks.slow_disk FOLDER MOUNT RECORD
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import mfusepy

from tests.mounting import mounted_share
from tests.power.recorder import Recorder, operations

FSYNC_S = 0.010


class SlowDisk(Recorder):
    """Answers an fsync only after a while."""

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        """Wait as long as a plain disk turns."""
        time.sleep(FSYNC_S)
        return super().fsync(path, datasync, fh)

    def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
        """Wait as long for a folder."""
        time.sleep(FSYNC_S)
        return super().fsyncdir(path, datasync, fh)


@contextmanager
def slow_disk() -> Iterator[tuple[Path, Callable[[], int]]]:
    """Mount such a disk; give its folder, and what counts the fsyncs so far."""
    with tempfile.TemporaryDirectory() as folder:
        behind, place, record = (Path(folder) / each for each in ("behind", "disk", "record"))
        behind.mkdir()
        place.mkdir()
        program = ["-m", "tests.benchmarks.slow_disk", str(behind), str(place), str(record)]
        with mounted_share(place, [sys.executable, *program]):
            yield place, lambda: sum(each.name == "fsync" for each in operations(record))


if __name__ == "__main__":
    mirrored, mount, noted = map(Path, sys.argv[1:4])
    with noted.open("w", buffering=1) as stream:
        disk = SlowDisk(mirrored, stream, apart=False)
        mfusepy.FUSE(disk, str(mount), foreground=True, nothreads=True)
