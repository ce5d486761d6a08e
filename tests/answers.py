"""Answers of the service, made up as it writes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hotfolder.domain.errors import RemoteError
from hotfolder.runninghub import refusals
from hotfolder.runninghub.fields import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TASK = "2013508786110730241"
CODES = sorted(refusals.codes(), key=int)
FORMS = ["flat", "msg", "message"]
UPLOADED = {"type": "image", "download_url": "https://u.test/x", "fileName": "openapi/x.png"}


def answer(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer with a JSON body, or with bytes as they are."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, headers or {}, raw)


def error_body(code: str, form: str) -> dict[str, object]:
    """Return an error as the service writes it: flat with texts, or enveloped with numbers."""
    if form == "flat":
        return {"taskId": "", "status": "", "errorCode": code, "errorMessage": "words"}
    return {"code": int(code), form: "words", "data": None}


def told(call: Callable[[Answer], object], given_answer: Answer) -> RemoteError:
    """Return the error that a call answers with."""
    with pytest.raises(RemoteError) as caught:
        call(given_answer)
    return caught.value
