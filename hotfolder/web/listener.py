"""The listener for callbacks: anybody may reach it, so it believes nothing and keeps little.

Every request is answered at once and alike. Only a token that we sealed makes it look at the body,
and all that is taken from there is a task id, to be confirmed by a query of ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import request_response

from hotfolder.domain import tokens
from hotfolder.domain.errors import JournalError
from hotfolder.runninghub import wire
from hotfolder.web.serving import Dropped, Serve, serving

MOST_AT_ONCE: Final = 32
LARGEST_BODY_BYTES: Final = 64 * 1024
BODY_S: Final = 5.0

Hear = Callable[[str, str], Awaitable[object]]

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.web")


class Callbacks:
    """Answers requests. `hear` keeps what a callback says: a token and a task id.

    A callback that cannot be kept now is refused, so that the service repeats it; `dropped` is
    called then, for it may not do so.
    """

    def __init__(self, key: bytes, hear: Hear, dropped: Dropped) -> None:
        self._dropped = dropped
        self._key = key
        self._hear = hear
        self._at_work = 0

    async def answer(self, request: Request) -> Response:
        """Answer a request of whatever kind."""
        token = str(request.scope["path"]).rstrip("/").rpartition("/")[2]
        if not tokens.is_ours(token, self._key):
            return _content()
        if self._at_work >= MOST_AT_ONCE:
            return self._later()
        self._at_work += 1
        try:
            task_id = wire.callback_task(await _body(request))
            if task_id:
                await self._hear(token, task_id)
        except (ClientDisconnect, TimeoutError):
            log.info("callback.broken_off")
            return self._later()
        except JournalError as error:
            log.warning("callback.not_kept", error=str(error))
            return self._later()
        finally:
            self._at_work -= 1
        return _content()

    def _later(self) -> Response:
        self._dropped()
        return PlainTextResponse("later, please\n", 503, headers={"connection": "close"})


async def _body(request: Request) -> bytes:
    """Return the body, or nothing where it is larger than any callback.

    Raises TimeoutError where it comes too slowly, ClientDisconnect.
    """
    body = bytearray()
    async with asyncio.timeout(BODY_S):
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_BODY_BYTES:
                return b""
    return bytes(body)


def _content() -> Response:
    return PlainTextResponse("hotfolder hears callbacks here\n", headers={"connection": "close"})


@asynccontextmanager
async def listening(
    host: str,
    port: int,
    key: bytes,
    hear: Hear,
    *,
    serve: Serve = serving,
    dropped: Dropped = lambda: None,
) -> AsyncIterator[int]:
    """Listen while the block runs and give the port. Raises OperatorError where it cannot.

    `dropped` is called whenever somebody was turned away who might have had a callback.
    """
    app = request_response(Callbacks(key, hear, dropped).answer)
    async with serve(app, host, port, "api.webhook_listen", dropped) as bound:
        yield bound
