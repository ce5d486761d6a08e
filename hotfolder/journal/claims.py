"""What can be worked on now, and when to look again."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from types import MappingProxyType
from typing import Final

from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State
from hotfolder.journal import holds
from hotfolder.journal.rows import existing_job
from hotfolder.journal.session import Session, from_ms, to_ms

LONGEST_WAIT = timedelta(hours=2)

_ANY: Final[Mapping[State, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Claim:
    """A job whose time has come; `trials` are the scopes of the holds that it tries."""

    job: Job
    trials: frozenset[str]


def claim(
    session: Session,
    room: Mapping[State, int],
    busy: Collection[int],
    ahead: int,
    again: Mapping[State, int] = _ANY,
) -> tuple[list[Claim], datetime | None]:
    """Return the due jobs, at most `room` of each state, and when the next one is due.

    Of those that failed the last time there are at most `again`. Jobs in `busy` are being worked
    on. States without room are not looked at: they are looked at again when a step ends. Nothing
    more is uploaded while `ahead` jobs could be submitted: their links live for a day.
    """
    claims: list[Claim] = []
    horizon = to_ms(session.now + LONGEST_WAIT)
    if _count_ready(session, State.UPLOADED) >= ahead:
        room = {**room, State.ACCEPTED: 0}
    for state, places in room.items():
        if places <= 0:
            continue
        due = partial(_due, session, state, busy, horizon)
        if state in again:
            found = [*due(places, again=False), *due(min(places, again[state]), again=True)]
            found.sort(key=itemgetter("due_at", "id"))
        else:
            found = due(places)
        claims.extend(_claim(session, row["id"]) for row in found[:places])
    return claims, _next_due(session, [state for state, places in room.items() if places > 0])


def _due(
    session: Session,
    state: State,
    busy: Collection[int],
    horizon: int,
    places: int,
    *,
    again: bool | None = None,
) -> list[sqlite3.Row]:
    if places <= 0:
        return []
    rows = session.rows(
        "due_jobs", state=state.value, again=again, limit=places + len(busy), horizon=horizon
    )
    return [row for row in rows if row["id"] not in busy][:places]


def _claim(session: Session, job: int) -> Claim:
    return Claim(existing_job(session, job), holds.scopes_over(session, job))


def _count_ready(session: Session, state: State) -> int:
    row = session.row("count_ready", state=state.value)
    return int(row["count"]) if row is not None else 0


def _next_due(session: Session, states: Collection[State]) -> datetime | None:
    rows = [session.row("next_due", state=state.value) for state in states]
    rows.append(session.row("next_trial"))
    times = [row["due_at"] for row in rows if row is not None and row["due_at"] is not None]
    return from_ms(min(times)) if times else None
