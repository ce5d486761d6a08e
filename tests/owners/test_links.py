"""Result links: led nowhere private, resumed where they were cut, and never more than asked for."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING

import httpx
import pytest

from hotfolder.domain.errors import Busy, LinkForbidden, LinkGone, NotSent, Unanswered
from hotfolder.runninghub.links import Address, Links, network_of, resolved
from hotfolder.runninghub.patience import Patience

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

CONTENT = bytes(range(256)) * 40
ENOUGH = 10**6
PUBLIC = "93.184.216.34"
PATIENCE = Patience(connect_s=5.0, stall_s=5.0)


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep this machine's proxies out of the way."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    """Return an HTTP answer; without a header of its own it tells its true length."""
    lengths = [] if "length" in "".join(headers) else [f"content-length: {len(body)}"]
    return "\r\n".join([f"HTTP/1.1 {status}", *lengths, *headers, "", ""]).encode() + body


class Store:
    """A server of one file that keeps what it was asked."""

    def __init__(self, reply: Callable[[int, int], bytes]) -> None:
        self.asked: list[bytes] = []
        self._reply = reply

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close."""
        request = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(request)
        found = re.search(rb"range: bytes=(\d+)-", request)
        writer.write(self._reply(len(self.asked) - 1, int(found[1]) if found else 0))
        writer.close()


@asynccontextmanager
async def serving(reply: Callable[[int, int], bytes]) -> AsyncIterator[tuple[Store, int]]:
    """Serve, and give the store and its port."""
    store = Store(reply)
    async with await asyncio.start_server(store, "127.0.0.1", 0) as server:
        yield store, server.sockets[0].getsockname()[1]


async def fetch(
    url: str, *, service: str = "127.0.0.1", limit: int = ENOUGH, **hosts: list[str]
) -> bytes:
    """Fetch a link and return its bytes; `hosts` are what names resolve to."""
    got: list[bytes] = []

    async def resolve(host: str, _port: int) -> list[Address]:
        return [ip_address(each) for each in hosts.get(host.partition(".")[0], [host])]

    links = Links(
        service,
        patience=PATIENCE,
        context=httpx.create_ssl_context(),
        resolve=resolve,
    )
    try:
        await links.fetch(url, got.append, limit=limit)
    finally:
        await links.aclose()
    return b"".join(got)


def whole(_number: int, _first: int) -> bytes:
    """Answer with the whole file."""
    return http("200 OK", CONTENT, 'etag: "one"')


def part(first: int, end: int, tag: str = '"one"') -> bytes:
    """Answer with the rest of the file from a place, cut at another."""
    total = len(CONTENT)
    ranged = f"content-range: bytes {first}-{total - 1}/{total}"
    status = "206 Partial" if first else "200 OK"
    return http(
        status, CONTENT[first:end], f"content-length: {total - first}", f"etag: {tag}", ranged
    )


# -- where links may lead


@pytest.mark.parametrize(
    ("address", "network"),
    [
        (PUBLIC, "public"),
        ("2606:2800:220:1::", "public"),
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("10.1.2.3", "private"),
        ("192.168.1.1", "private"),
        ("fd00::1", "private"),
        ("::ffff:10.0.0.1", "private"),
        ("64:ff9b::a00:1", "private"),
        ("2002:a00:1::", "private"),
        ("169.254.169.254", "link-local"),
        ("fe80::1", "link-local"),
        ("100.64.0.1", "reserved"),
        ("fec0::1", "private"),
        ("64:ff9b:1::a00:1", "private"),
        ("::10.0.0.1", "private"),
        ("::127.0.0.1", "loopback"),
        ("::ffff:0:10.0.0.1", "private"),
        ("192.0.0.1", "private"),
        ("192.0.0.9", "private"),
        ("0.0.0.0", "reserved"),  # noqa: S104  an address to refuse
        ("::", "reserved"),
        ("224.0.0.1", "reserved"),
    ],
)
def test_networks(address: str, network: str) -> None:
    """Every spelling of a private address is known for what it is."""
    found = network_of(ip_address(address))
    assert (found == network) or (network == "reserved" and found not in ("public", "loopback"))


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1/x",
        "http://10.0.0.1/x",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/x",
        "http://[::ffff:192.168.0.1]/x",
        "https://inside.test/x",
        "https://mixed.test/x",
    ],
)
async def test_no_link_leads_inside(link: str) -> None:
    """With the service on the internet nothing in the studio's own network is asked."""
    with pytest.raises(LinkForbidden, match="network"):
        await fetch(link, service=PUBLIC, inside=["10.0.0.7"], mixed=[PUBLIC, "127.0.0.1"])


async def test_the_services_own_kind_of_network_is_open() -> None:
    """A service on this machine may name results on this machine, but no metadata server."""
    async with serving(whole) as (_, port):
        assert await fetch(f"http://here.test:{port}/x", here=["127.0.0.1"]) == CONTENT
        for link in ("http://10.0.0.1/x", "http://169.254.169.254/x"):
            with pytest.raises(LinkForbidden):
                await fetch(link)


async def test_the_address_that_was_checked_is_the_one_connected_to() -> None:
    """A name that resolves to another address a moment later changes nothing."""
    answers = iter([["127.0.0.1"]])

    async def resolve(host: str, _port: int) -> list[Address]:
        if host == "127.0.0.1":
            return [ip_address(host)]
        return [ip_address(each) for each in next(answers)]  # a second question would raise

    async with serving(whole) as (store, port):
        links = Links(
            "127.0.0.1",
            patience=PATIENCE,
            context=httpx.create_ssl_context(),
            resolve=resolve,
        )
        await links.fetch(f"http://rebinding.test:{port}/x", len, limit=ENOUGH)
        await links.aclose()
    (request,) = store.asked
    assert f"host: rebinding.test:{port}".encode() in request.lower()


async def test_a_dead_address_is_passed_over() -> None:
    """A host with several addresses is reached by the first that answers."""
    async with serving(whole) as (_, port):
        link = f"http://two.test:{port}/x"
        assert await fetch(link, two=["127.0.0.2", "127.0.0.1"]) == CONTENT
    with pytest.raises(NotSent):
        await fetch(link, two=["127.0.0.2", "127.0.0.1"])


@pytest.mark.parametrize(
    "target", ["http://10.0.0.1/x", "ftp://127.0.0.1/x", "file:///etc/passwd", "http://[::]/x"]
)
async def test_no_redirect_leads_inside(target: str) -> None:
    """Each hop is checked as the link itself is."""
    redirect = http("302 Found", b"", f"location: {target}")
    async with serving(lambda *_: redirect) as (store, port):
        with pytest.raises((LinkForbidden, Unanswered)) as caught:
            await fetch(f"http://127.0.0.1:{port}/x")
    assert len(store.asked) == 1
    assert isinstance(caught.value, LinkForbidden) or target.startswith("file")


async def test_a_name_without_address_may_be_tried_again() -> None:
    """A name server that is away says nothing about the result."""

    async def resolve(_host: str, _port: int) -> list[Address]:
        raise OSError("no such name")

    links = Links("x", patience=PATIENCE, context=httpx.create_ssl_context(), resolve=resolve)
    with pytest.raises(NotSent):
        await links.fetch("https://gone.test/x", len, limit=ENOUGH)
    await links.aclose()


# -- with a proxy in the environment

INSIDE = {"inside": ["10.0.0.7"], "mixed": [PUBLIC, "127.0.0.1"]}


async def fetch_by_proxy(url: str, service: str = PUBLIC) -> None:
    """Fetch a link where names without a dot and of `.test` are as `INSIDE` says, or unknown."""

    async def resolve(host: str, port: int) -> list[Address]:
        if host.endswith((".test", ".local", "printer")):
            known = INSIDE.get(host.partition(".")[0])
            if known is None:
                raise OSError("no such name")
            return [ip_address(each) for each in known]
        return await resolved(host, port)

    links = Links(service, patience=PATIENCE, context=httpx.create_ssl_context(), resolve=resolve)
    try:
        await links.fetch(url, len, limit=ENOUGH)
    finally:
        await links.aclose()


@pytest.mark.parametrize("variable", ["http_proxy", "https_proxy", "all_proxy"])
@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "2130706433", "127.1", "0x7f000001", "10.0.0.1", "[::1]", "[fec0::1]"),
        *("inside.test", "mixed.test", "printer", "nas.local"),
    ],
)
async def test_no_link_leads_inside_by_a_proxy(
    monkeypatch: pytest.MonkeyPatch, variable: str, host: str
) -> None:
    """Whether the proxy is for this link or for others, it is neither asked nor passed by."""
    async with serving(whole) as (proxy, port):
        monkeypatch.setenv(variable, f"http://127.0.0.1:{port}")
        with pytest.raises((LinkForbidden, NotSent)) as caught:
            await fetch_by_proxy(f"http://{host}/x")
    assert proxy.asked == []
    is_unknown = host in ("printer", "nas.local") and variable == "https_proxy"
    assert isinstance(caught.value, NotSent if is_unknown else LinkForbidden)


async def test_what_goes_past_the_proxy_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """`no_proxy` opens nothing."""
    async with serving(whole) as (proxy, port):
        monkeypatch.setenv("all_proxy", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("no_proxy", "inside.test,127.0.0.1,localhost")
        for host in ("inside.test", f"127.0.0.1:{port}", f"localhost:{port}"):
            with pytest.raises(LinkForbidden):
                await fetch_by_proxy(f"http://{host}/x")
    assert proxy.asked == []


async def test_a_public_link_goes_by_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one whose name only the proxy can resolve."""
    async with serving(whole) as (proxy, port):
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        await fetch_by_proxy(f"http://{PUBLIC}/x")
        await fetch_by_proxy("http://results.unknown.test/x")
    assert [each.split(b" ")[1] for each in proxy.asked] == [
        f"http://{PUBLIC}/x".encode(),
        b"http://results.unknown.test/x",
    ]


# -- whole, and resumed


async def test_a_cut_download_is_resumed() -> None:
    """What was there already is not fetched twice."""

    def cut(_number: int, first: int) -> bytes:
        return part(first, first + 4000)

    async with serving(cut) as (store, port):
        assert await fetch(f"http://127.0.0.1:{port}/x") == CONTENT
    ranges = [re.findall(rb"range: bytes=(\d+)-", each) for each in store.asked]
    assert ranges == [[], [b"4000"], [b"8000"]]
    assert b'if-range: "one"' in store.asked[1]


@pytest.mark.parametrize(
    "second",
    [
        whole(1, 0),  # takes no ranges, or has another content now
        part(4001, len(CONTENT)),
        http("206 Partial", CONTENT[4000:]),
        http("416 Range Not Satisfiable"),
        http("502 Bad Gateway"),
    ],
    ids=["whole", "another place", "no range", "416", "502"],
)
async def test_no_two_contents_are_ever_joined(second: bytes) -> None:
    """Where the rest of the very same content does not come, the download counts as cut."""

    def reply(number: int, _first: int) -> bytes:
        return second if number else part(0, 4000)

    async with serving(reply) as (_, port):
        with pytest.raises(Unanswered):
            await fetch(f"http://127.0.0.1:{port}/x")


async def test_a_server_that_drips_is_left() -> None:
    """Resuming goes on while it helps, not for ever."""
    async with serving(lambda _, first: part(first, first + 1)) as (store, port):
        with pytest.raises(Unanswered, match="again and again"):
            await fetch(f"http://127.0.0.1:{port}/x")
    assert len(store.asked) < 50


@pytest.mark.parametrize(
    "answer",
    [
        http("200 OK", CONTENT, "content-length: 99999"),
        http("200 OK", CONTENT, "content-encoding: gzip"),
        http("200 OK", CONTENT[:10], f"content-length: {ENOUGH + 1}"),
        http("500 Oops"),
    ],
    ids=["lies about its length", "compressed", "too large", "500"],
)
async def test_what_is_not_whole_is_not_taken(answer: bytes) -> None:
    """A result counts only with the length that was told, as it is, and within the limit."""
    async with serving(lambda *_: answer) as (_, port):
        with pytest.raises(Unanswered):
            await fetch(f"http://127.0.0.1:{port}/x")


async def test_an_endless_result_is_broken_off() -> None:
    """Without a length nothing beyond the limit is written."""
    async with serving(lambda *_: http("200 OK", CONTENT, "x-length: none")) as (_, port):
        with pytest.raises(Unanswered, match="larger than 500"):
            await fetch(f"http://127.0.0.1:{port}/x", limit=500)


async def test_a_gone_link_is_gone() -> None:
    """An expired link is told from a store in trouble."""
    async with serving(lambda *_: http("403 Forbidden")) as (_, port):
        with pytest.raises(LinkGone) as caught:
            await fetch(f"http://127.0.0.1:{port}/x")
    assert not isinstance(caught.value, LinkForbidden)


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_a_store_may_say_when_to_come_back(status: str) -> None:
    """Retry-After counts for downloads, too; without one they are tried again as ever."""
    async with serving(lambda _, __: http(status, b"", "retry-after: 30")) as (_, port):
        with pytest.raises(Busy) as caught:
            await fetch(f"http://127.0.0.1:{port}/a.jpg")
    assert caught.value.after_s == 30
    async with serving(lambda _, __: http(status)) as (_, port):
        with pytest.raises(Unanswered):
            await fetch(f"http://127.0.0.1:{port}/a.jpg")
