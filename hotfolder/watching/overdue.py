"""Telling, once, that a sidecar or a file of a set is long overdue; the rest goes on waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import structlog

from hotfolder import config
from hotfolder.domain.errors import JournalUnavailable
from hotfolder.journal import overdue, sets
from hotfolder.journal.journal import Journal
from hotfolder.planning import grouping

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
                with suppress(JournalUnavailable):
                    if watch.sidecar == "required":
                        await self._tell(watch)
                    if grouping.any_groups(watch):
                        await self._tell_sets(watch)
            await asyncio.sleep(LOOK_S)

    async def _tell(self, watch: config.Watch) -> None:
        for job in await self._journal.run(overdue.report, watch.name, watch.orphan_after):
            log.warning("sidecar.missing", **job.log_context(), seconds=watch.orphan_after)

    async def _tell_sets(self, watch: config.Watch) -> None:
        for key, reason in await self._journal.run(sets.report, watch.name, watch.orphan_after):
            log.warning(
                "set.incomplete",
                watch=watch.name,
                set=key,
                reason=reason,
                seconds=watch.orphan_after,
            )
