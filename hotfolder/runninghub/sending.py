"""What is known after an HTTP call that failed: whether anything was sent, and our error for it.

Whether a request byte left this process is read from the transport's trace events, not guessed
from the exception.

    httpx error                               nothing sent    sent
    ConnectError, ConnectTimeout, PoolTimeout NotSent         -
    ProxyError (the tunnel was refused)       NotSent         -
    LocalProtocolError, UnsupportedProtocol   NotSent         NotSent (refused before writing)
    WriteTimeout, TimeoutError                NotSent         TooSlow, an Unanswered
    any other                                 NotSent         Unanswered
    CancelledError (submit only)              NotSent         Unanswered
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx

from hotfolder.domain.errors import NotSent, TooSlow, Unanswered

# What the kernel takes from us ahead of the line: else it swallows a picture at once, and the
# time for the answer would begin while most of the picture is still here.
UNSENT_BYTES: Final = 128 * 1024

_NEVER_WRITTEN = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
)

# What a person is told of an error; of its classes the first that fits.
_WORDS: Final = (
    (httpx.ConnectTimeout, "no connection in time"),
    (httpx.ConnectError, "no connection"),
    (httpx.ProxyError, "the proxy lets nothing through"),
    (httpx.TimeoutException, "no answer in time"),
    (httpx.NetworkError, "the connection broke"),
    (httpx.RemoteProtocolError, "the connection broke"),
)


class Trace:
    """Remembers whether a request byte may have left this process.

    `awaits_answer` is called when all of the request has left.
    """

    def __init__(self, awaits_answer: Callable[[], object] = lambda: None) -> None:
        self.sent = False
        self._awaits_answer = awaits_answer

    async def __call__(self, event: str, details: dict[str, Any]) -> None:
        """Take in an event of the transport."""
        if event == "connection.connect_tcp.complete":
            _keep_queue_short(details["return_value"].get_extra_info("socket"))
        # A proxy is first asked for a tunnel: that request is not yet ours.
        if "request" not in details or details["request"].method == b"CONNECT":
            return
        if event.endswith("send_request_headers.started"):
            self.sent = True
        if event.endswith("receive_response_headers.started"):
            self._awaits_answer()


def _keep_queue_short(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)


@contextmanager
def translated(call: str, trace: Trace) -> Iterator[None]:
    """Turn every httpx error of the block, and its end by a limit of time, into one of ours."""
    try:
        yield
    except (*_NEVER_WRITTEN, httpx.InvalidURL) as error:
        raise NotSent(f"{call}: {_in_words(error)}") from error
    except (httpx.HTTPError, httpx.StreamError, TimeoutError) as error:
        if not trace.sent:
            raise NotSent(f"{call}: {_in_words(error)}") from error
        if isinstance(error, httpx.WriteTimeout | TimeoutError):
            raise TooSlow(f"{call}: the service is too slow") from error
        raise Unanswered(f"{call}: {_in_words(error)} after sending") from error


def _in_words(error: Exception) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "its certificate is not to be trusted"
    words = (words for kind, words in _WORDS if isinstance(error, kind))
    return next(words, type(error).__name__)
