"""One look at a picture's file: all of it where it is small enough, else only its beginning."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hotfolder import sources
from hotfolder.domain.sightings import Sighting
from hotfolder.imaging import inspect
from hotfolder.imaging.picture import NotAPicture, PictureError, UnwrittenPicture, sniff
from hotfolder.intake.fitting import Found
from hotfolder.runninghub import catalog

# Of larger files only the beginning is looked at here; they are converted, which tells the rest.
READ_LIMIT_BYTES = 64 * catalog.MEGABYTE


@dataclass(frozen=True, slots=True)
class Look:
    """What a file is, or why it is no picture; `content` is b"" for what was not read whole."""

    sha256: str
    sighting: Sighting
    found: Found | PictureError
    content: bytes = b""


def read(root: Path, relative: str) -> Look:
    """Look at a file. Raises OSError and SourceError."""
    try:
        content = sources.read(root, relative, limit=READ_LIMIT_BYTES)
    except sources.SourceTooLarge:
        sha256, sighting, head = sources.skim(root, relative)
        return Look(sha256, sighting, _begins(head, sighting.size))
    try:
        picture = inspect.inspect(content.data)
    except PictureError as error:
        return Look(content.sha256, content.sighting, error)
    found = Found(picture.type, picture.bytes, picture)
    return Look(content.sha256, content.sighting, found, content.data)


def _begins(head: bytes, size: int) -> Found | PictureError:
    kind = sniff(head)
    if not head.strip(b"\0"):
        return UnwrittenPicture()
    return Found(kind, size, None) if kind else NotAPicture()
