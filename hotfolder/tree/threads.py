"""Threads for work on users' folders, a few for each watch and for the marks in each output root.

A share that hangs stops nobody else, and nobody waits for it without end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, Final, TypeVar

from hotfolder.threads import DaemonThreads, Pool

T = TypeVar("T")
F = TypeVar("F", bound=asyncio.Future[Any])

THREADS_PER_WATCH: Final = 2


def unattended(begun: F) -> F:
    """Return a future that may be left alone: what goes wrong concerns only those who wait for it.

    Without that a failure after a stop, when nobody waits any more, is a traceback in the log.
    """
    begun.add_done_callback(_take_in)
    return begun


def _take_in(ended: asyncio.Future[Any]) -> None:
    if not ended.cancelled():
        ended.exception()


class ShareThreads:
    """Runs blocking calls on the folders of watches. `close` does not wait for hung ones."""

    def __init__(self, pool: Pool = DaemonThreads) -> None:
        self._pool = pool
        self._pools: dict[str, Executor] = {}

    def begin(self, watch: str, call: Callable[[], T]) -> asyncio.Future[T]:
        """Begin a call in a thread of a watch and return what will come of it."""
        pool = self._pools.get(watch)
        if pool is None:
            pool = self._pool(THREADS_PER_WATCH, f"share-{watch}")
            self._pools[watch] = pool
        return unattended(asyncio.get_running_loop().run_in_executor(pool, call))

    async def run(self, watch: str, call: Callable[[], T], *, timeout_s: float) -> T:
        """Make a call in a thread of a watch; TimeoutError (an OSError) if it takes too long."""
        async with asyncio.timeout(timeout_s):
            return await self.begin(watch, call)

    def close(self) -> None:
        """Begin nothing more."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
