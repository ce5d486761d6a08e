"""Params that ask how long a file is, or what an earlier job says: their values come later."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from hotfolder.domain import previous
from hotfolder.domain.params import Params
from hotfolder.runninghub import payload, roles
from hotfolder.runninghub.catalog import Model

# How long a file is that goes along, by its role: `{audio.ms}`.
_LENGTH: Final = re.compile(r"\{([\w-]+)\.ms\}")
_NUMBERS: Final[Mapping[str, type[int | float]]] = {"INT": int, "FLOAT": float}


def measured(model: Model, params: Params, seconds: Mapping[str, float]) -> Params:
    """Return params with the lengths of files that they ask for, and numbers as numbers.

    Lengths are rounded down to tenths of a second: what containers say is not exact.
    """

    def length(found: re.Match[str]) -> str:
        place = roles.parameter(model, found[1])
        known = seconds.get(place.key) if place else None
        return found[0] if known is None else str(int(known * 10) * 100)

    made: dict[str, Any] = {}
    for key, value in params.items():
        text = _LENGTH.sub(length, value) if isinstance(value, str) else value
        kind = _NUMBERS.get(model.params[key].type) if key in model.params else None
        made[key] = _number(text, kind) if isinstance(text, str) and kind else text
    return made


def _number(text: str, kind: type[int | float]) -> str | int | float:
    try:
        return kind(text)
    except ValueError:
        return text


def tried(model: Model, params: Params) -> Params:
    """Return params as they might be sent, to judge those that only what comes before tells."""
    told = {
        key: model.params[key].min or 0
        for key, value in params.items()
        if key in model.params and model.params[key].type in _NUMBERS and _is_open(value)
    }
    return payload.tried(model, params) | told


def _is_open(value: object) -> bool:
    return isinstance(value, str) and (
        _LENGTH.fullmatch(value) is not None or previous.asks(value, {})
    )
