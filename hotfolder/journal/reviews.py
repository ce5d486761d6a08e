"""Results that a person decides on: each decision, and taking it back. `reading` has what waits.

A decision takes effect some seconds after it was made: until then nothing is published, and it can
be taken back, or another made. It stands on the results, with who decided and when.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from hotfolder.domain import events as ev
from hotfolder.domain.errors import HotfolderError
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import ENDED, Decision, State, WaitsFor
from hotfolder.journal import acceptance, transitions
from hotfolder.journal.rows import load_job
from hotfolder.journal.session import Session


class NotToReview(HotfolderError):
    """A job whose results are not to be decided, or no longer; nothing was changed."""


def decide(
    session: Session, jobs: Sequence[int], decision: Decision, by: str, delay: timedelta
) -> list[Job]:
    """Decide on the results of jobs; it takes effect after `delay`. Returns them as they then are.

    Either all that was wished is decided, or NotToReview is raised and nothing is.
    """
    meant = [_existing(session, each) for each in dict.fromkeys(jobs)]
    for job in meant:
        _require_open(session, job)
        if decision is Decision.REDO:
            _require_newest(session, job)
    event = ev.Decided(decision=decision, by=by, until=session.now + delay)
    return [transitions.apply(session, job.id, event, expected=State.FETCHED) for job in meant]


def take_back(session: Session, jobs: Sequence[int], by: str) -> list[Job]:
    """Take back decisions that have not taken effect; returns the jobs as they then are.

    Either all that was wished is taken back, or NotToReview is raised and nothing is.
    """
    meant = [_existing(session, each) for each in dict.fromkeys(jobs)]
    for job in meant:
        if not is_revocable(session, job):
            raise NotToReview(f"job {job.id}: there is no decision that can be taken back")
    event = ev.Undecided(by=by)
    return [transitions.apply(session, job.id, event, expected=State.FETCHED) for job in meant]


def is_revocable(session: Session, job: Job) -> bool:
    """Return whether a job's decision has not begun to take effect.

    A name is given to a result in the journal before anything is written under it.
    """
    mine = [each for each in job.results if each.published_at is None and each.decision]
    is_ahead = job.due_at is not None and job.due_at > session.now
    untouched = all(each.output_name is None for each in mine)
    return job.state is State.FETCHED and bool(mine) and is_ahead and untouched


def make_anew(session: Session, job: Job) -> Job | None:
    """Accept the next generation of a job that was rejected; None where there is a newer one."""
    try:
        return acceptance.repeat(session, job.id)
    except acceptance.StillOpen:
        return None


def _existing(session: Session, job_id: int) -> Job:
    job = load_job(session, job_id)
    if job is None:
        raise NotToReview(f"there is no job {job_id}")
    return job


def _require_open(session: Session, job: Job) -> None:
    if job.waits_for is WaitsFor.REVIEW or is_revocable(session, job):
        return
    if job.state is State.FETCHED and job.decided is not None:
        raise NotToReview(f"job {job.id} is decided: its result is being written")
    raise NotToReview(f"job {job.id} is {job.state.value}: it does not wait for a decision")


def _require_newest(session: Session, job: Job) -> None:
    """Refuse to pay for an edit anew while more of it is to come, or a newer one is under way."""
    if job.missing:
        raise NotToReview(
            f"job {job.id}: the rest of its results is still asked for; approve or reject what "
            "came, and decide then"
        )
    for row in session.rows("newer_generations", job=job.id):
        if row["state"] not in ENDED:
            raise NotToReview(f"job {job.id} is made anew already, as job {row['id']}")
