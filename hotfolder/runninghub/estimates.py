"""What a call is expected to cost by the catalog's list, and what its price hangs on.

A price by the length of what is sent counts begun units, so that an estimate is never too low.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from hotfolder.domain.jobs import Estimate
from hotfolder.domain.params import JsonScalar, Params
from hotfolder.runninghub import nodes
from hotfolder.runninghub.catalog import Model

COUNTING_KEYS: Final = ("imageNum", "n")
AT_MOST: Final = "maxImages"  # a model may make fewer
DURATION: Final = "duration"
SECONDS: Final = frozenset({"second", "second, from"})
# Units of a price that are counted in what is sent, unless the model is told a duration.
BY_LENGTH: Final = SECONDS | {"1000 characters", "5 seconds"}
CHARACTERS: Final = 1000
_TEXT: Final = "text"
_CUT: Final = ("soundStartTime", "soundEndTime")  # of a sound, in milliseconds
_LASTING: Final = ("VIDEO", "AUDIO")  # the one whose seconds are paid for first


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a price may hang on besides parameters: the main text, and how long files are.

    `seconds` are by media parameter; a file of unknown length is not among them.
    """

    text: str | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)


NOTHING: Final = Sent()


def estimate(model: Model, params: Params, sent: Sent = NOTHING) -> Estimate:
    """Return what one call is expected to cost by the list."""
    if model.price is None:
        return Estimate(amount=None, currency=None)
    amount = model.price.price
    for rule in model.price.rules:
        if all(_holds(model, params, key, wanted) for key, wanted in rule.when.items()):
            amount = rule.price
            break
    units = _units(model, model.price.unit, params, sent)
    total = None if amount is None or units is None else amount * units
    return Estimate(amount=total, currency=model.price.currency)


def price_key(model: Model, params: Params, listed: Estimate | None = None) -> str:
    """Return what edits of the same price have in common: the model, and what its price hangs on.

    Where the list does not say what that is, it may be any parameter. Where it is the length of
    what is sent, `listed` stands for that: the price by the list.
    """
    if model.price is None:
        single = {key: each for key, each in model.params.items() if each.type != "COMPLEX"}
        keys = {key for key, each in single.items() if not each.is_media and each != model.prompt}
    else:
        keys = {key for rule in model.price.rules for key in rule.when}
        keys |= {key for key in (*COUNTING_KEYS, DURATION) if key in model.params}
    values = {key: params.get(key, _default(model, key)) for key in sorted(keys)}
    if model.run is not None and model.run.instance != nodes.USUAL:
        values["instance"] = model.run.instance
    if is_by_length(model):
        return json.dumps([model.endpoint, values, listed and listed.amount], default=str)
    return json.dumps([model.endpoint, values], default=str)


def is_by_length(model: Model) -> bool:
    """Whether the price of a call hangs on how long a text, film or sound is that is sent."""
    unit = model.price.unit if model.price else ""
    return unit in BY_LENGTH and not (unit in SECONDS and DURATION in model.params)


def _default(model: Model, key: str) -> JsonScalar:
    return model.params[key].default if key in model.params else None


def _units(model: Model, unit: str, params: Params, sent: Sent) -> int | None:
    """Return how many units of its price a call asks for; None where nobody can tell before."""
    if unit == "image":
        return _images(model, params)
    if unit in SECONDS and DURATION in model.params:
        return _count(params.get(DURATION, _default(model, DURATION)))
    if unit in BY_LENGTH:
        length = _length(model, unit, params, sent)
        return None if length is None else max(math.ceil(length), 1)
    return 1 if unit == "call" else None


def _length(model: Model, unit: str, params: Params, sent: Sent) -> float | None:
    """Return how many units long the text, film or sound is that is sent."""
    if unit == "1000 characters":
        text = params.get(_TEXT, sent.text)
        return len(text) / CHARACTERS if isinstance(text, str) else None
    seconds = _seconds(model, sent)
    if unit in SECONDS:
        return seconds
    cut = _cut(params) or seconds
    return None if cut is None else cut / 5


def _seconds(model: Model, sent: Sent) -> float | None:
    """Return how long the file is whose seconds are paid for: a film, else a sound."""
    for kind in _LASTING:
        for key, each in model.params.items():
            if each.type == kind and key in sent.seconds:
                return sent.seconds[key]
    return None


def _cut(params: Params) -> float | None:
    """Return the seconds of the piece that is cut out of a sound, None where none is said."""
    start, end = (params.get(key) for key in _CUT)
    if not isinstance(start, int) or not isinstance(end, int) or end <= start:
        return None
    return (end - start) / 1000


def _count(stated: object) -> int | None:
    text = str(stated)
    return int(text) if text.isascii() and text.isdecimal() else None


def results(model: Model, params: Params) -> int:
    """Return how many results a call is expected to bring at most."""
    most = _count(params.get(AT_MOST)) if AT_MOST in model.params else None
    return most or _images(model, params)


def _images(model: Model, params: Params) -> int:
    """Return how many images a call asks for, where the price is for each."""
    key = next((each for each in COUNTING_KEYS if each in model.params), None)
    if key is None:
        return 1
    return _count(params.get(key, model.params[key].default or 1)) or 1


def _holds(model: Model, params: Params, key: str, wanted: JsonScalar) -> bool:
    if wanted in ("", None):
        return True
    return str(params.get(key, _default(model, key))).casefold() == str(wanted).casefold()
