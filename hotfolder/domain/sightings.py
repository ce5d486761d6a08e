"""What one look at a path saw."""

from __future__ import annotations

import os
from dataclasses import dataclass


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
