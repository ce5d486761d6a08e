"""RUNNING: how far is the task. No bad answer ends a job; only the task's own end does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from hotfolder.account.pace import Durations
from hotfolder.domain import events as ev
from hotfolder.domain import failures
from hotfolder.domain import paid as law
from hotfolder.domain.errors import RemoteError
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Job, Submit
from hotfolder.domain.paid import Charge, Heard, Next, Told
from hotfolder.domain.remote_failures import of_lost, of_task_end
from hotfolder.domain.retry import backoff_s
from hotfolder.journal import paid, reading
from hotfolder.pipeline.desk import Desk
from hotfolder.pipeline.step import Outcome
from hotfolder.runninghub.wire import TaskReport, TaskStatus

EMPTY_TRIES: Final = 5
DENIED_TRIES: Final = 3
DENIED_FOR_S: Final = 600.0
TASKS_TRIED: Final = 3
PASSING_BASE_S: Final = 10.0

Currency = Callable[[], str | None]

_TOLD: Final = {
    TaskStatus.SUCCEEDED: Told.SUCCEEDED,
    TaskStatus.FAILED: Told.FAILED,
    TaskStatus.CANCELLED: Told.CANCELLED,
    TaskStatus.DENIED: Told.UNKNOWN,
}


@dataclass(slots=True)
class _Oddities:
    """How often and since when a task has been answered for oddly."""

    empty: int = 0
    denied: int = 0
    denied_since_s: float = 0.0


class Querying:
    """Asks for a task. `currency` tells the account's, which charges are in."""

    def __init__(self, desk: Desk, *, durations: Durations, currency: Currency) -> None:
        self._desk = desk
        self._durations = durations
        self._currency = currency
        self._oddities: defaultdict[int, _Oddities] = defaultdict(_Oddities)
        self._seen_running_s: dict[int, float] = {}

    async def __call__(self, job: Job) -> Outcome:
        """Return how the task ended, or Postponed."""
        submit = _submit_of(job)
        try:
            report = await self._desk.client.query(submit.task_id or "")
        except RemoteError as error:
            return Outcome(self._desk.delays.postponed(job, str(error), error))
        event = await self._event(job, submit, report)
        if isinstance(event, ev.Postponed):
            await self._hear(submit, report)
        else:
            self._oddities.pop(job.id, None)
            self._seen_running_s.pop(job.id, None)
        return Outcome(event)

    async def _event(self, job: Job, submit: Submit, report: TaskReport) -> ev.Event:
        told = _TOLD.get(report.status)
        if told is None:
            return self._still_running(job, submit)
        heard = await self._desk.journal.run(paid.heard, submit.id)
        match law.after(told, report.charge, heard):
            case Next.FETCH:
                return self._succeeded(job, submit, report)
            case Next.CONFIRM:
                return await self._again_or(job, report)
            case Next.END:
                return ev.RemoteCancelled(charge=self._charge(report))
            case Next.DOUBT:
                return self._denied(job) or ev.RemoteLost()
            case _:
                return self._paid(job, report, heard)

    def _paid(self, job: Job, report: TaskReport, heard: Heard) -> ev.Event:
        """Return how a task ends that is paid and has no result, or no longer has one."""
        if report.status is TaskStatus.DENIED:
            return self._denied(job) or self._lost(report, failures.PAID_LOST)
        if heard.succeeded:
            return self._lost(report, of_lost(report.code, report.said))
        return self._failed(report)

    async def _hear(self, submit: Submit, report: TaskReport) -> None:
        """Keep what was said of money by an answer that does not move the job."""
        has_succeeded = report.status is TaskStatus.SUCCEEDED
        if has_succeeded or report.charge:
            hear = partial(paid.hear, succeeded=has_succeeded)
            await self._desk.journal.run(hear, submit.id, self._charge(report))

    def _charge(self, report: TaskReport) -> Charge:
        return replace(report.charge, currency=self._currency())

    def _failed(self, report: TaskReport) -> ev.RemoteFailed:
        charge = self._charge(report)
        return ev.RemoteFailed(failure=of_task_end(report.code, report.said, charge), charge=charge)

    def _lost(self, report: TaskReport, failure: Failure) -> ev.RemoteFailed:
        return ev.RemoteFailed(failure=failure, charge=self._charge(report), ended_by_service=False)

    async def _again_or(self, job: Job, report: TaskReport) -> ev.Event:
        """Return the event by which a passing failure is submitted again, else the failure."""
        failed = self._failed(report)
        if report.code not in failures.PASSING_CODES:
            return failed
        tried = await self._desk.journal.run(reading.failed_tasks, job.id) + 1
        if tried >= TASKS_TRIED:
            return failed
        wait_s = backoff_s(tried, self._desk.later.jitter(), base_s=PASSING_BASE_S)
        return ev.RemoteFailedInPassing(
            failure=failures.passing(failed.failure), until=self._desk.later.after(wait_s)
        )

    def _running_s(self, submit: Submit) -> float:
        """Return how long a task has run, whatever the wall clock was set to."""
        return self._desk.later.clock.elapsed_s() - submit.sent_s

    def _still_running(self, job: Job, submit: Submit) -> ev.Event:
        self._oddities.pop(job.id, None)
        usual_s = self._durations.usual_s(job.plan.model)
        running_s = self._running_s(submit)
        self._seen_running_s[job.id] = running_s
        step_s = self._desk.schedule.next_s(usual_s, running_s, self._desk.later.jitter())
        is_late = running_s > self._desk.schedule.late_after_s
        return ev.Postponed(
            until=self._desk.later.after(step_s),
            reason="still running",
            failure=failures.late(running_s / 3600) if is_late else None,
            counts=False,
        )

    def _succeeded(self, job: Job, submit: Submit, report: TaskReport) -> ev.Event:
        if report.results:
            if not (submit.links_expired or job.published):
                seen_running_s = self._seen_running_s.get(job.id)
                self._durations.learn(job.plan.model, seen_running_s, self._running_s(submit))
            return ev.RemoteSucceeded(results=report.results, charge=self._charge(report))
        oddities = self._oddities[job.id]
        oddities.empty += 1
        if oddities.empty < EMPTY_TRIES:
            return self._desk.delays.postponed(job, "succeeded without results")
        return self._lost(
            report, failures.PAID_LOST if submit.links_expired else failures.NO_RESULTS
        )

    def _denied(self, job: Job) -> ev.Postponed | None:
        """Return when to ask again for a task that is denied, None once that was for long."""
        now_s = self._desk.later.clock.elapsed_s()
        oddities = self._oddities[job.id]
        if not oddities.denied:
            oddities.denied_since_s = now_s
        oddities.denied += 1
        for_s = now_s - oddities.denied_since_s
        if oddities.denied >= DENIED_TRIES and for_s >= DENIED_FOR_S:
            return None
        return self._desk.delays.postponed(job, "the service denies the task")


def _submit_of(job: Job) -> Submit:
    if job.submit is None:
        raise LookupError(f"job {job.id} is running without a submit")
    return job.submit
