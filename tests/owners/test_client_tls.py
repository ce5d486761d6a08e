"""The one HTTP client over TLS: what is known after each thing that can go wrong there."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from hotfolder.domain.errors import NotSent, RemoteError, Unanswered
from hotfolder.runninghub.patience import Patience
from tests.calling import GROK, YES, connected, http
from tests.certificates import LONG_PAST, Authority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from hotfolder.runninghub.client import Client

pytestmark = pytest.mark.usefixtures("no_proxies")

TASK = "2013508786110730241"
PATIENCE = Patience(connect_s=1.0, call_s=5.0, submit_s=5.0)
HERE = "IP:127.0.0.1"
RESET = struct.pack("ii", 1, 0)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Give an authority that nobody trusts by itself."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """Give an authority that is trusted in the way that is open to an owner."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    return authority


def context_of(pair: tuple[Path, Path]) -> ssl.SSLContext:
    """Return what a server with a certificate serves by."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    return context


class Speaker:
    """A server that reads a whole request, keeps it, and answers as it is told to."""

    def __init__(self, reply: bytes, end: Callable[[asyncio.StreamWriter], object]) -> None:
        self.requests: list[bytes] = []
        self._reply = reply
        self._end = end

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and end the connection."""
        with suppress(OSError, asyncio.IncompleteReadError):
            request = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(request + await reader.readuntil(b"}"))
            writer.write(self._reply)
            await writer.drain()
        self._end(writer)


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection so that the other side's reading fails."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


def cut(writer: asyncio.StreamWriter) -> None:
    """End a connection without TLS's own goodbye."""
    writer.transport.abort()


@asynccontextmanager
async def serving(speaker: Speaker, context: ssl.SSLContext | None) -> AsyncIterator[str]:
    """Serve, and give the base URL over TLS."""
    server = await asyncio.start_server(speaker, "127.0.0.1", 0, ssl=context)
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # handshakes that fail
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/openapi/v2"


async def errors_of(client: Client) -> list[RemoteError]:
    """Return the errors of a paid and of a free call."""
    calls = client.submit(GROK, {"prompt": "x"}), client.query(TASK)
    found = await asyncio.gather(*calls, return_exceptions=True)
    return [each for each in found if isinstance(each, RemoteError)]


async def test_an_authority_of_the_owners_own_is_trusted(trusted: Authority) -> None:
    """SSL_CERT_FILE names who is trusted: a studio's proxy that looks into TLS has its own."""
    speaker = Speaker(YES, asyncio.StreamWriter.close)
    context = context_of(trusted.issue("good", HERE))
    async with serving(speaker, context) as url, connected(url, patience=PATIENCE) as client:
        assert await client.submit(GROK, {"prompt": "x"}) == TASK
    assert len(speaker.requests) == 1


async def test_who_is_not_trusted_is_sent_nothing(authority: Authority) -> None:
    """A certificate that nobody known vouches for ends the call before a byte of it left."""
    speaker = Speaker(YES, asyncio.StreamWriter.close)
    context = context_of(authority.issue("own", HERE))
    async with serving(speaker, context) as url, connected(url, patience=PATIENCE) as client:
        assert [type(each) for each in await errors_of(client)] == 2 * [NotSent]
    assert speaker.requests == []


@pytest.mark.parametrize(
    ("host", "until"),
    [(HERE, LONG_PAST), ("DNS:other.test", None), ("IP:127.0.0.2", None)],
    ids=["expired", "another name", "another address"],
)
async def test_a_wrong_certificate_is_sent_nothing(
    trusted: Authority, host: str, until: str | None
) -> None:
    """Whose certificate is out of date or another's is not the service."""
    pair = trusted.issue("wrong", host, until) if until else trusted.issue("wrong", host)
    speaker = Speaker(YES, asyncio.StreamWriter.close)
    context = context_of(pair)
    async with serving(speaker, context) as url, connected(url, patience=PATIENCE) as client:
        assert [type(each) for each in await errors_of(client)] == 2 * [NotSent]
    assert speaker.requests == []


async def test_an_old_protocol_is_sent_nothing(trusted: Authority) -> None:
    """A server that speaks TLS 1.0 only is not spoken to."""
    context = context_of(trusted.issue("old", HERE))
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    speaker = Speaker(YES, asyncio.StreamWriter.close)
    async with serving(speaker, context) as url, connected(url, patience=PATIENCE) as client:
        assert [type(each) for each in await errors_of(client)] == 2 * [NotSent]
    assert speaker.requests == []


@pytest.mark.parametrize(
    "reply",
    [http("400 Bad Request"), b"", b"\x15\x03\x01\x00\x02\x02\x28", None],
    ids=["plain", "closed", "alert", "reset"],
)
async def test_a_handshake_that_fails_sent_nothing(reply: bytes | None) -> None:
    """A plain port, a refusal, an end or a reset in the handshake: the call never left."""
    greetings: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        greetings.append(await reader.read(65536))
        if reply is None:
            reset(writer)
        else:
            writer.write(reply)
            writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/openapi/v2"
        async with connected(url, patience=PATIENCE) as client:
            assert [type(each) for each in await errors_of(client)] == 2 * [NotSent]
    assert len(greetings) == 2
    assert not any(b"POST" in each for each in greetings)


async def test_a_handshake_that_never_ends_sent_nothing() -> None:
    """Who listens and says nothing is left after the time for a connection."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/openapi/v2"
        async with connected(url, patience=Patience(connect_s=0.3)) as client:
            assert [type(each) for each in await errors_of(client)] == 2 * [NotSent]


CUT = b"HTTP/1.1 200 OK\r\n\r\n" + b'{"taskId":null,"errorCode":"421"'


@pytest.mark.parametrize("reply", [b"", YES[:40], CUT], ids=["nothing", "head", "body"])
@pytest.mark.parametrize(
    "end", [reset, cut, asyncio.StreamWriter.close], ids=lambda end: end.__name__
)
async def test_a_cut_after_the_request_is_doubt(
    trusted: Authority, reply: bytes, end: Callable[[asyncio.StreamWriter], object]
) -> None:
    """Once a request was sent, no end says anything of acceptance, and nothing is sent anew."""
    speaker = Speaker(reply, end)
    context = context_of(trusted.issue("cut", HERE))
    async with serving(speaker, context) as url, connected(url, patience=PATIENCE) as client:
        found = await errors_of(client)
    assert [isinstance(each, Unanswered) for each in found] == [True, True]
    assert sum(GROK.encode() in each for each in speaker.requests) == 1


async def test_a_server_that_wants_a_certificate_from_us_gets_no_second_call(
    trusted: Authority,
) -> None:
    """In TLS 1.3 a refused client learns of it after its request has left: that is doubt, once."""
    context = context_of(trusted.issue("strict", HERE))
    context.load_verify_locations(trusted.file)
    context.verify_mode = ssl.CERT_REQUIRED
    speaker = Speaker(YES, asyncio.StreamWriter.close)
    async with serving(speaker, context) as url, connected(url, patience=PATIENCE) as client:
        found = await errors_of(client)
    assert [isinstance(each, Unanswered | NotSent) for each in found] == [True, True]
    assert speaker.requests == []
