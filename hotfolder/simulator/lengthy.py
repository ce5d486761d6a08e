"""Answers that take too long or grow too large: dripping, without end, inflating."""

from __future__ import annotations

import zlib
from functools import cache
from typing import TYPE_CHECKING

from starlette.responses import Response

from hotfolder.simulator.answers import HTTP_OK
from hotfolder.simulator.connection import connection_of, gone

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

MEBIBYTE = 1024 * 1024
INFLATED_MEBIBYTES = 2048
_GZIP = zlib.MAX_WBITS + 16
_PIECE = 64 * 1024 * b" "
_PAUSE_S = 0.001


def head(answer: Response, length: int | None) -> bytes:
    """Return an answer's first line and headers; `length` None names none."""
    headers = {**answer.headers, "connection": "close"}
    headers.pop("content-length", None)
    if length is not None:
        headers["content-length"] = str(length)
    lines = [f"HTTP/1.1 {answer.status_code} OK", *map(": ".join, headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1")


class Dripping(Response):
    """The true answer byte by byte, with so many seconds after each."""

    def __init__(self, true_answer: Response, pause_s: float) -> None:
        super().__init__()
        body = bytes(true_answer.body)
        self._pause_s = pause_s
        self._begin, self._rest = head(true_answer, len(body)), body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send for as long as the client listens, then close."""
        del send
        connection = connection_of(scope)
        connection.send(self._begin)
        for place in range(len(self._rest)):
            if connection.is_lost:
                return
            connection.send(self._rest[place : place + 1])
            await gone(receive, self._pause_s)
        connection.finish()
        await gone(receive)


class Endless(Response):
    """The true answer, and then spaces for ever."""

    def __init__(self, true_answer: Response) -> None:
        super().__init__()
        self._begin = head(true_answer, None) + bytes(true_answer.body)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send as fast as the client takes it, until it leaves."""
        del send
        connection = connection_of(scope)
        connection.send(self._begin)
        while not connection.is_lost:
            if not connection.waiting_bytes:
                connection.send(_PIECE)
            await gone(receive, _PAUSE_S)


def inflating() -> Response:
    """Return an answer of two megabytes that stands for two gigabytes of spaces."""
    headers = {"content-encoding": "gzip"}
    return Response(_inflated(), HTTP_OK, headers, media_type="application/json")


@cache
def _inflated() -> bytes:
    packer = zlib.compressobj(wbits=_GZIP)
    begin = packer.flush(zlib.Z_FULL_FLUSH)
    mebibyte = packer.compress(MEBIBYTE * b" ") + packer.flush(zlib.Z_FULL_FLUSH)
    return begin + INFLATED_MEBIBYTES * mebibyte
