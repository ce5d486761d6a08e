"""Who may use the outputs: modes and group, and the time that a file carries.

Set before a file gets its final name. A share that knows no modes or owners, or does not let us
set them, has rules of its own; that keeps no result from being delivered.
"""

from __future__ import annotations

import errno
import grp
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

FILE_MODE: Final = 0o666
FOLDER_MODE: Final = 0o777
_NOT_OURS_TO_SET: Final = frozenset({errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EINVAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How outputs are left: None of a field = as the program and the folder have it.

    `umask` is taken from the modes of files and folders; `group` is a group's number; `mtime_ns`
    the time a file carries, in nanoseconds since 1970.
    """

    umask: int | None = None
    group: int | None = None
    mtime_ns: int | None = None

    def give_to_file(self, file: int) -> None:
        """Leave an open file so."""
        self._give(file, FILE_MODE)
        if self.mtime_ns is not None:
            _try(os.utime, file, ns=(self.mtime_ns, self.mtime_ns))

    def give_to_folder(self, folder: int) -> None:
        """Leave an open folder, which was just made, so."""
        self._give(folder, FOLDER_MODE)

    def _give(self, opened: int, mode: int) -> None:
        if self.group is not None:
            _try(os.fchown, opened, -1, self.group)
        if self.umask is not None:
            _try(os.fchmod, opened, mode & ~self.umask)


UNCHANGED: Final = Access()


def group_number(name: str) -> int:
    """Return the number of a group by its name or number. Raises ValueError."""
    if name.isascii() and name.isdecimal():
        return int(name)
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError as error:
        raise ValueError(f"there is no group {name}") from error


def _try(call: Callable[..., object], *args: int, **named: object) -> None:
    try:
        call(*args, **named)
    except OSError as error:
        if error.errno not in _NOT_OURS_TO_SET:
            raise
