"""Virtual time: an event loop that jumps to its next timer, and threads that run inline in it.

Whatever belongs to one life of the daemon carries that life in its context. A kill drops
all of it at once, in the middle of whatever it waited for, without a `finally` being run.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
from collections import deque
from concurrent.futures import Executor, Future
from contextvars import Context, ContextVar
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    Call = Callable[..., Any]

P = ParamSpec("P")
T = TypeVar("T")

OUTSIDE = 0
LIFE: ContextVar[int] = ContextVar("life", default=OUTSIDE)


class Killed(BaseException):
    """The process was killed at this very point."""


class StuckError(Exception):
    """Nothing will ever happen any more."""


class _NoFiles(selectors.DefaultSelector):
    """Waits for no file: nothing real is ever awaited."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        """Let the time pass that nothing happens in."""
        if timeout is None:
            raise StuckError
        self.loop.now_s += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time passes when nothing is left to do, and at once."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.steps = 0
        self.on_step: Callable[[], None] = lambda: None
        self._dead: set[int] = set()
        selector = _NoFiles()
        selector.loop = self
        super().__init__(selector)
        self.set_exception_handler(self._note)
        self.errors: list[str] = []

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self.now_s

    def call_soon(
        self, callback: Call, *args: object, context: Context | None = None
    ) -> asyncio.Handle:
        """Call something next, unless it belongs to a life that has ended."""
        handle = super().call_soon(callback, *args, context=context)
        life = handle._context.get(LIFE, OUTSIDE)  # type: ignore[attr-defined]  # noqa: SLF001
        if life in self._dead:
            handle.cancel()
        elif life != OUTSIDE:
            self.steps += 1
            self.on_step()
        return handle

    call_soon_threadsafe = call_soon

    def call_at(
        self, when: float, callback: Call, *args: object, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call something at a time, unless it belongs to a life that has ended."""
        handle = super().call_at(when, callback, *args, context=context)
        if handle._context.get(LIFE, OUTSIDE) in self._dead:  # type: ignore[attr-defined]  # noqa: SLF001
            handle.cancel()
        return handle

    def run_in_executor(
        self, executor: Executor | None, func: Call, *args: object
    ) -> asyncio.Future[Any]:
        """Make a call in a pool; that of no pool takes no time."""
        if executor is None:
            future = self.create_future()
            self.call_soon(partial(_into, future, partial(func, *args)))
            return future
        return asyncio.wrap_future(executor.submit(func, *args), loop=self)

    async def getaddrinfo(self, host: Any, port: Any, **_rest: Any) -> Any:  # noqa: ANN401  as in the base class
        """Return the address that a host is; names have none here."""
        try:
            ip_address(host)
        except ValueError:
            raise socket.gaierror(socket.EAI_NONAME, "no such name") from None
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]

    def kill(self, life: int) -> None:
        """End a life: nothing of it is called any more."""
        self._dead.add(life)
        for each in [*self._ready, *self._scheduled]:  # type: ignore[attr-defined]
            if each._context is not None and each._context.get(LIFE, OUTSIDE) == life:  # noqa: SLF001
                each.cancel()

    def _note(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if "was destroyed but it is pending" not in context["message"]:
            self.errors.append(f"{context['message']}: {context.get('exception')!r}")


def _into(future: asyncio.Future[Any], call: Callable[[], Any]) -> None:
    try:
        result = call()
    except Killed:
        return
    except Exception as error:  # noqa: BLE001  the caller is told
        if not future.done():
            future.set_exception(error)
    else:
        if not future.done():
            future.set_result(result)


class _Answer(Future[T]):
    """What a call will bring; who waits for it without a loop has it made now."""

    threads: VirtualThreads

    def result(self, timeout: float | None = None) -> T:
        """Return what the call brought; one amidst which the process was killed brings nothing."""
        del timeout
        while not self.done():
            if not self.threads.take_one():
                raise Killed
        return super().result(0)


class VirtualThreads(Executor):
    """Threads that make their calls inline, each after a seeded delay, in the order they came."""

    def __init__(
        self, loop: VirtualLoop, delay_s: Callable[[], float], at_once: int, name: str
    ) -> None:
        self.name = name
        self.owner: object = None
        self.begun = 0  # calls so far
        self._loop = loop
        self._delay_s = delay_s
        self._free = at_once
        self._over = False
        self._calls: deque[tuple[_Answer[Any], Callable[[], Any]]] = deque()

    def submit(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Make a call when a thread is free and its delay has passed."""
        if self._over:
            raise RuntimeError(f"the threads {self.name} have ended")
        answer = _Answer[T]()
        answer.threads = self
        self._calls.append((answer, partial(call, *args, **kwargs)))
        self.owner = getattr(call, "__self__", None)
        self._begin()
        return answer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002  as in the base class
        """Begin nothing more."""
        del wait
        self._over = True
        while cancel_futures and self._calls:
            self._calls.popleft()[0].cancel()

    def take_one(self) -> bool:
        """Make the call that has waited longest; returns whether there was one."""
        if not self._calls:
            return False
        answer, call = self._calls.popleft()
        self.begun += 1
        if not answer.set_running_or_notify_cancel():
            return True
        try:
            result = call()
        except Killed:
            self._calls.clear()  # nobody is left to make them
        except Exception as error:  # noqa: BLE001  the caller is told
            answer.set_exception(error)
        else:
            answer.set_result(result)
        return True

    def _begin(self) -> None:
        if self._free and self._calls:
            self._free -= 1
            self._loop.call_later(self._delay_s(), self._turn)

    def _turn(self) -> None:
        self._free += 1
        self.take_one()
        self._begin()


def chances(random: Random, *, usual_s: float, rare: float, long_s: float) -> Callable[[], float]:
    """Return how long calls take: mostly about as usual, rarely up to `long_s`."""

    def delay_s() -> float:
        if random.random() < rare:
            return random.uniform(0.0, long_s)
        return usual_s * random.expovariate(1.0)

    return delay_s
