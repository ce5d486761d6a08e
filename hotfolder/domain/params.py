"""The further parameters of a model: their values, as JSON has them, and their keys in a chain."""

from __future__ import annotations

import re
from typing import Final

JsonScalar = str | int | float | bool | None
JsonTable = dict[str, JsonScalar | list[JsonScalar]]
Params = dict[str, JsonScalar | list[JsonScalar] | list[JsonTable]]

_LATER: Final = re.compile(r"([1-9][0-9]*)/(.+)")


def later(step: int, parameter: str) -> str:
    """Return a parameter as a root keeps it for the job of a step: `2/audioUrl`; 0 = its own."""
    return f"{step}/{parameter}" if step else parameter


def parted(parameter: str) -> tuple[int, str]:
    """Return the step that a parameter is kept for, 0 = it is the job's own, and its own name."""
    found = _LATER.fullmatch(parameter)
    return (int(found[1]), found[2]) if found else (0, parameter)
