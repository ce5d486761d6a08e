"""What is known after an HTTP call that failed: whether anything was sent, and our error for it.

Whether a request byte left this process is read from the transport's trace events, not guessed
from the exception.

    httpx error                               nothing sent    sent
    ConnectError, ConnectTimeout, PoolTimeout NotSent         -
    ProxyError (the tunnel was refused)       NotSent         -
    LocalProtocolError, UnsupportedProtocol   NotSent         NotSent (refused before writing)
    any other                                 NotSent         Unanswered
    CancelledError (submit only)              NotSent         Unanswered
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from hotfolder.domain.errors import NotSent, Unanswered

_NEVER_WRITTEN = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
)


class Trace:
    """Remembers whether a request byte may have left this process."""

    def __init__(self) -> None:
        self.sent = False

    async def __call__(self, event: str, details: dict[str, Any]) -> None:
        """Take in an event of the transport."""
        # A proxy is first asked for a tunnel: that request is not yet ours.
        if event.endswith("send_request_headers.started"):
            self.sent = self.sent or details["request"].method != b"CONNECT"


@contextmanager
def translated(call: str, trace: Trace) -> Iterator[None]:
    """Turn every httpx error of the block into NotSent or Unanswered."""
    try:
        yield
    except (*_NEVER_WRITTEN, httpx.InvalidURL) as error:
        raise NotSent(f"{call}: {type(error).__name__}") from error
    except (httpx.HTTPError, httpx.StreamError) as error:
        if not trace.sent:
            raise NotSent(f"{call}: {type(error).__name__}") from error
        raise Unanswered(f"{call}: {type(error).__name__} after sending") from error
