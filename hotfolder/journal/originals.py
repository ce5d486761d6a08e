"""Which originals are to be moved away, derived from their jobs, and where they went."""

from __future__ import annotations

import os
from dataclasses import dataclass

from hotfolder.journal.session import Session

AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A source all of whose jobs are done, by its place and content."""

    source: int
    path: str
    sha256: str


def pending(session: Session, watch: str, after: int) -> list[Original]:
    """Return the next originals of a watch that are to be moved, by number of their source.

    These are the sources whose newest jobs for the present content are all done, and that no
    open job belongs to.
    """
    rows = session.rows("originals_to_move", watch=watch, after=after, limit=AT_ONCE)
    return [
        Original(source=row["id"], path=os.fsdecode(row["path"]), sha256=row["content_hash"])
        for row in rows
    ]


def moved(session: Session, original: Original, moved_to: str | None) -> None:
    """Keep that an original is away: where it is below the output, None = someone took it."""
    session.change(
        "note_moved",
        source=original.source,
        content_hash=original.sha256,
        moved_to=None if moved_to is None else os.fsencode(moved_to),
    )


def moved_to(session: Session, job: int) -> str | None:
    """Return where a job's original is below its output folder; None where it was not moved."""
    row = session.row("moved_original", job=job)
    return None if row is None else os.fsdecode(row["moved_to"])


def not_moved(session: Session, original: Original, reason: str) -> bool:
    """Keep why an original could not be moved; returns whether that is news."""
    return bool(session.change("note_not_moved", source=original.source, reason=reason))
