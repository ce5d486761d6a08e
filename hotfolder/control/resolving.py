"""Settling jobs in doubt by what the operator found out."""

from __future__ import annotations

from hotfolder.control import jobs
from hotfolder.control.jobs import BY_OPERATOR
from hotfolder.control.requests import Resolve
from hotfolder.domain import events as ev
from hotfolder.domain.errors import OperatorError, RemoteError
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State
from hotfolder.journal import callbacks, reading
from hotfolder.journal.journal import Journal
from hotfolder.runninghub.client import Client
from hotfolder.runninghub.wire import TaskStatus


class Resolving:
    """Resolves doubts; a `client` is needed only to look at a task."""

    def __init__(self, journal: Journal, client: Client | None) -> None:
        self._journal = journal
        self._client = client

    async def resolve(self, request: Resolve) -> str:
        """Settle a job in doubt."""
        job = await jobs.existing(self._journal, request.job)
        ways = sum((request.task_id is not None, request.resend, request.abandon))
        if ways != 1:
            raise OperatorError("say exactly one of --task-id, --resend and --abandon")
        if job.state is not State.IN_DOUBT:
            raise OperatorError(f"job {job.id} is not in doubt, it {jobs.elsewhere(job)}")
        if request.task_id is not None:
            return await self._found(job, request.task_id.strip())
        if request.resend:
            await self._refuse_if_told(job)
            await jobs.apply(self._journal, job, ev.ResendApproved(by=BY_OPERATOR))
            return f"job {job.id}: is submitted again"
        freed = await jobs.freed(self._journal, job)
        await jobs.apply(self._journal, job, ev.Cancelled(by=BY_OPERATOR))
        return f"job {job.id}: given up; if it was charged, that is not known here{freed}"

    async def _refuse_if_told(self, job: Job) -> None:
        """Refuse to pay again while a task that a callback named is being looked into."""
        task_id = await self._journal.run(callbacks.named, job.id)
        if task_id is not None:
            raise OperatorError(
                f"a callback named task {task_id} for job {job.id}, and the service is being asked "
                f"for it: wait a few minutes; resolve {job.id} --task-id {task_id} asks at once"
            )

    async def _found(self, job: Job, task_id: str) -> str:
        if not (task_id and task_id.isascii() and task_id.isprintable()):
            raise OperatorError(f"{task_id!a} is no id of a task")
        owner = await self._journal.run(reading.task_owner, task_id)
        if owner is not None and owner != job.id:
            raise OperatorError(f"task {task_id} belongs to job {owner}")
        try:
            report = await jobs.asked(self._client).query(task_id)
        except RemoteError as error:
            raise OperatorError(f"the service could not be asked for the task: {error}") from error
        if report.status is TaskStatus.DENIED:
            raise OperatorError(f"the service does not know a task {task_id}")
        await jobs.apply(self._journal, job, ev.TaskFound(task_id=task_id, by=BY_OPERATOR))
        return f"job {job.id}: is task {task_id}; it is followed from here"
