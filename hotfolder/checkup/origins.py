"""What a file says of its origin, read by a confined worker: it may be anybody's."""

from __future__ import annotations

import asyncio
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hotfolder.kinds.workshop.errors import WorkerFailed
from hotfolder.kinds.workshop.workshop import Workshop

LARGEST_BYTES: Final = 4 * 1024 * 1024 * 1024
_SPARE_BYTES: Final = 256 * 1024 * 1024
_TIMES: Final = 4
_DEADLINE_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Told:
    """Lines for people, and whether the file's manifest is whole; None = it has none to read."""

    lines: tuple[str, ...]
    whole: bool | None


class Unreadable(Exception):
    """What a file says cannot be found out; the text says why."""


def of_file(path: Path) -> Told:
    """Return what a file says of its origin. Raises OSError, Unreadable."""
    workshop = Workshop(places=1)
    with path.open("rb") as file:
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise Unreadable("it is too large")
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        try:
            answer = asyncio.run(
                workshop.work(
                    "origin",
                    [file.fileno()],
                    {"format": media_type},
                    memory_bytes=_SPARE_BYTES + _TIMES * size,
                    deadline_s=_DEADLINE_S,
                )
            )
        except WorkerFailed as error:
            raise Unreadable(str(error)) from error
        finally:
            workshop.close()
    return Told(tuple(answer["lines"]), answer["whole"])
