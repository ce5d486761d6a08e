"""The page's own thread: where it listens, and that nobody keeps its connections for nothing."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from starlette.responses import StreamingResponse

from hotfolder.domain.errors import OperatorError
from hotfolder.page import serving
from hotfolder.page.serving import listener

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send

LIMIT_S = 30.0
ASK = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Endless:
    """Answers for as long as anybody reads; `over` is set when nobody does."""

    def __init__(self) -> None:
        self.over = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await StreamingResponse(self._parts())(scope, receive, send)

    async def _parts(self) -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 65_536
                await asyncio.sleep(0)
        finally:
            self.over.set()


async def beside() -> None:
    """Do nothing, for as long as it is served."""
    await asyncio.Event().wait()


def test_a_place_that_was_chosen_must_be_free() -> None:
    """A port that the config names is an error where it is taken; the default one gives way."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OperatorError, match=r"web\.listen: cannot listen on 127\.0\.0\.1"):
            listener("127.0.0.1", port, is_default=False)
        with listener("127.0.0.1", port, is_default=True) as found:
            assert found.getsockname()[1] not in {0, port}


def test_answers_are_sent_at_once() -> None:
    """Wherever it listens, no connection gathers what is to be sent until an ACK comes."""
    with (
        listener("127.0.0.1", 0, is_default=False) as place,
        socket.create_connection(place.getsockname()),
        place.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_place_of_another_machine_is_refused() -> None:
    """What to do is said, whether the place was chosen or not."""
    for is_default in (True, False):
        with pytest.raises(OperatorError, match="Is it an address of this machine"):
            listener("192.0.2.1", 8484, is_default=is_default)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody be idle for long."""
    for name in ("LOOK_S", "IDLE_S", "UNREAD_S"):
        monkeypatch.setattr(serving, name, 0.1)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("asks", [b"", b"GET / HTTP/1.1\r\nHo"])
async def test_who_says_nothing_is_let_go(asks: bytes) -> None:
    """No request, or half of one: the connection is ended."""
    place = listener("127.0.0.1", 0, is_default=False)
    async with serving.serving(Endless(), place, beside):
        reader, writer = await asyncio.open_connection(*place.getsockname())
        writer.write(asks)
        with suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), LIMIT_S) == b""
        writer.close()


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("at_a_time", [0, 1])
async def test_who_hardly_reads_is_let_go(at_a_time: int) -> None:
    """An answer that lies unread, or goes byte by byte, is given up with whatever made it."""
    app, place = Endless(), listener("127.0.0.1", 0, is_default=False)
    async with serving.serving(app, place, beside):
        with socket.create_connection(place.getsockname()) as client:
            client.sendall(ASK)
            async with asyncio.timeout(LIMIT_S):
                while not await asyncio.to_thread(app.over.wait, 0.05):
                    client.recv(at_a_time)


async def test_the_daemons_own_thread_waits_for_no_page() -> None:
    """While the page is served, Python goes from one thread to the other ten times as often."""
    before_s = sys.getswitchinterval()
    async with serving.serving(Endless(), listener("127.0.0.1", 0, is_default=False), beside):
        assert sys.getswitchinterval() <= before_s / 10
    assert sys.getswitchinterval() == before_s


async def test_the_thread_ends_with_its_block(caplog: pytest.LogCaptureFixture) -> None:
    """Also while somebody reads, without a word in the log; nothing listens there any more."""
    place = listener("127.0.0.1", 0, is_default=False)
    where = place.getsockname()
    async with serving.serving(Endless(), place, beside):
        reader, writer = await asyncio.open_connection(*where)
        writer.write(ASK)
        assert await reader.readline()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*where)
    writer.close()
    assert caplog.records == []
