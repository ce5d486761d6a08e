"""ACCEPTED and UPLOADED, in a chain: the result that a job follows with must be in the spool.

Where it is not, it is fetched once more, which is free.
"""

from __future__ import annotations

import asyncio

from hotfolder.domain import chain_failures
from hotfolder.domain import events as ev
from hotfolder.domain.jobs import Job
from hotfolder.domain.materials import Origin, of_origin
from hotfolder.journal import recalling
from hotfolder.pipeline.desk import Desk
from hotfolder.pipeline.step import Outcome, Step


class Following:
    """Lets a job of a chain go on only with what it follows with."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def before(self, then: Step) -> Step:
        """Return the step that looks for a job's results of before, then takes the step `then`."""

        async def followed(job: Job) -> Outcome:
            taken = of_origin(job.materials, Origin.RESULT)
            here = [await asyncio.to_thread(self._is_here, each.path) for each in taken]
            return await then(job) if all(here) else await self._recalled(job)

        return followed

    def _is_here(self, name: str) -> bool:
        return bool(name) and self._desk.spool.exists(name)

    async def _recalled(self, job: Job) -> Outcome:
        if await self._desk.journal.run(recalling.recall, job) is None:
            return Outcome(ev.GaveUp(failure=chain_failures.INTERMEDIATE_GONE))
        reason = "the result before it is fetched once more"
        return Outcome(self._desk.delays.postponed(job, reason))
