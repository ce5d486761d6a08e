"""Looking, in the background, at what a stale check could not judge without a worker's look.

A hostile file beside a picture keeps a worker busy for a while, and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

import structlog

from hotfolder.domain.errors import JournalUnavailable
from hotfolder.kinds.workshop.errors import WorkerFailed
from hotfolder.planning.looking import Looking, Run
from hotfolder.planning.staleness import StaleCheck
from hotfolder.tree import files

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.watching")


class Rechecking:
    """Has workers look for a stale check; `found` is told the sources to be looked at whole.

    What cannot be looked at now is found again by the next scan. `run` makes a blocking call on the
    share.
    """

    def __init__(
        self, stale: StaleCheck, looking: Looking, run: Run, found: Callable[[Iterable[str]], None]
    ) -> None:
        self._stale = stale
        self._looking = looking
        self._run = run
        self._found = found
        self._at_work: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing is left to be looked at."""
        return not self._stale.lacking and (self._at_work is None or self._at_work.done())

    def begin(self) -> None:
        """Look at what is lacking, unless that is being done."""
        if self._stale.lacking and (self._at_work is None or self._at_work.done()):
            self._at_work = asyncio.create_task(self._look())

    def stop(self) -> None:
        """Look at nothing more."""
        if self._at_work is not None:
            self._at_work.cancel()

    async def _look(self) -> None:
        while self._stale.lacking:
            path, unseen = self._stale.lacking.popitem()
            try:
                again = partial(self._judged, path)
                self._found(await self._looking.along(self._run, again, lacking=unseen))
            except JournalUnavailable:
                self._stale.lacking.clear()
            except (WorkerFailed, OSError, files.SourceError) as error:
                log.info("stale.unknown", source=path, reason=str(error))

    def _judged(self, path: str) -> list[str]:
        whole = self._stale.look([path])
        unseen = self._stale.lacking.pop(path, None)
        if unseen is not None:
            raise unseen
        return whole
