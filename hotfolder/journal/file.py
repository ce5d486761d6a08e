"""A journal that is a file of SQLite in the state directory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import structlog

from hotfolder.domain.errors import JournalUnavailable
from hotfolder.journal import replacing, seal
from hotfolder.journal.connection import (
    FILE_NAME,
    damage_reported,
    make_private,
    open_writer,
)
from hotfolder.journal.engine import Value

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.journal")


class JournalFile:
    """The file, open for its owner, who holds the lock on its folder.

    Raises JournalDamaged, JournalNewer, JournalUnavailable, JournalError.
    """

    is_shared = False
    hand = ""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self.name = f"the journal {self.path}"
        self.connection = open_writer(self.path)
        self._identity: tuple[int, int] | None = None
        self._saved: Path | None = None
        self._replaced = ""

    def settle(self) -> None:
        """Take the file that stands there now for the journal to go on with."""
        replacing.settle(self.path.parent)
        self._identity = replacing.identity(self.path)

    @contextmanager
    def reported(self) -> Iterator[None]:
        """Turn SQLite's errors into the journal's."""
        try:
            with damage_reported(self.path):
                yield
        except sqlite3.Error as error:
            raise JournalUnavailable(f"{self.name} cannot be written: {error}") from error

    def look(self, now: datetime) -> str:
        """Return what happened to a file that was taken away or replaced, "" = it is there.

        What is written from then on is kept in a file beside it when the journal is closed.
        """
        if not self._replaced and replacing.identity(self.path) != self._identity:
            self._saved = replacing.saved_path(self.path, now)
            self._replaced = replacing.note(self.path, self._saved)
            log.error("journal.replaced", error=self._replaced)
        return self._replaced

    def begin(self) -> None:
        """Begin a transaction that may write."""
        self.connection.execute("BEGIN IMMEDIATE")

    def begin_look(self) -> None:
        """Begin one that only reads."""
        self.connection.execute("BEGIN")

    @property
    def goes_on(self) -> bool:
        """Whether a transaction was begun: in SQLite an error ends none."""
        return self.connection.in_transaction

    @property
    def tried(self) -> int:
        """How many rows were changed."""
        return self.connection.total_changes

    def commit(self) -> None:
        """Commit what was changed."""
        self.connection.execute("COMMIT")

    def confirm(self) -> bool:
        """Return that the file is ours: nobody takes a lock away."""
        return True

    def answer_late(self, values: Mapping[str, Value]) -> None:
        """Leave it: nobody takes a lock away."""

    def is_its_own(self, error: Exception) -> bool:
        """Return whether SQLite failed, rather than one operation: then nothing is committed."""
        of_operations = sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.DataError
        return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, of_operations)

    def close(self, *, is_sound: bool) -> None:
        """Save what would be lost, and fold the log into the file."""
        with suppress(sqlite3.Error):
            if self._saved is not None:
                make_private(self._saved)
                self.connection.execute("VACUUM INTO ?", (str(self._saved),))
        is_folded = False
        with suppress(sqlite3.Error):  # a full disk: the log stays and is read at the next start
            (was_busy, *_) = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            is_folded = not was_busy
        self.connection.close()
        if is_folded and is_sound and not self._replaced:
            seal.put(self.path)
