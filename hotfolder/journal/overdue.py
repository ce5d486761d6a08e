"""Pictures whose required sidecar does not come: first they just wait, later a person is told."""

from __future__ import annotations

from datetime import timedelta

from hotfolder.domain import file_failures
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Job
from hotfolder.journal.rows import existing_job
from hotfolder.journal.session import Session, to_ms


def report(session: Session, watch: str, after_s: float) -> list[Job]:
    """Mark what has waited longer for a required sidecar, and return what was not so before."""
    rows = session.rows(
        "report_overdue",
        watch=watch,
        before=to_ms(session.now - timedelta(seconds=after_s)),
        missing=file_failures.SIDECAR_MISSING.code,
        overdue=file_failures.SIDECAR_OVERDUE,
    )
    return [existing_job(session, row["id"]) for row in rows]


def is_the_same(known: Failure | None, now: Failure | None) -> bool:
    """Return whether a job waits for the same reason as before, overdue or not."""
    if known is None or now is None or known.code != file_failures.SIDECAR_OVERDUE:
        return known == now
    return now.code == file_failures.SIDECAR_MISSING.code and known.message == now.message
