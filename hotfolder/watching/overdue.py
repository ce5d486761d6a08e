"""Telling, once, that a required sidecar is long overdue; its picture goes on waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import structlog

from hotfolder import config
from hotfolder.domain.errors import JournalUnavailable
from hotfolder.journal import overdue
from hotfolder.journal.journal import Journal

LOOK_S: Final = 5.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.watching")


class Overdue:
    """Looks from time to time; `watches` gives the watches of the present config."""

    def __init__(self, journal: Journal, watches: Callable[[], Sequence[config.Watch]]) -> None:
        self._journal = journal
        self._watches = watches

    async def run(self) -> None:
        """Look without end."""
        while True:
            for watch in self._watches():
                if watch.sidecar == "required":
                    with suppress(JournalUnavailable):
                        await self._tell(watch)
            await asyncio.sleep(LOOK_S)

    async def _tell(self, watch: config.Watch) -> None:
        for job in await self._journal.run(overdue.report, watch.name, watch.orphan_after):
            log.warning("sidecar.missing", **job.log_context(), seconds=watch.orphan_after)
