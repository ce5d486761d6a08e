"""Tasks that the service denied for long: in doubt, and still asked for from time to time.

Asking is free. A service that lost sight of its tasks in a bad hour and finds them again gives them
back without a person.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

import structlog

from hotfolder.bell import Bell, Ring
from hotfolder.domain import events as ev
from hotfolder.domain.errors import Busy, JournalUnavailable, NotSent, Unanswered
from hotfolder.domain.states import State
from hotfolder.journal import doubts, transitions
from hotfolder.journal.doubts import Denied
from hotfolder.journal.journal import Journal
from hotfolder.runninghub.client import Client
from hotfolder.runninghub.wire import TaskStatus

LOOK_S: Final = 600.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.account")


class Recalling:
    """Asks for denied tasks, one after the other, and rings when one is known again."""

    def __init__(self, journal: Journal, client: Client, bell: Bell) -> None:
        self._journal = journal
        self._client = client
        self._bell = bell

    async def run(self) -> None:
        """Look at the start and every few minutes, until cancelled."""
        while True:
            with suppress(JournalUnavailable):
                await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Ask once for each denied task; a service that is not there or busy is left alone."""
        with suppress(NotSent, Busy):
            for each in await self._journal.run(doubts.denied):
                if await self._is_known(each):
                    await self._follow(each)

    async def _is_known(self, denied: Denied) -> bool:
        """Whether the service knows a task again; one that it answers oddly for keeps no other."""
        try:
            report = await self._client.query(denied.task_id)
        except Unanswered:
            return False
        return report.status is not TaskStatus.DENIED

    async def _follow(self, denied: Denied) -> None:
        found = ev.TaskFound(task_id=denied.task_id, by=ev.BY_QUERY)
        with suppress(transitions.StateMoved):  # a person was quicker
            job = await self._journal.run(
                transitions.apply, denied.job, found, expected=State.IN_DOUBT
            )
            log.info("task.found", **job.log_context(), task_id=denied.task_id, by=ev.BY_QUERY)
            self._bell.ring(Ring.DUE)
