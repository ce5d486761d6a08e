"""The forms of sidecars and folder files, in one table: bytes -> what they say.

They come from other people's hands: sizes are limited, XML is read in a worker only, and what
cannot be understood is `BrokenSidecar`, never half of what it meant to say.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

import tomli

from hotfolder.domain.errors import HotfolderError

KIB: Final = 1024
# A dotted key of n parts costs the parser n squared steps: so often may a line have as many.
MOST_DOTS_IN_A_LINE: Final = 500
_MOST_SQUARES: Final = 2 * MOST_DOTS_IN_A_LINE**2

_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
_SPACE: Final = "\0 \t\r\n"


class BrokenSidecar(HotfolderError):
    """A sidecar is there and cannot be understood; the text names it and says why."""


def decoded(content: bytes) -> str:
    """Return a text in UTF-8 or UTF-16. Raises UnicodeDecodeError."""
    encoding = "utf-8-sig"
    if content[:2] in _BOMS:
        encoding = "utf-16"
    elif content[1:2] == b"\0":
        encoding = "utf-16-le"
    elif content[:1] == b"\0":
        encoding = "utf-16-be"
    return content.decode(encoding)


def _text(content: bytes) -> str:
    try:
        return decoded(content)
    except UnicodeDecodeError as error:
        raise ValueError("is not UTF-8 text: save it as UTF-8") from error


def _of_text(content: bytes) -> dict[str, Any]:
    text = _text(content)
    if not text.strip(_SPACE):
        raise ValueError("is empty: write the prompt into it or take it away")
    return {"prompt": text}


def _of_toml(content: bytes) -> dict[str, Any]:
    text = _text(content).rstrip("\0")
    dots = [line.count(".") for line in text.splitlines()]
    if max(dots, default=0) > MOST_DOTS_IN_A_LINE:
        raise ValueError(f"has a line with more than {MOST_DOTS_IN_A_LINE} dots")
    if sum(each**2 for each in dots) > _MOST_SQUARES:
        raise ValueError(f"has too many lines with up to {max(dots)} dots")
    try:
        return tomli.loads(text)
    except ValueError as error:  # TOMLDecodeError, or a number of too many digits
        raise ValueError(f"is not TOML: {error}") from error


def _of_json(content: bytes) -> dict[str, Any]:
    text = _text(content).rstrip("\0")
    try:
        table = json.loads(text, object_pairs_hook=_once_each)
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from error
    if not isinstance(table, dict):
        raise ValueError("must be a JSON object in { }")  # noqa: TRY004  one kind for `parse`
    return table


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("it says the same key twice")
    return table


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One form of sidecar: its ending, its largest size in bytes, and how it is read.

    `read` returns what the file says, by the keys of `said.Sidecar`, and raises ValueError;
    None = a worker reads it. Such a form `describes` pictures and is written by other programs: it
    tells the rating and label, too, and need say nothing of the edit.
    """

    ending: str
    limit: int
    read: Callable[[bytes], dict[str, Any]] | None

    @property
    def describes(self) -> bool:
        """Whether it describes the picture."""
        return self.read is None


# The order decides: of several sidecars of one source, the first form counts.
FORMS: Final = (
    Form(ending=".toml", limit=64 * KIB, read=_of_toml),
    Form(ending=".json", limit=64 * KIB, read=_of_json),
    Form(ending=".txt", limit=64 * KIB, read=_of_text),
    Form(ending=".xmp", limit=1024 * KIB, read=None),
)
_BY_ENDING: Final = {form.ending: form for form in FORMS}
_ENDINGS: Final = b"|".join(form.ending.removeprefix(".").encode() for form in FORMS)
NAMES: Final = re.compile(rb".*\.(" + _ENDINGS + rb")", re.IGNORECASE | re.DOTALL)
_AMONG: Final = re.compile(rb"\.(" + _ENDINGS + rb")/", re.IGNORECASE)


def is_sidecar(name: str | bytes) -> bool:
    """Return whether this is the name of a sidecar or folder file rather than of a source."""
    return NAMES.fullmatch(os.fsencode(name)) is not None


def any_sidecar(names: Iterable[bytes]) -> bool:
    """Return whether a folder with these names has any; quicker than asking for each."""
    return _AMONG.search(b"/".join([*names, b""])) is not None


def form_of(relative: str) -> Form:
    """Return the form of a sidecar or folder file, by its name."""
    return _BY_ENDING[PurePosixPath(relative.lower()).suffix]


def too_large(relative: str) -> BrokenSidecar:
    """Return the error for a sidecar above its limit."""
    return BrokenSidecar(f"{relative} is larger than {form_of(relative).limit // KIB} KiB")
