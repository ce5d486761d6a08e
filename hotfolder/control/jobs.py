"""The jobs that an operator names: found in the journal, and moved by one event."""

from __future__ import annotations

from typing import Final

import structlog

from hotfolder.domain import events as ev
from hotfolder.domain.errors import OperatorError
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import BEFORE_INTENT, State, WaitsFor
from hotfolder.journal import leaders, transitions
from hotfolder.journal.journal import Journal
from hotfolder.journal.rows import existing_job
from hotfolder.runninghub.client import Client

BY_OPERATOR: Final = "operator"

_ELSEWHERE: Final = {
    State.FAILED: "has failed: retry {job} works on it again",
    State.IN_DOUBT: "is in doubt: look for it in the service's account pages, then use "
    "resolve {job} --task-id ID if it is there, --resend if not, or --abandon",
    State.DONE: "is done: retry {job} --pay-again makes it anew",
    State.CANCELLED: "was given up",
}

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.control")


async def named(journal: Journal, job_ids: list[int]) -> list[Job]:
    """Return the jobs of these numbers, each once. Raises OperatorError."""
    return [await existing(journal, each) for each in dict.fromkeys(job_ids)]


async def existing(journal: Journal, job_id: int) -> Job:
    """Return a job. Raises OperatorError where there is none of this number."""
    try:
        return await journal.run(existing_job, job_id)
    except LookupError:
        raise OperatorError(f"there is no job {job_id}") from None


async def apply(journal: Journal, job: Job, event: ev.Event) -> None:
    """Move a job on. Raises OperatorError where it moved on by itself meanwhile."""
    try:
        await journal.run(transitions.apply, job.id, event, expected=job.state)
    except transitions.StateMoved as error:
        raise OperatorError(f"{error}: try again") from error
    log.info("operator.acted", **job.log_context(), event_name=type(event).__name__)


async def freed(journal: Journal, job: Job) -> str:
    """Return what giving a job up means for who waits for its result, for a sentence's end."""
    waiting = await journal.run(leaders.followers, job.id)
    if not waiting:
        return ""
    return (
        f"; {waiting} of the same content waited for it: without its result, the next is paid for"
    )


def elsewhere(job: Job) -> str:
    """Return where a job stands and what could be done about it instead, for a sentence's end."""
    if job.state in BEFORE_INTENT and job.failure is not None:
        why = job.failure.about(job=job.id, watch=job.watch)
        return f"waits: {why.message} {why.hint}".strip()
    if job.waits_for is WaitsFor.REVIEW:
        return f"waits for a decision: review {job.id} --approve, --reject or --redo"
    return _ELSEWHERE.get(job.state, "is under way").format(job=job.id)


def asked(client: Client | None) -> Client:
    """Return the service's client. Raises OperatorError where there is no key to ask with."""
    if client is None:
        raise OperatorError("this has to ask the service, and there is no API key")
    return client
