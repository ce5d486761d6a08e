"""The named statements of `queries/`, and how PostgreSQL takes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_TOKEN: Final = re.compile(
    r"--[^\n]*|'(?:[^']|'')*'|::|:(?P<given>[a-z]\w*) IS NULL\b|:(?P<name>[a-z]\w*)|%"
)
# A value of its own says so: PostgreSQL could not tell what type the value itself is of.
IS_NULL: Final = "{} is null"
_ASKED_WHETHER_NULL: Final = re.compile(r"%\((\w+) is null\)s")


@cache
def shared() -> Mapping[str, str]:
    """Return the statements of all files in `queries/` by name, as SQLite takes them."""
    return _read("queries")


@cache
def of_postgresql() -> Mapping[str, str]:
    """Return the same for PostgreSQL: those that it takes no other way are in a folder below."""
    both = {**shared(), **_read("queries/postgresql"), **_read("postgresql")}
    return {name: _TOKEN.sub(_placed, text) for name, text in both.items()}


@cache
def asked_whether_null(text: str) -> frozenset[str]:
    """Return the values of which a statement for PostgreSQL asks whether they are NULL."""
    return frozenset(_ASKED_WHETHER_NULL.findall(text))


@cache
def is_one(text: str) -> bool:
    """Whether a text is one statement, and not several."""
    return ";" not in text.rstrip().removesuffix(";")


def _read(folder: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in (Path(__file__).parent / folder).iterdir():
        if file.name.endswith(".sql"):
            _, *parts = _NAME.split(file.read_text("utf-8"))
            found |= zip(parts[::2], parts[1::2], strict=True)
    return found


def _placed(token: re.Match[str]) -> str:
    """Return a token with the placeholders of psycopg, to which a lone % means something."""
    if token["given"]:
        return f"%({IS_NULL.format(token['given'])})s"
    if token["name"]:
        return f"%({token['name']})s"
    return "" if token[0].startswith("--") else token[0].replace("%", "%%")
