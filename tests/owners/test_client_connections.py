"""The one HTTP client over a server that says exactly what a test wants."""

from __future__ import annotations

import asyncio
import socket

import pytest

from hotfolder.domain.errors import NotSent, Unanswered
from hotfolder.runninghub.patience import Patience
from tests.calling import (
    GROK,
    KEY,
    PATIENCE_S,
    YES,
    Listener,
    connected,
    every_call,
    http,
    listening,
)

pytestmark = pytest.mark.usefixtures("no_proxies")


def closed_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    "site", ["http://127.0.0.1:{port}", "https://127.0.0.1:{port}", "http://[::1]:{port}"]
)
async def test_a_refused_connection_sent_nothing(site: str) -> None:
    """Where no connection came about, nothing can have been accepted."""
    async with connected(site.format(port=closed_port()) + "/openapi/v2") as client:
        assert {type(each) for each in await every_call(client)} == {NotSent}


async def test_a_name_that_cannot_be_resolved_sent_nothing() -> None:
    """Without an address there is no connection."""
    async with connected("http://no-such-host.invalid/openapi/v2") as client:
        with pytest.raises(NotSent):
            await client.submit(GROK, {"prompt": "x"})


async def test_every_submit_has_a_connection_of_its_own() -> None:
    """A kept-alive connection that the server just closed would make doubt out of nothing."""
    async with listening(YES) as (listener, url), connected(url) as client:
        for _ in range(2):
            await client.submit(GROK, {"prompt": "one"})
        await asyncio.gather(*(client.submit(GROK, {"prompt": "more"}) for _ in range(5)))
    assert [sent.count(b"POST ") for sent in listener.connections] == [1] * 7


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
async def test_a_submit_follows_no_redirect(status: str) -> None:
    """A redirect would send the paid call twice: it is doubt instead."""
    reply = http(status, b"", "location: /openapi/v2/elsewhere")
    async with listening(reply) as (listener, url), connected(url) as client:
        with pytest.raises(Unanswered):
            await client.submit(GROK, {"prompt": "x"})
    assert [sent.count(b"POST ") for sent in listener.connections] == [1]


async def test_a_submit_broken_off_while_waiting_is_doubt() -> None:
    """Who stops waiting for an answer does not know it."""
    async with listening(None) as (listener, url), connected(url) as client:
        call = asyncio.ensure_future(client.submit(GROK, {"prompt": "x"}))
        await asyncio.wait_for(listener.heard.wait(), PATIENCE_S)
        call.cancel()
        with pytest.raises(Unanswered, match="stopped"):
            await call


async def test_a_submit_broken_off_before_sending_sent_nothing() -> None:
    """While the connection is still being made, no byte of the request has left."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # TLS begins with the server's answer to the greeting, which never comes.
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/openapi/v2"
        async with connected(url) as client:
            call = asyncio.ensure_future(client.submit(GROK, {"prompt": "x"}))
            accepted_socket, _ = await asyncio.get_running_loop().sock_accept(unblocked(silent))
            call.cancel()
            with pytest.raises(NotSent, match="stopped"):
                await call
            accepted_socket.close()


def unblocked(server: socket.socket) -> socket.socket:
    """Return a socket for the loop's use."""
    server.setblocking(False)
    return server


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
        b"nonsense\r\n\r\n",
        http("200 OK", b"no gzip at all", "content-encoding: gzip"),
        http("200 OK", YES[-20:]),
    ],
    ids=["short", "chunk", "no http", "no gzip", "no json"],
)
async def test_a_broken_answer_is_doubt(reply: bytes) -> None:
    """An answer that ends early or makes no sense is no answer, for every call."""
    patience = Patience(submit_s=0.4)
    async with listening(reply) as (listener, url), connected(url, patience=patience) as client:
        with pytest.raises(Unanswered):
            await client.submit(GROK, {"prompt": "x"})
    assert len(listener.connections) == 1


async def test_a_tunnel_that_is_refused_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy is asked for a tunnel first: where it says no, the submit never left."""
    reply = http("407 Proxy Authentication Required", b"}")
    proxy = Listener(None)

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxy.connections.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(reply)
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        async with connected("https://service.invalid/openapi/v2") as client:
            with pytest.raises(NotSent):
                await client.submit(GROK, {"prompt": "x"})
    assert proxy.connections[0].startswith(b"CONNECT service.invalid:443")
    assert KEY.encode() not in proxy.connections[0]
