"""What kind of file system a path is on, from the kernel's own list."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

MOUNT_TABLE: Final = Path("/proc/self/mountinfo")
_REMOTE: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "afs", "ceph", "glusterfs", "ncpfs"}
)
_LAYERS: Final = frozenset({"lowerdir", "upperdir"})
_OCTAL = re.compile(rb"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """One mounted file system: its device, the part of it that is mounted, where, type and source.

    `remote`: others may write it without this kernel knowing, so that it gives no events.
    """

    device: str
    root: str
    place: str
    kind: str
    source: str = ""
    remote: bool = False


def parse(table: str) -> list[Mount]:
    """Return the mounts in the text of a mountinfo file (man 5 proc)."""
    mounts: list[Mount] = []
    for line in table.splitlines():
        before, _, after = line.partition(" - ")
        fields, (kind, *rest) = before.split(" "), after.split(" ")
        if len(fields) > 4 and kind:  # noqa: PLR2004  the mount point is the fifth
            source, options = [*map(_plain, rest), "", ""][:2]
            remote = _is_remote(kind) or _lies_on_remote(kind, options, mounts)
            place = _plain(fields[4])
            mounts.append(Mount(fields[2], _plain(fields[3]), place, kind, source, remote))
    return mounts


def _is_remote(kind: str) -> bool:
    return kind in _REMOTE or kind == "fuse" or kind.startswith("fuse.")


def _lies_on_remote(kind: str, options: str, mounts: list[Mount]) -> bool:
    """Return whether an overlay has a layer on a file system that is remote."""
    if kind != "overlay":
        return False
    layers = (each.partition("=") for each in options.split(","))
    folders = (value.split(":") for key, _, value in layers if key in _LAYERS)
    return any(on(mounts, folder).remote for listed in folders for folder in listed if folder)


def _plain(field: str) -> str:
    unescaped = _OCTAL.sub(lambda octal: bytes([int(octal[1], 8)]), os.fsencode(field))
    return os.fsdecode(unescaped)


def mounted() -> list[Mount]:
    """Return what is mounted now, in the order of mounting."""
    return list(_parsed(MOUNT_TABLE.read_text("utf-8", errors="surrogateescape")))


@lru_cache(maxsize=1)
def _parsed(table: str) -> tuple[Mount, ...]:
    """Parse a table once: it is read every few seconds, and is hardly ever another."""
    return tuple(parse(table))


def of(path: Path) -> Mount:
    """Return the mount that a path is on; the last mounted wins where several are stacked."""
    return on(mounted(), str(path.resolve()))


@lru_cache(maxsize=256)
def is_local(device: int) -> bool:
    """Return whether only this kernel's programs write a device (st_dev).

    A number may be given to another share later, so this is good for hints alone.
    """
    number = f"{os.major(device)}:{os.minor(device)}"
    found = [each for each in mounted() if each.device == number]
    return bool(found) and not any(each.remote for each in found)


def on(mounts: list[Mount], path: str) -> Mount:
    """Return which of some mounts a path is on."""
    best = Mount("", "/", "/", "unknown")
    for mount in mounts:
        inside = path == mount.place or path.startswith(mount.place.rstrip("/") + "/")
        if inside and len(mount.place) >= len(best.place):
            best = mount
    return best


def around(mounts: list[Mount], root: str) -> list[Mount]:
    """Return the mount that a folder is on, and those inside it."""
    inside = root.rstrip("/") + "/"
    return [on(mounts, root), *(each for each in mounts if each.place.startswith(inside))]


def awaited(mounts: list[Mount], path: str, fstab: Path) -> str | None:
    """Return the mount point that a path needs and that has nothing mounted, by the fstab."""
    missing = unmounted(mounts, fstab)
    return next((each for each in missing if path == each or path.startswith(f"{each}/")), None)


def unmounted(mounts: list[Mount], fstab: Path) -> list[str]:
    """Return the mount points that the fstab names and that have nothing mounted."""
    try:
        lines = fstab.read_text("utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []
    fields = (line.split() for line in lines if not line.lstrip().startswith("#"))
    named = (_plain(each[1]).rstrip("/") for each in fields if len(each) > 2)  # noqa: PLR2004
    there = {mount.place for mount in mounts}
    return [place for place in named if place and place not in there]
