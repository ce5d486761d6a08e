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
from hotfolder.kinds.media import MEDIA_TYPES
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
LARGEST_SIDE: Final = 1_000_000
_LARGEST_FILE_BYTES: Final = 1 << 50
_LAST_ORIENTATION: Final = 8
LONGEST_S: Final = 1e9
LONGEST_CODEC: Final = 40
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


def checked(task: str, answer: object, *, may_be_larger: bool = False) -> Answer:
    """Return a worker's answer to a task. Raises BadAnswer.

    With `may_be_larger` it may be that the picture takes more than a small one.
    """
    if not isinstance(answer, dict):
        raise BadAnswer("it is no table")
    forms = (_ERROR,) if "error" in answer else (_FORMS.get(task, {}), *_OTHER_FORMS.get(task, ()))
    forms += (_LARGER,) if may_be_larger else ()
    form = next((each for each in forms if each.keys() == answer.keys()), None)
    if form is None:
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
    return _is_whole_number(value, 1, LARGEST_SIDE)


def _is_side_or_none(value: object) -> bool:
    return _is_whole_number(value, 0, LARGEST_SIDE)


def _is_played(value: object) -> bool:
    """Whether it is a kind that is played with one of its own endings."""
    match value:
        case [str() as kind, str() as ending]:
            return (kind, ending) in MEDIA_TYPES
    return False


def _is_duration(value: object) -> bool:
    if value is None or isinstance(value, bool):
        return value is None
    return isinstance(value, int | float) and 0 < value <= LONGEST_S


def _is_codec(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_CODEC and value.isprintable()


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


def _fits(value: object, form: Mapping[str, Check]) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == form.keys()
        and all(check(value[name]) for name, check in form.items())
    )


_PICTURE: Final[Mapping[str, Check]] = {"type": _is_type, "width": _is_side, "height": _is_side}
_FINISHED: Final[Mapping[str, Check]] = {
    "type": _is_type,
    "notes": _are_notes,
    "looks_the_same": lambda value: isinstance(value, bool),
}
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
    "finish": _FINISHED,
    "prove_and_finish": _FINISHED,
    "ingredient": {},
    "sign": {},
    "origin": {"lines": _are_lines, "whole": _is_verdict},
    "thumbnail": {},
    "rows": {"broken": lambda value: value is None or _is_text(value)},
    "locks": {"open": _are_notes},
}
_LARGER: Final[Mapping[str, Check]] = {"larger": lambda value: _fits(value, _FORMS["look"])}
# What is said instead of a file of another kind.
_OTHER_FORMS: Final[Mapping[str, tuple[Mapping[str, Check], ...]]] = {
    "describe": (
        {
            "played": _is_played,
            "duration_s": _is_duration,
            "width": _is_side_or_none,
            "height": _is_side_or_none,
            "has_sound": _is_verdict,
            "codec": _is_codec,
        },
    ),
}
