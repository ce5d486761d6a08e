"""The manual's page of the config, made of the schema and of what the example config explains.

`python -m tests.config_page` writes it anew; `tests/test_docs.py` holds the page against it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final, NamedTuple

from hotfolder import config

ROOT: Final = Path(__file__).parent.parent
EXAMPLE: Final = ROOT / "config.example.toml"
PAGE: Final = ROOT / "hotfolder" / "manual" / "config.md"
TABLE: Final = re.compile(r"#?(\[{1,2}[\w.]+\]{1,2})$")
KEY: Final = re.compile(r"#?([a-z][\w.]*) = ")
INTRODUCTION: Final = """# Every key of the config

Made of the program's own schema and of `config.example.toml`. Relative paths are relative to the
config's file; unknown keys are errors, which `hotfolder check` reports all at once.
"""
TOP: Final = "Before the first table"
NAMES: Final = {
    "string": "text",
    "integer": "number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "table",
    "null": "nothing",
}


class Explained(NamedTuple):
    """Keys that the example explains together, in the table that they stand in."""

    table: str
    keys: tuple[str, ...]
    text: str


def page() -> str:
    """Return the page as it must be."""
    schema = config.Config.model_json_schema()
    parts = [INTRODUCTION]
    table = None
    for each in explained(EXAMPLE.read_text()):
        if each.table != table:
            table = each.table
            parts.append(f"## {f'`{table}`' if '[' in table else table}\n")
        if each.keys:
            parts += [_line(schema, table, key) for key in each.keys]
        parts.append(f"{each.text}\n" if each.text else "")
    return "\n".join(parts).replace("\n\n\n", "\n\n")


def explained(example: str) -> list[Explained]:
    """Return what the example config explains, in its order."""
    found: list[Explained] = []
    table, comment, keys = TOP, list[str](), list[str]()
    for line in [*example.splitlines(), ""]:
        if opened := TABLE.match(line):
            found.append(Explained(table := opened[1], (), " ".join(comment)))
            comment = []
        elif key := KEY.match(line):
            keys.append(key[1])
        elif line.startswith("# "):
            comment.append(line[2:].strip())
        elif keys:
            found.append(Explained(table, tuple(keys), " ".join(comment)))
            comment, keys = [], []
        else:
            comment = []
    return found


def _line(schema: dict[str, Any], table: str, key: str) -> str:
    field = _field(schema, [*re.findall(r"\w+", table if "[" in table else ""), *key.split(".")])
    default = field.get("default")
    kind = _kind(field)
    # Money is a decimal number, whose default JSON can only write as a text.
    stated = default if kind == "number" else _toml(default)
    shown = "" if default is None else f", default `{stated}`"
    return f"**`{key}`**: {kind}{shown}  "


def _field(schema: dict[str, Any], path: list[str]) -> dict[str, Any]:
    """Return what the schema says of the key at a path."""
    place = schema
    for step in path:
        place = place["properties"][step]
        inner = place.get("items", place)
        if "$ref" in inner:
            place = schema["$defs"][inner["$ref"].rpartition("/")[2]]
    return place


def _kind(field: dict[str, Any]) -> str:
    if "enum" in field:
        return " or ".join(f"`{_toml(each)}`" for each in field["enum"])
    if "anyOf" in field:
        kinds = [_kind(each) for each in field["anyOf"] if each.get("type") != "null"]
        if kinds[0] == NAMES["number"]:
            return kinds[0]
        return " or ".join(dict.fromkeys(kinds))
    if "const" in field:
        return f"`{_toml(field['const'])}`"
    return NAMES[field.get("type", "string")]


def _toml(value: Any) -> str:  # noqa: ANN401  whatever a default may be
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case list():
            return f"[{', '.join(map(_toml, value))}]"
        case dict():
            return "{}"
    return str(value)


if __name__ == "__main__":
    PAGE.write_text(page())
