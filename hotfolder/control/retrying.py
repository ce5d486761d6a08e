"""Working on failed jobs again, and making done ones anew."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Final

from hotfolder import config
from hotfolder.control import jobs
from hotfolder.control.jobs import BY_OPERATOR
from hotfolder.control.requests import Retry
from hotfolder.domain import events as ev
from hotfolder.domain.errors import OperatorError
from hotfolder.domain.failures import OF_THE_FILE
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State, WaitsFor
from hotfolder.journal import acceptance, paid, reading, staleness
from hotfolder.journal.drafts import Draft
from hotfolder.journal.journal import Journal
from hotfolder.journal.session import Session
from hotfolder.kinds.workshop.workshop import WorkerFailed, Workshop
from hotfolder.planning.looking import Looking
from hotfolder.planning.staleness import today
from hotfolder.tree import files
from hotfolder.tree.threads import ShareThreads

LOOK_TIMEOUT_S: Final = 20.0

WatchNamed = Callable[[str], config.Watch | None]


class Retrying:
    """Retries jobs; `watch` gives the config's watch of a name, `looking` has files looked at."""

    def __init__(
        self, journal: Journal, threads: ShareThreads, watch: WatchNamed, looking: Looking | None
    ) -> None:
        self._journal = journal
        self._looking = looking
        self._threads = threads
        self._watch = watch

    async def retry(self, request: Retry) -> list[str]:
        """Work on failed jobs again: results that were paid are fetched, else it is submitted.

        Either all jobs that were named are worked on, or it is refused before any is. Of all that
        failed, those that would only fail again are left alone.
        """
        if request.changed:
            return await self._redo(request)
        if not request.jobs:
            return await self._retry_all(request.watch)
        meant = await jobs.named(self._journal, request.jobs)
        for job in meant:
            _check_retry(job, pay_again=request.pay_again)
            why = None if request.pay_again else await self._why_in_vain(job)
            if why is not None:
                raise OperatorError(f"job {job.id}: {why}")
        return [await self._retry(job, pay_again=request.pay_again) for job in meant]

    async def _retry_all(self, watch: str | None) -> list[str]:
        lines = []
        for job in await self._journal.run(reading.jobs, state=State.FAILED, watch=watch):
            why = await self._why_in_vain(job)
            if why is None:
                lines.append(await self._retry(job, pay_again=False))
            else:
                lines.append(f"job {job.id} was left alone: {why}")
        return lines

    async def _why_in_vain(self, job: Job) -> str | None:
        """Return why retrying a job would change nothing, and what would."""
        failure = job.failure
        if failure is not None and failure.code in OF_THE_FILE:
            return (
                f"{job.source} would only fail again. {failure.message} {failure.hint} That is "
                "noticed by itself."
            )
        if await self._journal.run(_goes_on, job.id):
            return None
        return (
            "it may have been paid for, and no task is known to ask for its result: look for it "
            "in the service's account pages; --pay-again makes it anew"
        )

    async def _retry(self, job: Job, *, pay_again: bool) -> str:
        if job.state is State.DONE and pay_again:
            try:
                fresh = await self._journal.run(acceptance.repeat, job.id)
            except acceptance.StillOpen as error:
                return f"job {job.id} was left alone: {error}"
            return f"job {job.id} is done; it is made and paid anew as job {fresh.id}"
        may_be_paid = await self._journal.run(paid.may_be_paid, job.id)
        if not pay_again and (may_be_paid or job.published):
            await jobs.apply(self._journal, job, ev.Requeried(by=BY_OPERATOR))
            return f"job {job.id}: its result is asked for again, which is free"
        await jobs.apply(self._journal, job, ev.Retried(by=BY_OPERATOR, anew=pay_again))
        return f"job {job.id}: is submitted again"

    async def _redo(self, request: Retry) -> list[str]:
        """Make stale jobs anew by what their sidecars and rules say today; that pays."""
        if request.pay_again:
            raise OperatorError("--changed pays already; leave --pay-again out")
        if request.jobs:
            meant = await jobs.named(self._journal, request.jobs)
        else:
            stale = await self._journal.run(staleness.done)
            meant = [job for job in stale if request.watch in (None, job.watch)]
        for job in meant:
            if not (job.state is State.DONE and job.stale):
                raise OperatorError(f"job {job.id} is {job.state.value}, not done and stale")
        return [await self._redo_one(job) for job in meant]

    async def _redo_one(self, job: Job) -> str:
        watch = self._watch(job.watch)
        draft = None
        try:
            if watch is not None:
                draft = await self._today(watch, job)
            if draft is None or draft.failure is not None:
                why = draft.failure.message if draft and draft.failure else "no rule takes it now"
                return f"job {job.id} was left alone: {why}"
            fresh = await self._journal.run(acceptance.repeat, job.id, draft)
        except TimeoutError:
            return f"job {job.id} was left alone: its folder does not answer"
        except (acceptance.StillOpen, OSError, files.SourceError, WorkerFailed) as error:
            return f"job {job.id} was left alone: {error}"
        return f"job {job.id} is made anew by today's prompt as job {fresh.id}"

    async def _today(self, watch: config.Watch, job: Job) -> Draft | None:
        """Return what a job should become; without a daemon by workers of its own."""
        run = partial(self._threads.run, job.watch, timeout_s=LOOK_TIMEOUT_S)
        if self._looking is not None:
            return await self._looking.along(run, partial(today, self._looking.looks, watch, job))
        with closing(Workshop()) as workshop:
            looking = Looking(workshop, None)
            return await looking.along(run, partial(today, looking.looks, watch, job))


def _goes_on(session: Session, job_id: int) -> bool:
    """Whether a job can be submitted again, or asked for."""
    return not paid.may_be_paid(session, job_id) or paid.has_task(session, job_id)


def _check_retry(job: Job, *, pay_again: bool) -> None:
    if job.state is State.FAILED or (job.state is State.DONE and (pay_again or job.missing)):
        return
    hint = "; --pay-again makes it anew" if job.state is State.DONE else ""
    if job.waits_for is WaitsFor.REVIEW:
        hint = f": it waits for a decision; use review {job.id} --redo"
    if job.state is State.IN_DOUBT:
        raise OperatorError(
            f"job {job.id} is in doubt: look for it in the service's account pages, then use "
            f"resolve {job.id} --task-id ID if it is there, --resend if not, or --abandon"
        )
    state = job.state.value.replace("_", " ")
    raise OperatorError(f"job {job.id} is {state}, not failed{hint}")
