"""Working on failed jobs again, and making done ones anew."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from hotfolder import config
from hotfolder.control import jobs
from hotfolder.control.jobs import BY_OPERATOR
from hotfolder.control.requests import Retry
from hotfolder.domain import events as ev
from hotfolder.domain.errors import OperatorError
from hotfolder.domain.file_failures import OF_THE_FILE
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State
from hotfolder.journal import acceptance, lacking, originals, paid, reading, recalling, staleness
from hotfolder.journal.journal import Journal
from hotfolder.journal.session import Session
from hotfolder.kinds.workshop.errors import WorkerFailed
from hotfolder.kinds.workshop.workshop import Workshop
from hotfolder.planning import served
from hotfolder.planning import staleness as staleness_of_today
from hotfolder.planning.examine import Verdict, Wanted
from hotfolder.planning.looking import Looking
from hotfolder.planning.looks import Looks
from hotfolder.planning.staleness import Today, asks_for_other, today
from hotfolder.tree import files
from hotfolder.tree.threads import ShareThreads

LOOK_TIMEOUT_S: Final = 20.0

T = TypeVar("T")

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
        if request.pay_again:
            return await self._pay_again(meant)
        for job in meant:
            why = await self._why_in_vain(job)
            if why is not None:
                raise OperatorError(f"job {job.id}: {why}")
        return [await self._retry(job, pay_again=False) for job in meant]

    async def _pay_again(self, meant: list[Job]) -> list[str]:
        """Make jobs anew, each from the step of its chain from which that can be done."""
        first = [await self._journal.run(recalling.first_to_make, job) for job in meant]
        for step in first:
            await self._require_original(step)
        named = {job.id for job in meant}
        return [
            await (self._retry(step, pay_again=True) if step.id in named else self._anew(step))
            for step in {each.id: each for each in first}.values()
        ]

    async def _anew(self, step: Job) -> str:
        """Make a step anew because what another took of it is gone."""
        try:
            fresh = await self._journal.run(acceptance.repeat, step.id)
        except acceptance.StillOpen as error:
            return f"job {step.id} was left alone: {error}"
        return (
            f"job {step.id}: what it made is gone; it is made and paid anew as job {fresh.id}, "
            "and what follows it then"
        )

    async def _retry_all(self, watch: str | None) -> list[str]:
        lines = []
        for job in await self._journal.run(reading.jobs, state=State.FAILED, watch=watch):
            why = await self._why_in_vain(job)
            if why is None:
                lines.append(await self._retry(job, pay_again=False))
            else:
                lines.append(f"job {job.id} was left alone: {why}")
        return lines

    async def _require_original(self, job: Job) -> None:
        """Raise OperatorError where what would be sent was moved to the originals, and is there."""
        place = await self._journal.run(originals.moved_to, job.id)
        if place is None:
            return
        look = partial(files.is_gone, Path(job.input_root), job.source)
        with suppress(OSError, files.SourceError, TimeoutError):
            if not await self._threads.run(job.watch, look, timeout_s=LOOK_TIMEOUT_S):
                return
            raise OperatorError(
                f"job {job.id}: its original is {place} in the output folder: put it back as "
                f"{job.source} in the input folder first"
            )

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
        try:
            return await self._redone(self._watch(job.watch), job)
        except TimeoutError:
            return f"job {job.id} was left alone: its folder does not answer"
        except (acceptance.StillOpen, OSError, files.SourceError, WorkerFailed) as error:
            return f"job {job.id} was left alone: {error}"

    async def _redone(self, watch: config.Watch | None, job: Job) -> str:
        if watch is None:
            return f"job {job.id} was left alone: no rule takes it now"
        regrouped = await self._regrouped(watch, job)
        if regrouped is not None:
            return await self._redo_set(watch, job, regrouped)
        wanted = await self._today(watch, job)
        draft = wanted.own
        if draft is None or draft.failure is not None:
            why = draft.failure.message if draft and draft.failure else "no rule takes it now"
            return f"job {job.id} was left alone: {why}"
        is_other = asks_for_other(watch, job, draft)
        per_rule = watch.rules == "all"
        added = await self._journal.run(_add, job, wanted, again=is_other, per_rule=per_rule)
        if added:
            return f"job {job.id}: {', '.join(added)}"
        if not is_other:
            await self._journal.run(staleness.mark, {job.id: False}, {})
            return f"job {job.id} was left alone: it is what today's prompt and rule ask for"
        fresh = await self._journal.run(acceptance.repeat, job.id, draft)
        return f"job {job.id} is made anew by today's prompt as job {fresh.id}"

    async def _redo_set(self, watch: config.Watch, job: Job, verdict: Verdict) -> str:
        """Make a job's files anew with the others that are in one set with them today."""
        if not isinstance(verdict, Wanted):
            return f"job {job.id} was left alone: its set cannot be made now"
        failed = next((each.failure for each in verdict.drafts if each.failure), None)
        if failed is not None:
            return f"job {job.id} was left alone: {failed.message}"
        fresh = await self._journal.run(
            acceptance.accept,
            verdict.found,
            verdict.drafts,
            job.output_root,
            per_rule=watch.rules == "all",
            asked=True,
        )
        await self._journal.run(staleness.mark, {job.id: False}, {})
        made = ", ".join(str(each.id) for each in fresh)
        names = ", ".join(each.path for each in verdict.found.members)
        if not made:
            return f"job {job.id} was left alone: {names} were made together already"
        return f"job {job.id} is made anew of {names} as job {made}"

    async def _regrouped(self, watch: config.Watch, job: Job) -> Verdict | None:
        """Return the set of a job's source as it is today, None where it has the same files."""
        number = await self._journal.run(_number_of_watch, job.id)
        return await self._looked(
            job, lambda looks: staleness_of_today.regrouped(looks, watch, number, job)
        )

    async def _today(self, watch: config.Watch, job: Job) -> Today:
        """Return what a job should become."""
        return await self._looked(job, lambda looks: today(looks, watch, job))

    async def _looked(self, job: Job, call: Callable[[Looks], T]) -> T:
        """Look at files of a job's watch; without a daemon by workers of its own."""
        run = partial(self._threads.run, job.watch, timeout_s=LOOK_TIMEOUT_S)
        if self._looking is not None:
            return await self._looking.along(run, partial(call, self._looking.looks))
        with closing(Workshop()) as workshop:
            looking = Looking(workshop, None, Looks(partial(served.was_job, self._journal)))
            return await looking.along(run, partial(call, looking.looks))


def _add(session: Session, job: Job, wanted: Today, *, again: bool, per_rule: bool) -> list[str]:
    """Enter what lacks beside a job, and then the job `again` if it is; tells what is made."""
    fresh = lacking.enter_lacking(session, job.id, wanted.drafts, per_rule=per_rule)
    told = [f"{each.part} is made as job {each.id}" for each in fresh]
    if not fresh or wanted.own is None:
        return told
    if again:
        anew = acceptance.repeat(session, job.id, wanted.own)
        return [f"it is made anew by today's prompt as job {anew.id}", *told]
    staleness.mark(session, {job.id: False}, {})
    return told


def _number_of_watch(session: Session, job_id: int) -> int:
    (known,) = session.rows("known_by", job=job_id)
    return int(known["watch"])


def _goes_on(session: Session, job_id: int) -> bool:
    """Whether a job can be submitted again, or asked for."""
    return not paid.may_be_paid(session, job_id) or paid.has_task(session, job_id)


def _check_retry(job: Job, *, pay_again: bool) -> None:
    if job.state is State.FAILED or (job.state is State.DONE and (pay_again or job.missing)):
        return
    raise OperatorError(f"job {job.id} has not failed, it {jobs.elsewhere(job)}")
