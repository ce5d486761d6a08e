"""One connection speaking the named statements of `queries/`. No SQL is built in Python."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from hotfolder.domain.clock import Now
from hotfolder.domain.errors import JournalReplaced
from hotfolder.domain.redaction import without_credentials
from hotfolder.domain.tokens import Random
from hotfolder.journal.engine import Connection, Cursor, Place, Row, Value

ID_BYTES: Final = 16
WORDS: Final = frozenset({"error_message", "error_hint", "reason", "hint", "detail"})

Redact = Callable[[str], str]


def to_ms(when: datetime) -> int:
    """Return an aware time as the journal keeps it."""
    return round(when.timestamp() * 1000)


def from_ms(stored: int) -> datetime:
    """Return a time of the journal as an aware one."""
    return datetime.fromtimestamp(stored / 1000, UTC)


class Session:
    """Runs named statements on one connection.

    `now` is read once, so that all of one transaction carries one time. `elapsed_s` is the same
    moment by the clock that nobody sets. `redact` is what words for people pass before
    they are kept.
    """

    def __init__(
        self,
        connection: Connection,
        clock: Now,
        random: Random = secrets.token_bytes,
        *,
        elapsed_s: float = 0.0,
        replaced: str = "",
        redact: Redact = without_credentials,
    ) -> None:
        self.elapsed_s = elapsed_s
        self._replaced = replaced
        self._redact = redact
        self._connection = connection
        self._random = random
        self.now = clock()
        self.now_ms = to_ms(self.now)

    @property
    def place(self) -> Place | None:
        """Where it speaks from, where others may speak from elsewhere."""
        return self._connection.place

    @property
    def is_shared(self) -> bool:
        """Whether several daemons write the journal, each for the watches that it follows."""
        return "leases" in self._connection.statements

    def new_id(self) -> str:
        """Return an id that nothing else has."""
        return self._random(ID_BYTES).hex()

    def require_file(self) -> None:
        """Raise JournalReplaced where what is written now can be found by nobody later."""
        if self._replaced:
            raise JournalReplaced(self._replaced)

    def rows(self, name: str, /, **values: Value) -> list[Row]:
        """Return all rows of a statement."""
        return self._execute(name, values).fetchall()

    def tuples(self, name: str, /, **values: Value) -> list[tuple[Any, ...]]:
        """Return all rows of a statement as plain tuples, which takes least time."""
        return self._connection.tuples(self._connection.statements[name], self._bound(values))

    def row(self, name: str, /, **values: Value) -> Row | None:
        """Return the first row of a statement, or None."""
        cursor = self._execute(name, values)
        found: Row | None = cursor.fetchone()
        cursor.fetchall()
        return found

    def change(self, name: str, /, **values: Value) -> int:
        """Run a statement and return how many rows it changed."""
        return self._execute(name, values).rowcount

    def _execute(self, name: str, values: dict[str, Value]) -> Cursor:
        return self._connection.execute(self._connection.statements[name], self._bound(values))

    def _bound(self, values: dict[str, Value]) -> dict[str, Value]:
        for key, value in values.items():
            if isinstance(value, str):
                values[key] = _storable(self._redact(value) if key in WORDS else value)
        values.setdefault("now", self.now_ms)
        return values


def _storable(text: str) -> str:
    """Escape what UTF-8 cannot hold: broken bytes of file names."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")
