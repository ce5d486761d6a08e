"""Fetching results: whole, from where the link leads, and without the key."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from hotfolder.domain.errors import LinkForbidden, LinkGone, NotSent, RemoteError, Unanswered
from hotfolder.runninghub.client import Client
from hotfolder.simulator import Settings, in_thread
from tests.calling import ENOUGH, GROK, KEY, body_for, connected, fault, requests

if TYPE_CHECKING:
    from hotfolder.simulator import RunningServer

pytestmark = pytest.mark.usefixtures("no_proxies")


async def result_link(service: RunningServer, client: Client) -> str:
    """Have an edit made and return its result's link."""
    del service
    report = await client.query(await client.submit(GROK, await body_for(client)))
    assert report.results[0].url is not None
    return report.results[0].url


@pytest.mark.parametrize(
    ("kind", "rest", "error"),
    [
        ("truncate", {"length": "full", "share": 0.0}, Unanswered),
        ("drop_before", {}, Unanswered),
        ("reset_after", {}, Unanswered),
        ("error_before", {"status": 500}, Unanswered),
        ("error_before", {"status": 429}, Unanswered),
        ("html", {"status": 502}, Unanswered),
        *(("expired", {"status": status}, LinkGone) for status in (403, 404, 410)),
    ],
)
async def test_a_download_that_is_not_whole(
    service: RunningServer,
    client: Client,
    kind: str,
    rest: dict[str, Any],
    error: type[RemoteError],
) -> None:
    """A download cut short is made again; an expired link is asked for again."""
    link = await result_link(service, client)
    fault(service, "download", kind, times=1, **rest)
    with pytest.raises(error) as caught:
        await client.download(link, len, limit=ENOUGH)
    assert type(caught.value) is error
    await client.download(link, len, limit=ENOUGH)


async def test_a_cut_download_goes_on_where_it_was_cut(
    service: RunningServer, client: Client
) -> None:
    """The service's links take ranges: what came already is kept."""
    link = await result_link(service, client)
    fault(service, "download", "truncate", times=2)
    resumed: list[bytes] = []
    await client.download(link, resumed.append, limit=ENOUGH)
    assert requests(service, "download") == 3
    whole: list[bytes] = []
    await client.download(link, whole.append, limit=ENOUGH)
    assert b"".join(resumed) == b"".join(whole)


async def test_a_result_that_is_too_large_is_broken_off(
    service: RunningServer, client: Client
) -> None:
    """No result fills the disk: nothing beyond the limit is written."""
    link = await result_link(service, client)
    chunks: list[bytes] = []
    with pytest.raises(Unanswered, match="larger than 100 bytes"):
        await client.download(link, chunks.append, limit=100)
    assert sum(map(len, chunks)) <= 100


async def test_a_disk_error_is_the_writers(service: RunningServer, client: Client) -> None:
    """What the writing raises comes out as it is."""
    link = await result_link(service, client)

    def full(_chunk: bytes) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        await client.download(link, full, limit=ENOUGH)


async def test_the_key_is_not_given_to_result_links(service: RunningServer, client: Client) -> None:
    """Result links lead to other hosts, which have no business with the key."""
    await client.download(await result_link(service, client), len, limit=ENOUGH)
    assert (requests(service, "download"), requests(service, "download_with_key")) == (1, 0)


async def test_a_result_link_may_redirect() -> None:
    """Storage hosts redirect; downloads are free to follow."""
    with in_thread(Settings(task_s=0, key=KEY)) as server:
        async with connected(server.base_url) as client:
            link = await result_link(server, client)
            lines = f"HTTP/1.1 302 Found\r\nlocation: {link}\r\ncontent-length: 0\r\n\r\n"
            chunks: list[bytes] = []

            async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(lines.encode())
                writer.close()

            async with await asyncio.start_server(redirect, "127.0.0.1", 0) as storage:
                port = storage.sockets[0].getsockname()[1]
                await client.download(f"http://127.0.0.1:{port}/x", chunks.append, limit=ENOUGH)
    assert b"".join(chunks).startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    "link",
    [
        "",
        "no link",
        "//host/x",
        "http:",
        "http:///x",
        "http://127.0.0.1:99999/x",
        "http://127.0.0.1:-1/x",
        "http://127.0.0.1\0/x",
        "http://127.0.0.1/\0",
        "http://127.0.0.1/\n",
        "http://xn--\u2028/x",
        "http://\ud800/x",
        "http://127.0.0.1/" + 70_000 * "x",
        "file:///etc/passwd",
        "ftp://x/y",
        "data:,x",
    ],
)
async def test_a_link_that_is_none(client: Client, link: str) -> None:
    """What is no web address leads to no result, which is not the store's word that it is gone."""
    with pytest.raises(LinkForbidden):
        await client.download(link, len, limit=ENOUGH)


@pytest.mark.parametrize(
    "host",
    [64 * "a", "a..b", ".", "%00", "a%20b", "0x7f.1\u3002example.invalid", "_", "1.2.3.4.5", "["],
)
async def test_a_host_that_there_cannot_be(client: Client, host: str) -> None:
    """No name crashes a download: nothing was sent, or it is no link."""
    with pytest.raises((NotSent, LinkForbidden)):
        await client.download(f"http://{host}/x", len, limit=ENOUGH)
