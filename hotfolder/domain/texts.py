"""Which files are texts: their names say it."""

from __future__ import annotations

from typing import Final

TEXT_ENDING: Final = ".txt"
TABLE_ENDING: Final = ".csv"


def is_text(name: str) -> bool:
    """Return whether a file of this name is a text, or a table of texts."""
    return name.lower().endswith((TEXT_ENDING, TABLE_ENDING))


def is_table(name: str) -> bool:
    """Return whether a file of this name is a table of texts."""
    return name.lower().endswith(TABLE_ENDING)
