"""The catalog: which models there are, what they take, and what they cost.

The facts are data (`catalog.json`); here they are read, searched and held against a rule.
Building a payload is pure: the same model, prompt, params and links give the same payload.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from hotfolder.domain.jobs import Estimate, JsonScalar, Params

DEFAULT_MODEL = "xai/grok-imagine-image/edit-official-stable"
PROMPT = "prompt"
MEGABYTE = 1024 * 1024
COUNTING_KEYS = frozenset({"imageNum", "n"})
MEDIA_TYPES = frozenset({"IMAGE", "VIDEO", "AUDIO"})


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Parameter(_Fact):
    """One parameter of a model; `max_mb` is per file, `list_` says that a JSON list is sent."""

    key: str
    type: Literal["STRING", "LIST", "INT", "FLOAT", "BOOLEAN", "IMAGE", "VIDEO", "AUDIO"]
    required: bool = False
    options: tuple[JsonScalar, ...] = ()
    default: JsonScalar = None
    min: float | None = None
    max: float | None = None
    max_length: int | None = None
    accept: tuple[str, ...] = ()
    max_mb: float | None = None
    list_: bool = Field(default=False, alias="list")
    max_items: int | None = None


class PriceRule(_Fact):
    """A price that holds for certain parameter values; an empty value means any."""

    when: dict[str, JsonScalar]
    price: Decimal


class Price(_Fact):
    """A list price per `unit`."""

    currency: str
    unit: str
    price: Decimal | None = None
    rules: tuple[PriceRule, ...] = ()


class Model(_Fact):
    """One remote model: its name, its endpoint below the base URL, and what it takes."""

    name: str
    endpoint: str
    output: str
    params: tuple[Parameter, ...]
    price: Price | None = None

    @property
    def picture(self) -> Parameter:
        """The parameter that a source goes into: the first required picture, else the first."""
        pictures = [each for each in self.params if each.type == "IMAGE"]
        return next((each for each in pictures if each.required), pictures[0])

    @property
    def prompt(self) -> Parameter | None:
        """The parameter that the prompt goes into, if the model takes one."""
        return next((each for each in self.params if each.key == PROMPT), None)

    @property
    def needs_prompt(self) -> bool:
        """Whether the service refuses this model without a prompt."""
        return self.prompt is not None and self.prompt.required

    @property
    def max_bytes(self) -> int:
        """The largest source in bytes that this model takes."""
        return int((self.picture.max_mb or 30) * MEGABYTE)


@cache
def models() -> dict[str, Model]:
    """Return the shipped models by name."""
    text = resources.files(__package__).joinpath("catalog.json").read_text("utf-8")
    found = [Model.model_validate(each) for each in json.loads(text, parse_float=Decimal)["models"]]
    return {model.name: model for model in found}


def find(name: str) -> Model | None:
    """Return a model by the name users know or by its endpoint."""
    by_endpoint = {model.endpoint: model for model in models().values()}
    return models().get(name) or by_endpoint.get(name)


def nearest(name: str) -> list[str]:
    """Return the names most like one that is not in the catalog."""
    return difflib.get_close_matches(name, models(), n=3, cutoff=0.3)


def problems(model: Model, prompt: str | None, params: Params) -> list[tuple[str, str]]:
    """Return what is wrong with a prompt and params as (key, message); media are left out."""
    declared = {each.key: each for each in model.params if each.type not in MEDIA_TYPES}
    found = [(key, _undeclared(model, key)) for key in params if key not in declared]
    if PROMPT in params:
        found.append((PROMPT, "put the prompt into the key prompt, not into params"))
    values: dict[str, Any] = {**params} if prompt is None else {**params, PROMPT: prompt}
    for key, parameter in declared.items():
        if key in values:
            found += [(key, text) for text in _value_problems(parameter, values[key])]
        elif parameter.required and parameter.default is None and key != PROMPT:
            found.append((key, f"{key} is required by {model.name}{_choices(parameter)}"))
    if prompt is not None and PROMPT not in declared:
        found.append((PROMPT, f"{model.name} takes no prompt"))
    return found


def payload(
    model: Model, prompt: str | None, params: Params, links: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Return what is sent to the model's endpoint. `links` are URLs by media parameter.

    Nothing is sent that the model does not declare. A required parameter that the rule leaves
    out is sent with the catalog's default.
    """
    body: dict[str, Any] = {}
    for each in model.params:
        if each.key in links:
            body[each.key] = list(links[each.key]) if each.list_ else links[each.key][0]
        elif each.key == PROMPT:
            body.update({PROMPT: prompt} if prompt is not None else {})
        elif each.key in params:
            body[each.key] = params[each.key]
        elif each.required and each.default is not None:
            body[each.key] = each.default
    return body


def estimate(model: Model, params: Params) -> Estimate:
    """Return what one call is expected to cost by the list."""
    if model.price is None:
        return Estimate(amount=None, currency=None)
    amount = model.price.price
    for rule in model.price.rules:
        if all(_holds(model, params, key, wanted) for key, wanted in rule.when.items()):
            amount = rule.price
            break
    if amount is not None and model.price.unit == "image":
        amount *= _images(model, params)
    return Estimate(amount=amount, currency=model.price.currency)


def _images(model: Model, params: Params) -> int:
    """Return how many images a call asks for, where the price is for each."""
    counts = [each for each in model.params if each.key in COUNTING_KEYS]
    if not counts:
        return 1
    stated = str(params.get(counts[0].key, counts[0].default or 1))
    return int(stated) if stated.isascii() and stated.isdecimal() else 1


def _holds(model: Model, params: Params, key: str, wanted: JsonScalar) -> bool:
    if wanted in ("", None):
        return True
    default = next((each.default for each in model.params if each.key == key), None)
    return str(params.get(key, default)) == str(wanted)


def _undeclared(model: Model, key: str) -> str:
    known = [
        each.key for each in model.params if each.type not in MEDIA_TYPES and each.key != PROMPT
    ]
    offered = f"it takes {', '.join(known)}" if known else "it takes none besides the prompt"
    return f"{model.name} has no parameter {key}: {offered}"


def _choices(parameter: Parameter) -> str:
    if not parameter.options:
        return ""
    return f": one of {', '.join(str(each) for each in parameter.options)}"


def _value_problems(parameter: Parameter, value: object) -> list[str]:
    key = parameter.key
    match parameter.type:
        case "LIST":
            if value not in parameter.options:
                if str(value) in parameter.options:
                    return [f'{key} must be in quotes: "{value}"']
                return [f"{key} must be{_choices(parameter).removeprefix(':')}, not {value!r}"]
        case "BOOLEAN":
            if not isinstance(value, bool):
                return [f"{key} must be true or false"]
        case "INT" | "FLOAT":
            return _number_problems(parameter, value)
        case _:
            return _text_problems(parameter, value)
    return []


def _number_problems(parameter: Parameter, value: object) -> list[str]:
    kinds = (int,) if parameter.type == "INT" else (int, float)
    if not isinstance(value, kinds) or isinstance(value, bool):
        return [f"{parameter.key} must be a {'whole ' if parameter.type == 'INT' else ''}number"]
    below = parameter.min is not None and value < parameter.min
    above = parameter.max is not None and value > parameter.max
    endless = isinstance(value, float) and not math.isfinite(value)
    if below or above or endless:
        return [f"{parameter.key} must be from {parameter.min} to {parameter.max}"]
    return []


def _text_problems(parameter: Parameter, value: object) -> list[str]:
    if not isinstance(value, str):
        return [f"{parameter.key} must be a text"]
    if parameter.max_length is not None and len(value) > parameter.max_length:
        return [f"{parameter.key} may have {parameter.max_length} characters, not {len(value)}"]
    if any("\ud800" <= character <= "\udfff" for character in value):
        return [f"{parameter.key} holds half a character, which cannot be sent"]
    return []
