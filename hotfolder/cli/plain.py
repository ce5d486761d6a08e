"""The commands that are typed most, in their plain ways, which are read without typer.

Whatever else is said, a wrong word and a question for help included, is typer's to read.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple


class Plain(NamedTuple):
    """What runs a command, its flags by the parameters they set, and the one for its argument."""

    module: str
    flags: dict[str, str]
    argument: str | None = None


JSON: Final = {"--json": "json"}
PLAIN: Final = {
    "status": Plain("shown", JSON),
    "jobs": Plain("shown", JSON),
    "explain": Plain("explained", JSON, "path"),
    "check": Plain("checked", {"--online": "online"}),
}
_CONFIG: Final = ("-c", "--config")


def parameters(words: Sequence[str]) -> dict[str, Any] | None:
    """Return what the words of a command say, by its parameters, None where it is not plain."""
    if not words or words[0] not in PLAIN:
        return None
    plain, said = PLAIN[words[0]], dict[str, Any]()
    rest = iter(words[1:])
    for word in rest:
        if word in plain.flags:
            said[plain.flags[word]] = True
            continue
        is_config = word in _CONFIG
        parameter, value = ("config_file", next(rest, "")) if is_config else (plain.argument, word)
        if parameter is None or not value or value.startswith("-"):
            return None
        if parameter == plain.argument and parameter in said:
            return None
        said[parameter] = Path(value)
    return None if plain.argument and plain.argument not in said else said


def run(name: str, said: dict[str, Any]) -> None:
    """Run a command by what its words say."""
    from hotfolder.cli import plain_log, process

    command = getattr(importlib.import_module(f"hotfolder.cli.{PLAIN[name].module}"), name)
    process.loaded()
    plain_log.set_up_plain_log(None)
    command(**said)
