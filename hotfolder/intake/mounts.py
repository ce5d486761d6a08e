"""What kind of file system a path is on, from the kernel's own list."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MOUNT_TABLE: Final = Path("/proc/self/mountinfo")
_REMOTE: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "afs", "ceph", "glusterfs", "ncpfs"}
)
_OCTAL = re.compile(rb"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """One mounted file system: its device, the part of it that is mounted, where, and its type."""

    device: str
    root: str
    place: str
    kind: str

    @property
    def remote(self) -> bool:
        """Whether others may write it without this kernel knowing, so that it gives no events."""
        return self.kind in _REMOTE or self.kind == "fuse" or self.kind.startswith("fuse.")


def parse(table: str) -> list[Mount]:
    """Return the mounts in the text of a mountinfo file (man 5 proc)."""
    mounts = []
    for line in table.splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")
        if len(fields) > 4 and kind[0]:  # noqa: PLR2004  the mount point is the fifth
            mounts.append(Mount(fields[2], _plain(fields[3]), _plain(fields[4]), kind[0]))
    return mounts


def _plain(field: str) -> str:
    unescaped = _OCTAL.sub(lambda octal: bytes([int(octal[1], 8)]), os.fsencode(field))
    return os.fsdecode(unescaped)


def mounted() -> list[Mount]:
    """Return what is mounted now, in the order of mounting."""
    return parse(MOUNT_TABLE.read_text("utf-8", errors="surrogateescape"))


def of(path: Path) -> Mount:
    """Return the mount that a path is on; the last mounted wins where several are stacked."""
    return on(mounted(), str(path.resolve()))


def on(mounts: list[Mount], path: str) -> Mount:
    """Return which of some mounts a path is on."""
    best = Mount("", "/", "/", "unknown")
    for mount in mounts:
        inside = path == mount.place or path.startswith(mount.place.rstrip("/") + "/")
        if inside and len(mount.place) >= len(best.place):
            best = mount
    return best
