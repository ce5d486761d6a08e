"""Serves a simulator, on this machine alone by itself: in the running loop, a thread, or blocking.

uvicorn's protocol is used without uvicorn's `Server`: that one takes over SIGINT and
SIGTERM, and waits at its end for answers that some faults never give.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from uvicorn.config import Config
from uvicorn.server import ServerState

from hotfolder.simulator.app import BASE_PATH, create_app
from hotfolder.simulator.connection import Protocol
from hotfolder.simulator.service import Simulator
from hotfolder.simulator.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from hotfolder.simulator.settings import Settings

HOST = "127.0.0.1"
# Longer than any client's pool keeps a connection, so that only faults cut one.
_KEEP_ALIVE_S = 120
_THREAD_LIMIT_S = 30.0


@dataclass(frozen=True, kw_only=True)
class RunningServer:
    """A simulator that can be reached.

    url: the site (`http://HOST:PORT`); base_url: of the V2 API, for the client.
    """

    url: str
    simulator: Simulator

    @property
    def base_url(self) -> str:
        """Return `<url>/openapi/v2`."""
        return self.url + BASE_PATH


def listener(host: str, port: int) -> socket.socket:
    """Open a socket whose connections send at once: else each body waits 40 ms for an ACK."""
    found = socket.create_server((host, port))
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return found


@asynccontextmanager
async def running(
    simulator: Simulator, port: int = 0, *, host: str = HOST
) -> AsyncIterator[RunningServer]:
    """Serve in the running loop; port 0 takes a free one. OSError leaves if the port is taken.

    The simulator ends with it and cannot be served again.
    """
    stopping = asyncio.Event()
    listening = listener(host, port)
    url = f"http://{host}:{listening.getsockname()[1]}"
    config = Config(
        create_app(simulator, stopping, url),
        log_config=None,
        access_log=False,
        lifespan="off",
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        ws="none",
    )
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Protocol(config, state, {}), sock=listening)
    callbacks = asyncio.create_task(Webhooks(simulator, url).run())
    try:
        yield RunningServer(url=url, simulator=simulator)
    finally:
        stopping.set()
        callbacks.cancel()
        await asyncio.wait({callbacks})
        server.close()
        await _close(state)
        await server.wait_closed()
        await asyncio.to_thread(simulator.close)


async def _close(state: ServerState) -> None:
    """Cut every connection and let the requests on them come to their end."""
    for connection in list(state.connections):
        connection.transport.abort()
    await asyncio.sleep(0)  # the loop tells the protocols of their loss in its next turn
    if state.tasks:
        await asyncio.wait(state.tasks)


@contextmanager
def in_thread(
    settings: Settings | None = None,
    port: int = 0,
    *,
    host: str = HOST,
    clock: Callable[[], float] = time.time,
) -> Iterator[RunningServer]:
    """Serve from a daemon thread with a loop of its own.

    clock: seconds; tasks walk and links expire by it. The simulator's methods may be
    called from the caller's thread. OSError leaves if the port is taken.
    """
    started = threading.Event()
    box: list[tuple[RunningServer, Callable[[], object]] | OSError] = []

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        try:
            async with running(Simulator(settings, clock=clock), port, host=host) as server:
                box.append((server, lambda: loop.call_soon_threadsafe(stop.set)))
                started.set()
                await stop.wait()
        except OSError as error:
            box.append(error)
            started.set()

    thread = threading.Thread(target=lambda: asyncio.run(main()), name="simulator", daemon=True)
    thread.start()
    if not started.wait(_THREAD_LIMIT_S):
        raise TimeoutError("the simulator did not start")
    begun = box[0]
    if isinstance(begun, OSError):
        raise begun
    server, stop = begun
    try:
        yield server
    finally:
        stop()
        thread.join(_THREAD_LIMIT_S)


def serve(
    settings: Settings | None = None,
    port: int = 0,
    on_ready: Callable[[RunningServer], object] = lambda _: None,
) -> None:
    """Serve until SIGINT or SIGTERM; to be called in the main thread.

    on_ready: called once with the running server. OSError leaves if the port is taken.
    """
    asyncio.run(_serve(settings, port, on_ready))


async def _serve(
    settings: Settings | None, port: int, on_ready: Callable[[RunningServer], object]
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running(Simulator(settings), port) as server:
        on_ready(server)
        await stop.wait()
