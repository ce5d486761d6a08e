"""What is not sent yet, and is no longer wanted as it was: withdrawn before money leaves."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator

from hotfolder.domain import events as ev
from hotfolder.journal import paid
from hotfolder.journal.drafts import SettledSet
from hotfolder.journal.engine import Row
from hotfolder.journal.session import Session
from hotfolder.journal.transitions import apply


def withdraw(
    session: Session,
    found: SettledSet,
    digest: str,
    places: Collection[tuple[str, int]],
    others: Collection[str],
) -> None:
    """Supersede the jobs of a set's files that are not what is made of it now.

    That is one job for each of `places`: a rule and a slot. What the rules `others` make of other
    sets is left alone.
    """
    for row in _unsent(session, found, others):
        is_older = _is_older(row, found, digest) and not paid.unconfirmed(session, row["id"])
        if is_older or (row["rule"], row["slot"]) not in places:
            apply(session, row["id"], ev.Superseded())


def withdraw_skipped(
    session: Session, found: SettledSet, digest: str, others: Collection[str]
) -> None:
    """Withdraw the jobs of a set's files, of which nothing is to be made."""
    for row in _unsent(session, found, others):
        if paid.unconfirmed(session, row["id"]):
            continue
        is_older = _is_older(row, found, digest)
        apply(session, row["id"], ev.Superseded() if is_older else ev.SourceSkipped())


def _unsent(session: Session, found: SettledSet, others: Collection[str]) -> Iterator[Row]:
    jobs: dict[int, Row] = {}
    for path in found.paths:
        source = session.row("find_source", watch=found.watch, path=os.fsencode(path))
        if source is not None:
            rows = session.rows("jobs_not_submitted", source=source["id"])
            jobs |= {row["id"]: row for row in rows}
    yield from (row for _, row in sorted(jobs.items()) if row["rule"] not in others)


def _is_older(row: Row, found: SettledSet, digest: str) -> bool:
    return (row["digest"], row["key"]) != (digest, os.fsencode(found.key))
