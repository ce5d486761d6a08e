"""Threads for blocking calls that end with the program, whatever a call waits for."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F", bound=asyncio.Future[Any])


Pool = Callable[[int, str], Executor]  # opens so many threads of a name


class DaemonThreads(Executor):
    """Makes blocking calls in the order they come, so many at a time; begun threads are kept.

    The program can end while a call on a dead share never returns.
    """

    def __init__(self, at_once: int, name: str) -> None:
        self._free = at_once
        self._name = name
        self._gate = threading.Lock()
        self._over = False
        self._threads: list[threading.Thread] = []
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None]
        self._calls = queue.SimpleQueue()

    def submit(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Begin a call as soon as a thread is free. Raises RuntimeError after the shutdown."""
        answer: Future[T] = Future()
        with self._gate:
            if self._over:
                raise RuntimeError(f"the threads {self._name} have ended")
            self._calls.put((lambda: call(*args, **kwargs), answer))
            if self._free:
                self._free -= 1
                self._begin()
        return answer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002  as in the base class
        """Begin nothing more once what was asked for is done, or cancel that."""
        with self._gate:
            self._over = True
            while cancel_futures and not self._calls.empty():
                self._cancel()
            for _ in self._threads:
                self._calls.put(None)
        for each in self._threads if wait else ():
            each.join()

    def _begin(self) -> None:
        thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _cancel(self) -> None:
        try:
            queued = self._calls.get_nowait()
        except queue.Empty:
            return
        if queued is not None:
            queued[1].cancel()

    def _serve(self) -> None:
        while (queued := self._calls.get()) is not None:
            call, answer = queued
            if not answer.set_running_or_notify_cancel():
                continue
            try:
                answer.set_result(call())
            except BaseException as error:  # noqa: BLE001  the caller is told
                answer.set_exception(error)


def unattended(begun: F) -> F:
    """Return a future that may be left alone: what goes wrong concerns only those who wait for it.

    Without that a failure after a stop, when nobody waits any more, is a traceback in the log.
    """
    begun.add_done_callback(_take_in)
    return begun


def _take_in(ended: asyncio.Future[Any]) -> None:
    if not ended.cancelled():
        ended.exception()
