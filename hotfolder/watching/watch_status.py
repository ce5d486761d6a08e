"""How a watch stands: online or not, how changes are noticed, and why. Never touches its share."""

from __future__ import annotations

from typing import Final, Literal

import structlog

from hotfolder.journal import sightings
from hotfolder.journal.journal import Journal

Detect = Literal["events", "scan"]

AT_FIRST: Final = "not looked at yet"

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.watching")


class WatchStatus:
    """What can be said of a watch at any time; each change is told once and kept in the journal.

    `number` is the watch's number in the journal.
    """

    def __init__(self, name: str, number: int, journal: Journal) -> None:
        self.online = False
        self.detect: Detect = "scan"
        self.number = number
        self._name = name
        self._journal = journal
        self._offline_because = AT_FIRST
        self._troubles: dict[str, str] = {}
        self._noted: object = None

    @property
    def reason(self) -> str | None:
        """What is wrong, or None where all is well."""
        if not self.online:
            return self._offline_because
        return "; ".join(self._troubles.values()) or None

    async def went_offline(self, reason: str) -> None:
        """Note that the folder cannot be followed now."""
        if self.online or reason != self._offline_because:
            log.warning("watch.offline", watch=self._name, reason=reason)
        self.online = False
        self._offline_because = reason
        await self.note()

    async def came_online(self) -> None:
        """Note that the folder is there."""
        if not self.online:
            log.info("watch.online", watch=self._name, detect=self.detect)
        self.online = True
        await self.note()

    def trouble(self, about: str, reason: str | None) -> None:
        """Take in what does not work as it should in some respect, or None where it does."""
        if reason == self._troubles.get(about):
            return
        if reason is None:
            log.info("watch.trouble_ended", watch=self._name, about=about)
            del self._troubles[about]
        else:
            log.warning("watch.trouble", watch=self._name, about=about, reason=reason)
            self._troubles[about] = reason

    async def note(self) -> None:
        """Keep in the journal what has changed."""
        seen = (self.number, self.online, self.detect, self.reason)
        if seen == self._noted:
            return
        await self._journal.run(
            sightings.note_watch,
            self.number,
            online=self.online,
            detect=self.detect,
            reason=self.reason,
        )
        self._noted = seen
