"""Learning, in the background, the essence of what stands in the watches and was never asked for.

That is so after an upgrade, and of sources that are held back. As soon as it is known, a changed
rating or caption is told from another picture. One file at a time, with a rest after each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from hotfolder.domain.errors import JournalUnavailable
from hotfolder.domain.essences import VERSION
from hotfolder.journal import identities
from hotfolder.journal.identities import Lacking
from hotfolder.journal.journal import Journal
from hotfolder.kinds.workshop.errors import WorkerFailed
from hotfolder.planning.largest import largest_bytes
from hotfolder.planning.looking import Looking
from hotfolder.planning.looks import Look
from hotfolder.tree import files
from hotfolder.watching.watcher import Watcher

LOOK_S: Final = 30.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.watching")


class Learning:
    """Learns from time to time; `watchers` gives the watches that are followed now."""

    def __init__(
        self,
        journal: Journal,
        looking: Looking,
        watchers: Callable[[], Iterable[Watcher]],
        *,
        look_s: float,
    ) -> None:
        self._journal = journal
        self._looking = looking
        self._watchers = watchers
        self._look_s = look_s
        self._tried: set[tuple[int, str]] = set()
        self._references_learned: set[int] = set()

    async def run(self) -> None:
        """Learn without end."""
        while True:
            for watcher in list(self._watchers()):
                with suppress(JournalUnavailable):
                    await self._learn(watcher)
            await asyncio.sleep(self._look_s)

    async def _learn(self, watcher: Watcher) -> None:
        after = 0
        while (
            watcher.status.online
            and (
                portion := await self._journal.run(
                    identities.lacking, watcher.number, after, VERSION
                )
            )
            is not None
        ):
            for each in portion:
                await self._read(watcher, each)
            after += identities.PORTION
        await self._learn_held(watcher)
        await self._learn_references(watcher)

    async def _learn_held(self, watcher: Watcher) -> None:
        after = 0
        while watcher.status.online and (
            portion := await self._journal.run(identities.held_lacking, watcher.number, after)
        ):
            for each in portion:
                await self._read(watcher, each)
            after = portion[-1].source

    async def _learn_references(self, watcher: Watcher) -> None:
        """Read the references that an older program sent, once: each new one is known at once."""
        if watcher.number in self._references_learned or not watcher.status.online:
            return
        self._references_learned.add(watcher.number)
        for path, content_hash in await self._journal.run(
            identities.references_lacking, watcher.number, VERSION
        ):
            place = Path(path)
            with suppress(OSError, files.SourceError, WorkerFailed):
                known = await self._looking.look(watcher.on_share, place.parent, place.name)
                if known.sha256 == content_hash:
                    await self._journal.run(identities.learn, known.sha256, known.essence)

    async def _read(self, watcher: Watcher, lacking: Lacking) -> None:
        """Read one source; what cannot be read, or is another by now, is left for a later start."""
        place = (watcher.number, lacking.path)
        if place in self._tried or not watcher.status.online:
            return
        began_s = self._journal.clock.awake_s()
        try:
            known = await self._looking.look(
                watcher.on_share,
                watcher.watch.input,
                lacking.path,
                largest_bytes(watcher.watch, lacking.path),
            )
        except (OSError, files.RootGone):
            return  # its share is away
        except (files.SourceError, WorkerFailed) as error:
            self._tried.add(place)
            log.info("essence.unknown", source=lacking.path, reason=str(error))
            return
        if lacking.content_hash in (None, known.sha256):
            await self._keep(lacking, known)
        else:
            self._tried.add(place)
        await asyncio.sleep(self._journal.clock.awake_s() - began_s)

    async def _keep(self, lacking: Lacking, known: Look) -> None:
        await self._journal.run(identities.learn, known.sha256, known.essence)
        if lacking.content_hash is None:
            size = known.sighting.size
            await self._journal.run(identities.learn_held, lacking, known.sha256, size)
