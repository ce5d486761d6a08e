"""Results that jobs of a chain follow with, and that the spool lost.

They are fetched once more, which is free; where that is too late, a step before is made anew.
"""

from __future__ import annotations

from typing import Final

from hotfolder.domain import events as ev
from hotfolder.domain.chain_failures import INTERMEDIATE_GONE
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State
from hotfolder.journal.follow_ups import FOLLOWED_FOR
from hotfolder.journal.rows import existing_job
from hotfolder.journal.session import Session
from hotfolder.journal.transitions import apply

BY_CHAIN: Final = "a later step"


def recall(session: Session, job: Job) -> State | None:
    """Have the result that a job follows with fetched once more, which is free.

    Returns how far its parent is then; None where the result is published, or cannot be had.
    """
    if job.place is None:
        return None
    parent = existing_job(session, job.place.parent)
    if parent.state in (State.FAILED, State.CANCELLED):
        return None
    if parent.state in (State.FETCHED, State.DONE):
        if not session.change("forget_taken", job=job.id):
            return None
        lost = ev.SpoolLost() if parent.state is State.FETCHED else ev.Requeried(by=BY_CHAIN)
        return apply(session, parent.id, lost).state
    return parent.state


def first_to_make(session: Session, job: Job) -> Job:
    """Return the job to make anew where one is: itself, or the nearest before it in its chain.

    It has all that it follows with, or is the first.
    """
    while job.place is not None and _lacks_result(session, job):
        job = existing_job(session, job.place.parent)
    return job


def _lacks_result(session: Session, job: Job) -> bool:
    if job.failure is not None and job.failure.code == INTERMEDIATE_GONE.code:
        return True
    return job.ended_at is not None and job.ended_at <= session.now - FOLLOWED_FOR
