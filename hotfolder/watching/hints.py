"""A set of paths that something may have happened to, filled from other threads."""

from __future__ import annotations

import asyncio
import threading
from typing import Final

FLOOD: Final = 5000


class Hints:
    """Collects hints; more than FLOOD at once count as "anything may have changed"."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._paths: set[str] = set()
        self._lost = False
        self._arrived = asyncio.Event()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to take."""
        return not self._paths and not self._lost

    def add(self, relative: str) -> None:
        """Take in a hint, from any thread."""
        with self._lock:
            first = not self._paths
            if len(self._paths) <= FLOOD:
                self._paths.add(relative)
        if first:
            self._loop.call_soon_threadsafe(self._arrived.set)

    def lose(self) -> None:
        """Take in, from any thread, that hints were lost: anything may have changed."""
        with self._lock:
            self._lost = True
        self._loop.call_soon_threadsafe(self._arrived.set)

    def take(self) -> set[str] | None:
        """Return what has come, or None when that is not all."""
        with self._lock:
            taken, self._paths = self._paths, set()
            lost, self._lost = self._lost or len(taken) > FLOOD, False
        self._arrived.clear()
        return None if lost else taken

    async def wait(self, timeout_s: float) -> None:
        """Wait until a hint has come, at most `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s if timeout_s != float("inf") else None):
                await self._arrived.wait()
        except TimeoutError:
            return
