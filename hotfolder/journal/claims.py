"""What can be worked on now, and when to look again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State
from hotfolder.journal import holds
from hotfolder.journal.rows import existing_job
from hotfolder.journal.session import Session, from_ms, to_ms

LONGEST_WAIT = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Claim:
    """A job whose time has come; `trials` are the scopes of the holds that it tries."""

    job: Job
    trials: frozenset[str]


def claim(
    session: Session, room: Mapping[State, int], busy: Collection[int], ahead: int
) -> tuple[list[Claim], datetime | None]:
    """Return the due jobs, at most `room` of each state, and when the next one is due.

    Jobs in `busy` are being worked on. States without room are not looked at: they are
    looked at again when a step ends. Nothing more is uploaded while `ahead` jobs could be
    submitted: their links live for a day.
    """
    claims: list[Claim] = []
    horizon = to_ms(session.now + LONGEST_WAIT)
    if _count_ready(session, State.UPLOADED) >= ahead:
        room = {**room, State.ACCEPTED: 0}
    for state, places in room.items():
        if places <= 0:
            continue
        rows = session.rows(
            "due_jobs", state=state.value, limit=places + len(busy), horizon=horizon
        )
        free = [row for row in rows if row["id"] not in busy][:places]
        claims.extend(_claim(session, row["id"]) for row in free)
    return claims, _next_due(session, [state for state, places in room.items() if places > 0])


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
