"""Texts: UTF-8 without anything that no text has, and JSON told from them.

A web page or a program is none, whatever it was called: a store that has lost a file sends a page
in its place.
"""

from __future__ import annotations

import json
from typing import Any, Final

from hotfolder.kinds.kind import Kind, NotProven, Proven

MOST_BYTES: Final = 16 * 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"
_NO_TEXT: Final = bytes(each for each in range(32) if each not in b"\t\n\f\r\x1b")


def prove(content: bytes, *, said: bool) -> Proven:
    """Return what kind of text a file is; raises NotProven.

    `said`: it stood in the service's own answer, so that no store can have put a page in its place.
    """
    if len(content) > MOST_BYTES:
        raise NotProven("it is too long for a text")
    raw = bytes(content).removeprefix(_BOM)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise NotProven("it is nothing that is known here") from error
    if not text.strip():
        raise NotProven("it is empty")
    if raw.translate(None, _NO_TEXT) != raw and not said:
        raise NotProven("it is nothing that is known here")
    if is_markup(raw) and not said:
        raise NotProven("it is a web page")
    return Proven(Kind.TEXT, "json" if _is_json(text) else "txt")


def is_markup(head: bytes) -> bool:
    """Whether a text begins as a web page does, or as what stores answer instead of a file."""
    begin = head.removeprefix(_BOM).lstrip()[:2]
    return begin[:1] == b"<" and (begin[1:].isalpha() or begin[1:] in (b"!", b"?"))


def _is_json(text: str) -> bool:
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict | list)
