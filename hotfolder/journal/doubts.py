"""Submits that nobody knows the end of: when they may be sent again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from hotfolder.domain import events as ev
from hotfolder.domain import failures
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Job
from hotfolder.journal import holds
from hotfolder.journal.engine import Row
from hotfolder.journal.rows import existing_job
from hotfolder.journal.session import Session, from_ms
from hotfolder.journal.transitions import apply

BY_LIMIT: Final = "limits.resend_up_to"
MOST_IN_A_ROW: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """Which doubts may be sent again without a person.

    Those whose estimate is at most `up_to` (0 = none), and whose answer has been missing since
    `silent_since`; `covers` says of a model's name whether its doubts are among them at all.
    """

    up_to: Decimal
    silent_since: datetime
    covers: Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """A job in doubt whose task is known here, and no longer at the service."""

    job: int
    task_id: str


def denied(session: Session) -> list[Denied]:
    """Return the jobs that are in doubt because the service denies their tasks."""
    rows = session.rows("denied_tasks")
    return [Denied(job=row["job"], task_id=row["task_id"]) for row in rows]


def brake(session: Session) -> tuple[str, Failure] | None:
    """Return what is to be held, and why, after too many doubts in a row; else None."""
    row = session.row("doubts_in_a_row")
    if row is None or row["count"] < MOST_IN_A_ROW:
        return None
    return holds.ACCOUNT, failures.MANY_DOUBTS


def resend(session: Session, allowance: Allowance) -> list[Job]:
    """Approve what may be sent again, once for each job; returns the jobs."""
    event = ev.ResendApproved(by=BY_LIMIT, looked_up=False)
    return [
        apply(session, row["id"], event)
        for row in session.rows("doubts_without_task")
        if not row["resent"] and not row["told"] and _is_allowed(session, row, allowance)
        if row["answered_at"] is not None
        and not allowance.silent_since < from_ms(row["answered_at"]) <= session.now
    ]


def hopeful(session: Session, allowance: Allowance) -> int:
    """Return how many doubts may yet end by themselves."""
    return sum(
        1
        for row in session.rows("doubts_without_task")
        if row["told"]
        or from_ms(row["answered_at"]) > allowance.silent_since
        or (not row["resent"] and _is_allowed(session, row, allowance))
    )


def _is_allowed(session: Session, row: Row, allowance: Allowance) -> bool:
    """Whether a price is known and small enough; an unknown one never is, nor a dear model's."""
    estimate = row["estimate"]
    if not allowance.up_to or estimate is None or Decimal(estimate) > allowance.up_to:
        return False
    return allowance.covers(existing_job(session, row["id"]).plan.model)
