"""Which rules take a source. Globs are gitignore-style, relative to the watch, case ignored."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from hotfolder import config
from hotfolder.kinds.kind import Kind
from hotfolder.planning import taken
from hotfolder.tree.globs import Globs

if TYPE_CHECKING:
    from hotfolder.planning.facts import Facts


def matching(watch: config.Watch, relative: str) -> tuple[config.Rule, ...]:
    """Return the rules that may take a source by its name.

    The first, and those before it that ask for more than the name; all under `rules = "all"`.
    """
    found = [rule for rule in watch.rule if _takes(watch, rule, relative)]
    if watch.rules == "all":
        return tuple(found)
    certain = next(
        (at for at, rule in enumerate(found) if rule.when == config.ANYTHING), len(found)
    )
    return tuple(found[: certain + 1])


def taking(
    watch: config.Watch, relative: str, facts: Facts, beside: Mapping[str, str]
) -> tuple[config.Rule, ...]:
    """Return the rules that take a source: the first, or all under `rules = "all"`.

    `beside` is what an XMP file beside it says of rating and label.
    """
    found = tuple(rule for rule in matching(watch, relative) if _holds(rule.when, facts, beside))
    return found if watch.rules == "all" else found[:1]


def _holds(when: config.When, facts: Facts, beside: Mapping[str, str]) -> bool:
    """Return whether a source is as a rule wants it; what is not known does not hold."""
    if when.types and not set(when.types) & set(facts.extensions):
        return False
    if when.orientation and facts.orientation not in when.orientation:
        return False
    sides = (when.min_width, when.max_width), (when.min_height, when.max_height)
    if any(map(any, sides)) and not (
        facts.size and all(_within(*each) for each in zip(facts.size, sides, strict=True))
    ):
        return False
    if when.min_rating > config.ANYTHING.min_rating and _rating(facts, beside) < when.min_rating:
        return False
    label = beside.get("xmp.Label") or facts.texts.get("xmp.Label", "") if when.labels else ""
    return not when.labels or label.casefold() in {each.casefold() for each in when.labels}


def _within(side: int, limits: tuple[int, int]) -> bool:
    least, most = limits
    return least <= side <= (most or side)


def _rating(facts: Facts, beside: Mapping[str, str]) -> float:
    """Return a source's rating; one that has none counts as 0, a rejected one as -1."""
    stated = beside.get("xmp.Rating") or facts.texts.get("xmp.Rating") or "0"
    try:
        rating = float(stated)
    except ValueError:
        return 0
    return rating if math.isfinite(rating) else 0


def takes_besides_texts(watch: config.Watch) -> bool:
    """Return whether some rule takes files of another kind than texts, which may be sidecars."""
    models = ((watch.taking(rule), rule) for rule in watch.rule)
    return any(
        each is not Kind.TEXT
        for model, rule in models
        for each in (taken.kinds(model, rule) if model else ())
    )


def takes_texts(watch: config.Watch, rule: config.Rule) -> bool:
    """Return whether a rule takes texts."""
    model = watch.taking(rule)
    return model is not None and Kind.TEXT in taken.kinds(model, rule)


def excluding(watch: config.Watch, relative: str) -> list[str]:
    """Return the names of the rules that would take a source but for their `exclude`."""
    found = ((rule.name, globs(watch, rule)) for rule in watch.rule if rule.exclude)
    return [name for name, each in found if Names(each.wanted, ()).take(relative)]


class Names(NamedTuple):
    """Which names a rule takes: those that match one of the wanted globs and no unwanted one."""

    wanted: tuple[str, ...]
    unwanted: tuple[str, ...]

    def take(self, relative: str) -> bool:
        """Return whether a path is taken."""
        path = relative.lower()
        wanted, unwanted = (_compiled(each).verdict(path) for each in self)
        return bool(wanted) and not unwanted

    def leaves(self, relative: str) -> bool:
        """Return whether a path is said not to be taken."""
        return bool(_compiled(self.unwanted).verdict(relative.lower()))


def globs(watch: config.Watch, rule: config.Rule) -> Names:
    """Return a rule's globs; without any it takes every file that its model accepts."""
    wanted = tuple(rule.match)
    if not wanted:
        model = watch.taking(rule)
        wanted = taken.names(model, rule) if model else ()
    return Names(wanted, tuple(rule.exclude))


def is_reference(watch: config.Watch, relative: str) -> bool:
    """Return whether a file is sent along with sources."""
    return any(watch.input / relative in each.constant_files for each in watch.rule)


def _takes(watch: config.Watch, rule: config.Rule, relative: str) -> bool:
    if is_reference(watch, relative) or not globs(watch, rule).take(relative):
        return False
    model = watch.taking(rule)
    return model is None or taken.takes(model, rule, relative)


@lru_cache(maxsize=256)
def _compiled(patterns: tuple[str, ...]) -> Globs:
    return Globs(pattern.lower() for pattern in patterns)


def pattern_problems(patterns: Sequence[str]) -> list[str]:
    """Return what is wrong with a rule's globs."""
    problems = []
    for pattern in patterns:
        try:
            _compiled((pattern,))
        except ValueError as error:
            problems.append(f"{pattern!r} is not a glob: {error}")
    return problems
