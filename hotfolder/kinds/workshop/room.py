"""The memory that all work on pictures shares, and who goes first.

Pictures that are edited take it in the order of asking. What is only to be looked at is spare work:
it begins while nobody else needs room, one at a time, and gives way as soon as somebody does.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable


class NoRoom(Exception):
    """Spare work found no room for as long as it was willing to wait."""


class Spare:
    """Spare work under way, until somebody else needs its room."""

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self._gave_way = False
        self._end: Callable[[], object] | None = None

    @property
    def gave_way(self) -> bool:
        """Whether somebody came to need its room."""
        return self._gave_way

    def begin(self, end: Callable[[], object]) -> bool:
        """Say how it is ended at once; returns whether it may begin."""
        with self._gate:
            self._end = end
            return not self._gave_way

    def over(self) -> bool:
        """Say that it is done; returns whether it was so before it was ended."""
        with self._gate:
            self._end = None
            return not self._gave_way

    def give_way(self) -> None:
        """End it."""
        with self._gate:
            self._gave_way = True
            if self._end is not None:
                self._end()


class Room:
    """So many bytes for all at a time; what wants more than that works while nothing else does."""

    def __init__(self, size_bytes: int) -> None:
        self._size_bytes = size_bytes
        self._used_bytes = 0
        self._waiting = 0
        self._turn = asyncio.Lock()
        self._spare_turn = asyncio.Lock()
        self._freed = asyncio.Condition()
        self._spare: Spare | None = None

    @contextlib.asynccontextmanager
    async def taken(self, wanted_bytes: int) -> AsyncIterator[None]:
        """Take memory, in the order of asking: no large one waits for ever."""
        taken = min(wanted_bytes, self._size_bytes)
        self._waiting += 1
        try:
            async with self._turn, self._freed:
                if self._spare is not None and not self._fits(taken):
                    self._spare.give_way()
                await self._freed.wait_for(lambda: self._fits(taken))
                self._used_bytes += taken
        finally:
            self._waiting -= 1
        async with self._freeing(taken):
            yield

    @contextlib.asynccontextmanager
    async def spare(self, wanted_bytes: int, longest_s: float) -> AsyncIterator[Spare]:
        """Take memory that nobody needs, for work that is ended once somebody needs it.

        It waits `longest_s` until nothing is worked on, and then as long until there is room
        beside what is. Raises NoRoom.
        """
        taken = min(wanted_bytes, self._size_bytes)
        async with self._spare_turn:
            async with self._freed:
                if not await self._within(longest_s, self._is_idle):
                    has_room = await self._within(
                        longest_s, lambda: not self._waiting and self._fits(taken)
                    )
                    if not has_room:
                        raise NoRoom
                self._used_bytes += taken
            self._spare = Spare()
            try:
                async with self._freeing(taken):
                    yield self._spare
            finally:
                self._spare = None

    def _is_idle(self) -> bool:
        return not self._waiting and not self._used_bytes

    def _fits(self, wanted_bytes: int) -> bool:
        return self._used_bytes + wanted_bytes <= self._size_bytes

    async def _within(self, longest_s: float, condition: Callable[[], bool]) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                await self._freed.wait_for(condition)
                return True
        return False

    @contextlib.asynccontextmanager
    async def _freeing(self, taken_bytes: int) -> AsyncIterator[None]:
        try:
            yield
        finally:
            self._used_bytes -= taken_bytes
            async with self._freed:
                self._freed.notify_all()
