"""The network as calls: the client reaches the simulated service, callbacks reach our port."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import httpx

from hotfolder.simulator.connection import STATE_KEY, Connection
from tests.simulation.loop import LIFE, OUTSIDE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextvars import Context
    from random import Random

    from starlette.types import ASGIApp

CHUNK: Final = 700
MOST_CHUNKS: Final = 40
DRIP_S: Final = 1.0
NOWHERE: Final = ".invalid"  # what the names of hosts end with that there are not


@dataclass(slots=True)
class Trouble:
    """How likely the network itself fails a call: it refuses, or an answer comes byte by byte.

    `read_bytes` is the most that was read of one answer, `read_s` the longest that one was read.
    """

    refused: float = 0.0
    dripped: float = 0.0
    count: int = 0
    read_bytes: int = 0
    read_s: float = 0.0


@dataclass(slots=True)
class _Exchange:
    """One request on its way through an ASGI application."""

    answered: asyncio.Future[httpx.Response]
    left: asyncio.Event = field(default_factory=asyncio.Event)

    def fail(self, error: Exception) -> None:
        self.left.set()
        if not self.answered.done():
            self.answered.set_exception(error)

    def answer(self, response: httpx.Response) -> None:
        if not self.answered.done():
            self.answered.set_result(response)


class _Wire(Connection):
    """The connection under one request, as far as faults take hold of it."""

    def __init__(self, exchange: _Exchange) -> None:
        super().__init__()
        self._exchange = exchange
        self._raw = b""

    def cut(self) -> None:
        """Close; the client reads the end of the stream."""
        self._exchange.fail(httpx.RemoteProtocolError("Server disconnected"))

    def reset(self) -> None:
        """Close with RST."""
        self._exchange.fail(httpx.ReadError("reset"))

    def send(self, content: bytes) -> None:
        """Send bytes past the HTTP layer."""
        self._raw += content

    def finish(self) -> None:
        """Close once all that was sent has left."""
        head, _, body = self._raw.partition(b"\r\n\r\n")
        status, *lines = head.split(b"\r\n")
        headers = [tuple(each.split(b": ", 1)) for each in lines]
        length = next((int(value) for key, value in headers if key == b"content-length"), len(body))
        stream = _Body(body, cut=length != len(body))
        self._exchange.answer(
            httpx.Response(int(status.split()[1]), headers=headers, stream=stream)  # type: ignore[arg-type]
        )
        self._exchange.left.set()


class _Body(httpx.AsyncByteStream):
    """An answer's body, perhaps a byte at a time, perhaps cut."""

    def __init__(
        self,
        content: bytes,
        pause_s: float = 0.0,
        *,
        cut: bool = False,
        read: Callable[[int, float], None] = lambda _size, _seconds: None,
    ) -> None:
        self._read = read
        self._content = content
        self._pause_s = pause_s
        self._cut = cut

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield what comes."""
        size = 1 if self._pause_s else max(CHUNK, len(self._content) // MOST_CHUNKS)
        for at in range(0, len(self._content), size):
            if self._pause_s:
                await asyncio.sleep(self._pause_s)
            self._read(at + size, at * self._pause_s)
            yield self._content[at : at + size]
        if self._cut:
            raise httpx.RemoteProtocolError("peer closed connection without sending complete body")


class Network(httpx.AsyncBaseTransport):
    """Carries calls to `service` and callbacks to the ports that are open.

    `bend` changes the answers to queries. `outside` is the context that the service works in.
    """

    def __init__(
        self, random: Random, outside: Context, bend: Callable[[str, bytes, bytes], bytes]
    ) -> None:
        self.trouble = Trouble()
        self.service: ASGIApp | None = None
        self._random = random
        self._outside = outside
        self._bend = bend
        self._ports: dict[str, tuple[int, ASGIApp]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a call there and its answer back."""
        limit_s = request.extensions.get("timeout", {}).get("read")
        await asyncio.sleep(0.02 * self._random.expovariate(1.0))
        if self._hits(self.trouble.refused):
            raise httpx.ConnectError("refused", request=request)
        if request.url.host.endswith(NOWHERE):
            raise httpx.ConnectError("no such name", request=request)
        body = await request.aread()
        trace = request.extensions.get("trace")
        if trace is not None:
            sent = SimpleNamespace(method=request.method.encode())
            await trace("http11.send_request_headers.started", {"request": sent})
            await trace("http11.receive_response_headers.started", {"request": sent})
        exchange = _Exchange(asyncio.get_running_loop().create_future())
        assert self.service is not None
        self._serve(self.service, request, body, exchange, OUTSIDE)
        try:
            async with asyncio.timeout(limit_s):
                response = await exchange.answered
        except TimeoutError:
            raise httpx.ReadTimeout("no answer", request=request) from None
        finally:
            exchange.left.set()
        return response

    async def post(self, url: str, content: bytes) -> bool:
        """Bring a callback to a port, if it is open; return whether it was taken."""
        place = httpx.URL(url)
        await asyncio.sleep(0.02 * self._random.expovariate(1.0))
        life, app = self._ports.get(f"{place.host}:{place.port}", (OUTSIDE, None))
        if app is None:
            return False
        exchange = _Exchange(asyncio.get_running_loop().create_future())
        request = httpx.Request("POST", url, content=content)
        self._serve(app, request, content, exchange, life)
        try:
            async with asyncio.timeout(5.0):
                return (await exchange.answered).status_code == httpx.codes.OK
        except (TimeoutError, httpx.HTTPError):
            return False

    @asynccontextmanager
    async def serve(
        self, app: ASGIApp, host: str, port: int, _key: str, _dropped: Callable[[], None]
    ) -> AsyncIterator[int]:
        """Open a port while the block runs."""
        place = f"{host}:{port}"
        self._ports[place] = (LIFE.get(), app)
        try:
            yield port
        finally:
            del self._ports[place]

    def close_ports(self) -> None:
        """Close what a killed process leaves open."""
        self._ports.clear()

    # -- the other side

    def _serve(
        self, app: ASGIApp, request: httpx.Request, body: bytes, exchange: _Exchange, life: int
    ) -> None:
        context = self._outside.copy()
        context.run(LIFE.set, life)
        served = self._served(app, _scope(request, exchange), request.url.path, body, exchange)
        task = asyncio.Task(served, loop=asyncio.get_running_loop(), context=context)
        _KEPT.add(task)
        task.add_done_callback(_KEPT.discard)

    async def _served(
        self, app: ASGIApp, scope: dict[str, Any], path: str, body: bytes, exchange: _Exchange
    ) -> None:
        asked = [body]
        start: dict[str, Any] = {}
        told = bytearray()

        async def receive() -> dict[str, Any]:
            if asked:
                return {"type": "http.request", "body": asked.pop(), "more_body": False}
            await exchange.left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:  # noqa: ANN401  ASGI's
            if message["type"] == "http.response.start":
                start.update(message)
                return
            told.extend(message.get("body", b""))
            if not message.get("more_body"):
                await asyncio.sleep(0.02 * self._random.expovariate(1.0))
                exchange.answer(self._response(path, body, start, bytes(told)))

        await app(scope, receive, send)

    def _response(
        self, path: str, asked: bytes, start: dict[str, Any], told: bytes
    ) -> httpx.Response:
        bent = self._bend(path, asked, told)
        headers = [each for each in start["headers"] if each[0] != b"content-length"]
        headers.append((b"content-length", str(len(bent)).encode()))
        pause_s = DRIP_S if self._hits(self.trouble.dripped) else 0.0
        stream = _Body(bent, pause_s, read=self._note_read)
        return httpx.Response(start["status"], headers=headers, stream=stream)

    def _note_read(self, size: int, seconds: float) -> None:
        self.trouble.read_bytes = max(self.trouble.read_bytes, size)
        self.trouble.read_s = max(self.trouble.read_s, seconds)

    def _hits(self, share: float) -> bool:
        if not share or self._random.random() >= share:
            return False
        self.trouble.count += 1
        return True


def _scope(request: httpx.Request, exchange: _Exchange) -> dict[str, Any]:
    url = request.url
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "path": url.path,
        "raw_path": url.raw_path.partition(b"?")[0],
        "query_string": url.query,
        "headers": [(key.lower(), value) for key, value in request.headers.raw],
        "scheme": url.scheme,
        "server": (url.host, url.port),
        "client": ("127.0.0.1", 1),
        "root_path": "",
        "state": {STATE_KEY: _Wire(exchange)},
    }


_KEPT: set[asyncio.Task[None]] = set()


def parsed(content: bytes) -> dict[str, Any]:
    """Return a JSON object, or an empty one."""
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
