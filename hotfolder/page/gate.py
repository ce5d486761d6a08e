"""What every request passes before any page sees it, and what every answer carries.

A name that is not ours is refused (DNS rebinding), a form that did not come from the page is, too,
nobody sees anything without having signed in, and no body is longer than a form.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hotfolder.page.keys import Keyring

LARGEST_FORM_BYTES: Final = 64 * 1024
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
CSP: Final = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Nothing in a result may run, be framed or ask for more.
RESULT_CSP: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

_HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_SAFE: Final = frozenset({"GET", "HEAD"})
_PUBLIC: Final = ("/sign-in", "/enter/", "/static/")
_DROP: Final = "/drop/file"


class Gate:
    """Stands before the page. `hosts` are the names that it answers to; lower case, no ports.

    `largest_drop_bytes` bounds the one body that may be longer than a form.
    """

    def __init__(
        self, app: ASGIApp, *, keyring: Keyring, hosts: Collection[str], largest_drop_bytes: int
    ) -> None:
        self._app = app
        self._keyring = keyring
        self._hosts = LOOPBACK | {each.lower().strip("[]") for each in hosts}
        self._largest_drop_bytes = largest_drop_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, _dressed(send))
            return
        limit = self._largest_drop_bytes if scope["path"].startswith(_DROP) else LARGEST_FORM_BYTES
        await self._app(scope, _bounded(receive, headers, limit), _dressed(send))

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Return the answer to a request that must not pass; keep whose it is else."""
        host = headers.get("host", "")
        if name_of(host) not in self._hosts:
            return PlainTextResponse(
                "This page does not answer to that name. Add it to hosts in [web] of the config, "
                "if it is one of this machine.\n",
                421,
            )
        if scope["method"] not in _SAFE and not _is_own(headers, host):
            return PlainTextResponse("This did not come from the page itself.\n", 403)
        request = Request(scope)
        cookie = request.cookies.get(self._keyring.cookie_name, "")
        session = self._keyring.session(cookie) if cookie else None
        scope.setdefault("state", {})["session"] = session
        if session is None and not scope["path"].startswith(_PUBLIC):
            if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
                return RedirectResponse("/sign-in", 303)
            return PlainTextResponse("Sign in first.\n", 401)
        return None


def name_of(host: str) -> str:
    """Return the name in a Host header, without its port; "" where it is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_own(headers: Headers, host: str) -> bool:
    """Whether the page itself sent a form. Browsers name its site, or else where it came from."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return headers.get("origin") == f"http://{host}"


def _bounded(receive: Receive, headers: Headers, limit: int) -> Receive:
    """Refuse bodies that are longer, as soon as that is known."""
    seen = 0

    async def hear() -> Message:
        nonlocal seen
        stated = headers.get("content-length", "0")
        if not stated.isdecimal() or int(stated[:20]) > limit:
            raise HTTPException(413, "That is too large.")
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise HTTPException(413, "That is too large.")
        return message

    return hear


def _dressed(send: Send) -> Send:
    """Put the headers on that every answer carries, but for those it has already."""

    async def say(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return say
