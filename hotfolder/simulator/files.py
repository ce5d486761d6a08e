"""Files over HTTP: whole or a range of bytes, and the answer when a link is dead."""

from __future__ import annotations

import hashlib
import mimetypes
import re
from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
HTTP_PARTIAL = 206
HTTP_RANGE_NOT_SATISFIABLE = 416


def file_answer(content: bytes, extension: str, asked: Mapping[str, str]) -> Response:
    """Return a file, or the single range that the headers ask for (others are ignored).

    A range of another content, as If-Range tells, is answered with the whole of this one.
    """
    media_type = mimetypes.guess_type(f"x.{extension}")[0] or "application/octet-stream"
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"accept-ranges": "bytes", "etag": tag}
    span = _span(asked.get("range"), len(content))
    if span is None or asked.get("if-range", tag) != tag:
        return Response(content, media_type=media_type, headers=headers)
    first, last = span
    if first > last:
        headers["content-range"] = f"bytes */{len(content)}"
        return Response(status_code=HTTP_RANGE_NOT_SATISFIABLE, headers=headers)
    headers["content-range"] = f"bytes {first}-{last}/{len(content)}"
    part = content[first : last + 1]
    return Response(part, HTTP_PARTIAL, media_type=media_type, headers=headers)


def _span(byte_range: str | None, size: int) -> tuple[int, int] | None:
    """Return first and last byte; first > last if no byte is in the range."""
    found = _RANGE.fullmatch(byte_range.strip()) if byte_range else None
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        return max(0, size - int(last)), size - 1
    end = min(int(last), size - 1) if last else size - 1
    return int(first), end if int(first) < size else -1


def gone_answer(status: int) -> Response:
    """Return what an object store answers to a link that does not hold (any more)."""
    text = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code></Error>'
    return Response(text, status, media_type="application/xml")
