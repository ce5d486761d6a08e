"""Noticing that the journal's file was deleted, or another put in its place, while it is in use.

SQLite would go on writing into a file that nobody finds any more. The path is only looked at by
`stat`: who opens and closes the file beside SQLite gives up SQLite's own locks on it. What happened
is kept in a small file beside the journal, for whoever asks, until a journal is opened there again.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from hotfolder.domain.errors import JournalReplaced
from hotfolder.journal.connection import FILE_NAME

NOTE_NAME: Final = "journal.replaced"


def identity(path: Path) -> tuple[int, int] | None:
    """Return the device and inode of the journal that stands at a path, None without one."""
    with suppress(OSError):
        status = path.stat()
        return status.st_dev, status.st_ino
    return None


def saved_path(path: Path, now: datetime) -> Path:
    """Return where the content of a journal that was replaced is kept."""
    return path.with_name(f"{FILE_NAME}.saved-{now:%Y%m%d-%H%M%S}")


def note(path: Path, saved: Path) -> str:
    """Keep, and return, what happened to a journal, and what to do."""
    what = "another file was put in the place of" if path.exists() else "somebody took away"
    reason = (
        f"{what} the journal {path} while hotfolder used it. Nothing more was submitted, and the "
        f"daemon has ended or is about to. What it knew is saved in {saved}: put that back with "
        f"hotfolder restore {saved}, then start hotfolder again"
    )
    with suppress(OSError):
        path.with_name(NOTE_NAME).write_text(reason)
    return reason


def check(folder: Path) -> None:
    """Raise JournalReplaced where the journal of a state directory was replaced in use."""
    with suppress(FileNotFoundError):
        raise JournalReplaced((folder / NOTE_NAME).read_text("utf-8", "replace"))


def settle(folder: Path) -> None:
    """Take the journal that stands in a state directory now for the one to go on with."""
    (folder / NOTE_NAME).unlink(missing_ok=True)
