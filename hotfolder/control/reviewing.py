"""Deciding on results that wait for a person, and taking that back."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from hotfolder.control.requests import Review
from hotfolder.domain.errors import OperatorError
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import Decision
from hotfolder.journal import reviews
from hotfolder.journal.journal import Journal

UNDO_S: Final = 10.0
DECISIONS: Final = {
    "approve": Decision.APPROVED,
    "reject": Decision.REJECTED,
    "redo": Decision.REDO,
}

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.control")


class Reviewing:
    """Decides on results. A decision takes effect after UNDO_S seconds."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def act(self, action: str, request: Review) -> list[str]:
        """Approve, reject, redo or undo: all jobs that are named, or none."""
        try:
            if action == "undo":
                return await self._undo(request)
            return await self._decide(DECISIONS[action], request)
        except reviews.NotToReview as error:
            raise OperatorError(str(error)) from error

    async def _decide(self, decision: Decision, request: Review) -> list[str]:
        delay = timedelta(seconds=UNDO_S)
        decide = partial(reviews.decide, decision=decision, by=request.by, delay=delay)
        decided = await self._journal.run(decide, request.jobs)
        for job in decided:
            log.info("operator.decided", **job.log_context(), decision=decision, by=request.by)
        return [_decided(job, decision) for job in decided]

    async def _undo(self, request: Review) -> list[str]:
        back = await self._journal.run(reviews.take_back, request.jobs, request.by)
        for job in back:
            log.info("operator.undecided", **job.log_context(), by=request.by)
        return [f"job {job.id}: waits for a decision again" for job in back]


def _decided(job: Job, decision: Decision) -> str:
    match decision:
        case Decision.APPROVED:
            done = "approved, and published"
        case Decision.REJECTED:
            done = "rejected, and put among the rejected ones"
        case Decision.REDO:
            done = f"rejected, and made and paid anew{_price(job)},"
    return f"job {job.id}: {done} in {UNDO_S:.0f} seconds; until then review {job.id} --undo"


def _price(job: Job) -> str:
    amount, currency = job.estimate.amount, job.estimate.currency
    return "" if amount is None else f" for about {amount} {currency or ''}".rstrip()
