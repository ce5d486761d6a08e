"""The root of a watch: whether it is there, what it is known by, and the marker in it.

The marker is the one file that watching writes into a folder besides its self-test. It goes through
a hidden temporary, so that it is whole or not there.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import tomli

from hotfolder.journal.roots import Marker
from hotfolder.tree import files, mounts
from hotfolder.tree.mounts import Mount

MARKER_NAME: Final = ".hotfolder-id"
LARGEST_MARKER_BYTES: Final = 4096
FSTAB: Final = Path("/etc/fstab")

_TEMPORARY: Final = f"{MARKER_NAME}.part"
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NOT_WRITABLE: Final = frozenset(
    {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT, errno.EOPNOTSUPP}
)
_TEXT: Final = """\
# hotfolder knows this folder by this file. Leave it here, and do not copy it elsewhere.
folder = "{folder}"
journal = "{journal}"
lines = {lines}
"""


@dataclass(frozen=True, slots=True)
class Root:
    """A root as it stands now.

    `identity` is its device and inode, good until it is unmounted; `place` identifies its file
    system for longer.
    """

    identity: tuple[int, int]
    place: str
    marker: Marker | None


def look(path: Path, mounted: Sequence[Mount], fstab: Path = FSTAB) -> Root:
    """Look at a root. Raises OSError, or RootGone where it is missing or not mounted."""
    missing = mounts.awaited(list(mounted), os.path.realpath(path), fstab)
    if missing is not None:
        raise files.RootGone(f"nothing is mounted at {missing!a}, which /etc/fstab names")
    with _opened(path) as folder:
        status, space = os.fstat(folder), os.fstatvfs(folder)
        place = _place(mounts.on(list(mounted), os.path.realpath(path)), path, space.f_fsid)
        return Root((status.st_dev, status.st_ino), place, _read(path))


def _place(mount: Mount, path: Path, number: int) -> str:
    """Name the disk or share, and the part of it if just that is mounted at the path.

    A share's number differs from mount to mount, its name does not. A folder that was deleted and
    made again on the same disk is still the same place.
    """
    disk = f"{mount.kind}:{mount.source}" if mount.remote else f"{number:x}"
    return f"{disk}:{mount.root}" if mount.place == os.path.realpath(path) else disk


def is_still(path: Path, identity: tuple[int, int]) -> bool:
    """Return whether the same root as before stands at a path. Raises OSError."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return (status.st_dev, status.st_ino) == identity


def write(path: Path, marker: Marker) -> bool:
    """Put a marker into a root; returns False where it may not be written to."""
    text = _TEXT.format(folder=marker.folder, journal=marker.journal, lines=marker.lines)
    try:
        with _opened(path) as folder:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(_TEMPORARY, dir_fd=folder)
            file = os.open(_TEMPORARY, _NEW_FILE, 0o644, dir_fd=folder)
            with os.fdopen(file, "w") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(file)
            os.rename(_TEMPORARY, MARKER_NAME, src_dir_fd=folder, dst_dir_fd=folder)
            with contextlib.suppress(OSError):  # a share that cannot: it is missed, and put again
                os.fsync(folder)
    except OSError as error:
        if error.errno in _NOT_WRITABLE:
            return False
        raise
    return True


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        folder = os.open(path, _FOLDER)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise files.RootGone(f"{os.fspath(path)!a} is missing") from error
    try:
        yield folder
    finally:
        os.close(folder)


def _read(path: Path) -> Marker | None:
    """Return the marker, or None where there is none that can be understood."""
    try:
        content = files.read(path, MARKER_NAME, limit=LARGEST_MARKER_BYTES)
        said = tomli.loads(content.data.decode())
        return Marker(str(said["folder"]), str(said["journal"]), int(said["lines"]))
    except (files.SourceGone, files.NotARegularFile, files.SourceTooLarge):
        return None
    except (ValueError, LookupError, TypeError):
        return None
