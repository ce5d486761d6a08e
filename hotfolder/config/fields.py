"""The types of the config's values: each says in plain words what a value must be."""

from __future__ import annotations

import math
import os
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
)

from hotfolder.domain.jobs import JsonScalar
from hotfolder.domain.templates import template_problem
from hotfolder.runninghub import catalog

LARGEST_PORT = 65_535
UMASK_PATTERN = r"^(0?[0-7]{3})?$"
HOST_PATTERN = r"^[A-Za-z0-9._-]{1,253}$|^\[?[0-9A-Fa-f:.]{2,45}\]?$"
# What the font of labels has, and one line holds.
LABEL_PATTERN = r"^[ -~]{1,24}$"
NAME_PATTERN = r"^[^\x00-\x1f/:]{1,64}$"


def _path(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str):
        raise ValueError("must be a path in quotes")  # noqa: TRY004  pydantic's way
    if not value:
        raise ValueError("must not be empty")
    if "\0" in value:
        raise ValueError("must not contain a NUL character")
    return resolved((info.context or {}).get("folder", Path()), value)


def _optional_path(value: object, info: ValidationInfo) -> object:
    return None if value == "" else _path(value, info)


def resolved(folder: Path, value: str) -> Path:
    """Return a path of the config as an absolute one, links left in. Raises ValueError."""
    try:
        wanted = Path(value).expanduser()
    except RuntimeError as error:
        raise ValueError("names a home folder that there is not") from error
    return Path(os.path.abspath(folder / wanted))  # noqa: PTH100  links stay


def _template(value: str) -> str:
    problem = template_problem(value)
    if problem:
        raise ValueError(problem)
    return value


def _parameter(value: object) -> object:
    listed = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str | int | float) for each in listed):
        raise ValueError("must be a text, a number, true or false, or a list of these")
    if not all(math.isfinite(each) for each in listed if isinstance(each, float)):
        raise ValueError("must be a finite number")
    return value


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        named = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        named = False
    if not named or any(each.isspace() for each in value):
        raise ValueError(f"must be a web address that begins with http:// or https://: {value!r}")
    return value


def _callback_address(value: str) -> str:
    if value and ("?" in _web_address(value) or "#" in value):
        raise ValueError(f"must be an address without ? and #: {value!r}")
    return value


def listen_place(value: str) -> tuple[str, int]:
    """Return host and port of "host:port" or "[address]:port". Raises ValueError."""
    host, colon, port = value.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    named = bool(colon and bare) and (":" in bare) == host.startswith("[") == host.endswith("]")
    if not named or not (port.isascii() and port.isdecimal() and 0 < int(port) <= LARGEST_PORT):
        raise ValueError(f"must be host:port, such as 127.0.0.1:8790: {value!r}")
    return bare, int(port)


def _listen_address(value: str) -> str:
    if value:
        listen_place(value)
    return value


def _money(value: object) -> object:
    """Take TOML's numbers for what is written: 0.14 is not its nearest binary fraction."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return Decimal(str(value))
    raise ValueError("must be a number")


Pixels = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Money = Annotated[
    Decimal, BeforeValidator(_money), Field(ge=0), PlainSerializer(float, when_used="json")
]
ConfigPath = Annotated[Path, BeforeValidator(_path)]
OptionalPath = Annotated[Path | None, BeforeValidator(_optional_path)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
CallbackAddress = Annotated[str, AfterValidator(_callback_address)]
ListenAddress = Annotated[str, AfterValidator(_listen_address)]
OutputTemplate = Annotated[str, AfterValidator(_template)]
Parameter = Annotated[JsonScalar | list[JsonScalar], PlainValidator(_parameter)]
PictureKind = Literal["jpg", "png", "webp", "gif", "bmp", "tif", "heic", "avif", "psd", "raw"]
OwnModel = Annotated[catalog.Model, BeforeValidator(catalog.completed)]
