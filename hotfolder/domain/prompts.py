"""Prompts as templates: which fields stand in one, and filling it in.

A field is a word in braces: {stem}, {exif.Model}. One that a picture may lack can say what stands
in its place: {iptc.Headline|a person}. `{{` means a brace, and so does the `}}` that closes it. Any
other brace stays, so that a prompt with JSON or {red|blue} in it is sent as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Final

# Fields of the source's place and time; those of its metadata have a dot in their names.
PLACE_FIELDS: Final = ("stem", "name", "folder", "parent", "watch", "rule", "date")

_PART = re.compile(
    r"(?P<open>\{\{)|(?P<close>\}\})"
    r"|\{\s*(?P<field>[A-Za-z_]\w*(?:\.\w+)*)\s*\}"
    r"|\{\s*(?P<or_else>[A-Za-z_]\w*\.\w+)\s*\|(?P<default>[^{}]*)\}"
)


class LacksField(LookupError):
    """A picture has no value for a field that a prompt asks for; its text is the field's name."""


def fields(template: str) -> list[str]:
    """Return the names of the fields in a prompt, in their order."""
    found = (_name(part) for part in _PART.finditer(template))
    return [name for name in found if name]


def unknown(template: str, known: Collection[str]) -> list[str]:
    """Return what is wrong with a prompt's fields, one sentence for each that there is not."""
    return [
        f"there is no field {{{name}}} (to mean a brace, write {{{{)"
        for name in dict.fromkeys(fields(template))
        if name not in known
    ]


def fill(template: str, value: Callable[[str], str | None]) -> str:
    """Return a prompt with its fields filled in. `value` returns None for what is not there.

    Raises LacksField.
    """
    opened = 0

    def filled(part: re.Match[str]) -> str:
        nonlocal opened
        if part["open"]:
            opened += 1
            return "{"
        if part["close"]:
            opened -= 1
            return "}" if opened >= 0 else part[0]
        return _value(part, value)

    return _PART.sub(filled, template)


def _value(part: re.Match[str], value: Callable[[str], str | None]) -> str:
    name = _name(part)
    found = value(name)
    if found:
        return found
    if part["default"] is None and found is None:
        raise LacksField(name)
    return part["default"] or ""


def _name(part: re.Match[str]) -> str:
    return part["field"] or part["or_else"] or ""
