"""One connection speaking the named statements of `queries/`. No SQL is built in Python."""

from __future__ import annotations

import re
import secrets
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any, Final

from hotfolder.domain.clock import Now
from hotfolder.domain.errors import JournalReplaced
from hotfolder.domain.redaction import without_credentials
from hotfolder.domain.tokens import Random

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)

ID_BYTES: Final = 16
WORDS: Final = frozenset({"error_message", "error_hint", "reason", "hint", "detail"})

Value = str | int | float | bytes | None
Redact = Callable[[str], str]


@cache
def queries() -> dict[str, str]:
    """Return the statements of all files in `queries/` by name."""
    found: dict[str, str] = {}
    for file in resources.files(__package__).joinpath("queries").iterdir():
        if file.name.endswith(".sql"):
            _, *parts = _NAME.split(file.read_text("utf-8"))
            found |= zip(parts[::2], parts[1::2], strict=True)
    return found


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
        connection: sqlite3.Connection,
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

    def new_id(self) -> str:
        """Return an id that nothing else has."""
        return self._random(ID_BYTES).hex()

    def require_file(self) -> None:
        """Raise JournalReplaced where what is written now can be found by nobody later."""
        if self._replaced:
            raise JournalReplaced(self._replaced)

    def rows(self, name: str, /, **values: Value) -> list[sqlite3.Row]:
        """Return all rows of a statement."""
        return self._execute(name, values).fetchall()

    def tuples(self, name: str, /, **values: Value) -> list[tuple[Any, ...]]:
        """Return all rows of a statement as plain tuples, which takes least time."""
        cursor = self._execute(name, values)
        cursor.row_factory = None
        return cursor.fetchall()

    def row(self, name: str, /, **values: Value) -> sqlite3.Row | None:
        """Return the first row of a statement, or None."""
        cursor = self._execute(name, values)
        found: sqlite3.Row | None = cursor.fetchone()
        cursor.fetchall()
        return found

    def change(self, name: str, /, **values: Value) -> int:
        """Run a statement and return how many rows it changed."""
        return self._execute(name, values).rowcount

    def _execute(self, name: str, values: dict[str, Value]) -> sqlite3.Cursor:
        storable = {key: _storable(self._safe(key, value)) for key, value in values.items()}
        return self._connection.execute(queries()[name], {"now": self.now_ms, **storable})

    def _safe(self, key: str, value: Value) -> Value:
        return self._redact(value) if key in WORDS and isinstance(value, str) else value


def _storable(value: Value) -> Value:
    """Escape what SQLite's UTF-8 cannot hold: broken bytes of file names within texts."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value
