"""One thread for all work on a watch's folder, so that a share that hangs stops nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from hotfolder.threads import DaemonThreads, Pool

T = TypeVar("T")

HANGS_AFTER_S: Final = 10.0


class ShareThread:
    """Runs blocking calls one after the other.

    `hangs` is awaited, once for each, when a call has not come back for HANGS_AFTER_S seconds.
    """

    def __init__(
        self, name: str, hangs: Callable[[], Awaitable[None]], pool: Pool = DaemonThreads
    ) -> None:
        self._hangs = hangs
        self._thread = pool(1, name)

    async def run(self, call: Callable[[], T]) -> T:
        """Make a call and wait for its result, however long it takes."""
        waiting = asyncio.wrap_future(self._thread.submit(call))
        try:
            done, _ = await asyncio.wait({waiting}, timeout=HANGS_AFTER_S)
            if not done:
                await self._hangs()
            return await waiting
        finally:
            waiting.cancel()  # without effect on a call that has come back

    def close(self) -> None:
        """Begin nothing more; a call that hangs is left alone."""
        self._thread.shutdown(wait=False)
