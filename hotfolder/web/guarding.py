"""What every application of ours refuses before it looks at anything: methods and names.

Errors are one line in the log. A page that a stranger's name leads to would be that stranger's in a
browser (DNS rebinding); so pages that show something are shown under known names only.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS: Final = frozenset({"GET", "HEAD", "POST"})

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.web")


def guarded(app: ASGIApp) -> ASGIApp:
    """Return an application that refuses other methods, and whose failures are one line each."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["method"] not in METHODS:
            await _refusal("GET and POST only", 405)(scope, receive, send)
            return
        begun = False

        async def tell(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await app(scope, receive, tell)
        except ClientDisconnect:
            log.info("web.broken_off")
        except Exception as error:  # noqa: BLE001  a stranger's request may end nothing but itself
            log.warning("web.failed", error=f"{type(error).__name__}: {error}")
            if not begun:
                await _refusal("this went wrong", 500)(scope, receive, send)

    return answer


def known_names(listen_host: str, more: Iterable[str]) -> frozenset[str]:
    """Return the names under which pages are shown: this machine's, and those the owner names."""
    own = socket.gethostname()
    names = ("localhost", listen_host, own, own.partition(".")[0], f"{own}.local", *more)
    return frozenset(each.lower() for each in names if each)


def under_names(app: ASGIApp, names: frozenset[str]) -> ASGIApp:
    """Return an application that answers to plain addresses and known names only."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        stated = [value for name, value in scope["headers"] if name == b"host"]
        if len(stated) == 1 and _is_known(stated[0].decode("latin-1"), names):
            await app(scope, receive, send)
        else:
            await _refusal("not under this name", 421)(scope, receive, send)

    return answer


def _is_known(stated: str, names: frozenset[str]) -> bool:
    """Whether a Host header names this machine; nobody can lead a browser to an address by name."""
    host = stated.rpartition(":")[0] if not stated.endswith("]") and ":" in stated else stated
    host = host.strip("[]").rstrip(".").lower()
    try:
        ip_address(host)
    except ValueError:
        return host in names
    return True


def _refusal(words: str, status: int) -> PlainTextResponse:
    return PlainTextResponse(f"{words}\n", status, headers={"connection": "close"})
