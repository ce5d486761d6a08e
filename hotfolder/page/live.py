"""Parts of pages sent to whoever has them open, as server-sent events.

Each part is made and encoded once for all that look at it, and only after the journal changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import structlog
from sse_starlette import ServerSentEvent

from hotfolder.domain.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_STREAMS: Final = 64
LOOK_S: Final = 1.0
# So many times as long as a look took, none is taken: a long history makes no page a burden.
REST: Final = 9.0
# How often a part is made at least while nothing changes: folders go away without a change.
LONGEST_S: Final = 30.0

Make = Callable[[], Awaitable[str]]

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.page")


class TooManyStreams(Exception):
    """Everybody who may listen does."""


class _Part:
    def __init__(self, make: Make) -> None:
        self.make = make
        self.event = b""
        self.listeners = 0
        self.changed = asyncio.Event()


class Live:
    """Watches the journal for all open pages; `changes` as in `Behind`."""

    def __init__(self, changes: Callable[[], Awaitable[int]]) -> None:
        self._changes = changes
        self._parts: dict[str, _Part] = {}
        self._begun = asyncio.Event()

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return sum(each.listeners for each in self._parts.values())

    async def follow(self, key: str, make: Make) -> AsyncGenerator[bytes, None]:
        """Yield a part, as an event is sent, whenever it is another; the present one first."""
        with self._listening(key, make) as part:
            seen = b""
            while True:
                if part.event != seen:
                    seen = part.event
                    yield seen
                changed = part.changed
                await changed.wait()

    def require_room(self) -> None:
        """Raise TooManyStreams where nobody more may listen."""
        if self.streams >= MOST_STREAMS:
            raise TooManyStreams

    @contextmanager
    def _listening(self, key: str, make: Make) -> Iterator[_Part]:
        part = self._parts.setdefault(key, _Part(make))
        part.listeners += 1
        self._begun.set()
        try:
            yield part
        finally:
            part.listeners -= 1
            if not part.listeners:
                self._parts.pop(key, None)

    async def run(self) -> None:
        """Make what changed anew, as long as anybody looks."""
        seen, made_s = -1, 0.0
        clock = asyncio.get_running_loop().time
        while True:
            await self._begun.wait()
            begun_s = clock()
            try:
                number = await self._changes()
                is_old = number != seen or clock() - made_s > LONGEST_S
                for part in list(self._parts.values()):
                    if is_old or not part.event:
                        await self._make(part)
                if is_old:
                    seen, made_s = number, clock()
            except JournalError as error:
                log.info("page.not_live", error=str(error))
            if not self._parts:
                self._begun.clear()
            await asyncio.sleep(max(LOOK_S, REST * (clock() - begun_s)))

    async def _make(self, part: _Part) -> None:
        event = ServerSentEvent(await part.make(), sep="\n").encode()
        if event != part.event:
            part.event = event
            part.changed.set()
            part.changed = asyncio.Event()
