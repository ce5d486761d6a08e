"""Regrouping is not new: what was sent already is paid again only for a file that came or changed.

A changed rule or grouping, a file that was moved or deleted, half a set in another place: they make
another set of the same files, for which nobody asked. Its jobs are stale instead.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hotfolder.journal.drafts import Settled, SettledSet
from hotfolder.journal.engine import Value
from hotfolder.journal.entering import Entry
from hotfolder.journal.session import Session

# Later than anything that is entered in the same moment.
JUST_NOW_MS: Final = 1


@dataclass(frozen=True, slots=True)
class Before:
    """What was known of a set's files before it was entered.

    `sources` are their numbers, where they are and where they were; `since_ms` is when the last of
    them came or changed.
    """

    sources: tuple[int, ...]
    since_ms: int


def before(session: Session, found: SettledSet, identified: Sequence[str]) -> Before:
    """Return what is known of a set's files, which must not have been entered yet."""
    members = [
        _known(session, each, identity)
        for each, identity in zip(found.members, identified, strict=True)
    ]
    sources = [number for numbers, _ in members for number in numbers]
    return Before(tuple(sources), max(since_ms for _, since_ms in members))


def keeps_back(session: Session, known: Before, entry: Entry, *, per_rule: bool) -> bool:
    """Return whether an entry is only another grouping of what was sent; its jobs are stale then.

    So is one more slot of the very same images. With `per_rule` only what was sent by the rule of
    the entry counts.
    """
    rule = entry.draft.plan.rule if per_rule else None
    own: dict[str, Value] = {"watch": entry.watch, "key": os.fsencode(entry.key)}
    if session.row("latest_generation", **own, digest=entry.digest, slot=entry.slot, rule=rule):
        return False
    beside = sent_in_other_slot(
        session, entry.watch, entry.key, entry.digest, entry.slot, rule=rule
    )
    if beside is not None:
        session.change("set_stale", job=beside, stale=1)
        return True
    is_alone = len(entry.draft.sources) == 1
    sent = [
        row
        for source in known.sources
        for row in session.rows("sent_of_source", source=source, rule=rule)
        if not (is_alone and row["key"] == own["key"] and row["sources"] == 1)
    ]
    if not sent or known.since_ms > max(row["accepted_at"] for row in sent):
        return False
    newest = max(row["id"] for row in sent)
    session.change("set_stale", job=newest, stale=1)
    reason = (
        f"part of {entry.key}, of which something was sent already: retry --changed {newest} "
        "makes it anew"
    )
    for each in entry.draft.sources:
        session.change(
            "leave_out_of_set", watch=entry.watch, path=os.fsencode(each.path), reason=reason
        )
    return True


def sent_in_other_slot(
    session: Session, watch: int, key: str, digest: str, slot: int, *, rule: str | None
) -> int | None:
    """Return the first job that was sent of a set and its images in another slot, or None.

    Of a rule if that counts.
    """
    place: dict[str, Value] = {"watch": watch, "key": os.fsencode(key)}
    row = session.row("sent_in_other_slot", **place, digest=digest, slot=slot, rule=rule)
    return None if row is None else int(row["id"])


def _known(session: Session, settled: Settled, identity: str) -> tuple[tuple[int, ...], int]:
    rows = [
        session.row("find_source", watch=settled.watch, path=os.fsencode(path))
        for path in (settled.path, settled.moved_from)
        if path is not None
    ]
    sources = tuple(row["id"] for row in rows if row is not None)
    same = [row["seen_at"] for row in rows if row is not None and row["identity"] == identity]
    if same:
        return sources, min(same)
    aside = session.row("aside_at", watch=settled.watch, path=os.fsencode(settled.path))
    stood_there = aside is not None and not sources
    return sources, int(aside["since"]) if aside and stood_there else session.now_ms + JUST_NOW_MS


def was_sent(session: Session, watch: int, paths: Sequence[str]) -> bool:
    """Return whether anything that stands, or stood, at these paths was sent with a set."""
    rows = (session.row("find_source", watch=watch, path=os.fsencode(path)) for path in paths)
    return any(
        session.row("sent_of_source", source=row["id"], rule=None) is not None
        for row in rows
        if row is not None
    )
