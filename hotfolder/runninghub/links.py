"""Result links: fetched without the key, resumed where they were cut, and led nowhere private.

The service names the links, so a wrong or forged answer could send this program to anything that
it can reach: a router's pages, a cloud's metadata, a database without a password. So each address
is checked when it is connected to, after its name was resolved and at every redirect, and the
connection is made to the very address that was checked: a name that resolves to something else
a moment later changes nothing. Public addresses are allowed, others only where the service itself
stands in the same kind of network. Behind a proxy names are the proxy's business; then only the
addresses that stand in links are checked.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies

import httpx

from hotfolder.domain.errors import Busy, LinkForbidden, LinkGone, Unanswered
from hotfolder.runninghub import refusals
from hotfolder.runninghub.sending import Trace, translated

MOST_REDIRECTS: Final = 3
MOST_RESUMES: Final = 20
LONGEST_DOWNLOAD_S: Final = 3600.0
GONE_STATUSES: Final = frozenset({401, 403, 404, 410})
BUSY_STATUSES: Final = frozenset({429, 503})
HTTP_PARTIAL: Final = 206

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[list[Address]]]

_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")
_THROUGH_TO_IPV4 = IPv6Network("64:ff9b::/96")  # `is_global` takes this prefix for public


async def resolved(host: str, port: int) -> list[Address]:
    """Return the addresses of a host, best first. Raises OSError where it has none."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(place[4][0]).partition("%")[0]) for place in found))


def network_of(address: Address) -> str:
    """Return the kind of network that an address lies in; only "public" is open to anyone."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _THROUGH_TO_IPV4:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return network_of(inner)
    if address.is_loopback:
        return "loopback"
    if address.is_link_local:
        return "link-local"
    if address.is_global and not address.is_multicast:
        return "public"
    return "private" if address.is_private and not address.is_unspecified else "reserved"


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
        url = request.url
        try:
            found = await self._gate.addresses(url.host, url.port or 0)
        except OSError as error:
            raise httpx.ConnectError(str(error), request=request) from error
        *others, last = found
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


@dataclass(slots=True)
class _Progress:
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
        timeout: httpx.Timeout,
        context: ssl.SSLContext,
        resolve: Resolve = resolved,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._gate = Gate(service, resolve)
        proxied = not getproxies().keys().isdisjoint({"http", "https", "all"})
        self._http = httpx.AsyncClient(
            headers={"accept-encoding": "identity"},
            timeout=timeout,
            follow_redirects=True,
            max_redirects=MOST_REDIRECTS,
            verify=context,
            transport=transport or (None if proxied else _Checked(self._gate, context)),
            event_hooks={"request": [self._check_hop]},
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def fetch(self, url: str, write: Callable[[bytes], object], *, limit: int) -> None:
        """Pass a result's bytes to `write`, in a thread, chunk by chunk.

        What was cut is resumed for as long as that brings it on. Raises LinkGone when the link
        has expired, LinkForbidden when it leads where no result lies, Busy when it is to be asked
        again later, NotSent, and Unanswered on anything that cut the download short or made it
        larger than `limit` bytes.
        """
        if not _is_web_address(url):
            raise LinkGone("the result link is no web address")
        progress = _Progress()
        try:
            async with asyncio.timeout(LONGEST_DOWNLOAD_S):
                await self._fetch_resuming(url, write, progress, limit)
        except TimeoutError:
            raise Unanswered("download: took too long") from None

    async def _fetch_resuming(
        self, url: str, write: Callable[[bytes], object], progress: _Progress, limit: int
    ) -> None:
        for _ in range(MOST_RESUMES):
            before = progress.size
            try:
                return await self._fetch_on(url, write, progress, limit)
            except Unanswered:
                if progress.size == before or not progress.headers:
                    raise
        raise Unanswered("download: cut again and again")

    async def _fetch_on(
        self, url: str, write: Callable[[bytes], object], progress: _Progress, limit: int
    ) -> None:
        trace = Trace()
        extensions = {"trace": trace}
        with translated("download", trace):
            async with self._http.stream(
                "GET", url, headers=progress.headers, extensions=extensions
            ) as response:
                _check(response, progress, limit)
                async for chunk in response.aiter_raw():
                    if progress.size + len(chunk) > limit:
                        raise Unanswered(f"the result is larger than {limit} bytes")
                    await asyncio.to_thread(write, chunk)
                    progress.size += len(chunk)
        if progress.total not in (None, progress.size):
            raise Unanswered(f"the result has {progress.size} of {progress.total} bytes")

    async def _check_hop(self, request: httpx.Request) -> None:
        """Refuse what a link or a redirect may not name, even where a proxy resolves names."""
        if request.url.scheme not in ("http", "https"):
            raise LinkForbidden(f"the result link leads to {request.url.scheme}")
        try:
            ip_address(request.url.host)
        except ValueError:
            return
        await self._gate.addresses(request.url.host, request.url.port or 0)


def _check(response: httpx.Response, progress: _Progress, limit: int) -> None:
    """Hold an answer's head against what was asked for, and keep what a resume needs."""
    status = response.status_code
    if status in GONE_STATUSES:
        raise LinkGone(f"the result link answers HTTP {status}")
    wait_s = refusals.retry_after_s(response.headers, datetime.now(UTC))
    if wait_s and status in BUSY_STATUSES:
        raise Busy(f"the result link answers HTTP {status}", after_s=wait_s, limit=False)
    if status != (HTTP_PARTIAL if progress.size else httpx.codes.OK):
        raise Unanswered(f"the result link answers HTTP {status}")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise Unanswered("the result comes compressed, which was not asked for")
    if progress.size:
        found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
        if found is None or (int(found[1]), int(found[2])) != (progress.size, progress.total):
            raise Unanswered("the result link answers with another part than was asked for")
        return
    length = response.headers.get("content-length", "")
    progress.total = int(length) if length.isascii() and length.isdecimal() else None
    progress.validator = _validator(response.headers) if progress.total is not None else None
    if (progress.total or 0) > limit:
        raise Unanswered(f"the result is larger than {limit} bytes")


def _validator(headers: httpx.Headers) -> str | None:
    """Return by what the server tells that a part belongs to the same content, or None."""
    tag = headers.get("etag", "")
    if tag and not tag.startswith("W/"):
        return str(tag)
    return headers.get("last-modified") or None


def _is_web_address(link: str) -> bool:
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
