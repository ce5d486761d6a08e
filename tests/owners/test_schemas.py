"""The schemas that editors use: they take every good config and sidecar, and find mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import tomli

from hotfolder.cli import model_pages, schemas
from hotfolder.runninghub.catalog import Catalog

ROOT = Path(__file__).parents[2]
MODELS = Catalog()
WATCH = '[[watch]]\nname = "w"\ninput = "in"\noutput = "out"\n'


def problems(schema: dict[str, Any], table: dict[str, Any]) -> list[str]:
    """Return where a schema finds mistakes."""
    jsonschema.Draft202012Validator.check_schema(schema)
    found = jsonschema.Draft202012Validator(schema).iter_errors(table)
    return [".".join(map(str, each.absolute_path)) for each in found]


def config(text: str) -> list[str]:
    """Return what the config's schema finds in a text."""
    return problems(schemas.of_config(MODELS), tomli.loads(text))


def test_the_example_is_taken() -> None:
    """The example config fits the schema, and so does the smallest one."""
    assert config((ROOT / "config.example.toml").read_text()) == []
    assert config(WATCH) == []


def test_every_shown_rule_is_taken() -> None:
    """The rule that `hotfolder models` shows of a model fits, by name and by endpoint."""
    usable = [each for each in MODELS if MODELS.find(each.name)]
    rules = "\n".join(model_pages.rule(each) for each in usable)
    assert config(WATCH + rules) == []
    by_endpoint = "".join(f'[[watch.rule]]\nmodel = "{each.endpoint}"\n' for each in usable)
    assert config(WATCH + by_endpoint) == []


def test_own_models_are_taken() -> None:
    """A [[model]] may leave out what is shipped; its parameters are tables by name."""
    own = '[[model]]\nname = "f-2-dev/edit"\nconfirmed = true\n'
    more = '[[model]]\nname = "my/m"\nendpoint = "my/m"\noutput = "image"\n'
    parameter = 'params.image = { type = "IMAGE", required = true, list = true }\n'
    assert config(own + more + parameter + WATCH) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('[[watch.rule]]\nmodel = "no/such"', "watch.0.rule.0.model"),
        ('[[watch.rule]]\nmodel = "f-2-dev/edit"', "watch.0.rule.0.model"),
        ('[[watch.rule]]\nmodle = "x"', "watch.0.rule.0"),
        ('sidecar_models = ["no/such"]', "watch.0.sidecar_models.0"),
        ('detect = "sometimes"', "watch.0.detect"),
        ('[[watch.rule]]\nwhen = { orientation = ["up"] }', "watch.0.rule.0.when.orientation.0"),
    ],
)
def test_mistakes_are_found(text: str, place: str) -> None:
    """Unknown keys, unusable models and wrong values are marked where they stand."""
    assert config(WATCH + text) == [place]


@pytest.mark.parametrize(
    ("table", "places"),
    [
        ({"prompt": "gold", "references": ["logo.png"], "skip": False}, []),
        ({"model": "qwen-image-2.0/image-edit", "params": {"imageNum": "2"}}, []),
        ({"model": "no/such"}, ["model"]),
        ({"promt": "gold"}, [""]),
    ],
)
def test_sidecars(table: dict[str, Any], places: list[str]) -> None:
    """A sidecar in JSON or TOML is completed and checked in the same way."""
    assert problems(schemas.of_sidecar(MODELS), table) == places
