"""How long the files of a set are waited for, and which of them wait for the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from hotfolder import config
from hotfolder.domain.sightings import Sighting
from hotfolder.journal import regrouping
from hotfolder.journal.journal import Journal
from hotfolder.journal.sightings import Known
from hotfolder.planning import grouping
from hotfolder.planning.grouping import Unit
from hotfolder.planning.sets import Gathered

STEM_WAIT_S: Final = 3.0
FOLDER_WAIT_S: Final = 10.0
# For an optional file of a set that its names announce, and after a change of one that was sent.
LONG_WAIT_S: Final = 60.0


class WaitingFiles:
    """The files of sets that are not complete, as they were seen: no scan need find them again."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, str, str]] = {}

    def put(self, seen: Mapping[str, Sighting]) -> None:
        """Keep how files look that wait for others."""
        for path, each in seen.items():
            self._seen[path] = (each.size, str(each.mtime_ns), str(each.inode))

    def forget(self, paths: Iterable[str]) -> None:
        """Forget files that wait no longer."""
        for path in paths:
            self._seen.pop(path, None)

    def has(self, path: str, seen: Known) -> bool:
        """Return whether a file waits, and looks as it did."""
        return self._seen.get(path) == seen[:3]


def quiet_s(watch: config.Watch, unit: Unit) -> float:
    """Return for how long nothing of a set may have come or changed."""
    rule = grouping.rule_named(watch, unit.rule)
    if rule is None:
        return watch.settle
    usual_s = FOLDER_WAIT_S if unit.is_folder else STEM_WAIT_S
    return max(watch.settle, usual_s if rule.set_wait is None else rule.set_wait)


def left_alone_s(
    seen: Mapping[str, Sighting], now: datetime, unchanged_s: float, *, once: bool
) -> float:
    """Return for how long a set has been left alone; a single look goes by the files' own times."""
    if not once:
        return unchanged_s
    written_s = max(each.mtime_ns for each in seen.values()) / 1e9
    return max(unchanged_s, now.timestamp() - written_s)


def reason(
    journal: Journal, number: int, found: Gathered, *, many: bool, quiet_s: float
) -> str | None:
    """Return what a complete set is waited for after so many seconds of quiet; None = nothing.

    A file of `many` texts is left alone for as long as a set once something of it was sent.
    """
    if quiet_s >= LONG_WAIT_S:
        return None
    if found.hopes:
        return f"waiting a moment for {found.hopes[0]}"
    several = many or len(found.members) > 1
    if several and journal.run_blocking(regrouping.was_sent, number, found.paths):
        return "waiting a moment, since something of it was sent already"
    return None
