"""A share that mirrors a folder and fails as it is told: a FUSE file system, run as a program.

    python -m tests.failing_share FOLDER MOUNT ORDERS

ORDERS is a file with lines "operation error beginning": whatever begins with that path fails so.
The operations are libfuse's: getattr, readdir, open, read, create, write, fsync, rename, ...
and flagged_rename for renames that are to replace nothing (libfuse 3).
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mfusepy

if TYPE_CHECKING:
    from collections.abc import Sequence

_STATUS = (
    "st_atime", "st_ctime", "st_mtime", "st_gid", "st_uid", "st_mode", "st_nlink", "st_size",
    "st_ino", "st_blocks",
)  # fmt: skip


class Mirror(mfusepy.Operations):  # type: ignore[misc]
    """Passes every operation on to a folder."""

    use_ns = True

    def __init__(self, folder: Path) -> None:
        self._folder = os.fspath(folder)

    def _real(self, _operation: str, path: str) -> str:
        return self._folder + path

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        status = os.lstat(self._real("getattr", path))
        times = {f"st_{each}time": getattr(status, f"st_{each}time_ns") for each in "acm"}
        return {key: getattr(status, key) for key in _STATUS} | times

    def readdir(self, path: str, fh: int) -> Sequence[object]:
        return [".", "..", *os.listdir(self._real("readdir", path))]

    def open(self, path: str, flags: int) -> int:
        return os.open(self._real("open", path), flags)

    def create(self, path: str, mode: int, fi: object = None) -> int:
        return os.open(self._real("create", path), os.O_RDWR | os.O_CREAT, mode)

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        self._real("read", path)
        return os.pread(fh, size, offset)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        self._real("write", path)
        return os.pwrite(fh, data, offset)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        os.truncate(self._real("truncate", path), length)
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        self._real("fsync", path)
        return 0

    def release(self, path: str, fh: int) -> int:
        os.close(fh)
        return 0

    def mkdir(self, path: str, mode: int) -> int:
        os.mkdir(self._real("mkdir", path), mode)
        return 0

    def unlink(self, path: str) -> int:
        os.unlink(self._real("unlink", path))
        return 0

    def rmdir(self, path: str) -> int:
        os.rmdir(self._real("rmdir", path))
        return 0

    def flagged_rename(self, old: str) -> None:
        self._real("flagged_rename", old)

    def rename(self, old: str, new: str) -> int:
        os.rename(self._real("rename", old), self._real("rename", new))
        return 0

    def link(self, target: str, source: str) -> int:
        os.link(self._real("link", source), self._real("link", target))
        return 0

    def statfs(self, path: str) -> dict[str, int]:
        found = os.statvfs(self._real("statfs", path))
        return {
            key: getattr(found, key)
            for key in dir(found)
            if key.startswith("f_") and key not in {"f_fsid", "f_flag"}
        }


class FailingShare(Mirror):
    """Passes every operation on to a folder, but for those that are ordered to fail."""

    def __init__(self, folder: Path, orders: Path) -> None:
        super().__init__(folder)
        self._orders = orders

    def _real(self, operation: str, path: str) -> str:
        for line in self._orders.read_text().splitlines():
            what, error, beginning = line.split(" ")
            if what == operation and path.startswith(beginning):
                raise mfusepy.FuseOSError(getattr(errno, error))
        return super()._real(operation, path)


class Mount(mfusepy.FUSE):  # type: ignore[misc]
    """A mount that asks what becomes of renames with flags, which mfusepy leaves out."""

    def rename_fuse_3(self, old: bytes, new: bytes, flags: int) -> int:
        if flags:
            self.operations.flagged_rename(os.fsdecode(old))
        return int(super().rename_fuse_3(old, new, flags))


if __name__ == "__main__":
    folder, mount, orders = map(Path, sys.argv[1:])
    Mount(
        FailingShare(folder, orders), str(mount), foreground=True, nothreads=True,
        attr_timeout=0, entry_timeout=0, negative_timeout=0,
    )  # fmt: skip
