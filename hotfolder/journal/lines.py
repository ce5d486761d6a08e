"""Entering the rows of a file of many texts, some at a time, so that nobody else has to wait long.

Until the last of them is entered the journal knows the file otherwise than it is, so that it is
looked at again after a crash.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hotfolder.domain import events as ev
from hotfolder.domain.jobs import Job
from hotfolder.journal import acceptance, backlog, identities, moves, paid
from hotfolder.journal.backlog import MANY_ROWS, RELEASED, Standing
from hotfolder.journal.drafts import Draft, SettledSet
from hotfolder.journal.engine import Value
from hotfolder.journal.entering import Entry
from hotfolder.journal.session import Session
from hotfolder.journal.sightings import HELD_BACK
from hotfolder.journal.transitions import apply

# No mark of a sidecar is like it.
ENTERING: Final = "rows are being entered"


@dataclass(frozen=True, slots=True)
class Rows:
    """What is known of the rows of a file: the number of each, by what its jobs are known by.

    `taken` are numbers that no other row may have; `sent` are those of which a job was sent.
    `is_sent_whole`: what stands there was sent as one text. `is_as_before`: nothing that speaks for
    the file has changed. `is_released`: a person let its many rows go.
    """

    numbers: dict[str, int]
    taken: frozenset[int]
    sent: frozenset[str]
    is_sent_whole: bool
    is_as_before: bool
    is_released: bool


def known(session: Session, found: SettledSet, wanted: Collection[str]) -> Rows:
    """Return what is known of the rows of a file, where it is or where it was moved from.

    The number of one that is not sent, and that is none of the `wanted` jobs, is free again.
    """
    settled = found.first
    paths = [each for each in (settled.path, settled.moved_from) if each is not None]
    rows = [
        row
        for path in paths
        for row in session.rows("rows_of_file", watch=found.watch, key=os.fsencode(path))
    ]
    of_rows = [row for row in rows if row["line"] is not None]
    identity = identities.identify(session, settled)
    source = session.row("find_source", watch=found.watch, path=os.fsencode(settled.path))
    return Rows(
        numbers={row["digest"]: row["slot"] for row in of_rows},
        taken=frozenset(row["slot"] for row in of_rows if row["sent"] or row["digest"] in wanted),
        sent=frozenset(row["digest"] for row in of_rows if row["sent"]),
        is_sent_whole=any(
            row["line"] is None and row["sent"] and row["digest"] == identity for row in rows
        ),
        is_as_before=source is not None and source["beside"] == settled.beside,
        is_released=source is not None
        and (source["reason"] == RELEASED or source["beside"] == ENTERING),
    )


def hold(session: Session, watch: int, standing: Standing, count: int) -> None:
    """Hold a file back whose new rows are more than may be let go together."""
    (row,) = session.rows("eligibility", watch=watch)
    session.change(
        "hold_rows",
        watch=watch,
        path=os.fsencode(standing.path),
        size=standing.seen[0],
        mtime_ns=standing.seen[1],
        inode=standing.seen[2],
        beside=HELD_BACK,
        reason=f"{MANY_ROWS} {count} new rows are more than limits.backlog",
        estimate=None if standing.estimate is None else str(standing.estimate),
    )
    backlog.stop(session, row["name"])


def accept(
    session: Session,
    found: SettledSet,
    drafts: Sequence[Draft],
    output_root: str,
    *,
    per_rule: bool,
    all_rows: Collection[str] | None,
    is_last: bool,
) -> tuple[Job, ...]:
    """Enter some rows of a file, and return the jobs that are new or no longer wait.

    `all_rows` are what all jobs of the file are known by, with the first of them: then those that
    are not sent and not among them are withdrawn.
    """
    members = found.members
    if not is_last:
        members = tuple(replace(each, beside=ENTERING) for each in members)
    of_file = replace(found, members=members)
    identified = [identities.identify(session, each) for each in members]
    source = acceptance.put_sources(session, of_file, identified, verdict="job")
    moves.follow(session, of_file, identified[0])
    if all_rows is not None:
        _withdraw(session, found, all_rows)
    read = tuple(map(acceptance.read, members, identified))
    entries = [
        Entry(
            watch=found.watch,
            key=found.key,
            digest=draft.digest,
            slot=draft.slot,
            source=source,
            named_after=found.named_after,
            draft=draft.with_sources(read),
            output_root=output_root,
        )
        for draft in drafts
    ]
    fresh = [acceptance.accept_one(session, each, per_rule=per_rule) for each in entries]
    if is_last:
        acceptance.take_bytes(session, of_file, identified)
    return tuple(job for job in fresh if job is not None)


def _withdraw(session: Session, found: SettledSet, all_rows: Collection[str]) -> None:
    place: dict[str, Value] = {"watch": found.watch, "key": os.fsencode(found.key)}
    for row in session.rows("unsent_rows", **place):
        if row["digest"] not in all_rows and not paid.unconfirmed(session, row["id"]):
            apply(session, row["id"], ev.Superseded())
