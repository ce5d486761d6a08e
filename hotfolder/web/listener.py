"""The listener for callbacks: anybody may reach it, so it believes nothing and keeps little.

Every request is answered at once and alike. Only a token that we sealed makes it look at the body,
and all that is taken from there is a task id, to be confirmed by a query of ours. uvicorn's
protocol is used without its `Server`, which takes over SIGINT and SIGTERM; connections are few
and short-lived here.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import request_response
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from hotfolder.domain import tokens
from hotfolder.domain.errors import JournalError, OperatorError
from hotfolder.runninghub import wire

MOST_CONNECTIONS: Final = 128
MOST_AT_ONCE: Final = 32
LARGEST_BODY_BYTES: Final = 64 * 1024
LONGEST_CONNECTION_S: Final = 15.0

Hear = Callable[[str, str], Awaitable[object]]

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.web")


class Callbacks:
    """Answers requests. `hear` keeps what a callback says: a token and a task id.

    A callback that cannot be kept now is refused, so that the service repeats it.
    """

    def __init__(self, key: bytes, hear: Hear) -> None:
        self._key = key
        self._hear = hear
        self._at_work = 0

    async def answer(self, request: Request) -> Response:
        """Answer a request of whatever kind."""
        token = request.url.path.rstrip("/").rpartition("/")[2]
        if not tokens.is_ours(token, self._key):
            return _content()
        if self._at_work >= MOST_AT_ONCE:
            return _later()
        self._at_work += 1
        try:
            task_id = wire.callback_task(await _body(request))
            if task_id:
                await self._hear(token, task_id)
        except ClientDisconnect:
            log.info("callback.broken_off")
        except JournalError as error:
            log.warning("callback.not_kept", error=str(error))
            return _later()
        finally:
            self._at_work -= 1
        return _content()


async def _body(request: Request) -> bytes:
    """Return the body, or nothing where it is larger than any callback."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY_BYTES:
            return b""
    return bytes(body)


def _content() -> Response:
    return PlainTextResponse("hotfolder hears callbacks here\n", headers={"connection": "close"})


def _later() -> Response:
    return PlainTextResponse("later, please\n", 503, headers={"connection": "close"})


class _Protocol(H11Protocol):
    """HTTP/1.1 for strangers: no more connections than a few, and none for long."""

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


@asynccontextmanager
async def listening(host: str, port: int, key: bytes, hear: Hear) -> AsyncIterator[int]:
    """Listen while the block runs and give the port. Raises OperatorError where it cannot."""
    config = Config(
        request_response(Callbacks(key, hear).answer),
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
        reason = os.strerror(error.errno) if error.errno else error
        raise OperatorError(
            f"api.webhook_listen: cannot listen on {host}:{port}: {reason}. "
            f"Choose another port, or end what uses it."
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
