"""The commands that help to choose: which models there are, what a config may say."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated

import typer
from rich.text import Text

from hotfolder.cli import model_pages, render, schemas
from hotfolder.cli.configured import known_models
from hotfolder.cli.options import ConfigOption, JsonOption, LogLevelOption
from hotfolder.cli.plain_log import set_up_plain_log
from hotfolder.domain.errors import OperatorError
from hotfolder.runninghub.catalog import Catalog, Model


class Input(enum.StrEnum):
    """What a model takes."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    TEXT = "text"


class Output(enum.StrEnum):
    """What a model makes; a string is text."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    MODEL_3D = "3d"
    STRING = "string"


class Schema(enum.StrEnum):
    """What a schema is of."""

    CONFIG = "config"
    SIDECAR = "sidecar"


def models(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]", help="A model in full, or words to search for."),
    ] = None,
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    taken: Annotated[
        Input | None, typer.Option("--input", help="Only models that take this.")
    ] = None,
    made: Annotated[
        Output | None, typer.Option("--output", help="Only models that make this.")
    ] = None,
    max_price: Annotated[
        float | None,
        typer.Option(min=0, metavar="AMOUNT", help="Only models whose list price begins below."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """List the models with what they take, make and cost; or one in full, with a rule to copy.

    Your own models of the config are among them. Prices are list prices in CNY.

    Example: hotfolder models nano edit --max-price 0.3
    """
    set_up_plain_log(log_level)
    known = known_models(config_file)
    name = " ".join(words or [])
    exact = known.look_up(name) if name else None
    if exact is not None:
        _show_one(exact, json=json)
        return
    found = [
        each for each in known if _is_wanted(each, taken=taken, made=made, max_price=max_price)
    ]
    found = sorted(_search(found, name), key=_order)
    if name and not found:
        raise OperatorError(_nothing(known, name))
    if json:
        render.print_json([model_pages.as_json(each) for each in found])
    else:
        render.console().print(model_pages.listed(found))


def schema(
    of: Annotated[Schema, typer.Argument(help="Of the config or of sidecars.")] = Schema.CONFIG,
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
) -> None:
    """Print the JSON schema with the models' names, for editors to complete and check with.

    For a TOML file say so in its first line: #:schema hotfolder.schema.json

    Example: hotfolder schema > hotfolder.schema.json
    """
    set_up_plain_log(log_level)
    render.print_json(schemas.BY_NAME[of.value](known_models(config_file)))


def _show_one(model: Model, *, json: bool) -> None:
    if json:
        render.print_json(model_pages.as_json(model))
    else:
        console = render.console()
        console.print(model_pages.page(model))
        console.print(Text(model_pages.rule(model)), soft_wrap=True)


def _is_wanted(
    model: Model, *, taken: Input | None, made: Output | None, max_price: float | None
) -> bool:
    if taken is not None and taken.value not in model.inputs:
        return False
    if made is not None and model.output != made.value:
        return False
    span = model.price.span if model.price else None
    return max_price is None or (span is not None and span[0] <= Decimal(str(max_price)))


def _search(found: list[Model], text: str) -> Iterator[Model]:
    words = text.lower().split()
    for each in found:
        said = f"{each.name} {each.endpoint} {each.section}".lower()
        if all(word in said for word in words):
            yield each


def _order(model: Model) -> tuple[bool, int, str]:
    is_called = not model.retired and model.confirmed
    return not is_called, list(Output).index(Output(model.output)), model.name.lower()


def _nothing(known: Catalog, text: str) -> str:
    near = known.nearest(text)
    hint = f"; the nearest: {', '.join(near)}" if near else ""
    return f"no model is called {text}{hint}"
