"""Reads a config file: a Config, or every problem at once with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from hotfolder.config.config import Config, OwnModels
from hotfolder.config.problems import ConfigError, Problem, line_of, problems
from hotfolder.config.text import read_table, resolved, stated


@dataclass(frozen=True, slots=True)
class Reading:
    """A config as far as it could be read: `config` is None where `problems` forbid it."""

    path: Path
    text: str
    table: Mapping[str, Any]
    config: Config | None
    problems: list[Problem]


def read(path: Path, environment: Mapping[str, str]) -> Reading:
    """Read a config file with everything that is wrong with its text.

    Raises ConfigError only where it cannot be read at all: missing, not UTF-8, not TOML.
    """
    said = stated(path, environment)
    table, text = said.table, said.text
    folder = path.absolute().parent
    models, found = _filed_models(table, folder, text)
    try:
        config = Config.model_validate(
            table,
            context={"folder": folder, "models": models, "fingerprint": said.fingerprint},
        )
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
) -> tuple[OwnModels | None, list[Problem]]:
    """Read the owner's models from the file that the config names, and what is wrong with it."""
    stated = table.get("models_file")
    if not isinstance(stated, str) or not stated or "\0" in stated:
        return None, []
    file = resolved(folder, stated)
    try:
        filed, filed_text = read_table(file)
        return OwnModels.model_validate(filed, context={"folder": file.parent}), []
    except ConfigError as error:
        told = error.problems
    except ValidationError as error:
        told = problems(error.errors(include_url=False), filed_text)
    line = line_of(text, ("models_file",))
    return None, [Problem("models_file", f"{file}: {problem}", line) for problem in told]
