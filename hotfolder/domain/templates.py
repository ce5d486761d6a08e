"""Output names as templates: what may stand in one, and filling it in."""

from __future__ import annotations

import string
from typing import Final

STEM_FIELDS: Final = ("stem", "name", "rule", "watch")
_ENDING: Final = ".{ext}"


def template_problem(template: str) -> str | None:
    """Return what is wrong with an output name's template, or None."""
    if not template.endswith(_ENDING):
        return 'must end with ".{ext}": the service decides the type of the result'
    if "/" in template or "\\" in template:
        return "must be a name without folders: outputs mirror the input's folders"
    try:
        parts = list(string.Formatter().parse(template[: -len(_ENDING)]))
    except ValueError as error:
        return f"has a brace too many or too few ({error})"
    if not parts:
        return "must have a name before .{ext}"
    return next((problem for part in parts if (problem := _field_problem(*part))), None)


def _field_problem(
    _text: str, field: str | None, spec: str | None, conversion: str | None
) -> str | None:
    if field is not None and field not in STEM_FIELDS:
        return f"has no field {{{field}}}: there are {{{'}, {'.join(STEM_FIELDS)}}} and {{ext}}"
    if spec or conversion:
        return f"must have plain fields: nothing after {field} within the braces"
    return None


def fill_stem(template: str, *, name: str, rule: str, watch: str) -> str:
    """Return the stem that a template gives for a source's file name."""
    stem = name.rpartition(".")[0] or name
    return template.removesuffix(_ENDING).format(stem=stem, name=name, rule=rule, watch=watch)
