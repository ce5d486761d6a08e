"""Films and sounds made of EBML elements (RFC 8794 and 9559: WebM, Matroska).

A walk over the elements' headers, without decoding. Films that were written while they were made
state neither their own size nor that of their clusters; those are walked through.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from hotfolder.kinds.kind import Kind, NotProven, Proven

MAGIC: Final = b"\x1a\x45\xdf\xa3"

_HEADER, _SEGMENT, _INFO, _TRACKS = 0x1A45DFA3, 0x18538067, 0x1549A966, 0x1654AE6B
_CLUSTER, _BLOCK_GROUP, _SIMPLE_BLOCK = 0x1F43B675, 0xA0, 0xA3
_DOCTYPE, _DURATION, _TRACK, _TRACK_TYPE = 0x4282, 0x4489, 0xAE, 0x83
_FILM, _SOUND = 1, 2
_MAY_BE_OPEN: Final = frozenset({_SEGMENT, _CLUSTER})
_MOST_ELEMENTS: Final = 1_000_000
_LONGEST_ID: Final = 4
_LONGEST_SIZE: Final = 8
_FLOATS: Final = {4: ">f", 8: ">d"}
_SHORT: Final = "it ends too early: the file is shorter than it states"
_DAMAGED: Final = "its elements are damaged"
# What it is called, by what it says it is and whether a film is in it.
_ENDINGS: Final = {
    b"webm": {True: "webm", False: "webm"},
    b"matroska": {True: "mkv", False: "mka"},
}
Element = tuple[int, int, int]


def prove(content: bytes) -> Proven:
    """Return whether elements hold a film or a sound; raises NotProven."""
    doctype, lasts, blocks = b"", True, 0
    kinds: set[int] = set()
    for name, start, stop in _elements(content, 0, len(content)):
        match name:
            case 0x1A45DFA3:
                doctype = _text(content, start, stop, _DOCTYPE)
            case 0x1549A966:
                lasts = _lasts(content, start, stop)
            case 0x1654AE6B:
                kinds = _kinds_of_tracks(content, start, stop)
            case 0x1F43B675 | 0xA0 | 0xA3:
                blocks += stop > start
    if not kinds & {_FILM, _SOUND} or not blocks:
        raise NotProven("it has neither film nor sound in it")
    if not lasts:
        raise NotProven("it lasts no time at all")
    if doctype not in _ENDINGS:
        raise NotProven("it is no kind of film that is known here")
    has_film = _FILM in kinds
    return Proven(Kind.VIDEO if has_film else Kind.AUDIO, _ENDINGS[doctype][has_film])


def _text(content: bytes, start: int, stop: int, wanted: int) -> bytes:
    for name, at, end in _elements(content, start, stop):
        if name == wanted:
            return bytes(content[at:end]).rstrip(b"\0")
    return b""


def _lasts(content: bytes, start: int, stop: int) -> bool:
    """Whether the stated length is above zero; one that is not stated is no harm."""
    for name, at, end in _elements(content, start, stop):
        if name == _DURATION and end - at in _FLOATS:
            return bool(struct.unpack_from(_FLOATS[end - at], content, at)[0] > 0)
    return True


def _kinds_of_tracks(content: bytes, start: int, stop: int) -> set[int]:
    found: set[int] = set()
    for name, at, end in _elements(content, start, stop):
        if name == _TRACK:
            kind = _text(content, at, end, _TRACK_TYPE)
            found |= set(kind[-1:])
    return found


def _elements(content: bytes, at: int, end: int) -> Iterator[Element]:
    """Yield the elements between two places, those within segments and open clusters in line."""
    for _ in range(_MOST_ELEMENTS):
        if at >= end:
            return
        name, at = _vint(content, at, end, _LONGEST_ID, marked=True)
        size, at = _vint(content, at, end, _LONGEST_SIZE, marked=False)
        if size is None and name not in _MAY_BE_OPEN:
            raise NotProven(_DAMAGED)
        stop = end if size is None else at + size
        if stop > end:
            raise NotProven(_SHORT)
        yield name or 0, at, stop
        is_walked_through = name == _SEGMENT or size is None
        at = at if is_walked_through else stop
    raise NotProven("it is in more parts than any film")


def _vint(
    content: bytes, at: int, end: int, longest: int, *, marked: bool
) -> tuple[int | None, int]:
    """Return a number of variable length and where it ends; None = not known (all ones)."""
    length = 9 - content[at].bit_length() if at < end else longest
    if at + length > end:
        raise NotProven(_SHORT)
    if length > longest:
        raise NotProven(_DAMAGED)
    number = int.from_bytes(content[at : at + length], "big")
    if marked:
        return number, at + length
    most = (1 << 7 * length) - 1
    return (None if number & most == most else number & most), at + length
