"""A service, or a proxy before it, whose every error quotes the request that it is about."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

WORDS = ("errorMessage", "msg", "message")
HTTP_ERROR = 400


def echoing(app: ASGIApp) -> ASGIApp:
    """Return an application whose errors quote the key and the addresses of the request."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        heard = bytearray()
        begun: list[Message] = []

        async def listen() -> Message:
            message = await receive()
            heard.extend(message.get("body", b""))
            return message

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                begun.append(message)
                return
            body = message.get("body", b"")
            if begun:
                start = begun.pop()
                if not message.get("more_body"):
                    body = _with_quote(body, start["status"], _quote(scope, bytes(heard)))
                await send({**start, "headers": _headers(start, len(body), message)})
            await send({**message, "body": body})

        await app(scope, listen, tell)

    return answer


def _headers(start: Message, length: int, message: Message) -> list[tuple[bytes, bytes]]:
    kept = [each for each in start["headers"] if each[0] != b"content-length"]
    known = [] if message.get("more_body") else [(b"content-length", str(length).encode())]
    return [*kept, *known]


def _quote(scope: Scope, body: bytes) -> str:
    sent = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
    try:
        stated = json.loads(body)
    except ValueError:
        stated = {}
    fields = stated.values() if isinstance(stated, dict) else ()
    texts = [str(each[0] if isinstance(each, list) and each else each) for each in fields]
    addresses = sorted((each for each in texts if each.startswith("http")), key=len)
    keys = [str(stated[each]) for each in ("apikey", "apiKey") if each in stated]
    return " ".join((sent, *keys, *addresses))


def _with_quote(body: bytes, status: int, quote: str) -> bytes:
    try:
        answer: Any = json.loads(body)
    except ValueError:
        return body + quote.encode() if status >= HTTP_ERROR else body
    if not isinstance(answer, dict) or not (answer.get("errorCode") or answer.get("code")):
        return body
    spoken = next((each for each in WORDS if each in answer), "message")
    return json.dumps(answer | {spoken: f"{quote} {answer.get(spoken) or ''}"}).encode()
