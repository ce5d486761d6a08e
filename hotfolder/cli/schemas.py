"""The JSON schemas of config and sidecar, with which editors complete and check them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hotfolder.config import Config
from hotfolder.planning.said import Sidecar
from hotfolder.runninghub.catalog import Catalog

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def of_config(models: Catalog) -> Schema:
    """Return the schema of a config, with the names of the models that a rule may have."""
    schema = Config.model_json_schema()
    parts = schema["$defs"]
    names = _names(models)
    parts["Rule"]["properties"]["model"] |= names
    parts["Watch"]["properties"]["sidecar_models"]["items"] = names
    # The state directory has a default that the environment gives; what a [[model]] leaves out is
    # as shipped, and a parameter's key is that of its table.
    schema["required"].remove("state_dir")
    parts["Model"]["required"] = ["name"]
    parts["Parameter"].pop("required")
    del parts["Parameter"]["properties"]["key"]
    return {"$schema": DIALECT, **schema, "title": "hotfolder.toml"}


def of_sidecar(models: Catalog) -> Schema:
    """Return the schema of a sidecar or folder file with the names of the models."""
    schema = Sidecar.model_json_schema()
    schema["properties"]["model"] = {"anyOf": [_names(models), {"type": "null"}]}
    return {"$schema": DIALECT, **schema, "title": "hotfolder sidecar"}


def _names(models: Catalog) -> Schema:
    usable = [model for model in models if models.find(model.name)]
    names = sorted(model.name for model in usable)
    endpoints = sorted(model.endpoint for model in usable)
    return {"type": "string", "enum": list(dict.fromkeys([*names, *endpoints]))}


BY_NAME: dict[str, Callable[[Catalog], Schema]] = {"config": of_config, "sidecar": of_sidecar}
