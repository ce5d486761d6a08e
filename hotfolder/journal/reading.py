"""What the faces ask of the journal: jobs, counts, charges, watches, what waits for a person."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State
from hotfolder.journal.rows import existing_job
from hotfolder.journal.session import Session, from_ms, to_ms

MOST_LISTED: Final = 1000  # at once, of what waits for a decision
MANY_OPEN: Final = 100  # jobs of one file, of which a person is told


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRow:
    """A watch as the journal knows it; `since` is when it last came online or went offline."""

    id: int
    name: str
    root: str
    output_root: str
    online: bool
    detect: str | None
    reason: str | None
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Money spent by one submit, and what for."""

    at: datetime
    amount: Decimal
    currency: str | None
    watch: str
    rule: str
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One line of a job's history; `detail` is JSON."""

    at: datetime
    name: str
    to_state: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRisk:
    """What doubtful submits may have cost; `amount` counts those whose price is known."""

    submits: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Undecided:
    """How many jobs wait for a decision, and the bytes that their results take in the spool."""

    jobs: int
    size: int


@dataclass(frozen=True, slots=True)
class FileOfMany:
    """A file that became many jobs, of which so many are open."""

    watch: str
    path: str
    open: int
    jobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """What the journal knows of one path."""

    id: int
    content_hash: str | None
    identity: str | None
    reason: str | None
    skipped: bool
    held: bool
    moved_to: str | None


def watches(session: Session) -> list[WatchRow]:
    """Return all watches that ever were."""
    return [
        WatchRow(
            id=row["id"],
            name=row["name"],
            root=os.fsdecode(row["root"]),
            output_root=os.fsdecode(row["output_root"]),
            online=bool(row["online"]),
            detect=row["detect"],
            reason=row["reason"],
            since=None if row["since"] is None else from_ms(row["since"]),
        )
        for row in session.rows("watches")
    ]


def state_counts(session: Session) -> dict[State, int]:
    """Return how many jobs are in each state."""
    counted = {State(row["state"]): row["count"] for row in session.rows("count_states")}
    return {state: counted.get(state, 0) for state in State}


def wait_counts(session: Session) -> dict[str, int]:
    """Return how many jobs wait for what, apart from time."""
    return {row["waits_for"]: row["count"] for row in session.rows("count_waits")}


def charges(session: Session) -> list[Charge]:
    """Return every charge."""
    return [
        Charge(
            at=from_ms(row["intent_at"]),
            amount=Decimal(row["charge"]),
            currency=row["currency"],
            watch=row["watch"],
            rule=row["rule"],
            model=row["model"],
        )
        for row in session.rows("charges")
    ]


def unreadable_charges(session: Session) -> dict[int, str]:
    """Return the jobs with a charge that could not be read, each with what stood there."""
    return {row["job"]: row["said"] for row in session.rows("unreadable_charges")}


def jobs(session: Session, *, state: State | None = None, watch: str | None = None) -> list[Job]:
    """Return the jobs, oldest first."""
    rows = session.rows("find_jobs", state=state.value if state else None, watch=watch)
    return [existing_job(session, row["id"]) for row in rows]


def newest_jobs(
    session: Session,
    *,
    state: State | None = None,
    watch: str | None = None,
    since: datetime | None = None,
    last: int | None = None,
) -> list[Job]:
    """Return the newest `last` jobs, oldest first, that were accepted or ended `since`."""
    rows = session.rows(
        "newest_jobs",
        state=state.value if state else None,
        watch=watch,
        since=to_ms(since) if since else None,
        limit=sys.maxsize if last is None else last,
    )
    return [existing_job(session, row["id"]) for row in reversed(rows)]


def needing_attention(session: Session) -> list[Job]:
    """Return the jobs with something that a person should know, oldest first."""
    return [existing_job(session, row["id"]) for row in session.rows("jobs_with_errors")]


def at_risk(session: Session) -> AtRisk:
    """Return what submits may have cost that nobody knows the end of."""
    rows = session.rows("estimates_at_risk")
    known = [Decimal(row["estimate"]) for row in rows if row["estimate"] is not None]
    return AtRisk(submits=len(rows), amount=sum(known, Decimal(0)))


def to_review(
    session: Session, *, watch: str | None = None, after: int = 0, limit: int = MOST_LISTED
) -> list[Job]:
    """Return the jobs whose results wait for a decision, or for it to take effect, oldest first.

    At most `limit` of those whose number is greater than `after`.
    """
    rows = session.rows("to_review", watch=watch, after=after, limit=limit)
    return [existing_job(session, row["id"]) for row in rows]


def newest_undecided(session: Session) -> int:
    """Return the number of the newest job that waits for a decision, 0 = none."""
    row = session.row("newest_to_review")
    return 0 if row is None or row["job"] is None else int(row["job"])


def undecided(session: Session) -> Undecided:
    """Return how much waits for a decision."""
    row = session.row("count_to_review")
    return Undecided(0, 0) if row is None else Undecided(int(row["jobs"]), int(row["bytes"]))


def job_charge(session: Session, job_id: int) -> Decimal | None:
    """Return what a job has cost over all its submits; None = nothing is known of a charge."""
    rows = session.rows("job_charge", job=job_id)
    return sum((Decimal(row["charge"]) for row in rows), Decimal(0)) if rows else None


def source(session: Session, watch: int, path: str) -> SourceRow | None:
    """Return what is known of a path, or None."""
    row = session.row("find_source", watch=watch, path=os.fsencode(path))
    if row is None:
        return None
    return SourceRow(
        id=row["id"],
        content_hash=row["content_hash"],
        identity=row["identity"],
        reason=row["reason"],
        skipped=row["verdict"] == "skipped",
        held=row["backlog"] == "held",
        moved_to=None if row["moved_to"] is None else os.fsdecode(row["moved_to"]),
    )


def became_job(session: Session, root: str, path: str) -> bool:
    """Return whether what stands, or stood, at a place of a watch's folder became a job."""
    return session.row("jobs_of_place", root=os.fsencode(root), path=os.fsencode(path)) is not None


def went_to(session: Session, watch: int, path: str) -> str | None:
    """Return where the picture that stood at a path is now within its watch, or None."""
    row = session.row("went_to", watch=watch, moved_from=path)
    return None if row is None else os.fsdecode(row["path"])


def jobs_of_source(session: Session, source_id: int, limit: int) -> list[Job]:
    """Return the newest so many jobs of one place, newest first."""
    rows = session.rows("jobs_of_source", source=source_id, limit=limit)
    return [existing_job(session, row["id"]) for row in rows]


def states_of_source(session: Session, source_id: int) -> dict[State, int]:
    """Return how many jobs of one place are in each state that has some."""
    rows = session.rows("states_of_source", source=source_id)
    return {State(row["state"]): row["count"] for row in rows}


def files_of_many(session: Session) -> list[FileOfMany]:
    """Return the files of which many jobs are open, those with the most first."""
    rows = session.rows("files_of_many", least=MANY_OPEN)
    return [
        FileOfMany(row["watch"], os.fsdecode(row["path"]), row["open"], row["jobs"]) for row in rows
    ]


def history(session: Session, job_id: int) -> list[HistoryLine]:
    """Return what happened to a job, oldest first."""
    return [
        HistoryLine(
            at=from_ms(row["at"]),
            name=row["name"],
            to_state=row["to_state"],
            detail=row["detail"],
        )
        for row in session.rows("history", job=job_id)
    ]


def newest_time(session: Session) -> datetime | None:
    """Return when the history's last line was written."""
    row = session.row("newest_time")
    return from_ms(row["at"]) if row is not None and row["at"] is not None else None


def finished(session: Session, job_id: int) -> str:
    """Return what was done to a job's results after they came."""
    told = [json.loads(line.detail) for line in history(session, job_id)]
    return next((line["finished"] for line in reversed(told) if line.get("finished")), "")


def newest_event(session: Session) -> int:
    """Return the number of the history's last line."""
    row = session.row("newest_event")
    return int(row["id"]) if row is not None else 0


def touched_since(session: Session, event: int) -> list[Job]:
    """Return the jobs that are open or were moved after a line of the history."""
    rows = session.rows("jobs_touched_since", event=event)
    return [existing_job(session, row["id"]) for row in rows]


def failed_since(session: Session, event: int) -> list[Job]:
    """Return the jobs that failed after a line of the history, and have failed still."""
    rows = session.rows("jobs_failed_since", event=event)
    return [existing_job(session, row["id"]) for row in rows]


def oldest_result(session: Session) -> datetime | None:
    """Return since when the oldest result stands at the service without being fetched."""
    row = session.row("oldest_result")
    return from_ms(row["at"]) if row is not None and row["at"] is not None else None


def ended_counts(session: Session, begin: datetime) -> dict[State, int]:
    """Return how many jobs have ended how since a time."""
    rows = session.rows("count_ended", begin=to_ms(begin))
    return {State(row["state"]): row["count"] for row in rows}


def going_on(session: Session) -> int:
    """Return how many jobs will go on by themselves: due some time, and not held."""
    row = session.row("count_going_on")
    return int(row["count"]) if row is not None else 0


def failed_tasks(session: Session, job_id: int) -> int:
    """Return how many tasks of a job the service has ended as failed so far."""
    row = session.row("count_failed_tasks", job=job_id)
    return int(row["count"]) if row is not None else 0


def failed_fetches(session: Session, job_id: int, code: str) -> tuple[int, int]:
    """Return how often a job's links led to nothing, and how often for a reason of this code."""
    (row,) = session.rows("count_failed_fetches", job=job_id, code=code)
    return int(row["links"]), int(row["alike"])


def task_owner(session: Session, task_id: str) -> int | None:
    """Return the job that a task of the service belongs to."""
    row = session.row("task_owner", task_id=task_id)
    return None if row is None else int(row["job"])


def a_set_waits(session: Session, watch: str) -> bool:
    """Return whether a set of the watch of this name is not complete."""
    return session.row("set_waits", watch=watch) is not None
