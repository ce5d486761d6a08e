"""One look at a picture's file: all of it where it is small enough, else only its two ends.

Headers and directories stand at an end of a file. So of a large TIFF or raw file size and metadata
are known all the same; whether its pixels are whole is for the conversion to find out.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotfolder.domain.sightings import Sighting
from hotfolder.kinds.formats import (
    FileTooLarge,
    NotAPicture,
    Picture,
    PictureError,
    TooManyPixels,
    UnwrittenPicture,
    sniff,
)
from hotfolder.kinds.picture import inspect
from hotfolder.planning.fitting import Found
from hotfolder.runninghub import catalog
from hotfolder.tree import files

READ_LIMIT_BYTES = 64 * catalog.MEGABYTE


@dataclass(frozen=True, slots=True)
class Look:
    """What a file is, or why it is no picture.

    `content` are its bytes or, of a large file, a map with zeros between its ends; b"" where
    nothing is known by it.
    """

    sha256: str
    sighting: Sighting
    found: Found | PictureError
    content: Any = b""


def read(root: Path, relative: str, largest_bytes: int = files.LARGEST_BYTES) -> Look:
    """Look at a file; one of more than `largest_bytes` is not read. Raises OSError, SourceError."""
    try:
        content = files.read(root, relative, limit=min(READ_LIMIT_BYTES, largest_bytes))
    except files.SourceTooLarge as error:
        if error.size > largest_bytes:
            return Look(*files.fingerprint(root, relative), FileTooLarge())
        return _by_its_ends(root, relative)
    try:
        picture = inspect.inspect(content.data)
    except PictureError as error:
        return Look(content.sha256, content.sighting, error)
    return _whole(content.sha256, content.sighting, picture, content.data)


def _by_its_ends(root: Path, relative: str) -> Look:
    sha256, sighting, head, tail = files.skim(root, relative)
    kind = sniff(head)
    if kind is None:
        wrong = NotAPicture() if head.strip(b"\0") else UnwrittenPicture()
        return Look(sha256, sighting, wrong)
    try:
        content = _spread(head, tail, sighting.size)
        return _whole(sha256, sighting, inspect.inspect(content), content)
    except TooManyPixels as error:
        return Look(sha256, sighting, error)
    except (PictureError, OSError):  # other kinds need all their bytes; memory for the map is short
        return Look(sha256, sighting, Found(kind, sighting.size, None))


def _whole(sha256: str, sighting: Sighting, picture: Picture, content: Any) -> Look:  # noqa: ANN401  as above
    return Look(sha256, sighting, Found(picture.type, sighting.size, picture), content)


def _spread(head: bytes, tail: bytes, size: int) -> Any:  # noqa: ANN401  a map, read like bytes
    """Return the two ends of a file where they stand in it. Pages between them take no memory."""
    content = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    content[: len(head)] = head
    content[size - len(tail) :] = tail
    return content
