"""Giving jobs up, as far as that is still possible."""

from __future__ import annotations

from hotfolder.control import jobs
from hotfolder.control.jobs import BY_OPERATOR
from hotfolder.control.requests import Cancel
from hotfolder.domain import events as ev
from hotfolder.domain.errors import OperatorError, RemoteError
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import BEFORE_INTENT, State, WaitsFor
from hotfolder.journal.journal import Journal
from hotfolder.runninghub.client import Client


class Cancelling:
    """Cancels jobs; a `client` is needed only for what the service works on."""

    def __init__(self, journal: Journal, client: Client | None) -> None:
        self._journal = journal
        self._client = client

    async def cancel(self, request: Cancel) -> list[str]:
        """Give jobs up, as far as that is still possible.

        Either all that was wished is tried, or it is refused before anything is.
        """
        meant = await jobs.named(self._journal, request.jobs)
        for job in meant:
            if job.state not in BEFORE_INTENT | {State.RUNNING} and not _is_failed_step(job):
                raise OperatorError(_why_not(job))
        return [await self._cancel(job) for job in meant]

    async def _cancel(self, job: Job) -> str:
        if job.state is State.RUNNING:
            return await self._cancel_remotely(job)
        freed = await jobs.freed(self._journal, job)
        await jobs.apply(self._journal, job, ev.Cancelled(by=BY_OPERATOR))
        if job.place is not None:
            return f"job {job.id}: given up; what the step before made is published"
        return f"job {job.id}: cancelled; nothing was paid{freed}"

    async def _cancel_remotely(self, job: Job) -> str:
        task_id = (job.submit.task_id if job.submit else None) or ""
        try:
            taken = await jobs.asked(self._client).cancel(task_id)
        except RemoteError as error:
            raise OperatorError(f"the service could not be asked to cancel: {error}") from error
        if not taken:
            raise OperatorError(f"the service does not cancel job {job.id}; it goes on")
        freed = await jobs.freed(self._journal, job)
        return f"job {job.id}: the service was asked to cancel; what it then says counts{freed}"


def _is_failed_step(job: Job) -> bool:
    """Whether a job failed that was to go on with a result, which is published without it."""
    return job.state is State.FAILED and job.place is not None


def _why_not(job: Job) -> str:
    match job.state:
        case State.SUBMITTING:
            return f"job {job.id} is just being sent: try again"
        case State.IN_DOUBT:
            return f"job {job.id} is in doubt: use resolve {job.id} --abandon"
        case State.FETCHED if job.waits_for is WaitsFor.REVIEW:
            return f"job {job.id} is edited and paid: use review {job.id} --reject"
        case State.FINISHED | State.FETCHED:
            return f"job {job.id} is edited and paid; its result is being delivered"
    return f"job {job.id} has nothing to be given up, it {jobs.elsewhere(job)}"
