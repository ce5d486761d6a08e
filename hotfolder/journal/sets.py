"""Sets of files that wait: some of them are missing, or there is more than their rule takes.

Nothing is paid for them. They are rows, so that a person is told; each of their files is counted as
waiting, unless it was sent before.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hotfolder.domain import events as ev
from hotfolder.journal import paid
from hotfolder.journal.engine import Value
from hotfolder.journal.session import Session, from_ms, to_ms
from hotfolder.journal.transitions import apply

TOGETHER: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A set that is not complete: its key, for which rule, why, and since when.

    `reported`: it has waited so long that a person was told in the log.
    """

    key: str
    rule: str
    reason: str
    since: datetime
    reported: bool


def put(
    session: Session, watch: int, key: str, rule: str, reason: str, paths: Sequence[str]
) -> bool:
    """Keep why a set waits, and which files do; returns whether that is news.

    What its rule made of any of these files, and is not yet sent, is withdrawn.
    """
    known = session.row("waiting_set", watch=watch, key=os.fsencode(key), rule=rule)
    session.change("put_waiting_set", watch=watch, key=os.fsencode(key), rule=rule, reason=reason)
    for path in set(files(session, watch, key)).difference(paths):
        session.change("forget_aside", watch=watch, path=os.fsencode(path))
    for path in paths:
        place: dict[str, Value] = {
            "watch": watch,
            "path": os.fsencode(path),
            "key": os.fsencode(key),
        }
        session.change("put_in_set", **place, reason=reason)
        session.change("tell_in_set", **place, reason=reason)
        _withdraw(session, watch, path, rule)
    return known is None or known["reason"] != reason


def files(session: Session, watch: int, key: str) -> list[str]:
    """Return the files that wait with a set."""
    rows = session.rows("files_of_set", watch=watch, key=os.fsencode(key))
    return [os.fsdecode(row["path"]) for row in rows]


def forget(session: Session, watch: int, key: str, rule: str | None = None) -> None:
    """Forget that a set waits, for one rule or for all."""
    session.change("forget_waiting_set", watch=watch, key=os.fsencode(key), rule=rule)
    session.change("forget_files_of_set", watch=watch, key=os.fsencode(key))


def waiting(session: Session, watch: int, after: str = "", limit: int = TOGETHER) -> list[Waiting]:
    """Return the next sets of a watch that wait, in the order of their keys."""
    rows = session.rows("waiting_sets", watch=watch, after=os.fsencode(after), limit=limit)
    return [
        Waiting(
            key=os.fsdecode(row["key"]),
            rule=row["rule"],
            reason=row["reason"],
            since=from_ms(row["since"]),
            reported=bool(row["reported"]),
        )
        for row in rows
    ]


def count(session: Session) -> int:
    """Return how many sets wait."""
    (row,) = session.rows("count_waiting_sets")
    return int(row["count"])


def report(session: Session, watch: str, after_s: float) -> Iterable[tuple[str, str]]:
    """Mark the sets that have waited longer; returns the key and reason of those that are new."""
    before = to_ms(session.now - timedelta(seconds=after_s))
    rows = session.rows("report_sets", watch=watch, before=before)
    return [(os.fsdecode(row["key"]), row["reason"]) for row in rows]


def _withdraw(session: Session, watch: int, path: str, rule: str) -> None:
    source = session.row("find_source", watch=watch, path=os.fsencode(path))
    if source is None:
        return
    for row in session.rows("jobs_not_submitted", source=source["id"]):
        if row["rule"] == rule and not paid.unconfirmed(session, row["id"]):
            apply(session, row["id"], ev.Superseded())
