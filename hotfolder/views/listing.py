"""Jobs as they are listed: with their charge, why they are held and whom they follow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Job
from hotfolder.domain.materials import reasons
from hotfolder.domain.states import BEFORE_INTENT, State
from hotfolder.journal import holds, reading
from hotfolder.journal.rows import existing_job
from hotfolder.journal.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job with its charge, why it is held if it is, and whose result it waits for or used."""

    job: Job
    charge: Decimal | None
    held: Failure | None = None
    leader: Job | None = None


def jobs(
    session: Session,
    *,
    state: State | None = None,
    watch: str | None = None,
    since: datetime | None = None,
    last: int | None = None,
) -> list[JobView]:
    """Return the jobs with their charges, oldest first.

    Only the newest `last` of those that were accepted or ended `since`, where these are given.
    """
    held = holds.held_jobs(session)
    listed = reading.newest_jobs(session, state=state, watch=watch, since=since, last=last)
    return [job_view(session, job, held.get(job.id)) for job in listed]


def job_view(session: Session, job: Job, held: Failure | None) -> JobView:
    """Return one job as it is listed."""
    leader = existing_job(session, job.leader) if job.leader is not None else None
    charge = reading.job_charge(session, job.id)
    return JobView(job=job, charge=charge, held=held, leader=leader)


def waits(job: Job) -> bool:
    """Return whether a job waits for something before it is submitted."""
    return job.waits_for is not None and job.state in BEFORE_INTENT


def outputs(job: Job) -> list[str]:
    """Return the published outputs, relative to the output folder."""
    return [
        result.output_name
        for result in job.results
        if result.output_name is not None
        and result.published_at is not None
        and not result.is_rejected
    ]


def rejected(job: Job) -> list[str]:
    """Return where rejected results are kept, relative to the output folder."""
    return [each.output_name for each in job.published if each.is_rejected and each.output_name]


def conversion(job: Job) -> list[str]:
    """Return why a job's sources are not sent as they are; nothing where they are."""
    return reasons(job.sources)
