"""One thread for all work on a watch's folder, so that a share that hangs stops nobody else.

It is a daemon thread: the program can end while a call on a dead share never returns.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any, Final, TypeVar

T = TypeVar("T")

HANGS_AFTER_S: Final = 10.0


class ShareThread:
    """Runs blocking calls one after the other.

    `hangs` is awaited, once for each, when a call has not come back for HANGS_AFTER_S seconds.
    """

    def __init__(self, name: str, hangs: Callable[[], Awaitable[None]]) -> None:
        self._hangs = hangs
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None]
        self._calls = queue.SimpleQueue()
        threading.Thread(target=self._serve, name=name, daemon=True).start()

    async def run(self, call: Callable[[], T]) -> T:
        """Make a call and wait for its result, however long it takes."""
        answer: Future[T] = Future()
        self._calls.put((call, answer))
        waiting = asyncio.wrap_future(answer)
        done, _ = await asyncio.wait({waiting}, timeout=HANGS_AFTER_S)
        if not done:
            await self._hangs()
        return await waiting

    def close(self) -> None:
        """Begin nothing more; a call that hangs is left alone."""
        self._calls.put(None)

    def _serve(self) -> None:
        while (queued := self._calls.get()) is not None:
            call, answer = queued
            if not answer.set_running_or_notify_cancel():
                continue
            try:
                answer.set_result(call())
            except BaseException as error:  # noqa: BLE001  the caller is told
                answer.set_exception(error)
