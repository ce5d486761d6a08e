"""What a worker may answer: its picture may have taken it over, so it is read like a stranger's.

One place for all of it: the form of every task's answer, and what is told of its errors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from hotfolder.kinds.formats import PictureType

LONGEST_ERROR: Final = 500
# Of every list: notes, what is not refused.
_MOST_ITEMS: Final = 20
_LARGEST_SIDE: Final = 1_000_000
_LARGEST_FILE_BYTES: Final = 1 << 50
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")

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
    if "text" in answer:
        answer["text"] = _plain(answer["text"])
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


def _are_notes(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= _MOST_ITEMS
        and all(isinstance(each, str) and len(each) <= LONGEST_ERROR for each in value)
    )


_PICTURE: Final[Mapping[str, Check]] = {"type": _is_type, "width": _is_side, "height": _is_side}
_ERROR: Final[Mapping[str, Check]] = {
    "error": _is_text,
    "text": _is_text,
    "errno": lambda value: _is_whole_number(value, 0, 4096),
}
_FORMS: Final[Mapping[str, Mapping[str, Check]]] = {
    "look": {**_PICTURE, "bytes": _is_size},
    "essence": {"essence": _is_digest},
    "prepare": {**_PICTURE, "notes": _are_notes},
    "prove": _PICTURE,
    "sound": {"type": _is_type},
    "finish": {"type": _is_type, "notes": _are_notes},
    "thumbnail": {},
    "locks": {"open": _are_notes},
}
