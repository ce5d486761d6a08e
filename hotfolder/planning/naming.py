"""Whether a file is a source of a watch, by its name alone."""

from __future__ import annotations

from typing import Final

from hotfolder import config
from hotfolder.planning import forms, rules
from hotfolder.tree import ignore

NO_RULE: Final = "no rule of this watch takes files of this name"


def why_ignored(watch: config.Watch, relative: str) -> str | None:
    """Return why a path is no source of a watch, by its name alone, or None."""
    if not watch.recursive and "/" in relative:
        return "in a subfolder, and this watch is not recursive"
    reason = ignore.ignored(relative)
    if reason:
        return reason
    if forms.is_sidecar(relative):
        return "a sidecar or note, not a picture"
    if not rules.matching(watch, relative):
        return NO_RULE
    return None
