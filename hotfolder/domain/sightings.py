"""What one look at a path saw."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import Final

# Why what stands at a path is never edited, whatever its name.
LINK: Final = "a link, and links are not followed: copy the file itself here"
DEVICE: Final = "not a regular file but a pipe, socket or device"


def why_no_file(status: os.stat_result) -> str | None:
    """Return why what was seen, which is no folder, is no file either; None where it is one."""
    if stat.S_ISREG(status.st_mode):
        return None
    return LINK if stat.S_ISLNK(status.st_mode) else DEVICE


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """One observation of a file: size in bytes, mtime in ns, inode and device numbers.

    Inode and device are compared between two looks, never relied on for longer: a remounted
    share has new ones.
    """

    size: int
    mtime_ns: int
    inode: int
    device: int

    @classmethod
    def of(cls, status: os.stat_result) -> Sighting:
        """Take what identifies a version of a file from its stat."""
        return cls(
            size=status.st_size,
            mtime_ns=status.st_mtime_ns,
            inode=status.st_ino,
            device=status.st_dev,
        )
