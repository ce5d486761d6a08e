"""The models the service knows, and whether a submit's body fits one.

Read from the package's data file, never from the client's code: the client may
misread a parameter, and this must notice.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from hotfolder.simulator.answers import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Seconds = Mapping[str, float]

MEDIA_TYPES = frozenset({"IMAGE", "VIDEO", "AUDIO"})
MEBIBYTE = 1024 * 1024
UNPRICED = Decimal("0.10")
# The one lower bound known, and known of this model alone.
SHORTEST_PROMPT = {"rhart-image-x-official/edit": 5}
_COUNTING_KEYS = ("imageNum", "n")


@dataclass(frozen=True, kw_only=True)
class Model:
    """One remote model: its endpoint, what it makes, its parameters as in the catalog."""

    endpoint: str
    output: str
    params: tuple[Mapping[str, Any], ...]
    price: Mapping[str, Any] | None

    def media_params(self) -> tuple[Mapping[str, Any], ...]:
        """Return the parameters that take files."""
        return tuple(param for param in self.params if param["type"] in MEDIA_TYPES)

    def outputs(self, body: Mapping[str, object]) -> int:
        """Return how many results the body asks for."""
        for key in _COUNTING_KEYS:
            if any(param["key"] == key for param in self.params):
                default = next(p.get("default", 1) for p in self.params if p["key"] == key)
                return int(str(body.get(key, default)))
        return 1

    def charge(self, body: Mapping[str, object], seconds: Seconds) -> Decimal:
        """Return the list price of one task with this body, or a stand-in if it has none.

        `seconds` are the lengths of its films and sounds by parameter. Units are charged from their
        beginning; what says no length costs one.
        """
        if self.price is None:
            return UNPRICED
        unit = str(self.price.get("unit", "call"))
        return self._unit_price(body) * max(1, math.ceil(self._units(unit, body, seconds)))

    def _units(self, unit: str, body: Mapping[str, object], seconds: Seconds) -> float:
        if unit == "image":
            return self.outputs(body)
        if unit == "1000 characters":
            return len(str(body.get("text", ""))) / 1000
        if unit == "5 seconds":
            cut = int(str(body["soundEndTime"])) - int(str(body["soundStartTime"]))
            return (cut / 1000 if cut > 0 else self._lasting(seconds)) / 5
        if not unit.startswith("second"):
            return 1
        duration = self.chosen(body).get("duration")
        return int(str(duration)) if str(duration).isdecimal() else self._lasting(seconds)

    def _lasting(self, seconds: Seconds) -> float:
        """Return the length of the film that was given, else of the sound."""
        for kind in ("VIDEO", "AUDIO"):
            for param in self.params:
                if param["type"] == kind and param["key"] in seconds:
                    return seconds[param["key"]]
        return 0

    def chosen(self, body: Mapping[str, object]) -> dict[str, object]:
        """Return what a body says, with the defaults of what it leaves out."""
        return {p["key"]: p["default"] for p in self.params if "default" in p} | dict(body)

    def _unit_price(self, body: Mapping[str, object]) -> Decimal:
        assert self.price is not None  # noqa: S101  (charge() has looked)
        chosen = self.chosen(body)
        for rule in self.price.get("rules", ()):
            if all(
                value == "" or _same(chosen.get(key), value) for key, value in rule["when"].items()
            ):
                return Decimal(str(rule["price"]))
        return Decimal(str(self.price.get("price", UNPRICED)))


def _same(sent: object, listed: object) -> bool:
    return str(sent).lower() == str(listed).lower()


@cache
def models() -> dict[str, Model]:
    """Return the callable models by endpoint; retired ones are unknown to the service."""
    text = files("hotfolder").joinpath("runninghub", "catalog.json").read_text("utf-8")
    return {
        entry["endpoint"]: Model(
            endpoint=entry["endpoint"],
            output=entry["output"],
            params=tuple(
                {"required": False, **param, "key": key} for key, param in entry["params"].items()
            ),
            price=entry.get("price"),
        )
        for entry in json.loads(text)["models"]
        if not entry.get("retired")
    }


@cache
def _retired() -> frozenset[str]:
    text = files("hotfolder").joinpath("runninghub", "catalog.json").read_text("utf-8")
    listed = json.loads(text)["models"]
    return frozenset(entry["endpoint"] for entry in listed if entry.get("retired"))


def is_known(endpoint: str) -> bool:
    """Say whether a path is, or was, that of a model: all others are no path of the service."""
    return endpoint in models() or endpoint in _retired()


def check(model: Model, body: Mapping[str, object]) -> None:
    """Raise RefusedError unless the body has what the model asks for and nothing else."""
    declared = {param["key"] for param in model.params} | {"webhookUrl"}
    for key in body:
        if key not in declared:
            raise RefusedError("1007", f"unknown parameter {key}")
    for param in model.params:
        value = body.get(param["key"])
        if value is None or value in ("", []):
            if param["required"] and "unsent" not in param:
                raise RefusedError("1007", f"{param['key']} is required")
            continue
        _CHECKS[param["type"]](param, value)
    shortest = SHORTEST_PROMPT.get(model.endpoint, 0)
    if shortest and len(str(body.get("prompt", ""))) < shortest:
        raise RefusedError("1007", f"prompt is shorter than {shortest} characters")


def _check_text(param: Mapping[str, Any], value: object) -> None:
    if not isinstance(value, str):
        raise RefusedError("1007", f"{param['key']} is not text")
    if len(value) > param.get("max_length", len(value)):
        raise RefusedError("1007", f"{param['key']} is longer than {param['max_length']}")


def _check_option(param: Mapping[str, Any], value: object) -> None:
    if bool(param.get("list")) != isinstance(value, list):
        raise RefusedError("1007", f"{param['key']}: list expected is {bool(param.get('list'))}")
    options = [each for each in param["options"] if each != param.get("unsent")]
    if any(each not in options for each in links_of(value)):
        raise RefusedError("1007", f"{param['key']} is not one of its options")


def _check_number(param: Mapping[str, Any], value: object) -> None:
    kinds = (int,) if param["type"] == "INT" else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise RefusedError("1007", f"{param['key']} is not of type {param['type']}")
    if not param.get("min", value) <= value <= param.get("max", value):
        raise RefusedError("1007", f"{param['key']} is out of range")


def _check_switch(param: Mapping[str, Any], value: object) -> None:
    if not isinstance(value, bool):
        raise RefusedError("1007", f"{param['key']} is not true or false")


def _check_tables(param: Mapping[str, Any], value: object) -> None:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise RefusedError("1007", f"{param['key']} is not a list of objects")


def _check_media(param: Mapping[str, Any], value: object) -> None:
    if bool(param.get("list")) != isinstance(value, list):
        raise RefusedError("1007", f"{param['key']}: list expected is {bool(param.get('list'))}")
    links = links_of(value)
    if len(links) > param.get("max_items", len(links)):
        raise RefusedError("1007", f"{param['key']} has more than {param['max_items']} items")
    for link in links:
        if not isinstance(link, str) or not link.startswith(("http://", "https://", "data:")):
            raise RefusedError("1007", f"{param['key']} is not a URL")


_CHECKS: Mapping[str, Callable[[Mapping[str, Any], object], None]] = {
    "COMPLEX": _check_tables,
    "STRING": _check_text,
    "LIST": _check_option,
    "INT": _check_number,
    "FLOAT": _check_number,
    "BOOLEAN": _check_switch,
    "IMAGE": _check_media,
    "VIDEO": _check_media,
    "AUDIO": _check_media,
}


def links_of(value: object) -> list[Any]:
    """Return a value as a list, whether the model takes one or several."""
    return value if isinstance(value, list) else [value]


def check_file(param: Mapping[str, Any], extension: str, size: int) -> None:
    """Raise RefusedError if a readable file is of a type or size the parameter declines."""
    accepted = {_spelled(name) for name in param.get("accept", ())}
    if accepted and _spelled(extension) not in accepted:
        raise RefusedError("1007", f"{param['key']} does not take {extension}")
    if size > param.get("max_mb", size) * MEBIBYTE:
        raise RefusedError("1008", f"{param['key']} is over {param['max_mb']} MB")


def _spelled(extension: str) -> str:
    lowered = extension.lower().lstrip(".")
    return "jpg" if lowered == "jpeg" else lowered


def decode_inline(uri: str) -> tuple[str, bytes]:
    """Return the type and bytes of a Base64 data URI.

    Raises RefusedError if it is not one.
    """
    head, comma, text = uri.partition(",")
    media_type, *flags = head.removeprefix("data:").split(";")
    if not comma or "base64" not in flags:
        raise RefusedError("1007", "not a Base64 data URI")
    try:
        return media_type.rpartition("/")[2], base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise RefusedError("1007", "not a Base64 data URI") from error
