"""Whether a file is a source of a watch, by its name alone."""

from __future__ import annotations

from typing import Final

from hotfolder import config
from hotfolder.planning import forms, grouping, rules, taken
from hotfolder.tree import ignore

NO_FOLDER: Final = "it lies right in the input folder, and its rule takes folders of files"
NO_RULE: Final = "no rule of this watch takes files of this name"


def why_ignored(watch: config.Watch, relative: str) -> str | None:
    """Return why a path is no source of a watch, by its name alone, or None."""
    return why_hidden(watch, relative) or why_left_out(watch, relative)


def why_hidden(watch: config.Watch, relative: str) -> str | None:
    """Return why a path is not even counted as a file of a watch, or None."""
    if not watch.recursive and "/" in relative:
        return "in a subfolder, and this watch is not recursive"
    reason = ignore.ignored(relative)
    if reason is None and forms.is_sidecar(relative) and not is_text_source(watch, relative):
        return "a sidecar or note, not a source"
    return reason


def is_text_source(watch: config.Watch, relative: str) -> bool:
    """Return whether a rule takes a text of this name, if it is no sidecar of another file."""
    return taken.may_be_source(relative) and bool(rules.matching(watch, relative))


def why_left_out(watch: config.Watch, relative: str) -> str | None:
    """Return why no rule takes a file, or None where one does."""
    if rules.matching(watch, relative):
        return None if grouping.units(watch, relative) else NO_FOLDER
    if rules.is_reference(watch, relative):
        return "it is sent along with sources (references), not edited itself"
    excluding = rules.excluding(watch, relative)
    if not excluding:
        return NO_RULE
    one = "the rule" if len(excluding) == 1 else "the rules"
    return f"excluded by {one} {', '.join(excluding)}, and no other takes it"
