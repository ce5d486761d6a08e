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
        fields = [field for _, field, _, _ in string.Formatter().parse(template[: -len(_ENDING)])]
    except ValueError as error:
        return f"has a brace too many or too few ({error})"
    unknown = sorted({field for field in fields if field is not None} - set(STEM_FIELDS))
    if unknown:
        return (
            f"has no field {{{unknown[0]}}}: there are {{{'}, {'.join(STEM_FIELDS)}}} and {{ext}}"
        )
    if not fields:
        return "must have a name before .{ext}"
    return None


def fill_stem(template: str, *, name: str, rule: str, watch: str) -> str:
    """Return the stem that a template gives for a source's file name."""
    stem = name.rpartition(".")[0] or name
    return template.removesuffix(_ENDING).format(stem=stem, name=name, rule=rule, watch=watch)
