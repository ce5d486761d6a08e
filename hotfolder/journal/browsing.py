"""What the page asks of the journal: a part of the results or jobs at a time, and sums.

Nothing here reads more than it was asked for, however long the history is.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State
from hotfolder.journal.engine import Row
from hotfolder.journal.rows import existing_job
from hotfolder.journal.session import Session, from_ms, to_ms

# Looked at for one part, where few of them match what is asked for.
LOOKED_AT: Final = 5000
LAST_ID: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in a list that begins with the newest: all that is older comes after it."""

    at_ms: int
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of a list is asked for: by watch, text (in path or prompt), time, and from a place on.

    `begin` and `end` bound the time of publishing; None = unbounded.
    """

    watch: str | None = None
    text: str = ""
    begin: datetime | None = None
    end: datetime | None = None
    after: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """One result as it was published; `output_name` is relative to the job's output folder."""

    id: int
    job: int
    position: int
    extension: str
    size: int
    sha256: str
    output_name: str
    published_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitRow:
    """One paid call of a job, and what came of it."""

    number: int
    intent_at: datetime
    task_id: str | None
    outcome: str | None
    charge: Decimal | None
    currency: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargedRow:
    """How often an amount was charged within a quarter of an hour, and what for."""

    at: datetime
    watch: str
    rule: str
    model: str
    amount: Decimal
    currency: str | None
    count: int


def results(
    session: Session, asked: Asked, wanted: int
) -> tuple[list[tuple[ResultRow, Job]], Place | None]:
    """Return published results with their jobs, newest first, and where the next part begins."""
    until = to_ms(asked.end) if asked.end else session.now_ms * 2
    place = asked.after or Place(at_ms=until, id=0)
    bounds = {
        "since": to_ms(asked.begin) if asked.begin else 0,
        "until": place.at_ms,
        "before": place.id,
        "looked": LOOKED_AT,
    }
    rows = session.rows(
        "published_results", watch=asked.watch, text=asked.text.lower(), wanted=wanted, **bounds
    )
    found = [(_result(row), existing_job(session, row["job"])) for row in rows]
    if len(rows) == wanted:
        return found, Place(at_ms=rows[-1]["published_at"], id=rows[-1]["id"])
    end = session.row("end_of_looked", **bounds)
    return found, Place(at_ms=end["published_at"], id=end["id"]) if end else None


def jobs(
    session: Session, state: State, asked: Asked, wanted: int
) -> tuple[list[Job], Place | None]:
    """Return jobs of a state, newest first, and where the next part begins."""
    rows = session.rows(
        "jobs_of_state",
        state=state.value,
        before=asked.after.id if asked.after else LAST_ID,
        watch=asked.watch,
        text=asked.text.lower(),
        looked=LOOKED_AT,
        wanted=wanted,
    )
    found = [existing_job(session, row["id"]) for row in rows]
    return found, Place(at_ms=0, id=rows[-1]["id"]) if len(rows) == wanted else None


def published_counts(session: Session, since: datetime) -> dict[str, int]:
    """Return how many results were published since a time, by watch."""
    return {
        row["watch"]: row["count"] for row in session.rows("count_published", since=to_ms(since))
    }


def failed_counts(session: Session) -> dict[str, int]:
    """Return how many jobs have failed, by watch."""
    return {row["watch"]: row["count"] for row in session.rows("count_failed")}


def troubled(session: Session, wanted: int, before: int = LAST_ID) -> list[Job]:
    """Return open jobs with something that a person should know, newest first."""
    rows = session.rows("open_with_errors", wanted=wanted, before=before)
    return [existing_job(session, row["id"]) for row in rows]


def troubled_count(session: Session) -> int:
    """Return how many open jobs have something that a person should know."""
    (row,) = session.rows("count_open_with_errors")
    return int(row["count"])


def result(session: Session, number: int) -> tuple[ResultRow, Job] | None:
    """Return a published result with its job, or None."""
    row = session.row("result", result=number)
    if row is None or row["published_at"] is None:
        return None
    return _result(row), existing_job(session, row["job"])


def submits(session: Session, job: int) -> list[SubmitRow]:
    """Return what was sent for a job, oldest first."""
    return [
        SubmitRow(
            number=row["number"],
            intent_at=from_ms(row["intent_at"]),
            task_id=row["task_id"],
            outcome=row["outcome"],
            charge=None if row["charge"] is None else Decimal(row["charge"]),
            currency=row["currency"],
        )
        for row in session.rows("submits_of_job", job=job)
    ]


def charged(session: Session, since: datetime) -> list[ChargedRow]:
    """Return what was charged since a time."""
    return [
        ChargedRow(
            at=from_ms(row["quarter"] * 900_000),
            watch=row["watch"],
            rule=row["rule"],
            model=row["model"],
            amount=Decimal(row["charge"]),
            currency=row["currency"],
            count=row["count"],
        )
        for row in session.rows("charged_since", since=to_ms(since))
    ]


def reused(session: Session, since: datetime) -> list[tuple[Decimal | None, str | None, int]]:
    """Return estimate, currency and number of the jobs that got another's result since a time."""
    return [
        (
            None if row["estimate"] is None else Decimal(row["estimate"]),
            row["currency"],
            row["count"],
        )
        for row in session.rows("count_reused", since=to_ms(since))
    ]


def _result(row: Row) -> ResultRow:
    return ResultRow(
        id=row["id"],
        job=row["job"],
        position=row["position"],
        extension=row["extension"] or "",
        size=row["size"] or 0,
        sha256=row["sha256"] or "",
        output_name=os.fsdecode(row["output_name"]),
        published_at=from_ms(row["published_at"]),
    )
