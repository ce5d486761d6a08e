"""What waits for somebody to approve or reject it: sources beside their edits."""

from __future__ import annotations

from dataclasses import dataclass

from hotfolder.domain.jobs import Job, Result
from hotfolder.journal import reading
from hotfolder.journal.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A job and the first of its results that came."""

    job: Job
    result: Result


def to_review(session: Session, after: int, limit: int) -> list[Pair]:
    """Return the pairs that wait, the oldest first, after a job of this number."""
    found = []
    for job in reading.to_review(session, after=after, limit=limit):
        result = next((each for each in job.results if each.sha256 is not None), None)
        if result is not None:
            found.append(Pair(job=job, result=result))
    return found


def newest(session: Session) -> int:
    """Return the number of the newest job that waits for a decision, 0 = none."""
    return reading.newest_undecided(session)


def count(session: Session) -> int:
    """Return how many jobs wait for a decision."""
    return reading.undecided(session).jobs
