"""What the journal knows of files, for the scan to compare with."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from hotfolder.domain.events import WaitsFor
from hotfolder.domain.sightings import Sighting
from hotfolder.journal.session import Session

Known = tuple[int, str, str]


def known(session: Session, watch: int, first: str, last: str) -> dict[str, Known]:
    """Return what is known of the files between two paths, in byte order."""
    rows = session.rows(
        "known_sources", watch=watch, first=os.fsencode(first), last=os.fsencode(last)
    )
    return {os.fsdecode(row["path"]): (row["size"], row["mtime_ns"], row["inode"]) for row in rows}


def same(stored: Known | None, sighting: Sighting) -> bool:
    """Return whether a file is as the journal knows it."""
    return stored == (sighting.size, str(sighting.mtime_ns), str(sighting.inode))


def forget_gone(session: Session, watch: int, paths: Iterable[str]) -> None:
    """Let whatever comes back under some paths, or below them, be new to the scan."""
    for each in paths:
        path = os.fsencode(each)
        below, beyond = path + b"/", path + b"0"  # "0" comes right after "/"
        session.change("forget_gone", watch=watch, path=path, below=below, beyond=beyond)


@dataclass(frozen=True, slots=True)
class Unsubmitted:
    """A job whose plan may still change: its source's path, its rule, whether it waits."""

    path: str
    rule: str
    waits: bool


def unsubmitted(session: Session, watch: int) -> list[Unsubmitted]:
    """Return the jobs of a watch that are not yet submitted."""
    return [
        Unsubmitted(
            os.fsdecode(row["path"]), row["rule"], row["waits_for"] == WaitsFor.SIDECAR.value
        )
        for row in session.rows("unsubmitted_jobs", watch=watch)
    ]


def note_watch(
    session: Session, watch: int, *, online: bool, detect: str, reason: str | None
) -> None:
    """Keep what detection a watch has and whether its folder is there."""
    session.change("note_watch", watch=watch, online=int(online), detect=detect, reason=reason)
