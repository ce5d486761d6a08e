"""Files of a watch that are no sources: no rule takes them, or they cannot be read (yet).

They are kept only so that none of them is without a trace. A file that becomes a source leaves
this table by a trigger, in the same transaction.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Final, Literal

from hotfolder.journal.session import Session

TOGETHER: Final = 1000

CountedAs = Literal["waiting", "skipped"]


def left_out(session: Session, watch: int, found: Mapping[str, str]) -> list[str]:
    """Keep files that no rule takes, each with the reason; return those that are new."""
    return [path for path, reason in found.items() if put(session, watch, path, "skipped", reason)]


def put(session: Session, watch: int, path: str, counted_as: CountedAs, reason: str) -> bool:
    """Keep why a file is no source; returns whether that is news."""
    at = os.fsencode(path)
    known = session.row("aside_at", watch=watch, path=at)
    if known is not None and (known["counted_as"], known["reason"]) == (counted_as, reason):
        return False
    session.change("forget_aside", watch=watch, path=at)
    put = session.change("put_aside", watch=watch, path=at, counted_as=counted_as, reason=reason)
    return put > 0 and known is None


def at(session: Session, watch: int, path: str) -> str | None:
    """Return why a file is no source, where that is kept."""
    row = session.row("aside_at", watch=watch, path=os.fsencode(path))
    return None if row is None else str(row["reason"])


def waits_with(session: Session, watch: int, path: str) -> tuple[str, str] | None:
    """Return the key of the set that a file waits with, and why; None where it does not."""
    row = session.row("aside_at", watch=watch, path=os.fsencode(path))
    if row is None or row["set_key"] is None:
        return None
    return os.fsdecode(row["set_key"]), str(row["reason"])


def why_set_waits(session: Session, watch: int, key: str, rule: str) -> str | None:
    """Return why a set waits, None where it does not."""
    row = session.row("waiting_set", watch=watch, key=os.fsencode(key), rule=rule)
    return None if row is None else str(row["reason"])


def forget(session: Session, watch: int, paths: Iterable[str]) -> None:
    """Forget files that are no longer there, and all that is kept below them."""
    for each in paths:
        path = os.fsencode(each)
        below, beyond = path + b"/", path + b"0"  # "0" comes right after "/"
        session.change("forget_aside", watch=watch, path=path)
        session.change("forget_asides_below", watch=watch, below=below, beyond=beyond)


def count(session: Session, watch: int) -> int:
    """Return how many files are kept as left out."""
    row = session.row("count_left_out", watch=watch)
    return int(row["count"]) if row is not None else 0


def some(session: Session, watch: int, after: str, counted_as: CountedAs) -> list[str]:
    """Return the next paths that are kept after one, at most TOGETHER."""
    rows = session.rows(
        "asides", watch=watch, after=os.fsencode(after), counted_as=counted_as, limit=TOGETHER
    )
    return [os.fsdecode(row["path"]) for row in rows]
