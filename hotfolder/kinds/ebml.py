"""Films and sounds made of EBML elements (RFC 8794 and 9559: WebM, Matroska).

A walk over the elements' headers, without decoding. Films that were written while they were made
state neither their own size nor that of their clusters; those are walked through.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from hotfolder.kinds.kind import EndsEarly, Kind, NotProven, Proven, Traits

MAGIC: Final = b"\x1a\x45\xdf\xa3"

_HEADER, _SEGMENT, _INFO, _TRACKS = 0x1A45DFA3, 0x18538067, 0x1549A966, 0x1654AE6B
_CLUSTER, _BLOCK_GROUP, _SIMPLE_BLOCK = 0x1F43B675, 0xA0, 0xA3
_DOCTYPE, _DURATION, _TRACK, _TRACK_TYPE = 0x4282, 0x4489, 0xAE, 0x83
_CODEC, _PICTURES, _WIDTH, _HEIGHT, _UNIT_NS = 0x86, 0xE0, 0xB0, 0xBA, 0x2AD7B1
_FILM, _SOUND = 1, 2
_USUAL_UNITS: Final = 1000.0
_LONGEST_CODEC: Final = 40
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


@dataclass(slots=True)
class _Tracks:
    """What the tracks are coded as, by what they are for, and the sides of the film."""

    codecs: dict[int, str] = field(default_factory=dict)
    width: int = 0
    height: int = 0


def prove(content: bytes) -> Proven:
    """Return whether elements hold a film or a sound; raises NotProven."""
    doctype, blocks = b"", 0
    duration_s: float | None = None
    tracks = _Tracks()
    for name, start, stop in _elements(content, 0, len(content)):
        match name:
            case 0x1A45DFA3:
                doctype = _text(content, start, stop, _DOCTYPE)
            case 0x1549A966:
                duration_s = _duration_s(content, start, stop)
            case 0x1654AE6B:
                tracks = _tracks(content, start, stop)
            case 0x1F43B675 | 0xA0 | 0xA3:
                blocks += stop > start
    if not tracks.codecs.keys() & {_FILM, _SOUND} or not blocks:
        raise EndsEarly("it has neither film nor sound in it")
    if duration_s is not None and not duration_s > 0:
        raise NotProven("it lasts no time at all")
    if doctype not in _ENDINGS:
        raise NotProven("it is no kind of film that is known here")
    has_film = _FILM in tracks.codecs
    traits = Traits(
        duration_s=duration_s,
        width=tracks.width,
        height=tracks.height,
        has_sound=_SOUND in tracks.codecs,
        codec=tracks.codecs[_FILM if has_film else _SOUND],
    )
    return Proven(Kind.VIDEO if has_film else Kind.AUDIO, _ENDINGS[doctype][has_film], traits)


def _text(content: bytes, start: int, stop: int, wanted: int) -> bytes:
    for name, at, end in _elements(content, start, stop):
        if name == wanted:
            return bytes(content[at:end]).rstrip(b"\0")
    return b""


def _duration_s(content: bytes, start: int, stop: int) -> float | None:
    """Return the stated length; one that is not stated is no harm."""
    units_a_second, units = _USUAL_UNITS, None
    for name, at, end in _elements(content, start, stop):
        if name == _DURATION and end - at in _FLOATS:
            units = float(struct.unpack_from(_FLOATS[end - at], content, at)[0])
        elif name == _UNIT_NS:
            units_a_second = 1e9 / max(1, int.from_bytes(content[at:end], "big"))
    return None if units is None else units / units_a_second


def _tracks(content: bytes, start: int, stop: int) -> _Tracks:
    found = _Tracks()
    for name, at, end in _elements(content, start, stop):
        if name != _TRACK:
            continue
        parts = {part: (begin, over) for part, begin, over in _elements(content, at, end)}
        kind = _number(content, parts.get(_TRACK_TYPE))
        begin, over = parts.get(_CODEC, (0, 0))
        codec = bytes(content[begin:over]).rstrip(b"\0").decode("ascii", "replace")
        found.codecs.setdefault(kind, codec[:_LONGEST_CODEC])
        if kind == _FILM and _PICTURES in parts:
            sides = {side: place for side, *place in _elements(content, *parts[_PICTURES])}
            found.width = _number(content, sides.get(_WIDTH))
            found.height = _number(content, sides.get(_HEIGHT))
    return found


def _number(content: bytes, place: Sequence[int] | None) -> int:
    """Return a whole number that stands somewhere, 0 where it does not."""
    begin, end = place or (0, 0)
    return int.from_bytes(content[begin : min(end, begin + 8)], "big")


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
            raise EndsEarly(_SHORT)
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
        raise EndsEarly(_SHORT)
    if length > longest:
        raise NotProven(_DAMAGED)
    number = int.from_bytes(content[at : at + length], "big")
    if marked:
        return number, at + length
    most = (1 << 7 * length) - 1
    return (None if number & most == most else number & most), at + length
