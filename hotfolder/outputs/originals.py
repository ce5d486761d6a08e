"""Moves originals out of an input folder, to `_originals` below the output.

Nothing is ever overwritten or lost: on one file system by a rename that replaces nothing; across
two by a copy that is synced and read back before the original is removed. Doing it again after a
crash at any point ends the same: where the very content stands at the target already, only the
original is left to be removed.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hotfolder.domain.failpoints import Failpoint, no_failpoint
from hotfolder.outputs import disk
from hotfolder.outputs.errors import OutputError, RootMissing, blocked
from hotfolder.outputs.target import parts_of, target_folder

FOLDER: Final = "_originals"
CHUNK_BYTES: Final = 1024 * 1024
MOST_NAMES: Final = 1000
RIGHTS: Final = 0o777  # whoever dropped a file that runs as somebody else gets no copy that does
# What disks take is 255; this leaves room for the ending of a sidecar.
NUMBERED_BYTES: Final = 250

_FOLDER_BELOW = disk.FOLDER | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class OriginalGone(OutputError):
    """No file stands at the original's place any more, or nothing that is a file."""


class OriginalChanged(OutputError):
    """The file is no longer the one that was edited; it stays where it is."""


@dataclass(frozen=True, slots=True)
class _Original:
    """An opened original: its file, its folder and name, its hash and what it was seen as."""

    file: int
    folder: int
    name: str
    sha256: str
    seen: os.stat_result

    def is_still(self, status: os.stat_result) -> bool:
        """Whether a look shows the very file, unchanged since it was read."""
        return _identity(status) == _identity(self.seen)

    def stands_there(self) -> bool:
        """Whether the name still leads to it."""
        with contextlib.suppress(FileNotFoundError):
            status = os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
            return self.is_still(status)
        return False

    def remove(self) -> None:
        """Remove the original, whose content stands elsewhere; another file is left alone."""
        if self.stands_there():
            os.unlink(self.name, dir_fd=self.folder)
            disk.sync(self.folder)


def move(
    root: Path,
    relative: str,
    output_root: Path,
    wanted: str,
    *,
    sha256: str | None = None,
    failpoint: Failpoint = no_failpoint,
) -> str:
    """Move a file below root to `wanted` below the output's `_originals`; return where it is then.

    The path returned is relative to the output root; it is numbered where another file has the
    name. With `sha256` a file of another content is not moved. Passes `original.copied`,
    `original.named` and `original.moved`.

    Raises OriginalGone, OriginalChanged, RootMissing for either root, OutputBlocked where a
    file system refuses.
    """
    *folders, name = parts_of(f"{FOLDER}/{wanted}")
    with blocked(root / relative), _opened(root, relative) as original:
        if sha256 not in (None, original.sha256):
            raise _changed(root / relative)
        with target_folder(output_root, folders) as target:
            for each in _names(name):
                if _placed(original, target, each, failpoint):
                    return "/".join((*folders, each))
    raise OutputError(
        f"{relative!a} has {MOST_NAMES} namesakes among the originals",
        root / relative,
        "Clear the folder _originals out.",
    )


def find(output_root: Path, wanted: str, sha256: str) -> str | None:
    """Return where a content stands among the originals: it was moved before a crash, or None.

    Raises RootMissing, OutputBlocked.
    """
    *folders, name = parts_of(f"{FOLDER}/{wanted}")
    with blocked(output_root / wanted), target_folder(output_root, folders) as target:
        for each in _names(name):
            held = _content(target, each)
            if held is None:
                return None
            if held == sha256:
                return "/".join((*folders, each))
    return None


@contextlib.contextmanager
def _opened(root: Path, relative: str) -> Iterator[_Original]:
    *folders, name = parts_of(relative)
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(disk.opened(root, disk.FOLDER))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise RootMissing(root) from error
        try:
            for part in folders:
                folder = stack.enter_context(disk.opened(part, _FOLDER_BELOW, folder))
            file = stack.enter_context(disk.opened(name, _FILE, folder))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise _gone(root / relative) from error
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO):
                raise _gone(root / relative) from error
            raise
        seen = os.fstat(file)
        if not stat.S_ISREG(seen.st_mode):
            raise _gone(root / relative)
        original = _Original(file, folder, name, _hash(file), seen)
        if not original.is_still(os.fstat(file)):
            raise _changed(root / relative)
        yield original


def _placed(original: _Original, target: int, name: str, failpoint: Failpoint) -> bool:
    """Bring the original to a name, or find it there; False where another file has the name."""
    held = _content(target, name)
    if held is not None and held != original.sha256:
        return False
    if held is None:
        try:
            _bring(original, target, name, failpoint)
        except FileExistsError:  # just now, by another program
            return False
    disk.sync(target)
    failpoint("original.named")
    original.remove()
    failpoint("original.moved")
    return True


def _bring(original: _Original, target: int, name: str, failpoint: Failpoint) -> None:
    try:
        disk.move_without_replacing(original.folder, original.name, target, name)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(original, target, name, failpoint)
        return
    moved = os.stat(name, dir_fd=target, follow_symlinks=False)
    if not original.is_still(moved):  # another file took its name at this very moment
        disk.move_without_replacing(target, name, original.folder, original.name)
        raise _changed(Path(original.name))
    disk.sync(original.folder)


def _copy(original: _Original, target: int, name: str, failpoint: Failpoint) -> None:
    """Copy to a hidden temporary, read it back from the disk, and give it its name."""
    temporary = f".hotfolder-original-{original.sha256[:32]}.part"
    file = disk.create(target, temporary, original.seen.st_mode & RIGHTS)
    try:
        with os.fdopen(file, "wb", buffering=0):
            os.lseek(original.file, 0, os.SEEK_SET)
            while chunk := os.read(original.file, CHUNK_BYTES):
                disk.write_all(file, chunk)
            os.utime(file, ns=(original.seen.st_atime_ns, original.seen.st_mtime_ns))
            os.fsync(file)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        failpoint("original.copied")
        if _content(target, temporary) != original.sha256:
            raise _changed(Path(original.name))
        disk.rename_without_replacing(target, temporary, name)
    finally:
        with contextlib.suppress(OSError):
            disk.unlink(target, temporary)


def _content(folder: int, name: str) -> str | None:
    """Return the hash of what a name holds, "" for what is no regular file, None for nothing."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return ""
    with disk.opened(name, _FILE, folder) as file:
        return _hash(file)


def _hash(file: int) -> str:
    with os.fdopen(file, "rb", closefd=False) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _names(name: str) -> Iterator[str]:
    stem, dot, ending = name.rpartition(".")
    stem, ending = (stem, f"{dot}{ending}") if stem else (name, "")
    yield name
    for number in range(2, MOST_NAMES + 1):
        tail = f" ({number}){ending}"
        yield _cut(stem, NUMBERED_BYTES - len(os.fsencode(tail))) + tail


def _cut(text: str, limit: int) -> str:
    """Shorten a name to a limit in bytes, between two characters."""
    while text and len(os.fsencode(text)) > limit:
        text = text[:-1]
    return text


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _gone(path: Path) -> OriginalGone:
    return OriginalGone(f"{os.fspath(path)!a} is not there any more", path, "")


def _changed(path: Path) -> OriginalChanged:
    hint = "It is taken as a new file; nothing need be done."
    return OriginalChanged(f"{os.fspath(path)!a} was changed since it was edited", path, hint)
