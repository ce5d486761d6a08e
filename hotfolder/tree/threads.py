"""Threads for work on users' folders, of their own for each share.

A share that hangs stops nobody else, and nobody waits for it without end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from typing import Final, TypeVar

from hotfolder.threads import DaemonThreads, Pool, unattended

T = TypeVar("T")

THREADS_PER_SHARE: Final = 2
HANGS_AFTER_S: Final = 10.0


class ShareThreads:
    """Runs blocking calls on shares, `at_once` for each. `close` does not wait for hung ones.

    A share is named by its watch or by a folder on it.
    """

    def __init__(self, pool: Pool = DaemonThreads, at_once: int = THREADS_PER_SHARE) -> None:
        self._pool = pool
        self._at_once = at_once
        self._pools: dict[str, Executor] = {}

    def begin(self, share: str, call: Callable[[], T]) -> asyncio.Future[T]:
        """Begin a call in a thread of a share and return what will come of it."""
        pool = self._pools.get(share)
        if pool is None:
            pool = self._pool(self._at_once, f"share-{share}")
            self._pools[share] = pool
        return unattended(asyncio.get_running_loop().run_in_executor(pool, call))

    async def run(self, share: str, call: Callable[[], T], *, timeout_s: float) -> T:
        """Make a call in a thread of a share; TimeoutError (an OSError) if it takes too long."""
        async with asyncio.timeout(timeout_s):
            return await self.begin(share, call)

    def close(self) -> None:
        """Begin nothing more."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)


class PatientThread:
    """Runs blocking calls on one share one after the other, and waits as long as each takes.

    `hangs` is awaited, once for each, when a call has not come back for HANGS_AFTER_S seconds.
    """

    def __init__(
        self, share: str, hangs: Callable[[], Awaitable[None]], pool: Pool = DaemonThreads
    ) -> None:
        self._share = share
        self._hangs = hangs
        self._threads = ShareThreads(pool, at_once=1)

    async def run(self, call: Callable[[], T]) -> T:
        """Make a call and wait for its result, however long it takes."""
        waiting = self._threads.begin(self._share, call)
        try:
            done, _ = await asyncio.wait({waiting}, timeout=HANGS_AFTER_S)
            if not done:
                await self._hangs()
            return await waiting
        finally:
            waiting.cancel()  # without effect on a call that has come back

    def close(self) -> None:
        """Begin nothing more; a call that hangs is left alone."""
        self._threads.close()
