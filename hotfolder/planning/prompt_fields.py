"""From a prompt's template to the prompt: the fields that there are, and their values."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from hotfolder import config
from hotfolder.domain import failures, prompts
from hotfolder.domain.failures import Failure
from hotfolder.kinds.metadata import field_names

if TYPE_CHECKING:
    from hotfolder.planning.facts import Facts


def problems(template: str) -> list[str]:
    """Return what is wrong with a prompt's fields, whatever the picture."""
    if not prompts.fields(template):
        return []
    return prompts.unknown(template, {*prompts.PLACE_FIELDS, *field_names.FIELDS})


def fill(
    template: str, watch: config.Watch, rule: config.Rule, relative: str, facts: Facts
) -> str | Failure:
    """Return the prompt for one picture, or why there is none."""
    wrong = problems(template)
    if wrong:
        return failures.prompt_field_unknown("; ".join(wrong))
    places = _places(watch, rule, relative, facts)
    try:
        return prompts.fill(
            template, lambda name: places[name] if name in places else facts.texts.get(name)
        )
    except prompts.LacksField as error:
        return failures.prompt_field_missing(str(error))


def _places(watch: config.Watch, rule: config.Rule, relative: str, facts: Facts) -> dict[str, str]:
    path = PurePosixPath(relative)
    folder = "" if path.parent == PurePosixPath() else str(path.parent)
    values = {
        "stem": path.name.rpartition(".")[0] or path.name,
        "name": path.name,
        "folder": folder,
        "parent": path.parent.name or watch.input.name,
        "watch": watch.name,
        "rule": rule.name,
        "date": facts.day,
    }
    # A name may hold bytes that are no text and cannot be sent.
    return {name: text.encode("utf-8", "replace").decode() for name, text in values.items()}
