"""From a prompt's template to the prompt: the fields that there are, and their values."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from hotfolder import config
from hotfolder.domain import file_failures, prompts
from hotfolder.domain.failures import Failure
from hotfolder.domain.texts import is_text
from hotfolder.kinds.metadata import field_names

if TYPE_CHECKING:
    from hotfolder.domain.params import Params
    from hotfolder.planning.facts import Facts


# What a text says, for the prompt around it.
TEXT: Final = "text"
_PLACED: Final = re.compile(rf"\{{({'|'.join(sorted(prompts.PLACE_FIELDS))})\}}")


def problems(template: str) -> list[str]:
    """Return what is wrong with a prompt's fields, whatever the picture."""
    if not prompts.fields(template):
        return []
    return prompts.unknown(template, {*prompts.PLACE_FIELDS, TEXT, *field_names.FIELDS})


def lacks_text(template: str) -> bool:
    """Return whether a prompt leaves no place for what a text says."""
    return TEXT not in prompts.fields(template)


def fill(
    template: str, watch: config.Watch, rule: config.Rule, relative: str, facts: Facts
) -> str | Failure:
    """Return the prompt for one picture, or why there is none."""
    wrong = problems(template)
    if wrong:
        return file_failures.prompt_field_unknown("; ".join(wrong))
    places = _places(watch, rule, relative, facts)
    if is_text(relative):
        if lacks_text(template):
            return file_failures.text_unused(relative.rpartition("/")[2])
        places[TEXT] = facts.words or ""
    try:
        return prompts.fill(
            template, lambda name: places[name] if name in places else facts.texts.get(name)
        )
    except prompts.LacksField as error:
        return file_failures.prompt_field_missing(str(error))


def placed(
    params: Params, watch: config.Watch, rule: config.Rule, relative: str, facts: Facts
) -> Params:
    """Return params with what their texts ask for of the file's place, as `voice-{stem}`.

    All other braces stay.
    """
    asking = {key: each for key, each in params.items() if isinstance(each, str) and "{" in each}
    if not asking:
        return params
    places = _places(watch, rule, relative, facts)
    told = {key: _PLACED.sub(lambda found: places[found[1]], each) for key, each in asking.items()}
    return params | told


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
