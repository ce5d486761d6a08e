"""Folders of the config, and whether they overlap, by whatever links, mounts and spellings."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hotfolder.tree import mounts

Identity = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of the config, the place that states it, and its watch, "" for none."""

    place: tuple[int | str, ...]
    path: Path
    watch: str

    @property
    def identity(self) -> Identity | None:
        """Device and inode, or None where it is missing or no folder."""
        found = _identity(self.path)
        return found if found and self.path.is_dir() else None


def is_inside(path: Path, folder: Folder) -> bool:
    """Compare device and inode up the tree: links, bind mounts and spellings do not matter."""
    wanted = folder.identity
    if wanted is None:
        return folder.path == path or folder.path in path.parents
    real = Path(os.path.realpath(path))
    return any(_identity(each) == wanted for each in (real, *real.parents))


def _identity(path: Path) -> Identity | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def share_files(one: Path, other: Path) -> bool:
    """Whether some file can be reached below both: a bind mount has no way up to its source."""
    others = _parts(other)
    return any(part.overlaps(each) for part in _parts(one) for each in others)


def _parts(folder: Path) -> list[_Part]:
    """Return what can be reached below a folder: its own file system's part, and mounts below."""
    real = PurePosixPath(os.path.realpath(folder))
    own, around, below = _Part("", real), PurePosixPath("/"), []
    for mount in mounts.mounted():
        root, place = PurePosixPath(mount.root), PurePosixPath(mount.place)
        if real.is_relative_to(place) and place.is_relative_to(around):
            own, around = _Part(mount.device, root / real.relative_to(place)), place
        elif place.is_relative_to(real):
            below.append(_Part(mount.device, root))
    return [own, *below]


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a file system, wherever it is mounted: the device and the path within it."""

    device: str
    path: PurePosixPath

    def overlaps(self, other: _Part) -> bool:
        if self.device != other.device:
            return False
        return self.path.is_relative_to(other.path) or other.path.is_relative_to(self.path)
