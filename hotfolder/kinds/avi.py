"""Films in RIFF's AVI: a walk over its chunks, without decoding."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from hotfolder.kinds.kind import EndsEarly, Kind, NotProven, Proven, Traits

_HEADER_BYTES: Final = 8
_LIST_BYTES: Final = 12
_MAIN_BYTES: Final = 40
_MOST_CHUNKS: Final = 10_000
_WALKED_INTO: Final = frozenset({b"hdrl", b"strl"})
_STREAM: Final = b"strh"


def look(content: bytes) -> Proven:
    """Return what an AVI says of itself. Raises NotProven."""
    main, has_frames = Traits(), False
    streams: dict[bytes, str] = {}
    for kind, start, stop in _chunks(content):
        if kind == b"movi":
            has_frames = stop - start > _HEADER_BYTES
        elif kind == b"avih" and stop - start >= _MAIN_BYTES:
            main = _traits(content, start)
        elif kind == _STREAM and stop - start >= _HEADER_BYTES:
            coding = bytes(content[start + 4 : start + 8]).decode("ascii", "replace")
            streams.setdefault(bytes(content[start : start + 4]), coding.strip("\0 "))
    if not has_frames:
        raise EndsEarly("it has no film in it")
    if not main.duration_s or b"vids" not in streams:
        raise NotProven("it lasts no time at all")
    traits = Traits(
        duration_s=main.duration_s,
        width=main.width,
        height=main.height,
        has_sound=b"auds" in streams,
        codec=streams[b"vids"],
    )
    return Proven(Kind.VIDEO, "avi", traits)


def _chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, begin and end of each chunk, of a list its own kind; headers are walked into."""
    at = _LIST_BYTES
    for _ in range(_MOST_CHUNKS):
        if at + _HEADER_BYTES > len(content):
            return
        kind, (size,) = bytes(content[at : at + 4]), struct.unpack_from("<I", content, at + 4)
        start, stop = at + _HEADER_BYTES, at + _HEADER_BYTES + size
        if stop > len(content):
            raise EndsEarly("it ends too early: the file is shorter than it states")
        kind = bytes(content[start : start + 4]) if kind == b"LIST" else kind
        yield kind, start, stop
        at = at + _LIST_BYTES if kind in _WALKED_INTO else stop + size % 2


def _traits(content: bytes, at: int) -> Traits:
    frame_us, frames = (struct.unpack_from("<I", content, at + each)[0] for each in (0, 16))
    width, height = struct.unpack_from("<II", content, at + 32)
    return Traits(duration_s=frame_us * frames / 1e6 or None, width=width, height=height)
