"""A network that can be cut: a relay before the simulated service, on a port that stays."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from urllib.parse import urlsplit

CHUNK_BYTES = 65536


class Relay:
    """Passes connections on to a service; while it is cut, connections are refused."""

    def __init__(self, base_url: str) -> None:
        self._target = urlsplit(base_url)
        self._server: asyncio.Server | None = None
        self._passing: set[asyncio.Task[None]] = set()
        # Bound and never listening: keeps others from the port while the network is cut.
        self._guard = socket.socket()
        self._guard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._guard.bind(("127.0.0.1", 0))
        self._port = self._guard.getsockname()[1]

    @property
    def base_url(self) -> str:
        """The service's address by way of the relay."""
        return f"http://127.0.0.1:{self._port}{self._target.path}"

    async def open(self) -> None:
        """Pass connections on."""
        self._server = await asyncio.start_server(
            self._pass, "127.0.0.1", self._port, reuse_port=True
        )

    async def cut(self) -> None:
        """Refuse connections, and break those that there are."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        for each in self._passing:
            each.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def close(self) -> None:
        """Cut it for good."""
        await self.cut()
        self._guard.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None:  # it was just being accepted when the network was cut
            writer.close()
            return
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)
        with suppress(OSError, asyncio.CancelledError):
            there = await asyncio.open_connection(self._target.hostname, self._target.port)
            try:
                ways = _pump(reader, there[1]), _pump(there[0], writer)
                await asyncio.gather(*ways)
            finally:
                there[1].close()
        writer.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while chunk := await source.read(CHUNK_BYTES):
        sink.write(chunk)
        await sink.drain()
    sink.close()
