"""What a worker may answer: its picture may have taken it over, so it is read like a stranger's.

One place for all of it: the form of every task's answer, and what is told of its errors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from hotfolder.kinds.formats import PictureType
from hotfolder.kinds.kind import ENDINGS, Kind
from hotfolder.kinds.metadata.field_names import (
    FIELDS,
    LONGEST_PROMPT,
    LONGEST_TEXT,
    MOST_CHARACTERS,
)

LARGEST_MESSAGE: Final = 128 * 1024
MEMORY_LACK: Final = "MemoryLack"
UNEXPECTED: Final = "Unexpected"
DISK_REFUSED: Final = "DiskRefused"

LONGEST_ERROR: Final = 500
# Of every list: notes, what is not refused.
_MOST_ITEMS: Final = 20
_MOST_LINES: Final = 60
_LARGEST_SIDE: Final = 1_000_000
_LARGEST_FILE_BYTES: Final = 1 << 50
_LAST_ORIENTATION: Final = 8
_YES_OR_NO: Final = ("cmyk", "grey", "deep", "several")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

Answer = dict[str, Any]
Check = Callable[[object], bool]


class BadAnswer(ValueError):
    """This is no answer to what was asked; what it says counts for nothing."""


def parsed(content: bytes) -> object:
    """Return what a worker said. Raises BadAnswer for what is no JSON."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadAnswer("it is no JSON") from error


def checked(task: str, answer: object) -> Answer:
    """Return a worker's answer to a task. Raises BadAnswer."""
    if not isinstance(answer, dict):
        raise BadAnswer("it is no table")
    form = _ERROR if "error" in answer else _FORMS.get(task, {})
    if answer.keys() != form.keys():
        raise BadAnswer("it says something else than what was asked")
    for name, check in form.items():
        if not check(answer[name]):
            raise BadAnswer(f"its {name} cannot be")
    for name in ("text", "broken"):
        if answer.get(name) is not None:
            answer[name] = _plain(answer[name])
    return answer


def _plain(text: str) -> str:
    shown = "".join(each if each.isprintable() else " " for each in text[:LONGEST_ERROR])
    return " ".join(shown.split())


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_type(value: object) -> bool:
    return isinstance(value, str) and value in PictureType.__members__.values()


def _is_whole_number(value: object, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def _is_side(value: object) -> bool:
    return _is_whole_number(value, 1, _LARGEST_SIDE)


def _is_size(value: object) -> bool:
    return _is_whole_number(value, 0, _LARGEST_FILE_BYTES)


def _is_digest(value: object) -> bool:
    return value is None or (isinstance(value, str) and _DIGEST.fullmatch(value) is not None)


def _is_header(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"orientation", *_YES_OR_NO}
        and _is_whole_number(value["orientation"], 1, _LAST_ORIENTATION)
        and all(type(value[each]) is bool for each in _YES_OR_NO)
    )


def _are_texts(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() <= FIELDS
        and all(isinstance(each, str) and len(each) <= LONGEST_TEXT for each in value.values())
        and sum(map(len, value.values())) <= MOST_CHARACTERS
        and not any(map(_CONTROL.search, value.values()))
    )


def _is_prompt(value: object) -> bool:
    return value is None or (isinstance(value, str) and len(value) <= LONGEST_PROMPT)


def _is_proven(value: object) -> bool:
    """Whether it is a kind with one of its own endings."""
    match value:
        case [str() as kind, str() as ending] if kind in Kind.__members__.values():
            return ending in ENDINGS[Kind(kind)]
    return False


def _are_notes(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= _MOST_ITEMS
        and all(isinstance(each, str) and len(each) <= LONGEST_ERROR for each in value)
    )


def _are_lines(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= _MOST_LINES
        and all(isinstance(each, str) and len(each) <= LONGEST_ERROR for each in value)
    )


def _is_verdict(value: object) -> bool:
    return value is None or isinstance(value, bool)


_PICTURE: Final[Mapping[str, Check]] = {"type": _is_type, "width": _is_side, "height": _is_side}
_ERROR: Final[Mapping[str, Check]] = {
    "error": _is_text,
    "text": _is_text,
    "errno": lambda value: _is_whole_number(value, 0, 4096),
}
_FORMS: Final[Mapping[str, Mapping[str, Check]]] = {
    "look": {**_PICTURE, "bytes": _is_size},
    "describe": {
        **_PICTURE,
        "header": _is_header,
        "reach": _is_size,
        "essence": _is_digest,
        "texts": _are_texts,
    },
    "sidecar": {
        "broken": lambda value: value is None or _is_text(value),
        "prompt": _is_prompt,
        "texts": _are_texts,
    },
    "prepare": {**_PICTURE, "notes": _are_notes},
    "decode": _PICTURE,
    "prove": {"proven": _is_proven},
    "keep": {},
    "finish": {"type": _is_type, "notes": _are_notes},
    "ingredient": {},
    "sign": {},
    "origin": {"lines": _are_lines, "whole": _is_verdict},
    "thumbnail": {},
    "locks": {"open": _are_notes},
}
