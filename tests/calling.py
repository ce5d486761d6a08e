"""Calls of the one HTTP client over the simulator."""

from __future__ import annotations

import asyncio
import io
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from hotfolder.runninghub.client import Client
from hotfolder.simulator import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hotfolder.simulator import RunningServer

KEY = "k3y" + "s" * 29
GROK = "rhart-image-x-official/edit"
CAT = files("hotfolder").joinpath("samples", "cat.jpg").read_bytes()
ANSWER_TIMEOUT_S = 2.0
PATIENCE_S = 10
ENOUGH = 10**8


@asynccontextmanager
async def connected(base_url: str, **rest: Any) -> AsyncIterator[Client]:  # noqa: ANN401  as Client
    """Give a client and close it."""
    client = Client(base_url, SecretStr(rest.pop("key", KEY)), **rest)
    try:
        yield client
    finally:
        await client.aclose()


async def body_for(client: Client, prompt: str = "make it gold") -> dict[str, Any]:
    """Upload the cat and return the body of its edit."""
    uploaded = await client.upload(io.BytesIO(CAT), "cat.jpg", "image/jpeg")
    return {"prompt": prompt, "image": uploaded.url}


def fault(service: RunningServer, call: Any, kind: str, **rest: Any) -> None:  # noqa: ANN401  as Fault
    """Let the service misbehave."""
    service.simulator.add_fault(Fault(call=call, kind=kind, **rest))


def accepted(service: RunningServer) -> int:
    """Return how many tasks the service has accepted."""
    return len(service.simulator.ledger().tasks)


def requests(service: RunningServer, call: str) -> int:
    """Return how many requests of a kind have arrived."""
    return service.simulator.ledger().requests.get(call, 0)


class Listener:
    """A plain TCP server: keeps what each connection sends, and answers or not."""

    def __init__(self, reply: bytes | None, *, heard: int = 1) -> None:
        self.connections: list[bytes] = []
        self.heard = asyncio.Event()
        self._reply = reply
        self._wanted = heard
        self._writers: list[asyncio.StreamWriter] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, for as long as the client keeps it."""
        place = len(self.connections)
        self.connections.append(b"")
        self._writers.append(writer)
        while chunk := await reader.read(65536):
            self.connections[place] += chunk
            if sum(map(bool, self.connections)) >= self._wanted:
                self.heard.set()
            if self._reply is not None and b"}" in chunk:
                writer.write(self._reply)
        writer.close()

    def close(self) -> None:
        """Cut all connections."""
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def listening(reply: bytes | None, **rest: Any) -> AsyncIterator[tuple[Listener, str]]:  # noqa: ANN401  as Listener
    """Serve, and give the listener and its base URL."""
    listener = Listener(reply, **rest)
    server = await asyncio.start_server(listener, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield listener, f"http://127.0.0.1:{port}/openapi/v2"
        listener.close()


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    """Return an HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


YES = http("200 OK", b'{"taskId":"2013508786110730241","errorCode":""}')


async def every_call(client: Client) -> list[BaseException | object]:
    """Make every call once and return what became of each."""
    return [
        *await asyncio.gather(
            client.submit(GROK, {"prompt": "x"}),
            client.upload(io.BytesIO(b"x"), "x.jpg", "image/jpeg"),
            client.query("1" * 19),
            client.download(f"{client.site}/x", len, limit=ENOUGH),
            client.queue(),
            client.account(),
            client.cancel("1" * 19),
            return_exceptions=True,
        )
    ]
