"""The page's own thread and loop: whatever its visitors do, no submit waits for it.

uvicorn's protocol is used without its `Server`, which takes over SIGINT and SIGTERM. A connection
may stay for long (a stream, a film), but not idle, not without a request, and not unread.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog
from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from hotfolder.domain.errors import OperatorError
from hotfolder.listening import heard_by, why_not_there

MOST_CONNECTIONS: Final = 256
# How long a connection may be without a request, and how long an answer may lie unread.
IDLE_S: Final = 15.0
UNREAD_S: Final = 60.0
LOOK_S: Final = 5.0
END_S: Final = 3.0
# How long the page's thread may keep Python to itself while the daemon's wants it. Each step of a
# submit would wait for so long: 5 ms by default.
SWITCH_S: Final = 0.0005

# What serves until its task is cancelled, beside the application.
Beside = Callable[[], Awaitable[None]]

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.page")


class _Protocol(H11Protocol):
    """HTTP/1.1 with a bounded number of connections, none of them idle for long."""

    def __init__(self, config: Config, state: ServerState) -> None:
        super().__init__(config, state, {})
        self._look: asyncio.TimerHandle | None = None
        self._stuck_s = 0.0

    def connection_made(  # type: ignore[override]  # as in the base class
        self, transport: asyncio.Transport
    ) -> None:
        """Take a connection, or drop it."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
            return
        self._look = self.loop.call_later(LOOK_S, self._look_again)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        if self._look is not None:
            self._look.cancel()
        super().connection_lost(exc)

    def _look_again(self) -> None:
        """End a connection on which nothing has moved for too long."""
        is_idle = self.cycle is None or self.cycle.response_complete
        is_unread = self.flow.write_paused
        self._stuck_s = self._stuck_s + LOOK_S if is_idle or is_unread else 0.0
        if self._stuck_s >= (UNREAD_S if is_unread else IDLE_S):
            self.transport.abort()
        else:
            self._look = self.loop.call_later(LOOK_S, self._look_again)


def listener(host: str, port: int, *, is_default: bool) -> socket.socket:
    """Return a socket that listens at a place, or at a free port where nobody chose the place.

    Raises OperatorError.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return _opened(family, host, port)
    except OSError as error:
        if not is_default or error.errno != errno.EADDRINUSE:
            raise OperatorError(
                f"web.listen: cannot listen on {host}:{port}: {why_not_there(error)}"
            ) from error
    found = _opened(family, host, 0)
    log.warning("page.elsewhere", taken=port, port=found.getsockname()[1])
    return found


def _opened(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    """Open a socket whose connections send at once: else each body waits 40 ms for an ACK."""
    found = socket.create_server((host, port), family=family)
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return found


@asynccontextmanager
async def serving(app: ASGIApp, place: socket.socket, beside: Beside) -> AsyncIterator[None]:
    """Serve in a thread of its own while the block runs; closes the socket."""
    own = _Thread(app, place, beside)
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    own.start()
    try:
        yield
    finally:
        sys.setswitchinterval(before_s)
        own.stop()
        await asyncio.to_thread(own.join, END_S)


class _Thread(threading.Thread):
    """The thread; a daemon one, so that a visitor never keeps the program from ending."""

    def __init__(self, app: ASGIApp, place: socket.socket, beside: Beside) -> None:
        super().__init__(name="page", daemon=True)
        self._app = app
        self._place = place
        self._beside = beside
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over = asyncio.Event()
        self._begun = threading.Event()

    def run(self) -> None:
        """Serve until it is stopped."""
        try:
            asyncio.run(self._serve())
        except Exception:
            log.exception("page.ended")

    def stop(self) -> None:
        """Have it end."""
        self._begun.wait(END_S)
        if self._loop is not None and self.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        config = heard_by(self._app)
        state = ServerState()
        server = await self._loop.create_server(
            lambda: _Protocol(config, state), sock=self._place, backlog=MOST_CONNECTIONS
        )
        beside = asyncio.ensure_future(self._beside())
        over = asyncio.ensure_future(self._over.wait())
        self._begun.set()
        try:
            await asyncio.wait({beside, over}, return_when=asyncio.FIRST_COMPLETED)
            if beside.done():
                await beside
        finally:
            beside.cancel()
            server.close()
            for connection in list(state.connections):
                connection.transport.abort()
            if state.tasks:
                await asyncio.wait(state.tasks, timeout=END_S / 2)
