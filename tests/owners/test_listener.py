"""The listener for callbacks: one answer for everybody, few connections, nothing taken on trust."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx
import pytest

from hotfolder.domain import tokens
from hotfolder.domain.errors import JournalUnavailable, OperatorError
from hotfolder.web import listener, serving
from hotfolder.web.listener import LARGEST_BODY_BYTES, MOST_AT_ONCE, listening
from tests.customer import NO_TLS
from tests.studio import LIMIT_S, free_port

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

KEY = b"k" * 32
TASK = "2013508786110730241"
TOKEN = tokens.sealed(b"n" * tokens.NONCE_BYTES, KEY)


class Ear:
    """Remembers what was heard."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    async def __call__(self, token: str, task_id: str) -> None:
        """Hear a callback."""
        self.heard.append((token, task_id))


async def with_listener(
    hear: Callable[[str, str], Awaitable[object]],
    use: Callable[[httpx.AsyncClient, str], Awaitable[None]],
) -> None:
    """Listen on a free port while something is done."""
    async with (
        listening("127.0.0.1", free_port(), KEY, hear) as port,
        httpx.AsyncClient(trust_env=False, verify=NO_TLS) as http,
    ):
        await use(http, f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("prefix", ["", "/hook", "/deep/er/hook"])
async def test_a_task_is_heard_under_its_token(prefix: str) -> None:
    """Whatever the path before the token, which a proxy may take away or leave."""
    ear = Ear()

    async def use(http: httpx.AsyncClient, url: str) -> None:
        body = {"event": "TASK_END", "taskId": TASK, "eventData": {"status": "SUCCESS"}}
        answer = await http.post(f"{url}{prefix}/{TOKEN}", json=body)
        assert answer.status_code == 200

    await with_listener(ear, use)
    assert ear.heard == [(TOKEN, TASK)]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"2013508786110730241"',
        b"\xff\xfe",
        b"[" * 20_000,
        b'{"taskId": null}',
        b'{"taskId": true}',
        b'{"taskId": ""}',
        b'{"taskId": "1004"}',
        b'{"taskId": "../../etc"}',
        b'{"taskId": ["2013508786110730241"]}',
        b'{"taskId": "' + b"1" * 40 + b'"}',
        b'{"taskId": "2013508786110730241", "x": "' + b"x" * LARGEST_BODY_BYTES + b'"}',
    ],
    ids=lambda content: f"{content[:14]!r}-{len(content)}",
)
async def test_a_body_without_a_task_is_answered_alike(content: bytes) -> None:
    """Nonsense, other shapes and more than 64 kB: 200, and nothing is heard."""
    ear = Ear()

    async def use(http: httpx.AsyncClient, url: str) -> None:
        assert (await http.post(f"{url}/{TOKEN}", content=content)).status_code == 200

    await with_listener(ear, use)
    assert ear.heard == []


@pytest.mark.parametrize(
    "path",
    ["", "favicon.ico", "x" * 43, TOKEN[:-1], TOKEN + "A", TOKEN.swapcase(), "é" * 43, "%00" * 43],
)
async def test_a_forged_token_is_answered_alike(path: str) -> None:
    """Nobody learns from the answer how near a guess came, and the journal is not asked."""
    ear = Ear()

    async def use(http: httpx.AsyncClient, url: str) -> None:
        for method in ("POST", "GET"):
            answer = await http.request(method, f"{url}/{path}", json={"taskId": TASK})
            assert (answer.status_code, answer.headers["connection"]) == (200, "close")

    await with_listener(ear, use)
    assert ear.heard == []


async def test_what_cannot_be_kept_is_to_be_repeated() -> None:
    """A journal that cannot write: the service is asked to call again."""

    async def deaf(_token: str, _task_id: str) -> None:
        raise JournalUnavailable("the disk is full")

    async def use(http: httpx.AsyncClient, url: str) -> None:
        answer = await http.post(f"{url}/{TOKEN}", json={"taskId": TASK})
        assert answer.status_code == 503

    await with_listener(deaf, use)


async def test_only_so_many_are_worked_on_at_once() -> None:
    """While the journal is slow, further callbacks are sent away instead of piling up."""
    release, all_wait = asyncio.Event(), asyncio.Event()
    waiting: list[str] = []

    async def slow(token: str, _task_id: str) -> None:
        waiting.append(token)
        if len(waiting) == MOST_AT_ONCE:
            all_wait.set()
        await release.wait()

    async def use(http: httpx.AsyncClient, url: str) -> None:
        def call() -> asyncio.Task[httpx.Response]:
            return asyncio.create_task(http.post(f"{url}/{TOKEN}", json={"taskId": TASK}))

        calls = [call() for _ in range(MOST_AT_ONCE)]
        await asyncio.wait_for(all_wait.wait(), LIMIT_S)
        assert (await call()).status_code == 503
        release.set()
        assert {(await each).status_code for each in calls} == {200}

    await with_listener(slow, use)


async def test_idle_connections_are_few_and_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever connects and says nothing is cut off, and cannot take the daemon's files."""
    monkeypatch.setattr(serving, "MOST_CONNECTIONS", 4)
    monkeypatch.setattr(serving, "LONGEST_CONNECTION_S", 0.3)

    async def use(_http: httpx.AsyncClient, url: str) -> None:
        port = int(url.rpartition(":")[2])
        opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(8)]
        async with asyncio.timeout(LIMIT_S):
            for reader, writer in opened:
                with suppress(ConnectionError):
                    assert await reader.read() == b""
                writer.close()

    await with_listener(Ear(), use)


async def test_a_taken_port_is_an_operators_matter() -> None:
    """The error names the key, the address and what to do."""
    async with listening("127.0.0.1", free_port(), KEY, Ear()) as port:
        with pytest.raises(OperatorError, match="Address already in use"):
            async with listening("127.0.0.1", port, KEY, Ear()):
                pass


async def held(port: int, count: int, *, source: str) -> list[asyncio.StreamWriter]:
    """Open connections from an address that begin a request and never end it."""
    opened = []
    for _ in range(count):
        _, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
        writer.write(b"POST / HTTP/1.1\r\nhost: a")
        opened.append(writer)
    return opened


@pytest.mark.parametrize("source", ["127.0.0.2", "127.0.0.1"])
async def test_a_flood_keeps_nobody_from_being_heard(source: str) -> None:
    """385 slow connections, from elsewhere or by the same proxy: every callback is heard."""
    ear = Ear()

    async def use(http: httpx.AsyncClient, url: str) -> None:
        port = int(url.rpartition(":")[2])
        opened = []
        for _ in range(11):
            opened += await held(port, 35, source=source)
            for _ in range(3):
                answer = await http.post(f"{url}/{TOKEN}", json={"taskId": TASK})
                assert answer.status_code == 200
        for writer in opened:
            writer.close()

    await with_listener(ear, use)
    assert len(ear.heard) == 33


async def test_many_addresses_share_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all places are taken, who holds the most loses the oldest of them."""
    monkeypatch.setattr(serving, "MOST_CONNECTIONS", 8)
    ear = Ear()

    async def use(http: httpx.AsyncClient, url: str) -> None:
        port = int(url.rpartition(":")[2])
        opened = [await held(port, 4, source=f"127.0.0.{number}") for number in (2, 3)]
        assert (await http.post(f"{url}/{TOKEN}", json={"taskId": TASK})).status_code == 200
        for writer in (each for group in opened for each in group):
            writer.close()

    await with_listener(ear, use)
    assert ear.heard == [(TOKEN, TASK)]


async def test_who_sends_no_request_is_cut_off_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a head is no request, however often a byte comes."""
    monkeypatch.setattr(serving, "HEADERS_S", 0.2)

    async def use(_http: httpx.AsyncClient, url: str) -> None:
        port = int(url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(serving.LONGEST_CONNECTION_S / 2):
            with suppress(ConnectionError):
                while not reader.at_eof():
                    writer.write(b"G")
                    await writer.drain()
                    await asyncio.wait({asyncio.create_task(reader.read(1))}, timeout=0.02)
        writer.close()

    await with_listener(Ear(), use)


async def test_a_body_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also under a good token: it is to be sent again, and its place is free."""
    monkeypatch.setattr(listener, "BODY_S", 0.2)
    ear = Ear()

    async def use(_http: httpx.AsyncClient, url: str) -> None:
        port = int(url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST /{TOKEN} HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{{"
        writer.write(head.encode())
        async with asyncio.timeout(serving.LONGEST_CONNECTION_S / 2):
            assert b" 503 " in await reader.readline()
        writer.close()

    await with_listener(ear, use)
    assert ear.heard == []


@pytest.mark.parametrize(
    "request_",
    [
        b"CONNECT example.org:443 HTTP/1.1\r\nhost: example.org:443\r\n\r\n",
        b"DELETE / HTTP/1.1\r\nhost: a\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n",
        b"GET http://[/ HTTP/1.1\r\nhost: [\r\n\r\n",
        b"GET //[: HTTP/1.1\r\nhost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"x" * 20_000 + b"\r\n\r\n",
    ],
    ids=lambda content: repr(content[:18]),
)
async def test_no_request_fills_the_log(
    request_: bytes, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Other methods and nonsense are refused, without a traceback."""

    async def use(_http: httpx.AsyncClient, url: str) -> None:
        port = int(url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request_)
        async with asyncio.timeout(LIMIT_S):
            line = await reader.readline()
        assert not line or line.split(b" ")[1] in (b"200", b"400", b"405")
        assert b" 200 " not in line or request_.startswith(b"GET")
        writer.close()

    await with_listener(Ear(), use)
    said = caplog.text + "".join(capsys.readouterr())
    assert "Traceback" not in said
    assert said.count("\n") <= 1
