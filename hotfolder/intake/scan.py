"""Walking a watched tree: folder by folder, in byte order, following no link.

Runs in a worker thread. Holds one folder's names at a time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hotfolder.domain.sightings import Sighting
from hotfolder.intake.ignore import litter


@dataclass(frozen=True, slots=True)
class Listing:
    """The regular files of one folder, as (relative path, sighting) in byte order."""

    folder: str
    files: tuple[tuple[str, Sighting], ...]


def walk(
    root: Path, start: str = "", *, recursive: bool = True, refused: list[str] | None = None
) -> Iterator[Listing]:
    """Yield every folder from `start` downwards.

    Raises OSError where `start` itself cannot be listed. A folder below that vanished is left
    out; one that cannot be listed is left out and added to `refused`.
    """
    folders = [start]
    while folders:
        folder = folders.pop()
        try:
            files, below = _list(root, folder)
        except OSError as error:
            if folder == start:
                raise
            if refused is not None and not isinstance(error, FileNotFoundError):
                refused.append(folder)
            continue
        yield Listing(folder, tuple(files))
        if recursive:
            folders.extend(reversed(below))


def _list(root: Path, folder: str) -> tuple[list[tuple[str, Sighting]], list[str]]:
    files: list[tuple[str, Sighting]] = []
    below: list[str] = []
    with os.scandir(root / folder) as entries:
        for entry in entries:
            if litter(entry.name):
                continue
            relative = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                below.append(relative)
            elif entry.is_file(follow_symlinks=False):
                sighting = _sighting(entry)
                if sighting is not None:
                    files.append((relative, sighting))
    files.sort(key=lambda each: os.fsencode(each[0]))
    below.sort(key=os.fsencode)
    return files, below


def _sighting(entry: os.DirEntry[str]) -> Sighting | None:
    try:
        return Sighting.of(entry.stat(follow_symlinks=False))
    except FileNotFoundError:
        return None
