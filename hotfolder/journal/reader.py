"""Reading the journal from beside the daemon, or without one: read-only, never waiting for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from hotfolder.domain.clock import Now, utc_now
from hotfolder.domain.errors import JournalOlder
from hotfolder.journal import replacing
from hotfolder.journal.connection import FILE_NAME, damage_reported, migrations, open_reader
from hotfolder.journal.lock import is_locked
from hotfolder.journal.session import Session

P = ParamSpec("P")
T = TypeVar("T")


class Reader:
    """A read-only view of the journal in `folder`.

    With `any_version` whatever stands there is read, one of an older program, too, for what was the
    same in each. Raises FileNotFoundError where there is none yet, JournalDamaged, JournalReplaced,
    JournalNewer, JournalOlder.
    """

    def __init__(self, folder: Path, *, clock: Now = utc_now, any_version: bool = False) -> None:
        self._path = folder / FILE_NAME
        if not any_version:
            replacing.check(folder)
        if not self._path.exists():
            raise FileNotFoundError(self._path)
        self._clock = clock
        self._connection = open_reader(self._path, alone=not is_locked(folder))
        try:
            self._check_version(any_version=any_version)
        except BaseException:
            self._connection.close()
            raise

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

    def changes(self) -> int:
        """Return a number that is another after every commit of somebody else."""
        with damage_reported(self._path):
            (number,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(number)

    def _check_version(self, *, any_version: bool) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if not version:
            raise FileNotFoundError(self._path)  # made just now, and not yet laid out
        newest = len(migrations())
        if version < newest and not any_version:
            raise JournalOlder(
                f"the journal {self._path} was written by an older hotfolder (version {version}, "
                f"this program's is {newest}): start run or once, or start the daemon anew, which "
                f"brings it up to date and keeps a copy"
            )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _end(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("COMMIT")
