"""Files of many texts as sources: their rows, and by what each of them is known again.

Such a file stays the same source for as long as it stands where it is: what is new of it are rows.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final

from hotfolder.domain import file_failures
from hotfolder.kinds import rows
from hotfolder.kinds.formats import UnfitFile
from hotfolder.kinds.kind import Kind
from hotfolder.kinds.rows import Row

_ROW_BYTES: Final = 600


class NoSheet(UnfitFile):
    """None of its rows can be read; the text says why."""

    growing = True

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.failure = file_failures.no_rows(reason)


@dataclass(frozen=True)
class Sheet:
    """What the rows of a file say, in their order."""

    rows: tuple[Row, ...]

    @property
    def kind(self) -> Kind:
        """Its kind."""
        return Kind.TEXT

    @property
    def weight(self) -> int:
        """About how many bytes of memory it takes."""
        said = (value for each in self.rows for value in each.fields.values())
        return len(self.rows) * _ROW_BYTES + 2 * sum(map(len, said))

    @cached_property
    def by_digest(self) -> dict[str, Row]:
        """Each row by what it is known by: what it says, and how many equal ones are before it."""
        counts: Counter[str] = Counter()
        return {_digest(each, counts): each for each in self.rows}


def _digest(row: Row, counts: Counter[str]) -> str:
    said = {key: value for key, value in row.fields.items() if key != rows.NAME}
    told = json.dumps([said, row.wrong], sort_keys=True)
    counts[told] += 1
    return sha256(f"{told}\n{counts[told]}".encode()).hexdigest()


def of_variant(digest: str, variant: int | None) -> str:
    """Return by what one of several variants of a row is known."""
    if variant is None or variant == 1:
        return digest
    return sha256(f"{digest} {variant}".encode()).hexdigest()


def place_digest(root: Path, relative: str) -> str:
    """Return what stands for a file of rows, whatever they are."""
    return sha256(b"rows of " + bytes(root / relative)).hexdigest()


def of(found: Iterable[Row]) -> Sheet:
    """Return rows as a source."""
    return Sheet(tuple(found))
