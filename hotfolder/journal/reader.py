"""Reading the journal from beside the daemon, or without one: read-only, never waiting for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from hotfolder.domain.clock import Clock, utc_now
from hotfolder.journal.connection import FILE_NAME, damage_reported, open_reader
from hotfolder.journal.journal import is_locked
from hotfolder.journal.session import Session

P = ParamSpec("P")
T = TypeVar("T")


class Reader:
    """A read-only view of the journal in `folder`.

    Raises FileNotFoundError where there is none yet, JournalDamaged, JournalNewer.
    """

    def __init__(self, folder: Path, *, clock: Clock = utc_now) -> None:
        self._path = folder / FILE_NAME
        if not self._path.exists():
            raise FileNotFoundError(self._path)
        self._clock = clock
        self._connection = open_reader(self._path, alone=not is_locked(folder))
        if not self._connection.execute("PRAGMA user_version").fetchone()[0]:
            self._connection.close()
            raise FileNotFoundError(self._path)  # made just now, and not yet laid out

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(
        self, operation: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run an operation on one consistent snapshot and return its result."""
        with damage_reported(self._path):
            self._connection.execute("BEGIN")
            try:
                return operation(Session(self._connection, self._clock), *args, **kwargs)
            finally:
                _end(self._connection)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _end(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("COMMIT")
