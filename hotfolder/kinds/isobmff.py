"""Films and sounds made of boxes (ISO/IEC 14496-12: MP4, MOV, M4A).

Only the headers of the boxes are read, and the few that describe the tracks; no coded frame is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hotfolder.kinds.kind import EndsEarly, Kind, NotProven, Proven, Traits

# What a file of boxes may begin with; QuickTime's old ones name no brand.
FIRST_BOXES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"})

_MOST_BOXES: Final = 200_000
_HEADER_BYTES: Final = 8
_LONG_HEADER_BYTES: Final = 16
_TO_THE_END: Final = 0
_LONG: Final = 1
_QUICKTIME: Final = b"qt  "
_MATRIX_BEFORE_END: Final = 44  # nine numbers of four bytes, then width and height
_SHORT: Final = "it ends too early: the file is shorter than it states"
_DAMAGED: Final = "its boxes are damaged"
Box = tuple[bytes, int, int]


@dataclass(slots=True)
class _Track:
    """What is known of a track: what it is for, its length in its own units, and its samples."""

    handler: bytes = b""
    duration: int = 0
    units_a_second: int = 0
    samples: int = 0
    last_chunk: int = 0
    width: int = 0
    height: int = 0
    codec: str = ""

    @property
    def duration_s(self) -> float:
        """How long it lasts, 0 where that is not stated."""
        return self.duration / self.units_a_second if self.units_a_second else 0.0


def prove(content: bytes) -> Proven:
    """Return whether boxes hold a film or a sound; raises NotProven."""
    brand, fragments, media, duration = b"", 0, 0, 0
    tracks: list[_Track] = []
    for kind, start, stop in _boxes(content, 0, len(content), outermost=True):
        if kind == b"ftyp":
            brand = bytes(content[start : start + 4])
        elif kind == b"moov":
            duration, tracks = _movie(content, start, stop)
        elif kind == b"moof":
            fragments += 1
        elif kind == b"mdat":
            media += stop - start
    _require_media(tracks, media, len(content))
    playable = {each.handler for each in tracks if each.samples or fragments}
    if not playable & {b"vide", b"soun"}:
        raise NotProven("it has neither film nor sound in it")
    if not fragments and not max(duration, *(each.duration for each in tracks)):
        raise NotProven("it lasts no time at all")
    traits = _traits(tracks, playable)
    if b"vide" not in playable:
        return Proven(Kind.AUDIO, "m4a", traits)
    return Proven(Kind.VIDEO, "mov" if brand in (_QUICKTIME, b"") else "mp4", traits)


def _traits(tracks: list[_Track], playable: set[bytes]) -> Traits:
    wanted = b"vide" if b"vide" in playable else b"soun"
    shown = next(each for each in tracks if each.handler == wanted)
    longest_s = max(each.duration_s for each in tracks if each.handler in playable)
    return Traits(
        duration_s=longest_s or None,
        width=shown.width,
        height=shown.height,
        has_sound=b"soun" in playable,
        codec=shown.codec,
    )


def _require_media(tracks: list[_Track], media: int, size: int) -> None:
    if not tracks:
        raise EndsEarly("it ends too early, or never had a list of what it holds")
    if not media or any(each.last_chunk >= size for each in tracks):
        raise EndsEarly(_SHORT)


def _movie(content: bytes, start: int, stop: int) -> tuple[int, list[_Track]]:
    duration, tracks = 0, []
    for kind, at, end in _boxes(content, start, stop):
        if kind == b"mvhd":
            duration = _duration(content, at)
        elif kind == b"trak":
            tracks.append(_Track())
            _look_into(content, at, end, tracks[-1])
    return duration, tracks


def _look_into(content: bytes, start: int, stop: int, track: _Track) -> None:
    """Read what a track's boxes say, going down where its tables are; they nest four deep."""
    for kind, at, end in _boxes(content, start, stop):
        match kind:
            case b"mdia" | b"minf" | b"stbl":
                _look_into(content, at, end, track)
            case b"tkhd":
                track.width, track.height = _sides(content, at, end)
            case b"mdhd":
                track.duration = _duration(content, at)
                is_long = _number(">B", content, at)
                track.units_a_second = _number(">I", content, at + (20 if is_long else 12))
            case b"stsd":
                track.codec = bytes(content[at + 12 : at + 16]).decode("ascii", "replace").strip()
            case b"hdlr" if not track.handler:
                track.handler = bytes(content[at + 8 : at + 12])
            case b"stsz" | b"stz2":
                track.samples = _number(">I", content, at + 8)
            case b"stco" | b"co64":
                track.last_chunk = _last_chunk(content, at, ">I" if kind == b"stco" else ">Q")


def _sides(content: bytes, start: int, stop: int) -> tuple[int, int]:
    """Return a track's width and height as one looks at it: a phone's film is stored turned."""
    width, height = _number(">I", content, stop - 8) >> 16, _number(">I", content, stop - 4) >> 16
    matrix = stop - _MATRIX_BEFORE_END
    is_turned = matrix > start and _number(">i", content, matrix) == 0
    return (height, width) if is_turned else (width, height)


def _duration(content: bytes, at: int) -> int:
    """Return the length that a header states; one of only ones means: not known."""
    is_long = _number(">B", content, at)
    form, place = (">Q", at + 24) if is_long else (">I", at + 16)
    stated = _number(form, content, place)
    return 0 if stated == (1 << 8 * struct.calcsize(form)) - 1 else stated


def _last_chunk(content: bytes, at: int, form: str) -> int:
    count = _number(">I", content, at + 4)
    width = struct.calcsize(form)
    return _number(form, content, at + 8 + (count - 1) * width) if count else 0


def _boxes(content: bytes, at: int, end: int, *, outermost: bool = False) -> Iterator[Box]:
    """Yield the boxes between two places: kind, where its content begins, and where it ends.

    What some programs leave behind the last one, a few bytes or no box at all, is no harm.
    """
    seen: set[bytes] = set()
    for _ in range(_MOST_BOXES):
        if end - at < _HEADER_BYTES:
            return
        length, kind = _number(">I", content, at), bytes(content[at + 4 : at + 8])
        start = at + _HEADER_BYTES
        if length == _LONG:
            length, start = _number(">Q", content, start), at + _LONG_HEADER_BYTES
        stop = end if outermost and length == _TO_THE_END else at + length
        if not _is_name(kind):
            if outermost and seen >= {b"moov", b"mdat"}:
                return
            raise NotProven(_DAMAGED)
        if stop > end:
            raise EndsEarly(_SHORT)
        if stop < start:
            raise NotProven(_DAMAGED)
        seen.add(kind)
        yield kind, start, stop
        at = stop
    raise NotProven("it is in more parts than any film")


def _is_name(kind: bytes) -> bool:
    """Whether four bytes may name a box; Apple's begin with a copyright sign."""
    return all(0x20 <= each < 0x7F for each in kind[1:]) and kind[0] >= 0x20  # noqa: PLR2004


def _number(form: str, content: bytes, at: int) -> int:
    try:
        return int(struct.unpack_from(form, content, at)[0])
    except struct.error as error:
        raise EndsEarly(_SHORT) from error
