"""What a daemon that runs for months does once in a while: copies of the journal, old history.

Nothing of it is urgent: what cannot be done now is tried again an hour later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from hotfolder.config import Config
from hotfolder.domain.errors import JournalError
from hotfolder.journal import backup, reading, retention, stepping
from hotfolder.journal.journal import Journal

ROUND_S: Final = 3600.0
# A wall clock that was set by a day or more may be wrong: for so long no history is retired by it.
DISTRUSTED: Final = timedelta(days=30)

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.housekeeping")


class Housekeeping:
    """Keeps the journal in order. `config` tells the one in force."""

    def __init__(self, journal: Journal, config: Callable[[], Config]) -> None:
        self._journal = journal
        self._config = config
        self._clock = journal.clock

    async def run(self) -> None:
        """Make a round every hour, without end."""
        while True:
            await self.round()
            await asyncio.sleep(ROUND_S)

    async def round(self) -> None:
        """Take the day's copy of the journal and retire what is older than the owner wants."""
        await self._back_up()
        await self._retire()

    async def _back_up(self) -> None:
        wanted = self._config()
        if not wanted.backup.keep or wanted.journal.url:  # PostgreSQL has backups of its own
            return
        folder = wanted.backups_folder
        today = self._clock().astimezone()  # the owner's day
        try:
            if not await self._journal.run(reading.newest_event):
                return  # a copy of nothing would be the day's copy
            taken = await asyncio.to_thread(
                backup.take_daily, wanted.state_dir, folder, today, wanted.backup.keep
            )
        except (JournalError, OSError) as error:
            log.warning("backup.failed", folder=str(folder), error=str(error))
            return
        if taken is not None:
            log.info("backup.taken", file=str(taken))

    async def _retire(self) -> None:
        days = self._config().limits.history_days
        if not days:
            return
        before = self._clock() - timedelta(days=days)
        retired = 0
        try:
            set_at = await self._journal.run(stepping.last_long_step)
            if set_at is not None and self._clock() - set_at < DISTRUSTED:
                return
            while part := await self._journal.run(retention.retire, before):
                retired += part
        except JournalError as error:
            log.warning("history.not_retired", error=str(error))
        if retired:
            log.info("history.retired", lines=retired, days=days)


def newest_backup(config: Config, now: datetime) -> Path | None:
    """Return the newest daily copy, or None. `now` is any aware time."""
    return max(backup.dailies(config.backups_folder, now.astimezone()), default=None)
