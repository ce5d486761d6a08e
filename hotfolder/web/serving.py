"""Listening on a port for strangers: few connections, none for long, nothing of theirs in the log.

uvicorn's protocol is used without its `Server`, which takes over SIGINT and SIGTERM.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from hotfolder.domain.errors import OperatorError

MOST_CONNECTIONS: Final = 128
LONGEST_CONNECTION_S: Final = 15.0

Serve = Callable[[ASGIApp, str, int, str], AbstractAsyncContextManager[int]]


class _Protocol(H11Protocol):
    """HTTP/1.1 with no more connections than a few, and none for long."""

    def __init__(self, config: Config, state: ServerState) -> None:
        super().__init__(config, state, {})
        self._end: asyncio.TimerHandle | None = None

    def connection_made(  # type: ignore[override]  # as in the base class
        self, transport: asyncio.Transport
    ) -> None:
        """Take a connection, or drop it."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
            return
        loop = asyncio.get_running_loop()
        self._end = loop.call_later(LONGEST_CONNECTION_S, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        if self._end is not None:
            self._end.cancel()
        super().connection_lost(exc)


def _reason(error: OSError) -> str:
    """Return why a place cannot be listened at, and what to do; asyncio's own texts are long."""
    if error.errno == errno.EADDRINUSE:
        return f"{os.strerror(error.errno)}. Choose another port, or end what uses it."
    unknown = isinstance(error, socket.gaierror) or not error.errno
    reason = error.strerror if unknown else os.strerror(error.errno or 0)
    return f"{reason}. Is it an address of this machine?"


@asynccontextmanager
async def serving(app: ASGIApp, host: str, port: int, key_path: str) -> AsyncIterator[int]:
    """Serve while the block runs and give the port.

    `key_path` is where in the config the place is stated. Raises OperatorError where it is taken.
    """
    config = Config(
        app,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        server_header=False,
        log_config=None,
        log_level=logging.ERROR,  # what strangers send is no news
        access_log=False,
    )
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(lambda: _Protocol(config, state), host, port)
    except OSError as error:
        raise OperatorError(
            f"{key_path}: cannot listen on {host}:{port}: {_reason(error)}"
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
