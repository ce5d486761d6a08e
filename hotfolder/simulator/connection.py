"""The TCP connection under a request, for answers that break HTTP.

uvicorn hides the transport from the application. `Protocol` puts a `Connection`
into each request's state, with which an answer may be cut, reset or sent raw.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.types import Receive, Scope
    from uvicorn.config import Config
    from uvicorn.server import ServerState

STATE_KEY = "connection"
# SO_LINGER on, with no time to linger: close() then sends RST instead of FIN.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Connection:
    """The wire of one client."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None

    @property
    def is_lost(self) -> bool:
        """Say whether nothing more can be sent."""
        return self.transport is None or self.transport.is_closing()

    @property
    def waiting_bytes(self) -> int:
        """Return how much was sent that the client has not taken yet."""
        return 0 if self.transport is None else self.transport.get_write_buffer_size()

    def cut(self) -> None:
        """Close at once; the client reads the end of the stream."""
        if self.transport is not None:
            self.transport.abort()

    def reset(self) -> None:
        """Close at once with RST; the client's read or write fails."""
        if self.transport is None:
            return
        raw = self.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.transport.abort()

    def send(self, content: bytes) -> None:
        """Send bytes past the HTTP layer."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(content)

    def finish(self) -> None:
        """Close once all that was sent has left."""
        if self.transport is not None:
            self.transport.close()


class Protocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol that lets requests reach their connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._connection = Connection()
        super().__init__(config, server_state, app_state | {STATE_KEY: self._connection}, _loop)

    def connection_made(  # type: ignore[override]  # as in the base class
        self, transport: asyncio.Transport
    ) -> None:
        """Remember the transport."""
        self._connection.transport = transport
        super().connection_made(transport)


def connection_of(scope: Scope) -> Connection:
    """Return the connection a request came over."""
    connection = scope["state"][STATE_KEY]
    assert isinstance(connection, Connection)  # noqa: S101  (Protocol has put it there)
    return connection


async def gone(receive: Receive, limit_s: float | None = None) -> None:
    """Wait until the client's connection is lost, or for a number of seconds."""
    try:
        async with asyncio.timeout(limit_s):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return
