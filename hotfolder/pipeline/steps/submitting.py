"""SUBMITTING: the one paid call.

No loop and no retry stands around it. Whatever becomes of it, one event says what is known.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pydantic import SecretStr

from hotfolder import key
from hotfolder.account.pace import Durations
from hotfolder.domain import events as ev
from hotfolder.domain import failures
from hotfolder.domain.errors import (
    Busy,
    Held,
    HotfolderError,
    JournalError,
    NotSent,
    Refused,
    RemoteError,
    RuleHold,
)
from hotfolder.domain.jobs import Job
from hotfolder.journal import holds
from hotfolder.pipeline.desk import Desk
from hotfolder.pipeline.marking import Marking, Unmarked
from hotfolder.pipeline.step import Outcome
from hotfolder.runninghub.catalog import Model


class Submitting:
    """Makes the paid call, once the intent's mark stands in the output folder.

    When `hurry` is set, a call under way is broken off, and its event says what is known then.
    """

    def __init__(
        self, desk: Desk, *, marking: Marking, durations: Durations, hurry: asyncio.Event
    ) -> None:
        self._desk = desk
        self._marking = marking
        self._durations = durations
        self._hurry = hurry

    async def __call__(self, job: Job) -> Outcome:
        """Return Submitted, SubmitDeferred, SubmitRefused or SubmitUnanswered."""
        model = self._desk.catalog().find(job.plan.model)
        if model is None or job.submit is None:
            return Outcome(ev.SubmitRefused(failure=failures.WRONG_ENDPOINT))
        try:
            task_id = await self._call(job, model, json.loads(job.submit.payload))
        except RemoteError as error:
            return self._not_accepted(job, error)
        except Unmarked as error:
            return self._not_marked(job, error)
        wait_s = self._desk.schedule.first_s(
            self._durations.usual_s(model.name), self._desk.later.jitter()
        )
        return Outcome(ev.Submitted(task_id=task_id, query_at=self._desk.later.after(wait_s)))

    async def _call(self, job: Job, model: Model, body: dict[str, object]) -> str:
        call = asyncio.ensure_future(self._send(job, model, body))
        hurried = asyncio.ensure_future(self._hurry.wait())
        try:
            await asyncio.wait({call, hurried}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            hurried.cancel()
            call.cancel()  # without effect on a call that has its answer
        try:
            return await call
        except asyncio.CancelledError:
            if not call.cancelled():
                raise
            raise NotSent("stopped before the call began") from None

    async def _send(self, job: Job, model: Model, body: dict[str, object]) -> str:
        file = model.run.password_file if model.run else None
        password = None if file is None else await asyncio.to_thread(_password, file)
        await self._marking.put(job)
        try:
            await self._desk.journal.confirm()
        except JournalError as error:  # a machine that stood still for long has it no more
            raise NotSent(str(error)) from error
        return await self._desk.client.submit(model.endpoint, body, password)

    def _not_marked(self, job: Job, error: Unmarked) -> Outcome:
        failure = error.failure
        if failure is None:
            return Outcome(self._deferred(job, error, self._desk.delays.backoff(job)))
        now = self._desk.later.clock()
        deferred = ev.SubmitDeferred(until=now, reason=str(error), failure=failure)
        return Outcome(deferred, hold=(holds.watch_scope(job.watch), failure))

    def _not_accepted(self, job: Job, error: RemoteError) -> Outcome:
        match error:
            case Busy():
                return Outcome(self._deferred(job, error, self._desk.later.clock()), busy=error)
            case NotSent():
                return Outcome(self._deferred(job, error, self._desk.delays.backoff(job)))
            case Refused(failure=failure):
                return Outcome(ev.SubmitRefused(failure=failure))
            case Held():
                deferred = self._deferred(job, error, self._desk.later.clock())
                return Outcome(deferred, hold=self._desk.delays.held(job, error))
        return Outcome(ev.SubmitUnanswered(reason=str(error)))

    def _deferred(self, job: Job, error: HotfolderError, until: datetime) -> ev.Event:
        failure = self._desk.delays.delayed(job, str(error))
        return ev.SubmitDeferred(until=until, reason=str(error), failure=failure)


def _password(file: Path) -> SecretStr:
    """Return the password that an app or workflow asks for; blocks.

    Raises RuleHold where it cannot be read: nothing is sent without it.
    """
    try:
        return key.password(file)
    except key.KeyProblem as error:
        raise RuleHold(replace(failures.NO_PASSWORD, message=str(error))) from error
