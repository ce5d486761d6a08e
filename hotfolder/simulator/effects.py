"""Carries the wire faults out: turns a true answer into the one a fault wants."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, Response

from hotfolder.simulator.answers import (
    HTTP_OK,
    Json,
    Reply,
    envelope,
    error_answer,
    message,
)
from hotfolder.simulator.connection import connection_of, gone
from hotfolder.simulator.files import HTTP_PARTIAL
from hotfolder.simulator.lengthy import Dripping, Endless, head, inflating

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Receive, Scope, Send

    from hotfolder.simulator.faults import Fault

HTTP_BAD_GATEWAY = 502
_WITH_FILE = frozenset({HTTP_OK, HTTP_PARTIAL})
PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502</h1>nginx</body></html>"
_ALIASES = {"taskId": "task_id", "url": "outputUrl"}


class Cut(Response):
    """No answer: the connection is closed, by FIN or by RST, now or later.

    after_s: seconds of silence before.
    """

    def __init__(self, *, reset: bool = False, after_s: float = 0.0) -> None:
        super().__init__()
        self._reset = reset
        self._after_s = after_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Break the connection, and return only when uvicorn knows of it."""
        del send
        if self._after_s:
            await gone(receive, self._after_s)
        connection = connection_of(scope)
        if self._reset:
            connection.reset()
        else:
            connection.cut()
        await gone(receive)


class Truncated(Response):
    """A file cut short, written past the HTTP layer, which would not allow it."""

    def __init__(self, true_answer: Response, fault: Fault) -> None:
        super().__init__(status_code=true_answer.status_code)
        whole = bytes(true_answer.body)
        self._sent = whole[: int(len(whole) * fault.share)]
        lengths = {"full": len(whole), "short": len(self._sent)}
        length = lengths.get(fault.length)
        self._head = head(true_answer, length)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the part and close."""
        del send
        connection = connection_of(scope)
        connection.send(self._head + self._sent)
        connection.finish()
        await gone(receive)


def spoil(fault: Fault, answer: Response) -> Response:
    """Return what the client gets instead of the answer.

    answer: the true one; an empty one if the fault does not act.
    """
    return _EFFECTS[fault.kind](fault, answer)


def _garbage(fault: Fault, answer: Response) -> Response:
    true_text = bytes(answer.body)
    content = {
        "text": b"upstream connect error or disconnect/reset before headers",
        "truncated": true_text[: len(true_text) // 2] or b'{"taskId":"20135',
        "null": Reply(envelope(None)).body,
        "string": b'"' + _first_id(answer).encode() + b'"',
        "empty": b"",
    }[fault.body]
    return Response(bytes(content), media_type="application/json")


def _first_id(answer: Response) -> str:
    return str(answer.payload.get("taskId", "")) if isinstance(answer, Reply) else ""


def _other_file(fault: Fault, _answer: Response) -> Response:
    return Response(fault.file.encode("latin-1"), media_type="application/octet-stream")


def _stray_code(fault: Fault, answer: Response) -> Response:
    if not isinstance(answer, Reply):
        return answer
    return Reply(answer.payload | {"errorCode": fault.code, "errorMessage": message(fault.code)})


def _says(fault: Fault, answer: Response) -> Response:
    if not isinstance(answer, Reply):
        return answer
    return Reply(answer.payload | dict(fault.fields or {}))


def _alias(fault: Fault, answer: Response) -> Response:
    """Spell a good answer as other sources have it (CONFLICTs of the facts)."""
    told = "data" if fault.call == "upload" else "status"
    if not isinstance(answer, Reply) or not answer.payload.get(told):
        return answer
    if fault.call == "upload":
        return Reply(answer.payload | {"code": 200})
    payload = _respelt(answer.payload)
    results = answer.payload.get("results")
    if isinstance(results, list):
        payload["results"] = [_respelt(result) for result in results]
    return Reply(payload | {"status": str(payload["status"]).lower()})


def _respelt(fields: Json) -> Json:
    return {_ALIASES.get(key, key): value for key, value in fields.items()}


def _code(fault: Fault, answer: Response) -> Response:
    del answer
    return Reply(error_answer(fault.form, fault.code))


def _error(fault: Fault, answer: Response) -> Response:
    del answer
    return HTMLResponse(PAGE, fault.status or HTTP_BAD_GATEWAY)


def _html(fault: Fault, answer: Response) -> Response:
    return _error(replace(fault, status=fault.status or HTTP_OK), answer)


def _truncate(fault: Fault, answer: Response) -> Response:
    return Truncated(answer, fault) if answer.status_code in _WITH_FILE else answer


def _odd_link(fault: Fault, answer: Response) -> Response:
    results = answer.payload.get("results") if isinstance(answer, Reply) else None
    if not isinstance(answer, Reply) or not isinstance(results, list):
        return answer
    return Reply(answer.payload | {"results": [each | {"url": fault.link} for each in results]})


def _drip(fault: Fault, answer: Response) -> Response:
    return Dripping(answer, fault.seconds)


def _endless(fault: Fault, answer: Response) -> Response:
    del fault
    return Endless(answer)


def _inflate(fault: Fault, answer: Response) -> Response:
    del fault, answer
    return inflating()


def _silence(fault: Fault, answer: Response) -> Response:
    del answer
    return Cut(after_s=fault.seconds)


def _drop(fault: Fault, answer: Response) -> Response:
    del fault, answer
    return Cut()


def _reset(fault: Fault, answer: Response) -> Response:
    del fault, answer
    return Cut(reset=True)


_EFFECTS: Mapping[str, Callable[[Fault, Response], Response]] = {
    "drop_before": _drop,
    "drop_after": _drop,
    "reset_before": _reset,
    "reset_after": _reset,
    "error_before": _error,
    "error_after": _error,
    "timeout_before": _silence,
    "timeout_after": _silence,
    "html": _html,
    "garbage": _garbage,
    "code": _code,
    "stray_code": _stray_code,
    "says": _says,
    "alias": _alias,
    "odd_link": _odd_link,
    "drip": _drip,
    "endless": _endless,
    "inflate": _inflate,
    "truncate": _truncate,
    "wrong_type": _html,
    "other_file": _other_file,
}
# A client that gets one of these has heard of the task.
TELLING = frozenset({"stray_code", "says", "alias", "odd_link"})
