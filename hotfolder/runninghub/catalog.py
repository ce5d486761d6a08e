"""The catalog: which models there are, what they take, and their list prices.

The facts are data: `catalog.json`, one model to a line, corrected and added to by the owner's
config. Here they are read and searched; a model is validated when it is first asked for, so that
commands without interest in models need not wait for all of them.
"""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from hotfolder.domain.params import JsonScalar, parted

DEFAULT_MODEL = "xai/grok-imagine-image/edit-official-stable"
PROMPT = "prompt"
MEGABYTE = 1024 * 1024
LARGEST_SEED = 2**31 - 1
UPLOAD_MB = 30  # of one upload, whatever the model takes (the service's older document)
MEDIA_TYPES = frozenset({"IMAGE", "VIDEO", "AUDIO"})
TEXT = "text"
INPUTS = ("image", "video", "audio", TEXT)
MAIN_TEXTS = (PROMPT, "text", "description", "lyrics")
ENDPOINT_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$"

# What the service appends to the names and endpoints of models that it retired.
_RETIRED_MARK = re.compile(r"-\[Deprecated\].*$")

Raw = Mapping[str, Any]


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Parameter(_Fact):
    """One parameter of a model; `max_mb` is per file, `list_` says that a JSON list is sent.

    `unsent` is the option that means: leave the parameter out. `roles` are further short names of a
    media parameter, by which files and rules mean it. COMPLEX takes a list of tables; what is not
    `confirmed` was seen by a third party only. What lasts must do so for `min_seconds` to
    `max_seconds`, what is seen have sides of `min_side` to `max_side` pixels, of which the longer
    is at most `max_ratio` times the shorter; with `sound` a film must have sound. None = nobody
    knows. `node` is its place in an app or workflow.
    """

    key: str
    type: Literal["STRING", "LIST", "INT", "FLOAT", "BOOLEAN", "IMAGE", "VIDEO", "AUDIO", "COMPLEX"]
    required: bool = False
    options: tuple[JsonScalar, ...] = ()
    default: JsonScalar = None
    min: int | float | None = None
    max: int | float | None = None
    step: int | float | None = None
    min_length: int | None = None
    max_length: int | None = None
    accept: tuple[str, ...] = ()
    max_mb: float | None = None
    list_: bool = Field(default=False, alias="list")
    max_items: int | None = None
    unsent: JsonScalar = None
    roles: tuple[str, ...] = ()
    confirmed: bool = True
    min_seconds: float | None = None
    max_seconds: float | None = None
    min_side: int | None = None
    max_side: int | None = None
    max_ratio: float | None = None
    sound: bool = False
    node: str = ""

    @property
    def is_media(self) -> bool:
        """Whether it takes a file rather than a value."""
        return self.type in MEDIA_TYPES

    @property
    def job(self) -> int:
        """The step of the job of a chain that has it; 0 = the first, or there is no chain."""
        return parted(self.key)[0]

    @property
    def chances(self) -> tuple[int, int] | None:
        """The least and the greatest number that chance may give a seed; None for what is none."""
        if self.type != "INT" or not self.key.casefold().endswith("seed"):
            return None
        least = max(0, math.ceil(self.min or 0))
        return least, max(least, math.floor(self.max or LARGEST_SEED))


class RunAs(_Fact):
    """How an app or a workflow is run: on which machine, with which password and own JSON."""

    instance: Literal["default", "plus", "ultra"] = "default"
    password_file: Path | None = None
    workflow: str = ""
    title: str = ""


class PriceRule(_Fact):
    """A price that holds for certain parameter values; an empty value means any."""

    when: dict[str, JsonScalar]
    price: Decimal


class Price(_Fact):
    """A list price per `unit`."""

    currency: str
    unit: str = "call"
    price: Decimal | None = None
    rules: tuple[PriceRule, ...] = ()

    @property
    def span(self) -> tuple[Decimal, Decimal] | None:
        """The lowest and the highest price of a unit, if there is any."""
        prices = [rule.price for rule in self.rules]
        prices += [self.price] if self.price is not None else []
        return (min(prices), max(prices)) if prices else None


def _with_keys(params: object) -> object:
    """Let each parameter know the key that it stands under."""
    if not isinstance(params, Mapping):
        return params
    return {
        key: {**value, "key": key} if isinstance(value, Mapping) else value
        for key, value in params.items()
    }


class Model(_Fact):
    """One remote model: its name, its endpoint below the base URL, and what it takes.

    `main` is the parameter of the main text where the usual names do not tell. `retired` says what
    the service offers instead; `confirmed` is False where nobody but a third party has seen the
    endpoint. `run` is None for all that is no app and no workflow.
    """

    name: Annotated[str, Field(min_length=1)]
    endpoint: Annotated[str, Field(pattern=ENDPOINT_PATTERN)]
    section: str = ""
    output: Literal["image", "video", "audio", "3d", "string"]
    in_menu: bool = False
    main: str = ""
    retired: str = ""
    confirmed: bool = True
    params: Annotated[dict[str, Parameter], BeforeValidator(_with_keys)]
    price: Price | None = None
    run: RunAs | None = None

    @cached_property
    def media(self) -> tuple[Parameter, ...]:
        """The parameters that take files, those that it needs first.

        Of a whole chain those of its first job come first.
        """
        media = [each for each in self.params.values() if each.is_media]
        return tuple(sorted(media, key=lambda each: (each.job, not each.required)))

    @property
    def pictures(self) -> tuple[Parameter, ...]:
        """The parameters that take pictures, those that it needs first.

        Of a whole chain those of its first job.
        """
        return tuple(each for each in self.media if each.type == "IMAGE" and not each.job)

    @property
    def prompt(self) -> Parameter | None:
        """The parameter of the main text, which the prompt goes into, if the model takes one."""
        known = (self.params.get(each) for each in (self.main, *MAIN_TEXTS))
        return next((each for each in known if each is not None and each.type == "STRING"), None)

    @property
    def inputs(self) -> tuple[str, ...]:
        """What it takes, of image, video, audio and text; the most telling first."""
        taken = {each.type.lower() for each in self.params.values() if each.is_media}
        taken |= {"text"} if self.prompt else set()
        return tuple(each for each in INPUTS if each in taken)

    @property
    def needs_prompt(self) -> bool:
        """Whether the service refuses this model without a prompt."""
        return self.prompt is not None and self.prompt.required

    def place_for(self, kind: str) -> Parameter | None:
        """Return the parameter that a source goes into: the first needed one of its kind, else any.

        `kind` is image, video, audio or text; None where it takes none of that kind.
        """
        if kind == TEXT:
            return self.prompt
        return next((each for each in self.media if each.type.lower() == kind), None)


class Catalog:
    """The shipped models with the owner's additions and corrections.

    `own` are whole models, as `completed` makes them of what the owner wrote.
    """

    def __init__(self, own: Sequence[Model] = ()) -> None:
        self._own = {plain_name(model.name): model for model in own}
        self._known: dict[str, Model | None] = {}

    @property
    def own(self) -> tuple[Model, ...]:
        """The owner's additions and corrections."""
        return tuple(self._own.values())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Catalog) and other._own == self._own

    __hash__ = None  # type: ignore[assignment]  # compared, never looked up

    def __iter__(self) -> Iterator[Model]:
        """Yield every model, retired and unconfirmed ones included, in the catalog's order."""
        for name in self._names:
            model = self.look_up(name)
            if model is not None:
                yield model

    def look_up(self, name: str) -> Model | None:
        """Return any model by the name users know or by its endpoint."""
        wanted = plain_name(name)
        wanted = self._by_endpoint.get(wanted, wanted)
        if wanted not in self._known:
            self._known[wanted] = self._read(wanted)
        return self._known[wanted]

    def find(self, name: str) -> Model | None:
        """Return a model that a rule may name: callable, confirmed, and fed by a source."""
        model = self.look_up(name)
        return model if model is not None and why_not(model) is None else None

    @property
    def default(self) -> Model:
        """The model of a rule that names none."""
        return self.find(DEFAULT_MODEL) or Model.model_validate(_shipped()[DEFAULT_MODEL])

    def why_not(self, name: str) -> str | None:
        """Return why a rule may not name a model, or None where it may."""
        model = self.look_up(name)
        if model is not None:
            return why_not(model)
        kind, _, run_id = name.partition("/")
        if kind in ("app", "workflow"):
            run_id = run_id.partition("/")[0]
            return f"there is no [[{kind}]] of id {run_id}: `hotfolder {kind} {run_id}` prints it"
        near = self.nearest(name)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        return f"there is no model {name}{hint}"

    def nearest(self, name: str) -> list[str]:
        """Return the usable names most like one that is not in the catalog.

        First those that it is a part of, the default model before all others.
        """
        wanted = plain_name(name)
        whole = [each for each in self._names if wanted and wanted.casefold() in each.casefold()]
        whole.sort(key=lambda each: (each != DEFAULT_MODEL, len(each)))
        near = difflib.get_close_matches(wanted, self._names, n=6, cutoff=0.3)
        return [each for each in dict.fromkeys([*whole, *near]) if self.find(each)][:3]

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*_shipped(), *self._own]))

    @cached_property
    def _by_endpoint(self) -> dict[str, str]:
        shipped = {raw["endpoint"]: name for name, raw in _shipped().items()}
        return shipped | {model.endpoint: name for name, model in self._own.items()}

    def _read(self, wanted: str) -> Model | None:
        if wanted in self._own:
            return self._own[wanted]
        raw = _shipped().get(wanted)
        return Model.model_validate(raw) if raw else None


# The catalog as it is now: a reload may bring another.
CurrentCatalog = Callable[[], Catalog]


def completed(table: object) -> object:
    """Return a `[[model]]` of the config with what the shipped model of its name says besides.

    Key by key and parameter by parameter the owner's word counts.
    """
    if not isinstance(table, Mapping) or not isinstance(table.get("name"), str):
        return table
    shipped = _shipped().get(plain_name(table["name"]))
    params = table.get("params", {})
    if shipped is None or not isinstance(params, Mapping):
        return table
    merged = dict(shipped["params"])
    for key, value in params.items():
        merged[key] = {**merged.get(key, {}), **value} if isinstance(value, Mapping) else value
    return {**shipped, **table, "params": merged}


def plain_name(name: str) -> str:
    """Return a model's name without the mark that the service gives to retired ones."""
    return _RETIRED_MARK.sub("", name.strip())


@cache
def _shipped() -> dict[str, Raw]:
    text = Path(__file__).with_name("catalog.json").read_text("utf-8")
    return {raw["name"]: raw for raw in json.loads(text)["models"]}


def why_not(model: Model) -> str | None:
    """Return why a rule may not name a model of the catalog, or None where it may."""
    if model.retired:
        return f"{model.name} is retired: {model.retired}"
    if not model.confirmed:
        return (
            f"{model.name} is not confirmed: its endpoint was seen by a third party only; to try "
            f"it all the same, say confirmed = true in a [[model]] of this name"
        )
    if not model.media and model.prompt is None:
        return (
            f"{model.name} takes neither a file nor a text as far as is known, so a rule cannot "
            f"use it; a [[model]] of this name may say which of its params does"
        )
    return None
