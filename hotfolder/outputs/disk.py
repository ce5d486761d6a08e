"""The few moves that make a file durable and whole; spool and publish are built of them.

Everything works relative to an open folder, so that no name is looked up twice and no
link is followed. Raises OSError; who calls these translates it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import os
import stat
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

OTHERS: Final = 0o077
FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

# Renames from a name in an open folder to one in another; FileExistsError if that is taken.
Way: TypeAlias = "Callable[[int, str, int, str], None]"

_RENAME_NOREPLACE = 1
_REFUSED_BY_FILE_SYSTEM = frozenset(
    {errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK}
)
# SMB and FUSE answer so for what they cannot sync, folders mostly. Anything else, EIO
# above all, means that the entry may be lost.
_CANNOT_SYNC = frozenset({errno.EINVAL, errno.EACCES, errno.ENOTSUP})


@contextlib.contextmanager
def opened(name: str | os.PathLike[str], flags: int, folder: int | None = None) -> Iterator[int]:
    """Open a file or folder, relative to an open folder if one is given, and close it."""
    descriptor = os.open(name, flags, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Create a folder for its owner only, and those above it, where missing; durably."""
    missing = [each for each in path.parents if not each.exists()]
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    for each in (path, *missing):
        # Also where it stood before: who made it may have been stopped before this.
        with contextlib.suppress(PermissionError), opened(each.parent, FOLDER) as parent:
            sync(parent)


def make_private(path: Path, holding: Sequence[str] = ()) -> None:
    """Make a folder that is its owner's alone, also where it stood open before; durably.

    So are, of what stands in it, the files and folders that `holding` tells by patterns.
    Raises PermissionError where the folder stays open to others.
    """
    make_folder(path)
    for each in (path, *(found for pattern in holding for found in path.glob(pattern))):
        _close_to_others(each)
    if path.stat().st_mode & OTHERS:
        raise PermissionError(errno.EPERM, "others may enter it, and that cannot be changed", path)


def _close_to_others(path: Path) -> None:
    """Take the rights of others away, where that is possible."""
    if path.is_symlink():
        return
    with contextlib.suppress(OSError):
        mode = path.stat().st_mode
        if mode & OTHERS:
            path.chmod(stat.S_IMODE(mode) & ~OTHERS)


def create(folder: int, name: str, mode: int) -> int:
    """Create a file that was not there, whatever stood at the name before, for writing."""
    unlink(folder, name)
    return os.open(name, _NEW_FILE, mode, dir_fd=folder)


def unlink(folder: int, name: str) -> None:
    """Remove a file; a missing one is fine."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def write_all(descriptor: int, chunk: bytes) -> None:
    """Write every byte, as one call may write fewer."""
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def sync(descriptor: int) -> None:
    """Make a folder's entries durable, or a file opened for reading, where that is possible.

    Without it the last rename before a power cut is lost on ext4, xfs and btrfs (field
    notes, "Writing outputs atomically").
    """
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise


def by_renameat2(folder: int, old: str, target: int, new: str) -> None:
    """Rename without replacing, in one step: the kernel's own way."""
    call = _renameat2()
    if call is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if call(folder, os.fsencode(old), target, os.fsencode(new), _RENAME_NOREPLACE) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), new)


def by_link(folder: int, old: str, target: int, new: str) -> None:
    """Rename without replacing by a second name for the file: for NFS above all."""
    try:
        os.link(old, new, src_dir_fd=folder, dst_dir_fd=target, follow_symlinks=False)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        # So does `rclone mount` refuse links. If the share is lost, the next way tells.
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP), new) from error
    os.unlink(old, dir_fd=folder)


def by_looking_first(folder: int, old: str, target: int, new: str) -> None:
    """Rename after looking: for file systems without links (exFAT, some SMB, `rclone mount`).

    Between looking and renaming, another program's new file could be replaced; our own names
    are reserved in the journal. There is no better way on these: a file that is created to take
    the name would be seen half-done. The gap is one system call wide.
    """
    with contextlib.suppress(FileNotFoundError):
        os.stat(new, dir_fd=target, follow_symlinks=False)
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new)
    os.rename(old, new, src_dir_fd=folder, dst_dir_fd=target)


WAYS: Final[tuple[Way, ...]] = (by_renameat2, by_link, by_looking_first)


def rename_without_replacing(folder: int, old: str, new: str, ways: Sequence[Way] = WAYS) -> None:
    """Rename within a folder unless the new name exists, in the first way that works.

    Raises FileExistsError and leaves both files where the name is taken.
    """
    move_without_replacing(folder, old, folder, new, ways)


def move_without_replacing(
    folder: int, old: str, target: int, new: str, ways: Sequence[Way] = WAYS
) -> None:
    """Rename into another folder in the same way. Raises OSError (EXDEV) across file systems."""
    *first, last = ways
    for way in first:
        try:
            return way(folder, old, target, new)
        except OSError as error:
            if error.errno not in _REFUSED_BY_FILE_SYSTEM:
                raise
    return last(folder, old, target, new)


@functools.cache
def _renameat2() -> Callable[[int, bytes, int, bytes, int], int] | None:
    """Find the C library's renameat2, or None where it has none."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    call.restype = ctypes.c_int
    found: Callable[[int, bytes, int, bytes, int], int] = call
    return found
