"""What a config states that may yet be broken, and where: read as far as it can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hotfolder import config
from hotfolder.config import Problem, Reading

Place = tuple[int | str, ...]


def watch_tables(reading: Reading) -> list[Mapping[str, Any]]:
    """Return the tables of the watches."""
    watches = reading.table.get("watch")
    return [each for each in watches if isinstance(each, dict)] if isinstance(watches, list) else []


def rule_tables(reading: Reading) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """Yield the tables of the rules with their places."""
    for number, watch in enumerate(watch_tables(reading)):
        listed = watch.get("rule")
        for position, rule in enumerate(listed if isinstance(listed, list) else []):
            whole = config.with_recipe(rule)
            if isinstance(whole, dict):
                yield ("watch", number, "rule", position), whole


def dig(table: Mapping[str, Any], place: tuple[str, ...]) -> object:
    """Return what stands at a place, None where nothing does."""
    found: object = table
    for part in place:
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def resolved(reading: Reading, stated: object) -> Path | None:
    """Return a path of the config, or None for what cannot be one, which is told elsewhere."""
    if not isinstance(stated, str) or not stated or "\0" in stated:
        return None
    try:
        return config.resolved(reading.path.absolute().parent, stated)
    except ValueError:
        return None


def problem(reading: Reading, place: Place, message: str) -> Problem:
    """Return a problem with the line that it stands on."""
    return Problem(config.key_path(place), message, config.line_of(reading.text, place))
