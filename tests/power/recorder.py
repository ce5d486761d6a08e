"""A file system that notes every change with its data: a mirror over FUSE, run as a program.

    python -m tests.power.recorder FOLDER MOUNT RECORD [apart]

A line of JSON is written to RECORD for each change, in their order. With `apart` each folder at the
top is a disk of its own: no file can be renamed from one to another.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import json
import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import mfusepy

from tests.failing_share import Mirror

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MAPPED = "-shm"  # SQLite's shared memory: no content of it outlives its processes
_REMOVED = ".fuse_hidden"  # what libfuse calls an opened file once it is removed


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One change, or one wish to have changes on the disk.

    `began` is when it was asked for, in seconds since 1970. `path` and `to` are relative to the
    mount; `handle` stands for an opened file from its `open` or `create` on; `offset` is where
    `data` was written, or the length that a file was cut to.
    """

    name: str
    began: float
    path: str = ""
    to: str = ""
    handle: int = 0
    offset: int = 0
    data: bytes = b""


def operations(record: Path) -> list[Operation]:
    """Return what was recorded, but for shared memory."""
    kept, mapped = [], set[int]()
    for line in record.read_text().splitlines():
        told = json.loads(line)
        each = Operation(**told | {"data": base64.b64decode(told["data"])})
        if each.name in {"open", "create"}:
            mapped.discard(each.handle)
        if each.path.endswith(_MAPPED):
            mapped.add(each.handle)
        elif _REMOVED in each.to:
            kept.append(replace(each, name="unlink", to=""))
        elif _REMOVED not in each.path and (not each.handle or each.handle not in mapped):
            kept.append(each)
    return kept


class Recorder(Mirror):
    """Passes every operation on to a folder and notes what changes it."""

    def __init__(self, folder: Path, record: TextIO, *, apart: bool) -> None:
        super().__init__(folder)
        self._record = record
        self._apart = apart

    def init_with_config(self, _connection: object, config: Any) -> None:  # noqa: ANN401  ctypes
        """Keep the inodes' numbers: hotfolder knows a moved file by its own."""
        config.use_ino = 1

    def readdir(self, path: str, fh: int) -> Sequence[object]:
        names = os.listdir(self._real("readdir", path))
        return [(each, self.getattr(os.path.join(path, each)), 0) for each in names]

    @contextlib.contextmanager
    def _noted(
        self, name: str, path: str, *, to: str = "", handle: int = 0, offset: int = 0,
        data: bytes = b"",
    ) -> Iterator[None]:  # fmt: skip
        """Note an operation once it is done; one that fails changes nothing."""
        began = time.time()
        yield
        told = {"name": name, "began": began, "path": path[1:], "to": to[1:], "handle": handle}
        told |= {"offset": offset, "data": base64.b64encode(data).decode()}
        self._record.write(json.dumps(told) + "\n")

    def open(self, path: str, flags: int) -> int:
        with self._noted("open", path, handle=(handle := super().open(path, flags))):
            return handle

    def create(self, path: str, mode: int, fi: object = None) -> int:
        handle = super().create(path, mode, fi)
        with self._noted("create", path, handle=handle):
            return handle

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        with self._noted("write", path, handle=fh, offset=offset, data=data):
            return super().write(path, data, offset, fh)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        with self._noted("truncate", path, offset=length):
            return super().truncate(path, length, fh)

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        with self._noted("fsync", path, handle=fh):
            return super().fsync(path, datasync, fh)

    def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
        with self._noted("fsyncdir", path):
            return 0

    def mkdir(self, path: str, mode: int) -> int:
        with self._noted("mkdir", path):
            return super().mkdir(path, mode)

    def rmdir(self, path: str) -> int:
        with self._noted("rmdir", path):
            return super().rmdir(path)

    def unlink(self, path: str) -> int:
        with self._noted("unlink", path):
            return super().unlink(path)

    def rename(self, old: str, new: str) -> int:
        self._require_one_disk(old, new)
        with self._noted("rename", old, to=new):
            return super().rename(old, new)

    def link(self, target: str, source: str) -> int:
        self._require_one_disk(source, target)
        with self._noted("link", source, to=target):
            return super().link(target, source)

    def mknod(self, path: str, mode: int, dev: int) -> int:
        os.mknod(self._real("mknod", path), mode, dev)
        return 0

    def chmod(self, path: str, mode: int) -> int:
        os.chmod(self._real("chmod", path), mode)
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        now = time.time_ns()
        os.utime(self._real("utimens", path), ns=times or (now, now))
        return 0

    def _require_one_disk(self, old: str, new: str) -> None:
        if self._apart and old.split("/")[1] != new.split("/")[1]:
            raise mfusepy.FuseOSError(errno.EXDEV)


if __name__ == "__main__":
    folder, mount, record = map(Path, sys.argv[1:4])
    with record.open("w", buffering=1) as stream:  # nothing is answered that is not noted
        disk = Recorder(folder, stream, apart=sys.argv[4:] == ["apart"])
        mfusepy.FUSE(disk, str(mount), foreground=True, nothreads=True)
