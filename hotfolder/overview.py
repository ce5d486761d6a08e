"""How everything stands at this moment, asked of every part: for the pages of the monitor."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from hotfolder import views
from hotfolder.account.pace import Pace
from hotfolder.config import Config
from hotfolder.housekeeping import newest_backup
from hotfolder.journal import reading
from hotfolder.journal.journal import Journal
from hotfolder.tree.threads import ShareThreads
from hotfolder.watching.watches import Watches
from hotfolder.web.metrics import Now

T = TypeVar("T")

SHARE_PATIENCE_S: Final = 1.0
_BACKUPS: Final = ":backups"  # no watch has a colon in its name


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Looks at every part; `config` tells the one in force."""

    journal: Journal
    config: Callable[[], Config]
    pace: Pace
    watches: Watches
    threads: ShareThreads

    async def now(self) -> Now:
        """Return how everything stands. Raises JournalError."""
        config = self.config()
        now = self.journal.clock()
        return Now(
            status=await self.journal.run(views.status, config),
            oldest_result_at=await self.journal.run(reading.oldest_result),
            writable=not self.journal.trouble,
            at=now,
            window=self.pace.window,
            scans_s={
                each.watch.name: each.scan_s for each in self.watches.watchers if each.scanned
            },
            free_bytes=await self._free(config),
            backup_at=await self._soon(_BACKUPS, partial(_backup_at, config, now)),
        )

    async def _free(self, config: Config) -> dict[str, int]:
        """Return the free space of every place that answers soon."""
        free = {"spool": _free_bytes(config.state_dir)}
        for watch in config.watch:
            found = await self._soon(watch.name, partial(_free_bytes, watch.output))
            if found is not None:
                free[watch.name] = found
        return free

    async def _soon(self, place: str, look: Callable[[], T | None]) -> T | None:
        """Return what a look at a folder finds, None where it does not answer soon."""
        try:
            return await self.threads.run(place, look, timeout_s=SHARE_PATIENCE_S)
        except (OSError, RuntimeError):  # away, silent, or the daemon is ending
            return None


def _backup_at(config: Config, now: datetime) -> datetime | None:
    newest = newest_backup(config, now)
    return datetime.fromtimestamp(newest.stat().st_mtime, UTC) if newest else None


def _free_bytes(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
