"""The output folders as they stand: reached part by part below their root, looked at, checked.

The root is never created: a missing one is an unmounted share. No link below it is
followed, so nothing is written or read outside.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING, Final

from hotfolder.outputs import disk
from hotfolder.outputs.access import UNCHANGED, Access
from hotfolder.outputs.errors import NotMounted, OutputBlocked, RootMissing, blocked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_FOLDER_BELOW = disk.FOLDER | os.O_NOFOLLOW


def check_root(root: Path) -> int:
    """Check without leaving a trace that root can be written to; return its free bytes.

    Raises RootMissing or OutputBlocked.
    """
    with blocked(root):
        if not root.is_dir():
            raise RootMissing(root)
        space = os.statvfs(root)
        if space.f_flag & os.ST_RDONLY:
            raise OutputBlocked(errno.EROFS, root)
        if not os.access(root, os.W_OK | os.X_OK, effective_ids=True):
            raise OutputBlocked(errno.EACCES, root)
    return space.f_bavail * space.f_frsize


def is_mounted(root: Path) -> bool:
    """Return whether root is the place of a mount. Raises RootMissing and OutputBlocked."""
    with blocked(root):
        try:
            with disk.opened(root, disk.FOLDER) as folder:
                return _is_mount(folder)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise RootMissing(root) from error


def find_output(root: Path, folder: str, names: Iterable[str]) -> str | None:
    """Return which of some names already stands in a folder below root, or None.

    Raises RootMissing and OutputBlocked.
    """
    place = root / folder
    with blocked(place):
        if not root.is_dir():
            raise RootMissing(root)
        return next((each for each in names if os.path.lexists(place / each)), None)


@contextlib.contextmanager
def opened_output(root: Path, relative: str) -> Iterator[int | None]:
    """Open what stands at a name below root for reading; None where no file does.

    Raises RootMissing and OutputBlocked. No link below root is followed.
    """
    *folders, name = parts_of(relative)
    with contextlib.ExitStack() as stack, blocked(root / relative):
        try:
            folder = stack.enter_context(disk.opened(root, disk.FOLDER))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise RootMissing(root) from error
        file: int | None = None
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            for part in folders:
                folder = stack.enter_context(disk.opened(part, _FOLDER_BELOW, folder))
            file = stack.enter_context(disk.opened(name, FILE, folder))
        is_file = file is not None and stat.S_ISREG(os.fstat(file).st_mode)
        yield file if is_file else None


@contextlib.contextmanager
def target_folder(
    root: Path, folders: list[str], access: Access = UNCHANGED, *, mounted: bool = False
) -> Iterator[int]:
    """Open the target's folder, part by part below root, creating what is missing.

    `access` is how what is created is left. Raises RootMissing, or NotMounted where root must be
    the place of a mount and is not.
    """
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(disk.opened(root, disk.FOLDER))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise RootMissing(root) from error
        if mounted and not _is_mount(folder):
            raise NotMounted(root)
        for part in folders:
            _make_folder(folder, part, access)
            folder = stack.enter_context(disk.opened(part, _FOLDER_BELOW, folder))
        yield folder


def _make_folder(parent: int, name: str, access: Access) -> None:
    """Create a sub folder, durably, where none stands yet."""
    try:
        os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, dir_fd=parent)
            with disk.opened(name, _FOLDER_BELOW, parent) as made:
                access.give_to_folder(made)
            disk.sync(parent)


def _is_mount(folder: int) -> bool:
    """Whether an open folder is on another file system than the one above it."""
    return os.fstat(folder).st_dev != os.stat("..", dir_fd=folder).st_dev


def parts_of(relative: str) -> list[str]:
    """Split a target's path; raises ValueError for one that could lead elsewhere."""
    parts = relative.split("/")
    if "\0" in relative or not {"", ".", ".."}.isdisjoint(parts):
        raise ValueError(f"not a path below the output folder: {relative!a}")
    return parts
