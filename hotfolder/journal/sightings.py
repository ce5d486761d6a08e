"""What the journal knows of files, for the scan to compare with."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Final, TypeAlias

from hotfolder.domain.file_failures import MISSING_PARTS, REFERENCE
from hotfolder.journal.drafts import Settled
from hotfolder.journal.session import Session, from_ms, to_ms

# What tells one version of a file, and of what is said beside it, from another: size, mtime in ns,
# inode, and the mark of its sidecar and folder files.
Known: TypeAlias = tuple[int, str, str, str]

# The same of one path.
Observed: TypeAlias = tuple[bytes, int, str, str, str]

# Instead of the mark of a file that nobody has read.
HELD_BACK: Final = "held back"

_READ_ALONG: Final = 256


@dataclass(frozen=True, slots=True)
class Unlike:
    """A file as it was seen, and as it is known; None where nothing is known of it."""

    seen: Known
    known: Known | None


def unlike(session: Session, watch: int, seen: Sequence[Observed]) -> dict[bytes, Unlike]:
    """Return those of some files, which come in byte order, that are not known just as seen.

    It seeks the first of them in the index and reads along from there, as long as that finds any
    of the files; so neither many known files nor many that are gone make it slow.
    """
    found: dict[bytes, Unlike] = {}
    at = 0
    while at < len(seen):
        limit = min(_READ_ALONG, len(seen) - at)
        rows = session.tuples("known_sources", watch=watch, first=seen[at][0], limit=limit)
        if rows == seen[at : at + limit]:
            at += limit
            continue
        beyond = len(seen)
        if len(rows) == limit:
            beyond = bisect_right(seen, rows[-1][0], lo=at, key=itemgetter(0))
        known = {path: values for path, *values in rows}
        for path, *values in seen[at:beyond]:
            if values != known.get(path):
                before = known.get(path)
                found[path] = Unlike(_known(values), _known(before) if before else None)
        at = beyond
    return found


def _known(values: list[Any]) -> Known:
    size, mtime_ns, inode, beside = values
    return size, mtime_ns, inode, beside


def observed(
    folder: bytes, looked: Iterable[tuple[bytes, os.stat_result]], mark: Callable[[bytes], str]
) -> list[Observed]:
    """Return files of a folder as the journal would know them; `mark` says what is beside a path.

    One expression, since a scan makes this of each file.
    """
    return [
        (path := folder + name, seen.st_size, str(seen.st_mtime_ns), str(seen.st_ino), mark(path))
        for name, seen in looked
    ]


def is_held_back(known: Known | None, seen: Known) -> bool:
    """Return whether a file is one that is held back, or left out.

    Only its size is compared, once it was not seen gone: that a share gave it another time or
    number must not let it go.
    """
    if known is None or known[3] != HELD_BACK:
        return False
    return known[2] != "" and known[0] == seen[0]


def forget_gone(session: Session, watch: int, paths: Iterable[str]) -> None:
    """Let whatever comes back under some paths, or below them, be new to the scan.

    What waits for something that its file lacks is looked at again: it waits for nothing now.
    """
    for each in paths:
        path = os.fsencode(each)
        below, beyond = path + b"/", path + b"0"  # "0" comes right after "/"
        session.change("forget_gone", watch=watch, path=path, below=below, beyond=beyond)
        session.change("wake_gone", watch=watch, path=path, below=below, beyond=beyond)


def looked_for(session: Session, watch: int) -> list[str]:
    """Return the paths of a watch's failed and waiting jobs, but for those known to be gone."""
    return [os.fsdecode(row["path"]) for row in session.rows("looked_for", watch=watch)]


def lacking_references(session: Session, watch: int) -> list[str]:
    """Return the sources that wait for a further picture, whose coming nothing else tells."""
    rows = session.rows("lacking_references", watch=watch, codes=f"{REFERENCE}*")
    return [os.fsdecode(row["path"]) for row in rows]


def overdue_parts(session: Session, watch: int, patience_s: float) -> list[str]:
    """Return the sources whose missing parts have been waited for that long, or longer."""
    before = to_ms(session.now - timedelta(seconds=patience_s))
    rows = session.rows("awaited_parts", watch=watch, code=MISSING_PARTS.code, before=before)
    return [os.fsdecode(row["path"]) for row in rows]


def seen_at(session: Session, settled: Settled) -> datetime | None:
    """Return when a source was first seen just as it is now; None where it never was."""
    row = session.row("find_source", watch=settled.watch, path=os.fsencode(settled.path))
    sighting = settled.sighting
    now = (sighting.size, str(sighting.mtime_ns), str(sighting.inode))
    is_same = row is not None and (row["size"], row["mtime_ns"], row["inode"]) == now
    return from_ms(row["seen_at"]) if row is not None and is_same else None


def note_watch(
    session: Session, watch: int, *, online: bool, detect: str, reason: str | None
) -> None:
    """Keep what detection a watch has and whether its folder is there."""
    session.change("note_watch", watch=watch, online=int(online), detect=detect, reason=reason)
