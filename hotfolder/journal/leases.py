"""Who follows which watch, where several daemons share a journal in PostgreSQL.

A watch is followed by one of them at a time, with all of its jobs. It is free once that one ends,
or does not answer for 15 s. Whose config says something else of a watch does not take it over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hotfolder.journal.engine import Row
from hotfolder.journal.session import Session, from_ms

# The digest of a watch that the config of whoever follows it does not have.
UNWANTED: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What is followed from here after a look.

    `elsewhere` says of each other wanted watch why it is not; `others` are all that are left to
    other machines, `leaving` those that are to be handed over, and `new` those that were not
    followed from here before.
    """

    followed: frozenset[str]
    elsewhere: Mapping[str, str]
    others: frozenset[str]
    leaving: frozenset[str]
    new: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A daemon that works, or worked, on a journal that several share."""

    name: str
    is_here: bool
    is_there: bool
    version: str | None
    since: datetime | None
    watches: tuple[str, ...]


def take(session: Session, wanted: Mapping[str, str]) -> Taken:
    """Follow of these watches, each with a digest of its config, what nobody else follows.

    With them go those that were followed from here before and are wanted no more: what was paid
    for them is followed to its end, until somebody wants them. That one asks for them here.
    """
    if session.row("any_gone") is not None:
        session.change("bury")
        session.change("forget_lacking")
    known = {row["watch"]: row for row in session.rows("leases")}
    orphans = {name: UNWANTED for name, row in known.items() if row["was_ours"]}
    elsewhere, followed, new = dict[str, str](), set[str](), set[str]()
    for watch, config in {**orphans, **wanted}.items():
        row = known.get(watch)
        why = _why_not(row, config)
        if why:
            elsewhere[watch] = why
            if _is_unwanted_there(row):
                session.change("give_away_watch", watch=watch)
            continue
        followed.add(watch)
        if row is None or not row["is_ours"]:
            new.add(watch)
        if row is None or not row["is_ours"] or row["config"] != config:
            session.change("claim_watch", watch=watch, config=config)
    leaving = {name for name, row in known.items() if row["is_ours"] and row["leaving"]}
    return Taken(
        followed=frozenset(followed),
        elsewhere=elsewhere,
        others=frozenset(name for name, row in known.items() if not row["was_ours"]),
        leaving=frozenset(leaving),
        new=frozenset(new),
    )


def leave(session: Session, watch: str) -> None:
    """Follow a watch no more, so that others may."""
    session.change("leave_watch", watch=watch)


def give_away(session: Session, watch: str) -> str | None:
    """Have a watch handed over by whoever follows it; returns the machine it was last followed on.

    None = nobody ever did.
    """
    row = next((row for row in session.rows("leases") if row["watch"] == watch), None)
    if row is None:
        return None
    session.change("give_away_watch", watch=watch)
    return str(row["machine"])


def followers(session: Session) -> dict[str, str]:
    """Return on which machine each watch is followed that is followed at all."""
    known = session.rows("leases")
    return {row["watch"]: row["machine"] for row in known if row["is_followed"]}


def unfollowed(session: Session, wanted: Collection[str]) -> dict[str, str]:
    """Return which of some watches nobody follows now, and the machine that did last."""
    if not session.is_shared:
        return {}
    known = session.rows("leases")
    left = [row for row in known if row["watch"] in wanted and not row["is_followed"]]
    return {row["watch"]: row["machine"] for row in left}


def places(session: Session) -> dict[str, str]:
    """Return from which place each watch is, or was last, followed; none where nobody shares it."""
    if not session.is_shared:
        return {}
    return {row["watch"]: row["place"] for row in session.rows("leases")}


def machines(session: Session) -> list[Machine]:
    """Return each daemon that ever shared the journal, and what it follows now."""
    known = session.rows("leases")
    follows = [(row["place"], row["watch"]) for row in known if row["is_followed"]]
    return [
        Machine(
            name=row["machine"],
            is_here=bool(row["is_here"]),
            is_there=bool(row["is_there"]),
            version=row["version"],
            since=None if row["since"] is None else from_ms(row["since"]),
            watches=tuple(watch for place, watch in follows if place == row["place"]),
        )
        for row in session.rows("seats")
    ]


def hand_of(place: str) -> str:
    """Return what tells the files of one state directory from those of others, as few letters."""
    return f"-{hashlib.sha256(place.encode()).hexdigest()[:8]}"


def hands_before(session: Session, job: int) -> tuple[str, ...]:
    """Return whose files of a job others may have left, who had it before."""
    rows = session.rows("places_of_job", job=job) if session.is_shared else []
    return tuple(hand_of(row["place"]) for row in rows)


def _why_not(row: Row | None, config: str) -> str:
    """Return why a watch may not be followed from here, "" = it may."""
    if row is None or (row["is_ours"] and not row["leaving"]):
        return ""
    if row["is_ours"]:
        return "it is being handed over"
    if row["is_had"]:
        return f"{row['machine']} follows it"
    if row["was_ours"]:
        return "it was handed over" if row["is_kept"] else ""
    if row["config"] not in (UNWANTED, config):
        return (
            f"{row['machine']} followed it, by a config that says something else of it: give both "
            f"machines the same, or run hotfolder handover on this one"
        )
    return ""


def _is_unwanted_there(row: Row | None) -> bool:
    """Whether another follows a watch that its own config has no more, and is not yet asked."""
    if row is None or row["is_ours"] or not row["is_had"] or row["leaving"]:
        return False
    return bool(row["config"] == UNWANTED)
