"""ACCEPTED or UPLOADED, once more: what ended unpaid is asked for again before the next intent.

The service may fill a charge in late. A task that says anything else by now than that it ended
without a charge is followed again instead, and nothing is paid.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from hotfolder.domain import events as ev
from hotfolder.domain.errors import RemoteError
from hotfolder.domain.jobs import Job
from hotfolder.journal import paid
from hotfolder.journal.paid import Unconfirmed
from hotfolder.pipeline.desk import Desk
from hotfolder.pipeline.step import Outcome, Step
from hotfolder.runninghub.wire import TaskStatus

_LEADS_TO_PAYING: Final = (
    ev.SubmitIntended,
    ev.SourceGone,
    ev.SourceChanged,
    ev.SourceSkipped,
    ev.GaveUp,
)
_ENDED: Final = frozenset({TaskStatus.FAILED, TaskStatus.CANCELLED})


class Assuring:
    """Lets a job be submitted again only when its earlier tasks say twice that they were free."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._after = timedelta(seconds=desk.schedule.confirm_after_s)

    def before_intent(self, then: Step) -> Step:
        """Return the step that takes the step `then`, and asks before the intent it may come to.

        It asks before the job's end, too: another job may be paid for the same work from then on.
        """

        async def assured(job: Job) -> Outcome:
            outcome = await then(job)
            if not isinstance(outcome.event, _LEADS_TO_PAYING):
                return outcome
            for each in await self._desk.journal.run(paid.unconfirmed, job.id):
                other = await self._ask(job, each)
                if other is not None:
                    return Outcome(other)
            return outcome

        return assured

    async def _ask(self, job: Job, task: Unconfirmed) -> ev.Event | None:
        """Return what keeps a job from going on, None where the task says the same again."""
        now = self._desk.later.clock()
        early = min(task.told_at + self._after - now, self._after)
        if early > timedelta():
            reason = "asked once more whether its last task was free"
            return ev.Postponed(until=now + early, reason=reason, counts=False)
        try:
            report = await self._desk.client.query(task.task_id)
        except RemoteError as error:
            return self._desk.delays.postponed(job, str(error), error)
        if report.status in _ENDED and not report.charge:
            await self._desk.journal.run(paid.hear_again, task.submit)
            return None
        if report.status is TaskStatus.DENIED and task.is_covered:
            return None
        return ev.TaskFound(task_id=task.task_id, by=ev.BY_QUERY)
