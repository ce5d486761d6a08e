"""Reads what a request carries, and takes it as absent where it is malformed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from hotfolder.simulator.answers import Json, RefusedError

if TYPE_CHECKING:
    from starlette.requests import Request


def prompt(body: Json | None) -> str:
    """Return a submit's prompt, empty if there is none."""
    return str((body or {}).get("prompt", ""))


async def json_body(request: Request) -> Json | None:
    """Return the body's object, None if it is not one."""
    try:
        body = json.loads(await request.body())
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def checked_body(body: Json | None) -> Json:
    """Return the body; raises RefusedError if it was no object."""
    if body is None:
        raise RefusedError("1007", "the body is not a JSON object")
    return body


async def form_field(request: Request, name: str) -> str:
    """Return a plain field of a form that was read before, "" if there is none."""
    try:
        value = (await request.form(max_files=1)).get(name)
    except (MultiPartException, AssertionError):
        return ""
    return value if isinstance(value, str) else ""


async def file_part(request: Request) -> tuple[str, bytes] | None:
    """Return name and content of the part `file`, None if there is none."""
    try:
        async with request.form(max_files=1) as form:
            part = form.get("file")
            if isinstance(part, UploadFile):
                return part.filename or "", await part.read()
    except (MultiPartException, AssertionError):  # no boundary: Starlette asserts
        return None
    return None
