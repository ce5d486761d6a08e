"""The local spool: where paid results are kept from download until they are published.

Once `Part.commit` returned, the result survives a power cut and the money is safe,
whatever the share does. The spool never touches users' folders, and forgets nothing by
itself. One writer per name at a time; an interrupted part starts anew.

OutputBlocked leaves wherever the local disk refuses.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from hotfolder.outputs.disk import FOLDER, create, make_folder, opened, sync, write_all
from hotfolder.outputs.errors import OutputError, blocked

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from typing import BinaryIO

SPOOL_NAME: Final = "spool"
_PART = ".part"
_MODE = 0o600
CHUNK_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Spooled:
    """A result that is safe in the spool: its file, size in bytes, and SHA-256 in hex."""

    path: Path
    size: int
    sha256: str


class Part:
    """A result while it is being written; a context manager that discards what is not committed.

    path is the final file. Calls may come from different threads, one at a time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = path.name + _PART
        self._hash = hashlib.sha256()
        self._size = 0
        self._file: int | None = None
        self._over = False
        self._lock = threading.Lock()  # whoever is cancelled must not close under a writing thread
        with blocked(path), opened(path.parent, FOLDER) as folder:
            self._file = create(folder, self._name, _MODE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._size

    @property
    def sha256(self) -> str:
        """SHA-256 in hex of what was written so far."""
        return self._hash.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Append bytes. Raises OutputBlocked where the disk is full."""
        with self._lock, blocked(self._path):
            write_all(self._open_file(), chunk)
        self._hash.update(chunk)
        self._size += len(chunk)

    def reopened(self) -> BinaryIO:
        """Open what was written so far for reading, so that it can be proved before the commit."""
        self._open_file()
        with blocked(self._path):
            return self._path.with_name(self._name).open("rb", buffering=0)

    def commit(self, *, is_last: bool = True) -> Spooled:
        """Make the result durable under its final name, in place of an earlier one.

        Where it is not the last, its name is made durable by the commit that follows. Raises
        OutputBlocked; then discard, as after a failed fsync nothing written counts.
        """
        with blocked(self._path), opened(self._path.parent, FOLDER) as folder:
            os.fsync(self._open_file())
            self._close()
            os.replace(self._name, self._path.name, src_dir_fd=folder, dst_dir_fd=folder)
            self._over = True
            if is_last:
                sync(folder)
        return Spooled(path=self._path, size=self._size, sha256=self.sha256)

    def discard(self) -> None:
        """Drop what was written, unless it is committed; once more changes nothing."""
        if self._over:
            return
        self._over = True
        with self._lock, blocked(self._path):
            try:
                self._close()
            finally:
                self._path.with_name(self._name).unlink(missing_ok=True)

    def _open_file(self) -> int:
        """Give the file that is being written; raises ValueError once it is closed."""
        if self._file is None:
            raise ValueError("this part is committed or discarded")
        return self._file

    def _close(self) -> None:
        """Close the file once, even if closing fails."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


class Spool:
    """The spool in one local folder, which is created where missing, for its owner only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with blocked(folder):
            make_folder(folder)

    def path(self, name: str) -> Path:
        """Give the file for a name; raises ValueError for what is no plain file name."""
        if name in {"", ".", ".."} or "/" in name or "\0" in name or name.endswith(_PART):
            raise ValueError(f"not a name for the spool: {name!a}")
        return self.folder / name

    def open_part(self, name: str) -> Part:
        """Begin to write a result anew; what an earlier attempt left is dropped."""
        return Part(self.path(name))

    @contextlib.contextmanager
    def unnamed(self) -> Iterator[BinaryIO]:
        """Open a file without a name, which is gone when it is closed."""
        with blocked(self.folder):
            file: Any = tempfile.TemporaryFile(dir=self.folder, buffering=0)  # noqa: SIM115  given on
        with file:
            yield file

    def copy(self, name: str, file: BinaryIO) -> Spooled:
        """Keep the whole of an open file under a name."""
        with self.open_part(name) as part:
            file.seek(0)
            while chunk := file.read(CHUNK_BYTES):
                part.write(chunk)
            return part.commit()

    def exists(self, name: str) -> bool:
        """Whether a committed result stands under a name."""
        path = self.path(name)
        with blocked(path):
            return path.is_file()

    def rename(self, name: str, new: str) -> None:
        """Give a result another name, in place of what has it; durably."""
        old_path, new_path = self.path(name), self.path(new)
        with blocked(old_path), opened(self.folder, FOLDER) as folder:
            os.replace(old_path.name, new_path.name, src_dir_fd=folder, dst_dir_fd=folder)
            sync(folder)

    def empty(self, files: Iterable[str]) -> None:
        """Remove what is published; what cannot be removed now is swept at the next start."""
        for file in files:
            with contextlib.suppress(OutputError):
                self.remove(file)

    def remove(self, name: str) -> None:
        """Remove a result; a missing one is fine."""
        path = self.path(name)
        with blocked(path):
            path.unlink(missing_ok=True)

    def sweep(self, keep: Collection[str]) -> tuple[str, ...]:
        """Remove all but the kept names, and every part; return what was removed, sorted.

        For recovery only, before anything writes: a part in progress would be lost.
        """
        with blocked(self.folder):
            left = sorted(entry.name for entry in self.folder.iterdir() if not entry.is_dir())
            gone = tuple(name for name in left if name not in keep or name.endswith(_PART))
            for name in gone:
                (self.folder / name).unlink(missing_ok=True)
        return gone

    def free_bytes(self) -> int:
        """Give the bytes that this program may still write here."""
        with blocked(self.folder):
            space = os.statvfs(self.folder)
        return space.f_bavail * space.f_frsize
