"""Committing what came of a step, and telling of it; while the disk refuses, it is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from functools import partial
from typing import Final

import structlog

from hotfolder.bell import Bell, Ring
from hotfolder.domain import events as ev
from hotfolder.domain.errors import JournalUnavailable
from hotfolder.domain.failures import PAID_ALREADY
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import IllegalTransition
from hotfolder.journal import transitions
from hotfolder.journal.effects import TaskTaken
from hotfolder.journal.journal import Journal
from hotfolder.journal.paid import PaidAlready
from hotfolder.journal.session import Session
from hotfolder.pipeline import event_log, trials
from hotfolder.pipeline.step import Outcome
from hotfolder.pipeline.trials import Committed
from hotfolder.tree.threads import unattended

JOURNAL_WAIT_S: Final = 1.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.pipeline")


class Committing:
    """Commits outcomes; once `hurry` is set, a disk that refuses is waited for no longer."""

    def __init__(self, journal: Journal, bell: Bell, hurry: asyncio.Event) -> None:
        self._journal = journal
        self._bell = bell
        self._hurry = hurry

    async def commit(self, job: Job, outcome: Outcome, tried: Collection[str]) -> Job | None:
        """Commit an outcome and return the job; None = another event overtook it.

        `tried` are the scopes whose trial the job is.
        """
        try:
            committed = await self._insist(
                partial(trials.commit, before=job, outcome=outcome, tried=tried),
                **job.log_context(),
                **event_log.details(outcome.event),
            )
        except TaskTaken as error:
            return await self.commit(job, Outcome(ev.SubmitUnanswered(reason=str(error))), tried)
        except PaidAlready:
            return await self.commit(job, Outcome(ev.GaveUp(failure=PAID_ALREADY)), tried)
        except (transitions.StateMoved, IllegalTransition) as error:
            log.info("event.overtaken", **job.log_context(), error=str(error))
            return None
        event_log.tell(job, committed.job, committed.event)
        trials.tell(committed)
        if committed.began is not None:
            self._bell.ring(Ring.HELD)
        return committed.job

    async def _insist(
        self, operation: Callable[[Session], Committed], **context: object
    ) -> Committed:
        """Run an operation of the journal; while the disk refuses, it is kept and tried again.

        What it is about stands in the log then: a task's number must not be lost with this process.
        """
        told = False
        while True:
            try:
                begun = asyncio.create_task(self._journal.run(operation))
                return await asyncio.shield(unattended(begun))
            except JournalUnavailable:
                if not told:
                    log.warning("event.withheld", **context)
                told = True
                if self._hurry.is_set():
                    raise
                await asyncio.sleep(JOURNAL_WAIT_S)
