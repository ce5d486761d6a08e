"""Why a file is where it is of which the journal knows nothing: its folder and name tell."""

from __future__ import annotations

import os
from contextlib import suppress

from hotfolder import config
from hotfolder.domain.sightings import why_no_file
from hotfolder.journal import aside, reading
from hotfolder.journal.session import Session
from hotfolder.planning import companions, forms, grouping, naming
from hotfolder.tree import ignore
from hotfolder.tree.ignorefile import IgnoreFiles
from hotfolder.views.explanation import Explanation


def holds_up(
    session: Session, row: reading.WatchRow, watch: config.Watch, relative: str, path: str
) -> Explanation | None:
    """Say which set waits because a file is there that has no place in it; None = none."""
    for unit in grouping.units(watch, relative) if os.path.lexists(path) else ():
        if not unit.rule:
            continue
        reason = aside.why_set_waits(session, row.id, unit.key, unit.rule)
        if reason is not None and reason.startswith(relative.rpartition("/")[2]):
            told = f"the set {unit.key} waits because of it: {reason}"
            return Explanation(path=path, verdict="waiting", reason=told)
    return None


def of_name(path: str, watch: config.Watch, relative: str, *, daemon: bool) -> Explanation:
    """Say what a file's name and folder tell of it; `daemon` = one runs."""
    if not watch.input.is_dir():
        reason = f"the folder {watch.input} is not there"
        return Explanation(path=path, verdict="offline", reason=reason)
    ignored = _ignored(watch, relative) or _no_file(path)
    if ignored:
        return Explanation(path=path, verdict="ignored", reason=ignored)
    if not os.path.lexists(path):
        return Explanation(path=path, verdict="unknown", reason="there is no such file")
    reason = "it will be seen within moments" if daemon else "no hotfolder is running"
    return Explanation(path=path, verdict="unknown", reason=f"not seen yet: {reason}")


def _ignored(watch: config.Watch, relative: str) -> str | None:
    if (watch.input / relative).is_dir() and not ignore.ignored(relative):
        return "a folder: explain tells of a file in it"
    ignored = naming.why_ignored(watch, relative)
    if ignored and forms.is_sidecar(relative) and not ignore.ignored(relative):
        return companions.describe(watch, relative)
    return ignored or IgnoreFiles(watch.input).why(relative)


def _no_file(path: str) -> str | None:
    with suppress(OSError):
        return why_no_file(os.lstat(path))
    return None
