"""Finds a config file and reads it: a Config, or every problem at once with its place."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import platformdirs
import tomli
from pydantic import BaseModel, ValidationError

from hotfolder.config.config import Config, OwnModels
from hotfolder.config.fields import resolved
from hotfolder.config.problems import ConfigError, Problem, line_of, problems
from hotfolder.runninghub import catalog

CONFIG_NAME = "hotfolder.toml"


@dataclass(frozen=True, slots=True)
class Reading:
    """A config as far as it could be read: `config` is None where `problems` forbid it."""

    path: Path
    text: str
    table: Mapping[str, Any]
    config: Config | None
    problems: list[Problem]


def find(given: Path | None, environment: Mapping[str, str], folder: Path) -> Path:
    """Return the config file that is meant, whether or not it is there.

    The order: the one given, $HOTFOLDER_CONFIG, ./hotfolder.toml, the user's, the system's.
    """
    if given is not None:
        return given
    if environment.get("HOTFOLDER_CONFIG"):
        return Path(environment["HOTFOLDER_CONFIG"])
    user = Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    places = [folder / CONFIG_NAME, user / "hotfolder" / "config.toml"]
    return next((each for each in places if each.exists()), Path("/etc/hotfolder/config.toml"))


def read(path: Path, environment: Mapping[str, str]) -> Reading:
    """Read a config file with everything that is wrong with its text.

    Raises ConfigError only where it cannot be read at all: missing, not UTF-8, not TOML.
    """
    table, text = _read_table(path)
    table = _with_environment(table, environment)
    folder = path.absolute().parent
    models, found = _filed_models(table, folder, text)
    try:
        config = Config.model_validate(table, context={"folder": folder, "models": models})
    except ValidationError as error:
        found += problems(error.errors(include_url=False), text, _keys(Config))
        return Reading(path, text, table, None, found)
    return Reading(path, text, table, config, found)


def _keys(model: type[BaseModel]) -> frozenset[str]:
    """Return the names of all keys of a table and of those within it."""
    found = set(model.model_fields)
    for field in model.model_fields.values():
        for each in (field.annotation, *get_args(field.annotation)):
            if isinstance(each, type) and issubclass(each, BaseModel):
                found |= _keys(each)
    return frozenset(found)


def _filed_models(
    table: Mapping[str, Any], folder: Path, text: str
) -> tuple[list[catalog.Model], list[Problem]]:
    """Read the owner's models from the file that the config names, and what is wrong with it."""
    stated = table.get("models_file")
    if not isinstance(stated, str) or not stated or "\0" in stated:
        return [], []
    file = resolved(folder, stated)
    try:
        filed, filed_text = _read_table(file)
        return OwnModels.model_validate(filed).model, []
    except ConfigError as error:
        told = error.problems
    except ValidationError as error:
        told = problems(error.errors(include_url=False), filed_text)
    line = line_of(text, ("models_file",))
    return [], [Problem("models_file", f"{file}: {problem}", line) for problem in told]


def _read_table(path: Path) -> tuple[dict[str, Any], str]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return tomli.loads(text), text
    except FileNotFoundError:
        hint = "there is no such file; `hotfolder init` writes one"
        raise ConfigError(path, [Problem("", hint)]) from None
    except OSError as error:
        raise ConfigError(path, [Problem("", f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise ConfigError(path, [Problem("", "is not UTF-8 text")]) from error
    except ValueError as error:  # TOMLDecodeError, or a number of too many digits
        raise ConfigError(path, [Problem("", f"is not TOML: {error}")]) from error
    except RecursionError as error:
        raise ConfigError(path, [Problem("", "is nested too deeply")]) from error


def _with_environment(table: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    base_url = environment.get("RH_API_BASE_URL")
    api = table.get("api", {})
    if base_url and isinstance(api, dict):
        table = {**table, "api": {**api, "base_url": base_url}}
    if "state_dir" not in table:
        systemd = environment.get("STATE_DIRECTORY", "").split(":")[0]
        table = {**table, "state_dir": systemd or str(platformdirs.user_state_path("hotfolder"))}
    return table


def state_dir(path: Path, environment: Mapping[str, str]) -> Path | None:
    """Return where a config that may be broken keeps its state, as far as it can be made out."""
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace")
    except OSError:
        return None
    stated: dict[str, Any] = {}
    for line in itertools.takewhile(_is_no_header, text.split("\n")):
        with contextlib.suppress(ValueError, RecursionError):
            stated |= tomli.loads(line)
    where = _with_environment(stated, environment)["state_dir"]
    if not isinstance(where, str) or not where or "\0" in where:
        return None
    with contextlib.suppress(ValueError):
        return resolved(path.absolute().parent, where)
    return None


def _is_no_header(line: str) -> bool:
    return not line.lstrip().startswith("[")
