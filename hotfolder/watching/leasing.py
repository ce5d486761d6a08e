"""Which watches are followed from here, where several daemons share a journal.

Those of the config that nobody else follows. A machine that ends or hangs leaves its own to the
others; one that is to be handed over is left once nothing of it is under way.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Final

import structlog

from hotfolder import config
from hotfolder.bell import Bell, Ring
from hotfolder.config import Config
from hotfolder.domain.errors import JournalElsewhere, JournalError, JournalUnavailable
from hotfolder.journal import leases, recovery
from hotfolder.journal.journal import Journal
from hotfolder.journal.leases import Taken

LOOK_S: Final = 5.0

Put = Callable[[Config, Collection[str]], Awaitable[None]]
Left = Callable[[str], Awaitable[None]]

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.watching")


class Leasing:
    """Follows of the config's watches those that nobody else follows.

    `put` puts a config with those alone into force, and is told the names of all that others are
    left to; `left` returns once nothing of a watch is under way.
    """

    def __init__(
        self, journal: Journal, wanted: Config, *, bell: Bell, put: Put, left: Left
    ) -> None:
        self._journal = journal
        self._wanted = wanted
        self._put = put
        self._left = left
        self._ear = bell.ear(Ring.CHANGED)
        self._seen: Taken | None = None
        self._leaving: dict[str, asyncio.Task[None]] = {}
        self._gate = asyncio.Lock()

    @property
    def wanted(self) -> Config:
        """The config with all of its watches, whoever follows them."""
        return self._wanted

    async def begin(self) -> None:
        """Follow what is free. Raises JournalUnavailable."""
        await self.want(self._wanted)

    async def run(self) -> None:
        """Look from time to time, and when another machine changed something, until cancelled."""
        try:
            while True:
                self._ear.forget()
                with suppress(JournalUnavailable):
                    await self.look()
                await self._ear.hear(LOOK_S)
        finally:
            for each in self._leaving.values():
                each.cancel()

    async def want(self, wanted: Config) -> None:
        """Go by another config from now on. Raises JournalUnavailable."""
        async with self._gate:
            self._wanted, self._seen = wanted, None
            if self._journal.is_shared:
                await self._look()
            else:
                await self._put(wanted, ())

    async def look(self) -> None:
        """Take what is free and leave what is to be handed over. Raises JournalUnavailable."""
        async with self._gate:
            await self._look()

    async def _look(self) -> None:
        taken = await take(self._journal, self._wanted)
        seen = self._seen
        if seen is None or (seen.followed, seen.others) != (taken.followed, taken.others):
            _tell(taken)
            await self._put(followed(self._wanted, taken), taken.others | taken.elsewhere.keys())
        self._seen = taken
        for watch in taken.leaving - self._leaving.keys():
            self._leaving[watch] = asyncio.create_task(self._leave(watch))

    async def _leave(self, watch: str) -> None:
        """Leave a watch to others once nothing of it is under way; a look after that tries again.

        A share that hangs keeps nobody from taking over what others leave meanwhile.
        """
        try:
            with suppress(JournalError):  # the next look meets it, too
                await self._left(watch)
                await self._journal.run(leases.leave, watch)
        finally:
            del self._leaving[watch]


async def take(journal: Journal, wanted: Config) -> Taken:
    """Take of a config's watches what nobody else follows. Raises JournalUnavailable."""
    digests = {each.name: digest(each) for each in wanted.watch}
    taken, doubtful = await journal.run(recovery.take_over, digests)
    for job in doubtful:
        log.warning("submit.unanswered", **job.log_context(), reason="its machine is gone")
    return taken


def followed(wanted: Config, taken: Taken) -> Config:
    """Return a config with the watches alone that are followed from here."""
    own = [each for each in wanted.watch if each.name in taken.followed]
    return wanted.model_copy(update={"watch": own})


def require_all(taken: Taken) -> None:
    """Raise JournalElsewhere where a watch is not to be had."""
    for watch, why in taken.elsewhere.items():
        raise JournalElsewhere(f"{watch}: {why}")


def digest(watch: config.Watch) -> str:
    """Return what a config says of a watch, as few letters."""
    return hashlib.sha256(watch.model_dump_json().encode()).hexdigest()


def _tell(taken: Taken) -> None:
    for watch, why in taken.elsewhere.items():
        log.info("watch.elsewhere", watch=watch, reason=why)
    log.info("watch.followed", watches=sorted(taken.followed))
