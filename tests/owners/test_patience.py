"""No call is listened to for longer, or for more, than it may take; whoever talks on is cut."""

from __future__ import annotations

import asyncio
import gzip
import io
import socket
import threading
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hotfolder.domain.errors import RemoteError, TooSlow, Unanswered
from hotfolder.runninghub.patience import Patience
from tests.calling import ENOUGH, GROK, YES, connected, http, listening
from tests.cases import every

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hotfolder.runninghub.client import Client

pytestmark = pytest.mark.usefixtures("no_proxies")

TASK = "2013508786110730241"
SHORT = Patience(call_s=0.5, submit_s=0.5, stall_s=0.5, answer_bytes=50_000)
DRIP_S = 0.01
PATIENCE_S = 30.0

Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

SMALL_CALLS: dict[str, Callable[[Client], Awaitable[object]]] = {
    "submit": lambda client: client.submit(GROK, {"prompt": "x"}),
    "query": lambda client: client.query(TASK),
    "queue": lambda client: client.queue(),
    "account": lambda client: client.account(),
    "price": lambda client: client.price_preview(GROK, {"prompt": "x"}),
    "cancel": lambda client: client.cancel(TASK),
    "upload": lambda client: client.upload(io.BytesIO(b"x"), "x.jpg", "image/jpeg"),
}


@asynccontextmanager
async def speaking(speak: Speak, *, holding: int = 2**20) -> AsyncIterator[str]:
    """Serve, and give the base URL; what a speaker still says is cut in the end.

    `holding` is how many bytes the kernel takes that the speaker has not read yet.
    """
    speakers: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        speakers.add(task)
        with suppress(OSError, asyncio.CancelledError):
            await speak(reader, writer)
        writer.close()

    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, holding)
    async with await asyncio.start_server(serve, sock=listener) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/openapi/v2"
        for each in speakers:
            each.cancel()


def saying(begin: bytes, piece: bytes, pause_s: float = DRIP_S) -> Speak:
    """Answer any request with a beginning, and then with the same piece again and again."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(begin)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return speak


def answering(reply: bytes) -> Speak:
    """Answer any request with the same, once."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(reply)
        await writer.drain()
        await reader.read()

    return speak


ENDLESS = b"HTTP/1.1 200 OK\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"

# -- time


@pytest.mark.parametrize("call", SMALL_CALLS)
@every(
    "begin, piece",
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (ENDLESS, b" "),
        (CHUNKED, b"1\r\n \r\n"),
        (CHUNKED, b"1"),
    ],
)
async def test_who_drips_is_cut(call: str, begin: bytes, piece: bytes) -> None:
    """Each small call has one time for all of it, however short the pauses between the bytes."""
    async with speaking(saying(begin, piece)) as url, connected(url, patience=SHORT) as client:
        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(Unanswered):
                await SMALL_CALLS[call](client)


async def test_a_slow_answer_says_so() -> None:
    """Who took all the time that there is was too slow, and so says the error."""
    async with speaking(saying(ENDLESS, b" ")) as url, connected(url, patience=SHORT) as client:
        with pytest.raises(TooSlow):
            await client.query(TASK)


async def test_an_upload_is_not_hurried_while_it_leaves() -> None:
    """What is large has no time for all of it: the time for the answer begins at its end."""
    size, patience = 4_000_000, Patience(call_s=1.0)

    async def read_slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came = 0
        while came < size:
            came += len(await reader.read(40_000))
            await asyncio.sleep(0.015)
        answer = b'{"code":0,"data":{"download_url":"http://x/y","fileName":"y"}}'
        writer.write(http("200 OK", answer))
        await writer.drain()
        await reader.read()

    async with (
        speaking(read_slowly, holding=64 * 1024) as url,
        connected(url, patience=patience) as client,
    ):
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        assert (
            await client.upload(io.BytesIO(bytes(size)), "x.jpg", "image/jpeg")
        ).url == "http://x/y"
        assert loop.time() - began_s > patience.call_s


async def test_an_upload_that_is_not_taken_is_cut() -> None:
    """A receiver that takes nothing more is left after a while."""

    async def take_little(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        reader._transport.pause_reading()  # type: ignore[attr-defined]  # noqa: SLF001
        await asyncio.Event().wait()

    async with speaking(take_little) as url, connected(url, patience=SHORT) as client:
        with pytest.raises(TooSlow):
            await client.upload(io.BytesIO(bytes(20_000_000)), "x.jpg", "image/jpeg")


async def test_a_download_must_bring_on_something() -> None:
    """A result that drips is cut; what comes at a fair pace may take as long as it takes."""
    async with speaking(saying(ENDLESS, b"x")) as url, connected(url, patience=SHORT) as client:
        with pytest.raises(TooSlow):
            await client.download(f"{client.site}/x", len, limit=ENOUGH)

    async def steadily(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
        for _ in range(50):
            writer.write(bytes(20_000))
            await writer.drain()
            await asyncio.sleep(0.02)

    sizes: list[int] = []
    async with speaking(steadily) as url, connected(url, patience=SHORT) as client:
        await client.download(
            f"{client.site}/x", lambda chunk: sizes.append(len(chunk)), limit=ENOUGH
        )
    assert sum(sizes) == 1_000_000


async def test_the_own_disks_time_is_not_the_services() -> None:
    """A disk that is slow here does not cut a result that was there long ago."""
    written, reply = threading.Event(), http("200 OK", bytes(1000))
    fair = replace(SHORT, stall_s=2.0)
    async with speaking(answering(reply)) as url, connected(url, patience=fair) as client:
        fetching = asyncio.ensure_future(
            client.download(f"{client.site}/x", lambda _: written.wait(PATIENCE_S), limit=ENOUGH)
        )
        done, _ = await asyncio.wait({fetching}, timeout=1.5 * fair.stall_s)
        assert not done
        written.set()
        await fetching


# -- size


def bomb(size: int) -> bytes:
    """Return a short answer that unpacks to spaces without end, in gzip."""
    packer, piece = zlib.compressobj(wbits=31), bytes(1_000_000)
    first, again = (packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH) for _ in "12")
    return first + again * (size - 1)


BOMB = bomb(500)


@pytest.mark.parametrize("call", SMALL_CALLS)
async def test_an_inflating_answer_is_never_held(call: str) -> None:
    """Half a megabyte that stands for half a gigabyte is unpacked up to the limit, no further."""
    reply = http("200 OK", BOMB, "content-encoding: gzip")
    async with speaking(answering(reply)) as url, connected(url) as client:
        tracemalloc.start()
        try:
            with pytest.raises(Unanswered):
                await SMALL_CALLS[call](client)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < 20_000_000


@pytest.mark.parametrize("call", SMALL_CALLS)
async def test_an_endless_answer_is_cut(call: str) -> None:
    """Of an answer without end so much is read and no more."""
    speak = saying(ENDLESS, 10_000 * b" ", 0.0)
    async with speaking(speak) as url, connected(url) as client:
        with pytest.raises(Unanswered, match="longer"):
            await SMALL_CALLS[call](client)


@pytest.mark.parametrize("call", SMALL_CALLS)
async def test_endless_headers_are_cut(call: str) -> None:
    """Headers without end are no answer."""
    speak = saying(b"HTTP/1.1 200 OK\r\n", 1000 * b"x: y\r\n", 0.0)
    async with speaking(speak) as url, connected(url) as client:
        with pytest.raises(Unanswered):
            await SMALL_CALLS[call](client)


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("identity", bytes),
        ("gzip", gzip.compress),
        ("X-GZIP", gzip.compress),
        ("deflate", zlib.compress),
    ],
)
async def test_a_packed_answer_is_read(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """Answers that come packed without being asked for are understood."""
    reply = http("200 OK", pack(YES.partition(b"\r\n\r\n")[2]), f"content-encoding: {encoding}")
    async with listening(reply) as (listener, url), connected(url) as client:
        assert await client.submit(GROK, {"prompt": "x"}) == TASK
    assert b"accept-encoding: identity" in listener.connections[0].lower()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("br", b"\x0b\x02\x80{}\x03"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"{}"))),
        ("gzip", gzip.compress(b'{"taskId":null,"errorCode":"421"}')[:-9]),
        ("gzip", b"\x1f\x8b nonsense"),
    ],
    ids=["br", "twice", "cut", "nonsense"],
)
async def test_what_cannot_be_unpacked_is_doubt(encoding: str, body: bytes) -> None:
    """A paid call whose answer cannot be read may have been accepted, whatever its status."""
    for status in ("200 OK", "400 Bad Request"):
        reply = http(status, body, f"content-encoding: {encoding}")
        async with speaking(answering(reply)) as url, connected(url) as client:
            with pytest.raises(Unanswered):
                await client.submit(GROK, {"prompt": "x"})


# -- what is known of a submit that was cut


def beginning(body: str) -> bytes:
    """Return a whole head, and the beginning of a longer body."""
    return b"HTTP/1.1 200 OK\r\ncontent-length: 900000\r\n\r\n" + body.encode()


@every(
    "body",
    [
        f'{{"taskId":"{TASK}","status":"RUNN',
        f'{{"code":0,"data":{{"taskId": {TASK}, "x',
        f'{{"task_id":"{TASK}"',
    ],
)
@every("piece", [b" ", b""])
async def test_a_task_id_counts_in_an_answer_that_was_cut(body: str, piece: bytes) -> None:
    """A task named in the readable beginning was accepted: there is no doubt."""
    speak = saying(beginning(body), piece)
    async with speaking(speak) as url, connected(url, patience=SHORT) as client:
        assert await client.submit(GROK, {"prompt": "x"}) == TASK


@every(
    "body",
    [
        f'{{"taskId":"{TASK[:15]}',
        f'{{"taskId":{TASK[:15]}',
        f'{{"taskId":"{TASK}","was":{{"taskId":"{TASK[::-1]}"',
        '{"taskId":"","errorCode":"421","errorMessage":"',
        "",
    ],
)
async def test_what_is_not_certain_is_doubt(body: str) -> None:
    """Half a number, one of two, or half a refusal says nothing about acceptance."""
    speak = saying(beginning(body), b"")
    async with speaking(speak) as url, connected(url, patience=SHORT) as client:
        with pytest.raises(Unanswered):
            await client.submit(GROK, {"prompt": "x"})


# -- what is said

ODD_JSON = [
    500_000 * b"[",
    100_000 * b'{"a":',
    b'{"status":' + 5_000 * b"9" + b"}",
    b'{"code":' + 400 * b"9" + b',"data":{"remainMoney":1e999,"concurrentLimit":1e400}}',
    b'{"code":NaN,"status":NaN,"estimatedPrice":NaN,"data":NaN}',
    b'{"data":{"concurrentLimit":Infinity,"remainMoney":-Infinity,"download_url":NaN}}',
    b'{"status":"SUCCESS","status":"FAILED"}',
    b'{"status":{"status":[]},"results":{"url":7},"data":[{}],"taskId":[1],"errorCode":{}}',
    b'{"status":"SUCCESS","results":[null,7,{"url":{}},{"url":"\\ud800"}],"usage":{"consumeMoney":[]}}',
    b"\xff\xfe\x00\x00",
    b'"\\ud800"',
    b"-0",
]


@pytest.mark.parametrize("call", SMALL_CALLS)
@every("body", ODD_JSON)
@every("status", ["200 OK", "429 Busy", "500 Oops"])
async def test_no_json_crashes_a_reader(call: str, body: bytes, status: str) -> None:
    """Nested without end, huge, no number at all, said twice: an answer or an error of ours."""
    async with speaking(answering(http(status, body))) as url, connected(url) as client:
        with suppress(RemoteError):
            await SMALL_CALLS[call](client)


async def test_what_is_said_twice_is_not_said() -> None:
    """Of two values under one name neither counts: a state of a task least of all."""
    twice = http("200 OK", b'{"status":"SUCCESS","status":"FAILED","errorCode":"1501"}')
    async with speaking(answering(twice)) as url, connected(url) as client:
        with pytest.raises(Unanswered):
            await client.query(TASK)
