"""What a call is expected to cost by the catalog's list, and what its price hangs on."""

from __future__ import annotations

import json
from typing import Final

from hotfolder.domain.jobs import Estimate, JsonScalar, Params
from hotfolder.runninghub.catalog import PROMPT, Model

COUNTING_KEYS: Final = ("imageNum", "n")
DURATION: Final = "duration"


def estimate(model: Model, params: Params) -> Estimate:
    """Return what one call is expected to cost by the list."""
    if model.price is None:
        return Estimate(amount=None, currency=None)
    amount = model.price.price
    for rule in model.price.rules:
        if all(_holds(model, params, key, wanted) for key, wanted in rule.when.items()):
            amount = rule.price
            break
    units = _units(model, model.price.unit, params)
    total = None if amount is None or units is None else amount * units
    return Estimate(amount=total, currency=model.price.currency)


def price_key(model: Model, params: Params) -> str:
    """Return what edits of the same price have in common: the model, and what its price hangs on.

    Where the list does not say what that is, it may be any parameter.
    """
    if model.price is None:
        keys = {key for key, each in model.params.items() if key != PROMPT and not each.is_media}
    else:
        keys = {key for rule in model.price.rules for key in rule.when}
        keys |= {key for key in (*COUNTING_KEYS, DURATION) if key in model.params}
    values = {key: params.get(key, _default(model, key)) for key in sorted(keys)}
    return json.dumps([model.endpoint, values], default=str)


def _default(model: Model, key: str) -> JsonScalar:
    return model.params[key].default if key in model.params else None


def _units(model: Model, unit: str, params: Params) -> int | None:
    """Return how many units of its price a call asks for; None where nobody can tell before."""
    match unit:
        case "call":
            return 1
        case "image":
            return _images(model, params)
        case "second" | "second, from":
            return _count(params.get(DURATION, _default(model, DURATION)))
    return None


def _count(stated: object) -> int | None:
    text = str(stated)
    return int(text) if text.isascii() and text.isdecimal() else None


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
