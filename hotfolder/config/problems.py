"""What is wrong with a config, and where in its text that stands."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hotfolder.domain.errors import HotfolderError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_PLAIN = {
    "extra_forbidden": "is not a known key",
    "missing": "is required",
    "string_type": "must be a text in quotes",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "list_type": "must be a list in square brackets",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "finite_number": "must be a finite number",
    "too_short": "must not be empty",
    "too_long": "must have at most {max_length} entries",
}
_MUST_BE = "must be "


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the config: where (key path, line from 1 if known) and what."""

    key: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.key}: {self.message}" if self.key else f"{place}{self.message}"


class ConfigError(HotfolderError):
    """Everything that is wrong with a config, at once."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        lines = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"{path}:\n{lines}")
        self.path = path
        self.problems = problems


def problems(errors: list[ErrorDetails], text: str, known: Collection[str] = ()) -> list[Problem]:
    """Return one problem for each place: a union's alternatives are joined with "or".

    `known` are the names of all keys, for what an unknown one may have been meant to be.
    """
    messages: dict[tuple[int | str, ...], list[str]] = {}
    for error in errors:
        said = plain_message(error)
        if error["type"] == "extra_forbidden":
            said += meant(str(error["loc"][-1]), known)
        messages.setdefault(_place(error["loc"]), []).append(said)
    return [
        Problem(key_path(place), _joined(said), line_of(text, place))
        for place, said in messages.items()
    ]


def meant(word: str, known: Collection[str]) -> str:
    """Return a question for the word that may have been meant, "" where none is like it."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.7)
    return f"; did you mean {near[0]}?" if near else ""


def _place(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    tagged = loc[-2:-1] == ("scan_interval",)
    return loc[:-1] if tagged else loc


def plain_message(error: ErrorDetails) -> str:
    """Return what is wrong with a value in plain words, without its place."""
    if error["type"] == "string_pattern_mismatch":
        return f"is not of the form it must have: {error['input']!r}"
    plain = _PLAIN.get(error["type"], error["msg"].removeprefix("Value error, "))
    return plain.format_map(error["ctx"]) if error["type"] in _PLAIN and "ctx" in error else plain


def _joined(messages: list[str]) -> str:
    first, *others = messages
    return " or ".join([first, *(each.removeprefix(_MUST_BE) for each in others)])


def key_path(place: tuple[int | str, ...]) -> str:
    """Return a key path as people write it: watch[1].rule[2].prompt, counted from 1."""
    written = ""
    for part in place:
        if isinstance(part, int):
            written += f"[{part + 1}]"
        else:
            written += f".{part}" if written else part
    return written


def line_of(text: str, place: tuple[int | str, ...]) -> int | None:
    """Return the line on which a key path stands, as well as plain TOML lets it be found."""
    tables = [part for part in place if isinstance(part, str)]
    counts = {name: place[at + 1] for at, name in enumerate(place[:-1]) if _counted(place, at)}
    seen: dict[str, int] = {}
    inside: list[str] = []
    best: int | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
        if header and not re.match(r"\s*[\w\"'-]+\s*=", line):
            inside = [part.strip("\"' ") for part in header[1].split(".")]
            if "[[" in line:
                seen = {
                    **{k: v for k, v in seen.items() if k in inside[:-1]},
                    inside[-1]: seen.get(inside[-1], -1) + 1,
                }
        here = all(seen.get(name) == counts.get(name) for name in inside if name in counts)
        if here and inside == tables[: len(inside)]:
            if header:
                best = number
            key = re.match(r"\s*[\"']?([\w-]+)[\"']?\s*[=.]", line)
            if key and tables[len(inside) :][:1] == [key[1]]:
                return number
    return best


def _counted(place: tuple[int | str, ...], at: int) -> bool:
    return isinstance(place[at], str) and isinstance(place[at + 1], int)
