"""How long and how much the service is listened to, and the waiting itself.

Whoever answers one byte a second keeps every pause between two bytes short, so that a time-out
for a read never comes. A call with a small answer therefore has one time for all of it. What may
be large has none, or a slow line would start over for ever: it has to bring on so many bytes in
every stretch of time instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """The limits of every call, in seconds and bytes.

    `connect_s` is for a connection. `call_s` is for all of a call with a small answer, from the
    connecting to the answer's last byte; of an upload it is for the answer alone. `submit_s` is
    the same for the paid call. An upload or a download that brings on less than `least_bytes` in
    `stall_s` is cut. Of an answer `answer_bytes` are read at most, unpacked.
    """

    connect_s: float = 15.0
    call_s: float = 60.0
    submit_s: float = 120.0
    stall_s: float = 60.0
    least_bytes: int = 64 * 1024
    answer_bytes: int = 1_000_000


class Progress:
    """Cuts what brings on too little; made by `requiring_progress`."""

    def __init__(self, patience: Patience, limit: asyncio.Timeout) -> None:
        self._patience = patience
        self._limit = limit
        self._came = 0

    def came(self, size: int) -> None:
        """Take in that so many bytes came."""
        self._came += size
        if self._came >= self._patience.least_bytes:
            self._came = 0
            self._grant(self._patience.stall_s)

    async def unhurried(self, work: Awaitable[object]) -> None:
        """Do something of our own, whose time counts against nobody."""
        left_s = (self._limit.when() or 0.0) - asyncio.get_running_loop().time()
        self._limit.reschedule(None)
        try:
            await work
        finally:
            self._grant(left_s)

    def _grant(self, seconds: float) -> None:
        self._limit.reschedule(asyncio.get_running_loop().time() + seconds)


@asynccontextmanager
async def requiring_progress(patience: Patience) -> AsyncIterator[Progress]:
    """Run a block that must bring on bytes all the time. Raises TimeoutError."""
    async with asyncio.timeout(patience.stall_s) as limit:
        yield Progress(patience, limit)
