"""What a journal stands on: the connection, and all in which databases differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias

Value: TypeAlias = str | int | float | bytes | None


class Row(Protocol):
    """One row: its values by the names of their columns, or in order."""

    def __getitem__(self, key: Any, /) -> Any:  # noqa: ANN401  a column's
        """Return the value of a column."""

    def __iter__(self) -> Iterator[Any]:
        """Yield the values in order."""


class Cursor(Protocol):
    """What a statement found."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def fetchone(self) -> Any:  # noqa: ANN401  a Row, or None
        """Return the next row, None after the last."""

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""


@dataclass(frozen=True, slots=True)
class Place:
    """A state directory, by an id that no other has, and the machine that it is on.

    A copy of it on a machine of another name is another place. `start` tells it from every copy as
    long as its machine runs, "" = not known: who finds the same one there knows by its lock that
    whoever was there before has ended, which nobody knows of a copy, or after another start.
    """

    id: str
    machine: str
    start: str


class Connection(Protocol):
    """Speaks one dialect of SQL; `statements` are the named ones in it."""

    @property
    def place(self) -> Place | None:
        """Where it speaks from, where others may speak from elsewhere."""

    @property
    def statements(self) -> Mapping[str, str]:
        """The named statements."""

    @property
    def total_changes(self) -> int:
        """A number that is another once anything was changed."""

    @property
    def in_transaction(self) -> bool:
        """Whether one was begun and has no end yet."""

    def execute(self, text: str, values: Mapping[str, Value] = ..., /) -> Cursor:
        """Run one statement."""

    def tuples(self, text: str, values: Mapping[str, Value], /) -> list[tuple[Any, ...]]:
        """Return all rows of a statement as plain tuples, which takes least time."""

    def close(self) -> None:
        """Give the connection back."""


class Engine(Protocol):
    """What keeps a journal for its owner, or for one of several, who calls it in one thread.

    `name` is how people are told of it; `hand` names what this daemon writes where others might
    write the same at once, "" = none does.
    """

    name: str
    hand: str

    @property
    def is_shared(self) -> bool:
        """Whether other machines write it, too."""

    @property
    def connection(self) -> Connection:
        """The connection that writes."""

    def settle(self) -> None:
        """Take what stands there now for the journal to go on with."""

    def reported(self) -> AbstractContextManager[None]:
        """Turn the database's errors into the journal's."""

    def look(self, now: datetime) -> str:
        """Return why nobody will find what is written from now on, "" = they will."""

    def begin(self) -> None:
        """Begin a transaction that may write."""

    def begin_look(self) -> None:
        """Begin a transaction that sees one moment, changes nothing, and waits for nobody."""

    @property
    def goes_on(self) -> bool:
        """Whether a transaction was begun in which nothing has failed."""

    @property
    def tried(self) -> int:
        """A number that is another once a statement was run that changes something, or may."""

    def commit(self) -> None:
        """Commit what was changed."""

    def confirm(self) -> bool:
        """Return whether we may write for long enough to begin what cannot be undone."""

    def answer_late(self, values: Mapping[str, Value]) -> None:
        """Tell whoever follows its watch now of a task that a paid call of ours made."""

    def is_its_own(self, error: Exception) -> bool:
        """Return whether the database failed, rather than one operation."""

    def close(self, *, is_sound: bool) -> None:
        """Give the journal back; `is_sound` = nothing was seen to be broken in it."""


class View(Protocol):
    """A journal as it is read beside its owner."""

    @property
    def connection(self) -> Connection:
        """The connection, which may only read."""

    def reported(self) -> AbstractContextManager[None]:
        """Turn the database's errors into the journal's."""

    def is_had(self) -> bool:
        """Return whether a daemon has the journal now."""

    def changes(self) -> int:
        """Return a number that is another after every commit of somebody else."""
