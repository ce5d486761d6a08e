"""Models -> terminal and JSON: the table, one model in full, and a ready rule for it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hotfolder.cli import render
from hotfolder.cli.model_drops import drops, roles_of
from hotfolder.domain.params import JsonScalar
from hotfolder.runninghub import catalog, roles
from hotfolder.runninghub.catalog import Model, Parameter, Price

_LINE = 78
EXAMPLE_PROMPT = "Change the clothes to a summer dress"
EXAMPLE_TEMPLATE = "In the style of an old book: {text}"


def listed(models: Iterable[Model]) -> RenderableType:
    """Return a line for each model."""
    lines = render.table("MODEL", "TAKES", "MAKES", "LIST PRICE", "")
    for each in models:
        style = "" if _note(each) == "" else "dim"
        lines.add_row(
            each.name,
            ", ".join(each.inputs),
            each.output,
            price(each.price),
            _note(each),
            style=style,
        )
    return lines


def page(model: Model) -> RenderableType:
    """Return everything that is known of a model; the rule to copy is `rule`'s."""
    head = [Text(model.name, style="bold"), Text(f"endpoint {model.endpoint}")]
    head += [Text(model.section)] if model.section else []
    head += [Text(_note(model), style="bold yellow")] if _note(model) else []
    takes = ", ".join(model.inputs) or "nothing"
    head.append(Text(f"takes {takes}; makes {model.output}; list price {price(model.price)}"))
    head += [Text(f"{'drop' if not at else '  or'} {way}") for at, way in enumerate(drops(model))]
    parts: list[RenderableType] = [*head, Text(), _parameters(model)]
    if model.price and model.price.rules:
        parts += [Text(), _prices(model.price)]
    if catalog.why_not(model) is None:
        parts += [Text(), Text("A rule for it:", style="bold")]
    return Group(*parts)


def _note(model: Model) -> str:
    if model.retired:
        return f"retired: {model.retired}"
    return "" if model.confirmed else "not confirmed"


def price(listing: Price | None) -> str:
    """Return a list price as people write it: from the lowest to the highest."""
    span = listing.span if listing else None
    if listing is None or span is None:
        return "unknown"
    amounts = " to ".join(dict.fromkeys(render.money(each) for each in span))
    return f"{amounts} {listing.currency} / {listing.unit}"


def _parameters(model: Model) -> Table:
    has_roles = bool(model.media)
    shown = ["ROLE"] if has_roles else []
    lines = render.table("PARAMETER", *shown, "TYPE", "NEEDED", "MAY BE", "IF LEFT OUT")
    for key, each in model.params.items():
        kind: str = "list of tables" if each.type == "COMPLEX" else each.type
        kind = f"list of {kind}" if each.list_ else kind
        kind += "" if each.confirmed else ", not confirmed"
        needed = "yes" if each.required else ""
        default = "" if each.default is None else toml(each.default)
        called = [roles_of(model, each)] if has_roles else []
        lines.add_row(key, *called, kind, needed, "; ".join(limits(each)), default)
    return lines


def limits(parameter: Parameter) -> Iterator[str]:
    """Yield what a parameter's value may be."""
    if parameter.options:
        yield ", ".join(toml(each) for each in parameter.options)
    if parameter.min is not None or parameter.max is not None:
        least = "" if parameter.min is None else f"{parameter.min}"
        most = "" if parameter.max is None else f"{parameter.max}"
        yield f"{least} … {most}".strip()
    if parameter.min_length:
        yield f"at least {parameter.min_length} characters"
    if parameter.max_length:
        yield f"up to {parameter.max_length} characters"
    if parameter.max_items:
        yield f"up to {parameter.max_items} files"
    if parameter.accept:
        yield ", ".join(each.upper() for each in parameter.accept)
    if parameter.max_mb:
        yield f"up to {parameter.max_mb:g} MB each"
    if parameter.min_seconds or parameter.max_seconds:
        yield _span(parameter.min_seconds, parameter.max_seconds, "s")
    yield from _sides(parameter)


def _sides(parameter: Parameter) -> Iterator[str]:
    if parameter.min_side or parameter.max_side:
        yield _span(parameter.min_side, parameter.max_side, "px a side")
    if parameter.max_ratio:
        yield f"sides of at most {parameter.max_ratio:g}:1"


def _span(least: float | None, most: float | None, unit: str) -> str:
    shown = ("" if each is None else f"{each:g}" for each in (least, most))
    return f"{' … '.join(shown)} {unit}".strip()


def _prices(listing: Price) -> Table:
    keys = list(dict.fromkeys(key for each in listing.rules for key in each.when))
    lines = render.table(*keys, f"{listing.currency} / {listing.unit}")
    for each in listing.rules:
        values = (str(each.when.get(key, "")) or "any" for key in keys)
        lines.add_row(*values, render.money(each.price))
    return lines


def rule(model: Model) -> str:
    """Return a rule for a model, to be copied into a config; "" where none can name it.

    What may be left out are comments. Lines are short: what a terminal breaks cannot be pasted.
    """
    if catalog.why_not(model) is not None:
        return ""
    lines = ["[[watch.rule]]", f"model = {toml(model.name)}"]
    main = model.prompt
    if main and not model.media:
        lines.append(f"# prompt = {toml(EXAMPLE_TEMPLATE)}")
    elif main:
        lines.append(f"{'' if main.required else '# '}prompt = {toml(EXAMPLE_PROMPT)}")
    for key, each in model.params.items():
        if not each.is_media and each != main:
            lines += _setting(key, each)
    return "\n".join(lines)


def _setting(key: str, parameter: Parameter) -> Iterator[str]:
    """Yield a parameter with what it may be, beside it or else above it."""
    line = f"{'' if parameter.required else '# '}params.{key} = {_example(parameter)}"
    note = ", ".join(toml(each) for each in parameter.options) or "; ".join(limits(parameter))
    beside = f"{line}  # {note}" if note else line
    if len(beside) <= _LINE:
        yield beside
        return
    yield from textwrap.wrap(
        f"{key}: {note}", _LINE, initial_indent="## ", subsequent_indent="##   "
    )
    yield line


def _example(parameter: Parameter) -> str:
    if parameter.default is not None:
        return toml(parameter.default)
    if parameter.options:
        return toml(parameter.options[0])
    match parameter.type:
        case "INT" | "FLOAT":
            return toml(parameter.min if parameter.min is not None else 1)
        case "BOOLEAN":
            return toml(False)
        case "COMPLEX":
            return '[{ prompt = "…" }]'
    return toml("…" * (parameter.min_length or 1))


def toml(value: JsonScalar) -> str:
    """Return a plain value as TOML writes it, which is how JSON does."""
    return json.dumps(value, ensure_ascii=False)


def as_json(model: Model) -> dict[str, Any]:
    """Return a model as `models --json` promises it."""
    listing, span = model.price, model.price.span if model.price else None
    return {
        "name": model.name,
        "endpoint": model.endpoint,
        "section": model.section,
        "inputs": list(model.inputs),
        "output": model.output,
        "drop": list(drops(model)),
        "roles": {key: list(each) for key, each in roles.names(model).items()},
        "retired": model.retired or None,
        "confirmed": model.confirmed,
        "usable": catalog.why_not(model) is None,
        "price": listing
        and span
        and {
            "from": float(span[0]),
            "to": float(span[1]),
            "currency": listing.currency,
            "unit": listing.unit,
        },
        "params": [
            each.model_dump(mode="json", by_alias=True, exclude_defaults=True)
            | {"required": each.required}
            for each in model.params.values()
        ],
    }
