"""The seal: that a journal is the very file that was closed in order, untouched since.

Looking through a whole journal takes seconds for each gigabyte. Who closes one that it could trust
leaves a small file beside it that says what file that was; whoever opens that same file next need
not look through it again. The seal is broken, on the disk, before anything is written.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

from hotfolder.journal.durable import sync

SUFFIX: Final = ".closed"


def put(path: Path) -> None:
    """Seal a journal that nobody has open any more; a disk that refuses leaves it unsealed."""
    with suppress(OSError):
        _place(path).touch(0o600)
        _place(path).write_text(_seen(path), "ascii")


def holds(path: Path) -> bool:
    """Return whether a journal is the file that was sealed."""
    with suppress(OSError):
        return _place(path).read_text("ascii", "replace") == _seen(path)
    return False


def remove(path: Path) -> None:
    """Break a journal's seal, if it has one, before the journal is written to."""
    with suppress(OSError):  # what is written shows by itself
        _place(path).unlink()
        sync(path.parent)


def _seen(path: Path) -> str:
    """Return what tells a file from every other, and from itself once it was written to."""
    seen = path.stat()
    return f"{seen.st_dev} {seen.st_ino} {seen.st_size} {seen.st_mtime_ns}\n"


def _place(path: Path) -> Path:
    return path.with_name(path.name + SUFFIX)
