"""What a person allows of jobs that are held for their price."""

from __future__ import annotations

from dataclasses import replace

from hotfolder.domain.chance import as_wanted
from hotfolder.domain.jobs import Job, Plan
from hotfolder.domain.price_failures import HELD_FOR_PRICE
from hotfolder.journal.rows import existing_job
from hotfolder.journal.session import Session


def allow(session: Session, job: Job, price_key: str) -> list[int]:
    """Release a job that is held for its price, with its variants; returns those that were held.

    A plan that asks for another price, or for more, is held again.
    """
    code = job.failure.code if job.failure else ""
    if code not in HELD_FOR_PRICE:
        return []
    rows = session.rows("held_beside", job=job.id, code=code)
    beside = [existing_job(session, row["id"]) for row in rows]
    together = [each.id for each in beside if _alike(each.plan) == _alike(job.plan)]
    return [
        number
        for number in together
        if session.change("allow_job", job=number, price_key=price_key, code=code)
    ]


def _alike(plan: Plan) -> Plan:
    """Return a plan without what only tells its variants apart."""
    return replace(as_wanted(plan), variant=None, stem="")
