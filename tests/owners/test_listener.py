"""The listener for callbacks: one answer for everybody, few connections, nothing taken on trust."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx
import pytest

from hotfolder.domain import tokens
from hotfolder.domain.errors import JournalUnavailable, OperatorError
from hotfolder.web import serving
from hotfolder.web.listener import LARGEST_BODY_BYTES, MOST_AT_ONCE, listening
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
        httpx.AsyncClient(trust_env=False) as http,
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
        for method in ("POST", "GET", "DELETE", "OPTIONS"):
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
