"""Which operations only look, as far as they did so the last time.

Where several machines share a journal, those that write it follow one another. Who only looks needs
not wait for that: what such an operation sees is one moment of the journal, as it is for readers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import takewhile
from typing import Any, Protocol, TypeVar


class Operation(Protocol):
    """One operation; `name` is the same for all that do the same."""

    @property
    def name(self) -> str:
        """What it is called."""


Op = TypeVar("Op", bound=Operation)


def name_of(operation: Callable[..., Any]) -> str:
    """Return what an operation is called, whatever it is given."""
    while isinstance(operation, partial):
        operation = operation.func
    return f"{operation.__module__}.{operation.__qualname__}"


class Looks:
    """What each operation did the last time: one that is not known is held to write."""

    def __init__(self) -> None:
        self._only: set[str] = set()

    def note(self, operation: Operation, *, wrote: bool) -> None:
        """Take in whether an operation tried to change something."""
        if wrote:
            self._only.discard(operation.name)
        else:
            self._only.add(operation.name)

    def only(self, operation: Operation) -> bool:
        """Return whether an operation is held to look only."""
        return operation.name in self._only

    def parted(self, batch: Sequence[Op]) -> tuple[list[Op], list[Op], list[Op]]:
        """Return those that look before all that write, those that write, and who looks after them.

        So each sees what was queued before it.
        """
        first = list(takewhile(self.only, batch))
        rest = batch[len(first) :]
        writing = [each for each in rest if not self.only(each)]
        return first, writing, [each for each in rest if self.only(each)]
