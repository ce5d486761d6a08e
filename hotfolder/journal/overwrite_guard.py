"""The loop breaker: a path that gets one new content after the other is held for itself.

A person saves a picture a few times an hour. A program that writes its output into the input, or
a camera that overwrites one file, does so every few seconds, and each time would be paid.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from hotfolder.domain.file_failures import looping
from hotfolder.journal import holds
from hotfolder.journal.session import Session, to_ms

MOST_AN_HOUR: Final = 20


def source_scope(source: int) -> str:
    """Return the scope of one source, by its number in the journal."""
    return f"source:{source}"


def look(session: Session, source: int, path: str) -> None:
    """Hold a source for which too many contents were accepted within an hour."""
    since = to_ms(session.now - timedelta(hours=1))
    row = session.row("count_contents", source=source, since=since)
    if row is not None and row["count"] > MOST_AN_HOUR:
        holds.stop(session, source_scope(source), looping(path, row["count"]))


def let_go(session: Session, watch: str | None) -> int:
    """Let go on what was held for looping, in one watch or in all; returns how many paths."""
    return session.change("drop_loops", watch=watch)
