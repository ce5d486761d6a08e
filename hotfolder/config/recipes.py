"""Recipes: chains that ship as small files, which a rule names instead of writing them out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

import tomli

Table = Mapping[str, Any]

_ENDING: Final = ".toml"


@cache
def shipped() -> dict[str, dict[str, Any]]:
    """Return what each recipe says, by its name."""
    folder = Path(__file__).parents[1] / "recipes"
    files = sorted(folder.iterdir(), key=lambda each: each.name)
    return {
        each.name.removesuffix(_ENDING): tomli.loads(each.read_text("utf-8"))
        for each in files
        if each.name.endswith(_ENDING)
    }


def with_recipe(table: object) -> object:
    """Return a rule's table with what its recipe says besides; what the rule says itself counts.

    Of the steps that follow, too, key by key in their order.
    """
    if not isinstance(table, Mapping):
        return table
    name = table.get("recipe")
    recipe = shipped().get(name) if isinstance(name, str) else None
    if recipe is None:
        return table
    own, theirs = table.get("then", []), recipe.get("then", [])
    if not isinstance(own, list) or not all(isinstance(each, Mapping) for each in own):
        return table
    pairs: Iterator[tuple[Table, Table]] = zip_longest(theirs, own, fillvalue=dict[str, Any]())
    return {**_merged(recipe, table), "then": [_merged(*each) for each in pairs]}


def _merged(said: Table, stated: Table) -> dict[str, Any]:
    """Return what is said with what is stated, which counts: of params and media key by key."""
    tables = {
        key: {**said[key], **stated[key]}
        for key in ("params", "media")
        if isinstance(said.get(key), Mapping) and isinstance(stated.get(key), Mapping)
    }
    return {**said, **stated, **tables}


def problem(name: str) -> str | None:
    """Return why there is no such recipe, or None where there is."""
    if not name or name in shipped():
        return None
    return f"there is no recipe {name}: there are {', '.join(shipped())}"
