"""Which journal is meant: the file in the state directory, or the database of a url."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hotfolder.domain.errors import JournalError
from hotfolder.journal.engine import Engine, View
from hotfolder.journal.file_view import FileView

if TYPE_CHECKING:
    from hotfolder.journal.database import JournalDatabase


def opened(folder: Path, url: str, heard: Callable[[], None]) -> Engine:
    """Open a journal for the owner of the lock on the folder: its one owner, or one of several.

    `heard` is called, in any thread, when another changed what concerns this one. Raises
    JournalDamaged, JournalNewer, JournalUnavailable, JournalError.
    """
    if not url:
        from hotfolder.journal.file import JournalFile  # noqa: PLC0415  readers need no log

        return JournalFile(folder)
    return database(folder, url, heard)


def database(folder: Path, url: str, heard: Callable[[], None] = lambda: None) -> JournalDatabase:
    """Open the journal in the database of a url, as `opened` does."""
    try:
        from hotfolder.journal import database as shared  # noqa: PLC0415  of an extra
        from hotfolder.journal import seat  # noqa: PLC0415  of an extra
    except ImportError as error:
        raise _lacking() from error
    return shared.JournalDatabase(url, seat.place_of(folder), heard)


def viewed(folder: Path, url: str, *, any_version: bool) -> View:
    """Open a journal for reading, with `any_version` one of an older program, too.

    Raises FileNotFoundError where there is none yet, JournalError.
    """
    if not url:
        return FileView(folder, any_version=any_version)
    try:
        from hotfolder.journal import database, seat  # noqa: PLC0415  of an extra
    except ImportError as error:
        raise _lacking() from error
    return database.DatabaseView(url, seat.reader_of(folder), any_version=any_version)


def _lacking() -> JournalError:
    return JournalError(
        "a journal in PostgreSQL takes a further package: install it with "
        "pip install 'hotfolder[postgresql]'"
    )
