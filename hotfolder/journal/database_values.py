"""The values that PostgreSQL takes and the rows that it gives, as the journal knows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import psycopg

from hotfolder.journal.engine import Value
from hotfolder.journal.statements import IS_NULL, asked_whether_null


class DatabaseRow:
    """A row of which columns are asked by name or in order, as SQLite's are."""

    __slots__ = ("_names", "_values")

    def __init__(self, names: Mapping[str, int], values: tuple[Any, ...]) -> None:
        self._names = names
        self._values = values

    def __getitem__(self, key: str | int) -> Any:  # noqa: ANN401  a column's
        return self._values[key if isinstance(key, int) else self._names[key]]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def keys(self) -> list[str]:
        """Return the names of the columns."""
        return list(self._names)


class NoRows:
    """What a statement leaves that finds no rows."""

    def __init__(self, rowcount: int) -> None:
        self.rowcount = rowcount

    def fetchone(self) -> None:
        """Return no row."""

    def fetchall(self) -> list[Any]:
        """Return no rows."""
        return []


def rows_of(cursor: psycopg.Cursor[Any]) -> Any:  # noqa: ANN401  a row factory of psycopg
    """Return what makes a row of the values that a cursor fetches."""
    names: dict[str, int] = {}
    for at, column in enumerate(cursor.description or ()):
        names.setdefault(column.name, at)
    return lambda values: DatabaseRow(names, tuple(values))


def given(text: str, values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the values of a statement, and whether those are NULL of which it asks that."""
    taken = {key: adapted(value) for key, value in values.items()}
    for key in asked_whether_null(text):
        taken[IS_NULL.format(key)] = values[key] is None
    return taken


def adapted(value: Value) -> Value:
    """Return a value as PostgreSQL keeps it: it has no truth in numbers, and no NUL in texts."""
    if isinstance(value, bool):
        return int(value)
    return value.replace("\x00", "\\x00") if isinstance(value, str) else value
