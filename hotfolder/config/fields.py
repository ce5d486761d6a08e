"""The types of the config's values: each says in plain words what a value must be."""

from __future__ import annotations

import math
import re
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

from hotfolder.config.text import resolved
from hotfolder.domain.params import JsonScalar, JsonTable
from hotfolder.domain.templates import template_problem
from hotfolder.runninghub import catalog

LARGEST_PORT = 65_535
UMASK_PATTERN = r"^(0?[0-7]{3})?$"
HOST_PATTERN = r"^[A-Za-z0-9._-]{1,253}$|^\[?[0-9A-Fa-f:.]{2,45}\]?$"
# What the font of labels has, and one line holds.
LABEL_PATTERN = r"^[ -~]{1,24}$"
# How files of a role are called, their ending aside; and the plain name of a file.
ROLE_PATTERN = r"^[^\x00-\x1f/{}]*\{stem\}[^\x00-\x1f/{}]*$"
FILE_NAME_PATTERN = r"^[^\x00-\x1f/]{0,255}$"
FILE = "file"
LORA = "lora"
_VALUE_FILE = re.compile(r"\{file:(/.+)\}")
_LORA_FILE = re.compile(r"\{lora:(/.+)\}")
_NAMES_FILE = re.compile(r"\{(file|lora):")
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


def _template(value: str) -> str:
    problem = template_problem(value)
    if problem:
        raise ValueError(problem)
    return value


def _parameter(value: object, info: ValidationInfo) -> object:
    """Return a param; what stands in a file (`{ file = "…" }`) or is a LoRA, as what says so.

    Only a config may say that: no file that is dropped reads others.
    """
    folder = (info.context or {}).get("folder")
    named = [key for key in (FILE, LORA) if isinstance(value, dict) and set(value) == {key}]
    if named and isinstance(value, dict) and isinstance(value[named[0]], str):
        if folder is None:
            raise ValueError("may name a file only in a rule of the config")
        return f"{{{named[0]}:{resolved(folder, value[named[0]])}}}"
    if not info.context and isinstance(value, str) and _NAMES_FILE.match(value):
        raise ValueError("may name a file only in a rule of the config")
    return _plain_parameter(value)


def value_file(value: object) -> Path | None:
    """Return the file that a param stands in, None for one that says its value itself."""
    found = _VALUE_FILE.fullmatch(value) if isinstance(value, str) else None
    return Path(found[1]) if found else None


def lora_file(value: object) -> Path | None:
    """Return the file of the LoRA that a param names, None for any other value."""
    found = _LORA_FILE.fullmatch(value) if isinstance(value, str) else None
    return Path(found[1]) if found else None


def _plain_parameter(value: object) -> object:
    listed = value if isinstance(value, list) else [value]
    tables = [each for each in listed if isinstance(each, dict)]
    if tables and listed is value and len(tables) == len(listed):
        return [
            {str(key): _plain_parameter(each) for key, each in table.items()} for table in tables
        ]
    if not all(isinstance(each, str | int | float) for each in listed):
        raise ValueError("must be a text, a number, true or false, or a list of these or of tables")
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


def _database_address(value: str) -> str:
    if not value:
        return value
    try:
        parts = urlsplit(value)
        named = parts.scheme in ("postgresql", "postgres") and parts.path not in ("", "/")
        password = parts.password is not None or "password=" in parts.query
    except ValueError:
        named = password = False
    if password:
        raise ValueError("must not hold the password: put it into ~/.pgpass of the daemon's user")
    if not named or any(each.isspace() for each in value):
        raise ValueError("must be like postgresql://hotfolder@db.example/studio")
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


def _as_number(amount: Decimal) -> float:
    """Return an amount for JSON: pydantic would learn the signature of `float` from its text."""
    return float(amount)


Pixels = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Money = Annotated[
    Decimal, BeforeValidator(_money), Field(ge=0), PlainSerializer(_as_number, when_used="json")
]
ConfigPath = Annotated[Path, BeforeValidator(_path)]
OptionalPath = Annotated[Path | None, BeforeValidator(_optional_path)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
DatabaseAddress = Annotated[str, AfterValidator(_database_address)]
CallbackAddress = Annotated[str, AfterValidator(_callback_address)]
ListenAddress = Annotated[str, AfterValidator(_listen_address)]
OutputTemplate = Annotated[str, AfterValidator(_template)]
Parameter = Annotated[JsonScalar | list[JsonScalar] | list[JsonTable], PlainValidator(_parameter)]
PictureKind = Literal["jpg", "png", "webp", "gif", "bmp", "tif", "heic", "avif", "psd", "raw"]
OwnModel = Annotated[catalog.Model, BeforeValidator(catalog.completed)]
