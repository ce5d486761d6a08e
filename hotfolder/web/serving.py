"""Listening on a port for strangers: few connections, none for long, nothing of theirs in the log.

Who holds many connections loses them to who holds few: a flood from one address keeps nobody else
from being heard. Behind a proxy all have one address; then only the times help.

uvicorn's protocol is used without its `Server`, which takes over SIGINT and SIGTERM.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

import structlog
from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from hotfolder.domain.errors import OperatorError
from hotfolder.listening import heard_by, why_not_there
from hotfolder.web.guarding import guarded

MOST_CONNECTIONS: Final = 128
MOST_OF_AN_ADDRESS: Final = 64
LONGEST_CONNECTION_S: Final = 15.0
HEADERS_S: Final = 3.0
IPV6_NETWORK: Final = 4  # groups of an address that belong to one household

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.web")

Dropped = Callable[[], None]
Serve = Callable[[ASGIApp, str, int, str, Dropped], AbstractAsyncContextManager[int]]


class _Protocol(H11Protocol):
    """HTTP/1.1 with no more connections than a few, and none for long.

    `speaker` is whose connection it is, `began_s` since when.
    """

    def __init__(self, config: Config, state: ServerState, dropped: Dropped) -> None:
        super().__init__(config, state, {})
        self._dropped = dropped
        self.speaker = ""
        self.began_s = 0.0
        self._ends: list[asyncio.TimerHandle] = []

    @property
    def asks(self) -> bool:
        """Whether a whole request has come."""
        return self.cycle is not None

    def connection_made(  # type: ignore[override]  # as in the base class
        self, transport: asyncio.Transport
    ) -> None:
        """Take a connection; where there are too many, drop one of who holds the most."""
        super().connection_made(transport)
        loop = asyncio.get_running_loop()
        self.speaker, self.began_s = _speaker(self.client), loop.time()
        self._ends = [
            loop.call_later(HEADERS_S, self._require_request),
            loop.call_later(LONGEST_CONNECTION_S, transport.abort),
        ]
        surplus = _surplus([each for each in self.connections if isinstance(each, _Protocol)])
        if surplus is not None:
            self.connections.discard(surplus)
            surplus.transport.abort()
            self._dropped()

    def data_received(self, data: bytes) -> None:
        """Hear what comes; whatever it does to the parser ends this connection only."""
        try:
            super().data_received(data)
        except Exception as error:  # noqa: BLE001  of a stranger's bytes
            log.info("web.unreadable", error=type(error).__name__)
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        for each in self._ends:
            each.cancel()
        super().connection_lost(exc)

    def _require_request(self) -> None:
        if not self.asks:
            self.transport.abort()


def _speaker(client: tuple[str, int] | None) -> str:
    """Return whom a connection counts for: an address, of IPv6 its network."""
    host = client[0] if client else ""
    groups = host.split(":")
    return ":".join(groups[:IPV6_NETWORK]) if len(groups) > IPV6_NETWORK else host


def _surplus(opened: Iterable[_Protocol]) -> _Protocol | None:
    """Return the connection that is one too many: of who holds the most, silent ones first."""
    held = Counter(each.speaker for each in opened)
    speaker, most = held.most_common(1)[0]
    if most <= MOST_OF_AN_ADDRESS and held.total() <= MOST_CONNECTIONS:
        return None
    theirs = (each for each in opened if each.speaker == speaker)
    return min(theirs, key=lambda each: (each.asks, each.began_s))


@asynccontextmanager
async def serving(
    app: ASGIApp, host: str, port: int, key_path: str, dropped: Dropped
) -> AsyncIterator[int]:
    """Serve while the block runs and give the port.

    `key_path` is where in the config the place is stated; `dropped` is called for each connection
    that was one too many. Raises OperatorError where it is taken.
    """
    config = heard_by(guarded(app))
    state = ServerState()
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(lambda: _Protocol(config, state, dropped), host, port)
    except OSError as error:
        raise OperatorError(
            f"{key_path}: cannot listen on {host}:{port}: {why_not_there(error)}"
        ) from error
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        if state.tasks:
            await asyncio.wait(state.tasks, timeout=1.0)
        for connection in list(state.connections):
            connection.transport.abort()
        await server.wait_closed()
