"""Which rules take a source. Globs are gitignore-style, relative to the watch, case ignored."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import pathspec

from hotfolder import config
from hotfolder.imaging.picture import EXTENSIONS
from hotfolder.runninghub import catalog


def matching(watch: config.Watch, relative: str) -> tuple[config.Rule, ...]:
    """Return the rules that take a source: the first, or all under `rules = "all"`."""
    found = tuple(rule for rule in watch.rule if _takes(watch, rule, relative))
    return found if watch.rules == "all" else found[:1]


class Globs(NamedTuple):
    """Which names a rule takes: those that match one of the wanted globs and no unwanted one."""

    wanted: tuple[str, ...]
    unwanted: tuple[str, ...]

    def take(self, relative: str) -> bool:
        """Return whether a path is taken."""
        path = relative.lower()
        return _spec(self.wanted).match_file(path) and not _spec(self.unwanted).match_file(path)


def globs(watch: config.Watch, rule: config.Rule) -> Globs:
    """Return a rule's globs; without any it takes every file that its model accepts."""
    wanted = tuple(rule.match) or _accepted_names(watch.catalog.find(rule.model), rule.prepare)
    return Globs(wanted, tuple(rule.exclude))


def _takes(watch: config.Watch, rule: config.Rule, relative: str) -> bool:
    if any(watch.input / relative in each.references for each in watch.rule):
        return False  # it is sent with other pictures, not edited itself
    return globs(watch, rule).take(relative)


def _accepted_names(model: catalog.Model | None, prepare: str) -> tuple[str, ...]:
    """Return the names of files that a model takes, or that can be made into what it takes."""
    if model is None:
        return ()
    convertible = [] if prepare == "never" else itertools.chain(*EXTENSIONS.values())
    return tuple(f"*.{extension}" for extension in (*model.picture.accept, *convertible))


@lru_cache(maxsize=256)
def _spec(patterns: tuple[str, ...]) -> pathspec.GitIgnoreSpec:
    return pathspec.GitIgnoreSpec.from_lines([pattern.lower() for pattern in patterns])


def pattern_problems(patterns: Sequence[str]) -> list[str]:
    """Return what is wrong with a rule's globs."""
    problems = []
    for pattern in patterns:
        try:
            _spec((pattern,))
        except ValueError as error:
            problems.append(f"{pattern!r} is not a glob: {error}")
    return problems
