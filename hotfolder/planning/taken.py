"""Which kinds of files a rule takes, what those are called, and where in its model they go.

The model says it: the kinds of its media parameters, less those that the rule's `media` and
references fill. A model that takes no file is fed with texts, as is any that a rule gives texts by
their name.
"""

from __future__ import annotations

import itertools
import re
from functools import cache
from typing import TYPE_CHECKING, Final

from hotfolder import config
from hotfolder.domain.texts import is_table, is_text
from hotfolder.kinds.formats import EXTENSIONS
from hotfolder.kinds.kind import SOURCE_ENDINGS, Kind, kind_named
from hotfolder.planning import constants
from hotfolder.runninghub.catalog import Model, Parameter

if TYPE_CHECKING:
    from hotfolder.planning.facts import Facts

# The catalog's words for what goes into a parameter.
_WORDS: Final = {
    Kind.PICTURE: "image",
    Kind.VIDEO: "video",
    Kind.AUDIO: "audio",
    Kind.TEXT: "text",
}
_KINDS: Final = {word: kind for kind, word in _WORDS.items()}


def kinds(model: Model, rule: config.Rule) -> tuple[Kind, ...]:
    """Return the kinds of files that a rule takes with a model, the one that it needs first."""
    free = _free(model, rule)
    if not free:
        return (Kind.TEXT,)
    found = tuple(dict.fromkeys(_KINDS[each.type.lower()] for each in free))
    rest = tuple(each for each in found if each is not Kind.PICTURE)
    found = rest if rest and _filled_by_references(model, rule) else found
    names_texts = any(is_text(each) for each in rule.match)
    return (*found, Kind.TEXT) if names_texts and model.prompt is not None else found


def _filled_by_references(model: Model, rule: config.Rule) -> bool:
    """Whether the references of a rule leave no place for a picture that is dropped."""
    has_list = any(each.list_ for each in model.pictures)
    return not has_list and 0 < len(model.pictures) <= len(rule.references)


def _free(model: Model, rule: config.Rule) -> tuple[Parameter, ...]:
    """Return the parameters that take files which a rule's `media` leave a place in."""
    filled = constants.filled(rule, model)
    return tuple(each for each in model.media if each.key not in filled)


def place(model: Model, kind: Kind, rule: config.Rule | None = None) -> Parameter | None:
    """Return the parameter that a source of a kind goes into, None where none takes it.

    With a `rule` it is one that the rule's `media` do not fill.
    """
    word = _WORDS.get(kind)
    if word is None or kind is Kind.TEXT or rule is None:
        return model.place_for(word) if word else None
    return next((each for each in _free(model, rule) if each.type.lower() == word), None)


def kind_into(parameter: Parameter) -> Kind:
    """Return the kind that goes into a parameter."""
    return _KINDS.get(parameter.type.lower(), Kind.TEXT)


def names(model: Model, rule: config.Rule) -> tuple[str, ...]:
    """Return globs of the names that a rule takes which says none.

    Of pictures those, too, of what can be made into what the model takes. A film or sound of
    another make is taken as well, so that it is told why it cannot be sent.
    """
    endings: list[str] = []
    for kind in kinds(model, rule):
        into = place(model, kind, rule)
        endings += into.accept if into else ()
        if kind is Kind.TEXT:
            endings += SOURCE_ENDINGS[kind] if rule.lines else ("txt",)
        elif kind is not Kind.PICTURE:
            endings += SOURCE_ENDINGS[kind]
        elif rule.prepare != "never":
            endings += itertools.chain(*EXTENSIONS.values())
    return tuple(f"*.{each}" for each in endings)


def takes(model: Model, rule: config.Rule, relative: str) -> bool:
    """Return whether a file of this name may be of a kind that a rule takes."""
    named, possible = kind_named(relative), kinds(model, rule)
    if named is Kind.TEXT:
        is_taken = named in possible and may_be_source(relative)
        return is_taken and (rule.lines or not is_table(relative))
    return named in possible or (named is None and possible != (Kind.TEXT,))


def may_be_source(relative: str) -> bool:
    """Return whether a text of this name may be a source: no note, and no file of a folder."""
    name = relative.rpartition("/")[2]
    return is_text(name) and _reserved().fullmatch(name) is None


@cache
def _reserved() -> re.Pattern[str]:
    """Return how a folder's prompt and other files of ours are called, and notes."""
    from hotfolder.domain import notes  # noqa: PLC0415  who only judges a config meets no file

    kinds_of_notes = "|".join(notes.Kind)
    return re.compile(rf"_.*\.txt|.*\.({kinds_of_notes})\.txt", re.IGNORECASE | re.DOTALL)


def kind_of(model: Model, rule: config.Rule, relative: str, facts: Facts) -> Kind:
    """Return as what a file is taken: by its name, by its content where the name does not tell."""
    possible = kinds(model, rule)
    named = kind_named(relative)
    if named in possible:
        return named
    found = facts.kind if len(possible) > 1 else None
    return found if found in possible else possible[0]
