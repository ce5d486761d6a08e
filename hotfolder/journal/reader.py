"""Reading the journal from beside the daemon, or without one: read-only, never waiting for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from hotfolder.domain.clock import Now, utc_now
from hotfolder.journal.opening import viewed
from hotfolder.journal.session import Session

P = ParamSpec("P")
T = TypeVar("T")


class Reader:
    """A read-only view of the journal in `folder`, or in the database of a `url`.

    With `any_version` whatever stands there is read, one of an older program, too, for what was the
    same in each. Raises FileNotFoundError where there is none yet, JournalDamaged, JournalReplaced,
    JournalNewer, JournalOlder.
    """

    def __init__(
        self, folder: Path, url: str = "", *, clock: Now = utc_now, any_version: bool = False
    ) -> None:
        self._clock = clock
        self._view = viewed(folder, url, any_version=any_version)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(
        self, operation: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run an operation on one consistent snapshot and return its result."""
        connection = self._view.connection
        with self._view.reported():
            connection.execute("BEGIN")
            try:
                return operation(Session(connection, self._clock), *args, **kwargs)
            finally:
                if connection.in_transaction:
                    connection.execute("COMMIT")

    def is_had(self) -> bool:
        """Return whether a daemon has the journal now."""
        with self._view.reported():
            return self._view.is_had()

    def changes(self) -> int:
        """Return a number that is another after every commit of somebody else."""
        with self._view.reported():
            return self._view.changes()

    def close(self) -> None:
        """Close what was opened."""
        self._view.connection.close()
