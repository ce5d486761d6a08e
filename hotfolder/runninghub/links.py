"""Result links: fetched without the key, resumed where they were cut, and led nowhere private.

The service names the links, so a wrong or forged answer could send this program to anything that
it can reach: a router's pages, a cloud's metadata, a database without a password. So each address
is checked when it is connected to, after its name was resolved and at every redirect, and the
connection is made to the very address that was checked: a name that resolves to something else
a moment later changes nothing. Public addresses are allowed, others only where the service itself
stands in the same kind of network. Proxies of the environment are used for links that are theirs,
and only after the name was checked, too: whatever goes past them (`no_proxy`, a proxy for the other
scheme) is connected to like everything else. A name that only the proxy can resolve is allowed if
it is one of the public kind.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import httpx

from hotfolder.domain.errors import Busy, LinkForbidden, LinkGone, TooSlow, Unanswered
from hotfolder.runninghub import proxies, refusals
from hotfolder.runninghub.hearing import NOT_PACKED
from hotfolder.runninghub.patience import Patience, Progress, requiring_progress
from hotfolder.runninghub.sending import Trace, translated

MOST_REDIRECTS: Final = 3
MOST_RESUMES: Final = 20  # in a row that brought little
REFUSALS: Final = frozenset({403, 404, 410})
BUSY_STATUSES: Final = frozenset({429, 503})
HTTP_PARTIAL: Final = 206
HIGHEST_PORT: Final = 65535
_PIECE_BYTES: Final = 1024 * 1024
_PIECE_S: Final = 1.0

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[list[Address]]]

_CONTENT_RANGE = re.compile(r"bytes (\d{1,19})-\d+/(\d{1,19})")
# Prefixes whose last 32 bits are an IPv4 address; `is_global` takes them for public.
_IPV4_WITHIN: Final = tuple(map(IPv6Network, ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96")))
# What `is_global` takes for public besides, or did in some version of Python.
_NOT_PUBLIC: Final = tuple(map(ip_network, ("fec0::/10", "64:ff9b:1::/48", "192.0.0.0/24")))
_LOCAL_NAMES: Final = frozenset(
    {"localhost", "localdomain", "local", "internal", "intranet", "lan", "home", "corp", "private"}
)


async def resolved(host: str, port: int) -> list[Address]:
    """Return the addresses of a host, best first. Raises OSError where it has none."""
    with suppress(ValueError):
        return [ip_address(host)]
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a part of the name is empty, or too long for any name server
        raise OSError(f"no host can have this name: {error}") from error
    return list(dict.fromkeys(ip_address(str(place[4][0]).partition("%")[0]) for place in found))


def network_of(address: Address) -> str:
    """Return the kind of network that an address lies in; only "public" is open to anyone."""
    inner = _ipv4_within(address)
    if inner is not None:
        return network_of(inner)
    if any(address in each for each in _NOT_PUBLIC):
        return "private"
    if address.is_loopback:
        return "loopback"
    if address.is_link_local:
        return "link-local"
    if address.is_global and not address.is_multicast:
        return "public"
    return "private" if address.is_private and not address.is_unspecified else "reserved"


def _ipv4_within(address: Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 one leads to, or None."""
    if isinstance(address, IPv4Address):
        return None
    if any(address in each for each in _IPV4_WITHIN) and int(address) > 1:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


class Gate:
    """Decides which addresses result links may lead to, given the service's own host."""

    def __init__(self, service: str, resolve: Resolve = resolved) -> None:
        self._service = service
        self._resolve = resolve

    async def addresses(self, host: str, port: int) -> list[Address]:
        """Return where a host may be reached.

        Raises LinkForbidden where it may not, OSError where it has no address.
        """
        found = await self._resolve(host, port)
        networks = {network_of(each) for each in found} - {"public"}
        if networks and not networks <= await self._own_networks():
            raise LinkForbidden(f"the result link leads into a {min(networks)} network")
        return found

    async def of(self, request: httpx.Request) -> list[Address]:
        """Return where a request may go. Raises LinkForbidden, and ConnectError for no address."""
        try:
            return await self.addresses(request.url.host, request.url.port or 0)
        except OSError as error:
            raise httpx.ConnectError(str(error), request=request) from error

    async def check_name(self, request: httpx.Request) -> None:
        """Raise LinkForbidden where a name must not be asked of a proxy either.

        What cannot be resolved here, as is usual behind a proxy, may be a public name only.
        """
        host = request.url.host
        try:
            await self.addresses(host, request.url.port or 0)
        except OSError:
            labels = host.lower().rstrip(".").split(".")
            is_local = len(labels) == 1 or labels[-1] in _LOCAL_NAMES or labels[-1] == "arpa"
            if is_local and host != self._service:
                raise LinkForbidden("the result link leads to a name of a local network") from None

    async def _own_networks(self) -> set[str]:
        try:
            return {network_of(each) for each in await self._resolve(self._service, 0)}
        except OSError:
            return set()


class _Checked(httpx.AsyncBaseTransport):
    """Connects to the addresses that the gate lets through, and to no other.

    Connections are not kept: one to an address says nothing of another name at that address.
    """

    def __init__(self, gate: Gate, context: ssl.SSLContext) -> None:
        self._gate = gate
        limits = httpx.Limits(max_keepalive_connections=0)
        self._transport = httpx.AsyncHTTPTransport(verify=context, limits=limits)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the first of its host's addresses that can be connected to."""
        *others, last = await self._gate.of(request)
        for each in others:
            try:
                return await self._send(request, each)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._send(request, last)

    async def _send(self, request: httpx.Request, address: Address) -> httpx.Response:
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=str(address)),
            headers=request.headers,
            extensions={**request.extensions, "sni_hostname": request.url.host},
        )
        return await self._transport.handle_async_request(pinned)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()


class _Proxied(httpx.AsyncBaseTransport):
    """Asks a proxy for what the gate lets through by its name."""

    def __init__(self, gate: Gate, context: ssl.SSLContext, proxy: str) -> None:
        self._gate = gate
        self._transport = httpx.AsyncHTTPTransport(verify=context, proxy=proxy)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request through the proxy."""
        await self._gate.check_name(request)
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()


@dataclass(slots=True)
class _Fetched:
    """How far a download has come, and how the server knows this very content again."""

    size: int = 0
    total: int | None = None
    validator: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What to ask for: all, or the rest of the same content."""
        if not self.size or self.validator is None:
            return {}
        return {"range": f"bytes={self.size}-", "if-range": self.validator}


class Links:
    """Fetches results from the links that the service names. `service` is its own host."""

    def __init__(
        self,
        service: str,
        *,
        patience: Patience,
        context: ssl.SSLContext,
        resolve: Resolve = resolved,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._patience = patience
        self._gate = Gate(service, resolve)
        self._http = httpx.AsyncClient(
            headers=NOT_PACKED,
            timeout=httpx.Timeout(None, connect=patience.connect_s, write=patience.stall_s),
            verify=context,
            transport=transport or _Checked(self._gate, context),
            mounts=None if transport else _through_proxies(self._gate, context),
            event_hooks={"request": [self._check_hop]},
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def fetch(self, url: str, write: Callable[[bytes], object], *, limit: int) -> None:
        """Pass a result's bytes to `write`, in a thread, piece by piece.

        What was cut is resumed for as long as that brings it on. Raises LinkGone when the store
        refuses the link, LinkForbidden when it leads where no result lies, Busy when it is to be
        asked again later, NotSent, and Unanswered on anything that cut the download short or made
        it larger than `limit` bytes.
        """
        _require_web_address(url)
        done, fruitless = _Fetched(), 0
        while fruitless < MOST_RESUMES:
            before = done.size
            try:
                return await self._fetch_on(url, write, done, limit)
            except Unanswered as error:
                brought = done.size - before
                is_little = brought < self._patience.least_bytes
                if not (brought and done.headers) or (is_little and isinstance(error, TooSlow)):
                    raise
                fruitless = fruitless + 1 if is_little else 0
        raise Unanswered("download: cut again and again")

    async def _fetch_on(
        self, url: str, write: Callable[[bytes], object], done: _Fetched, limit: int
    ) -> None:
        trace = Trace()
        with translated("download", trace):
            async with (
                requiring_progress(self._patience) as progress,
                self._opened(url, done, trace) as response,
            ):
                _check(response, done, limit)
                async for piece in _gathered(response, progress):
                    if done.size + len(piece) > limit:
                        raise Unanswered(f"the result is larger than {limit} bytes")
                    await progress.unhurried(asyncio.to_thread(write, piece))
                    done.size += len(piece)
        if done.total not in (None, done.size):
            raise Unanswered(f"the result has {done.size} of {done.total} bytes")

    @asynccontextmanager
    async def _opened(
        self, url: str, done: _Fetched, trace: Trace
    ) -> AsyncIterator[httpx.Response]:
        """Follow redirects. What comes along with one is not read: it may have no end."""
        extensions = {"trace": trace}
        request = self._http.build_request("GET", url, headers=done.headers, extensions=extensions)
        for _ in range(1 + MOST_REDIRECTS):
            response = await self._http.send(request, stream=True)
            try:
                if response.next_request is None:
                    yield response
                    return
                request = response.next_request
            finally:
                await response.aclose()
        raise Unanswered("the result link leads from place to place")

    async def _check_hop(self, request: httpx.Request) -> None:
        """Refuse what a link or a redirect may not name, even where a proxy resolves names."""
        _require_web_address(request.url)
        try:
            ip_address(request.url.host)
        except ValueError:
            return
        await self._gate.of(request)


async def _gathered(response: httpx.Response, progress: Progress) -> AsyncIterator[bytes]:
    """Yield what comes, gathered into larger pieces: to write each takes a turn of a thread.

    None is held back for long, nor where the answer is cut.
    """
    loop, chunks, size = asyncio.get_running_loop(), list[bytes](), 0
    began_s = loop.time()
    try:
        async for chunk in response.aiter_raw():
            progress.came(len(chunk))
            chunks.append(chunk)
            size += len(chunk)
            if size >= _PIECE_BYTES or loop.time() - began_s >= _PIECE_S:
                yield b"".join(chunks)
                chunks, size, began_s = [], 0, loop.time()
    except httpx.HTTPError:
        if chunks:
            yield b"".join(chunks)
        raise
    if chunks:
        yield b"".join(chunks)


def _through_proxies(gate: Gate, context: ssl.SSLContext) -> dict[str, _Proxied | None]:
    """Return what goes through proxies, None = past them."""
    return {
        pattern: None if proxy is None else _Proxied(gate, context, proxy)
        for pattern, proxy in proxies.of_environment().items()
    }


def _check(response: httpx.Response, done: _Fetched, limit: int) -> None:
    """Hold an answer's head against what was asked for, and keep what a resume needs."""
    status = response.status_code
    if status in REFUSALS:
        raise LinkGone(f"the result link answers HTTP {status}")
    wait_s = refusals.retry_after_s(response.headers, datetime.now(UTC))
    if wait_s and status in BUSY_STATUSES:
        raise Busy(f"the result link answers HTTP {status}", after_s=wait_s, limit=False)
    if status != (HTTP_PARTIAL if done.size else httpx.codes.OK):
        raise Unanswered(f"the result link answers HTTP {status}")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise Unanswered("the result comes compressed, which was not asked for")
    if done.size:
        found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
        if found is None or (int(found[1]), int(found[2])) != (done.size, done.total):
            raise Unanswered("the result link answers with another part than was asked for")
        return
    length = response.headers.get("content-length", "")
    done.total = int(length) if length.isascii() and length.isdecimal() else None
    done.validator = _validator(response.headers) if done.total is not None else None
    if (done.total or 0) > limit:
        raise Unanswered(f"the result is larger than {limit} bytes")


def _validator(headers: httpx.Headers) -> str | None:
    """Return by what the server tells that a part belongs to the same content, or None."""
    tag = headers.get("etag", "")
    if tag and not tag.startswith("W/"):
        return str(tag)
    return headers.get("last-modified") or None


def _require_web_address(link: str | httpx.URL) -> None:
    """Raise LinkForbidden for what no request can be made of."""
    try:
        url = httpx.URL(link)
    except (httpx.InvalidURL, ValueError):
        raise LinkForbidden("the result link is no web address") from None
    if url.scheme not in ("http", "https"):
        raise LinkForbidden(f"the result link is no web address, but {url.scheme or 'nothing'}")
    if not url.host or not 0 <= (url.port or 0) <= HIGHEST_PORT:
        raise LinkForbidden("the result link names no host that there can be")
