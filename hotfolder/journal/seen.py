"""What was there once: asked before anything starts, of a journal of any version."""

from __future__ import annotations

from hotfolder.journal.session import Session


def online(session: Session) -> frozenset[str]:
    """Return the names of the watches whose folder was there once."""
    return frozenset(row["name"] for row in session.rows("watches_seen_online"))
