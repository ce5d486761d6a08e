"""RUNNING: how far is the task. No bad answer ends a job; only the task's own end does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hotfolder.domain import events as ev
from hotfolder.domain import failures
from hotfolder.domain.errors import RemoteError
from hotfolder.domain.jobs import Job, Submit
from hotfolder.domain.remote_failures import of_task_end
from hotfolder.domain.retry import PollSchedule, backoff_s
from hotfolder.journal import reading
from hotfolder.journal.journal import Journal
from hotfolder.pipeline.pacing import Durations
from hotfolder.pipeline.steps import Later, Outcome
from hotfolder.runninghub.client import Client
from hotfolder.runninghub.wire import TaskReport, TaskStatus

EMPTY_TRIES: Final = 5
DENIED_TRIES: Final = 3
DENIED_FOR_S: Final = 600.0
TASKS_TRIED: Final = 3
PASSING_BASE_S: Final = 10.0

Currency = Callable[[], str | None]


@dataclass(slots=True)
class _Oddities:
    """How often and since when a task has been answered for oddly."""

    empty: int = 0
    denied: int = 0
    denied_since_s: float = 0.0


class Querying:
    """Asks for a task. `currency` tells the account's, which charges are in."""

    def __init__(
        self,
        journal: Journal,
        client: Client,
        durations: Durations,
        schedule: PollSchedule,
        later: Later,
        currency: Currency,
    ) -> None:
        self._journal = journal
        self._client = client
        self._durations = durations
        self._schedule = schedule
        self._later = later
        self._currency = currency
        self._oddities: defaultdict[int, _Oddities] = defaultdict(_Oddities)
        self._seen_running_s: dict[int, float] = {}

    async def __call__(self, job: Job) -> Outcome:
        """Return how the task ended, or Postponed."""
        submit = _submit_of(job)
        try:
            report = await self._client.query(submit.task_id or "")
        except RemoteError as error:
            return Outcome(self._later.postponed(job, str(error), error))
        event = self._event(job, submit, report)
        if isinstance(event, ev.RemoteFailed) and _is_passing(report):
            event = await self._again_or(job, event)
        if not isinstance(event, ev.Postponed):
            self._oddities.pop(job.id, None)
            self._seen_running_s.pop(job.id, None)
        return Outcome(event)

    def _event(self, job: Job, submit: Submit, report: TaskReport) -> ev.Event:
        match report.status:
            case TaskStatus.WAITING:
                return self._still_running(job, submit)
            case TaskStatus.SUCCEEDED:
                return self._succeeded(job, submit, report)
            case TaskStatus.FAILED:
                failure = of_task_end(report.code, report.said, report.charge)
                return ev.RemoteFailed(
                    failure=failure, charge=report.charge, currency=self._currency()
                )
            case TaskStatus.CANCELLED:
                return ev.RemoteCancelled(charge=report.charge, currency=self._currency())
            case TaskStatus.DENIED:
                return self._denied(job, submit, report)

    async def _again_or(self, job: Job, failed: ev.RemoteFailed) -> ev.Event:
        """Return the event by which a passing failure is submitted again, else the failure."""
        tried = await self._journal.run(reading.failed_tasks, job.id) + 1
        if tried >= TASKS_TRIED:
            return failed
        wait_s = backoff_s(tried, self._later.jitter(), base_s=PASSING_BASE_S)
        return ev.RemoteFailedInPassing(
            failure=failures.passing(failed.failure), until=self._later.after(wait_s)
        )

    def _running_s(self, submit: Submit) -> float:
        """Return how long a task has run; a clock that was set back makes it no less than 0."""
        return max(0.0, (self._later.clock() - submit.intent_at).total_seconds())

    def _still_running(self, job: Job, submit: Submit) -> ev.Event:
        self._oddities.pop(job.id, None)
        usual_s = self._durations.usual_s(job.plan.model)
        running_s = self._running_s(submit)
        self._seen_running_s[job.id] = running_s
        step_s = self._schedule.next_s(usual_s, running_s, self._later.jitter())
        is_late = running_s > self._schedule.late_after_s
        return ev.Postponed(
            until=self._later.after(step_s),
            reason="still running",
            failure=failures.late(running_s / 3600) if is_late else None,
            counts=False,
        )

    def _succeeded(self, job: Job, submit: Submit, report: TaskReport) -> ev.Event:
        if report.results:
            if not submit.links_expired:
                seen_running_s = self._seen_running_s.get(job.id)
                self._durations.learn(job.plan.model, seen_running_s, self._running_s(submit))
            return ev.RemoteSucceeded(
                results=report.results, charge=report.charge, currency=self._currency()
            )
        oddities = self._oddities[job.id]
        oddities.empty += 1
        if oddities.empty < EMPTY_TRIES:
            return self._later.postponed(job, "succeeded without results")
        return ev.RemoteFailed(
            failure=failures.PAID_LOST if submit.links_expired else failures.NO_RESULTS,
            charge=report.charge,
            currency=self._currency(),
            ended_by_service=False,
        )

    def _denied(self, job: Job, submit: Submit, report: TaskReport) -> ev.Event:
        now_s = self._later.clock.elapsed_s()
        oddities = self._oddities[job.id]
        if not oddities.denied:
            oddities.denied_since_s = now_s
        oddities.denied += 1
        for_s = now_s - oddities.denied_since_s
        if oddities.denied >= DENIED_TRIES and for_s >= DENIED_FOR_S:
            if submit.links_expired:  # it did end well: there is no doubt, the result is gone
                return ev.RemoteFailed(
                    failure=failures.PAID_LOST,
                    charge=report.charge,
                    currency=self._currency(),
                    ended_by_service=False,
                )
            return ev.RemoteLost()
        return self._later.postponed(job, "the service denies the task")


def _is_passing(report: TaskReport) -> bool:
    return report.code in failures.PASSING_CODES and not report.charge


def _submit_of(job: Job) -> Submit:
    if job.submit is None:
        raise LookupError(f"job {job.id} is running without a submit")
    return job.submit
