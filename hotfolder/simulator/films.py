"""A film that stands in for a real one: the edit of what was sent, as large and long as asked for.

Motion JPEG in MP4, which needs nothing but Pillow: one picture, shown again and again, beside the
sound of the sample. Decoders and players open it; browsers do not.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hotfolder.simulator.shapes import Size

FRAMES: Final = 10
_UNITS_A_SECOND: Final = 1000
_VIDEO_TRACK: Final = 1
_UPRIGHT: Final = struct.pack(">9I", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
_JPEG: Final = 0x6C  # MPEG-4's number for frames that are JPEGs
_ENGLISH: Final = 0x55C4


def film(frame: bytes, size: Size, seconds: float, sample: bytes) -> bytes:
    """Return a film of a JPEG of so many pixels, with the sound of another film."""
    head = _inner(sample, b"ftyp")
    heard = _inner(sample, b"mdat")
    moved = 2 * 8 + len(head) - (sample.index(b"mdat") + 4)  # the sound's bytes, by so much
    at = 3 * 8 + len(head) + len(heard)
    lasts = round(seconds * _UNITS_A_SECOND)
    tracks = _seen(frame, size, lasts, at) + _moved(_sound_track(sample), moved)
    movie = _box(b"moov", _movie_head(lasts) + tracks)
    return _box(b"ftyp", head) + _box(b"mdat", heard) + _box(b"mdat", frame) + movie


def _movie_head(lasts: int) -> bytes:
    fields = struct.pack(">4I", 0, 0, _UNITS_A_SECOND, lasts)
    rate, volume = struct.pack(">I", 1 << 16), struct.pack(">H", 1 << 8)
    rest = bytes(10) + _UPRIGHT + bytes(24) + struct.pack(">I", _VIDEO_TRACK + 2)
    return _whole(b"mvhd", fields + rate + volume + rest)


def _seen(frame: bytes, size: Size, lasts: int, at: int) -> bytes:
    """Return the track of the picture, whose bytes stand at an offset."""
    width, height = size
    head = struct.pack(">5I", 0, 0, _VIDEO_TRACK, 0, lasts) + bytes(16) + _UPRIGHT
    media = struct.pack(">4I2H", 0, 0, _UNITS_A_SECOND, lasts, _ENGLISH, 0)
    kind = bytes(4) + b"vide" + bytes(12) + b"film\0"
    here = _box(b"dinf", _whole(b"dref", struct.pack(">I", 1) + _whole(b"url ", b"", flags=1)))
    table = _box(b"stbl", _samples(frame, size, lasts, at))
    information = _box(b"minf", _whole(b"vmhd", bytes(8), flags=1) + here + table)
    described = _whole(b"mdhd", media) + _whole(b"hdlr", kind) + information
    shown = head + struct.pack(">2I", width << 16, height << 16)
    return _box(b"trak", _whole(b"tkhd", shown, flags=3) + _box(b"mdia", described))


def _samples(frame: bytes, size: Size, lasts: int, at: int) -> bytes:
    """Return the tables of the frames: each is the same picture."""
    coded = bytes([_JPEG, 0x11]) + bytes(11)
    decoder = bytes([3, len(coded) + 5]) + bytes(3) + bytes([4, len(coded)]) + coded
    seen = bytes(6) + struct.pack(">H", 1) + bytes(16) + struct.pack(">2H", *size)
    density = struct.pack(">3IH", 72 << 16, 72 << 16, 0, 1) + bytes(32)
    entry = seen + density + struct.pack(">Hh", 24, -1) + _whole(b"esds", decoder)
    each = lasts // FRAMES
    times = struct.pack(">5I", 2, FRAMES - 1, each, 1, lasts - each * (FRAMES - 1))
    return b"".join(
        (
            _whole(b"stsd", struct.pack(">I", 1) + _box(b"mp4v", entry)),
            _whole(b"stts", times),
            _whole(b"stsc", struct.pack(">4I", 1, 1, 1, 1)),
            _whole(b"stsz", struct.pack(">2I", len(frame), FRAMES)),
            _whole(b"stco", struct.pack(f">{FRAMES + 1}I", FRAMES, *[at] * FRAMES)),
        )
    )


def _sound_track(sample: bytes) -> bytes:
    """Return the box of the sample's second track."""
    begin = sample.index(b"trak", sample.index(b"trak") + 4) - 4
    (length,) = struct.unpack_from(">I", sample, begin)
    return sample[begin : begin + length]


def _moved(track: bytes, by: int) -> bytes:
    """Return a track whose bytes stand elsewhere in the file."""
    moved = bytearray(track)
    table = track.index(b"stco") + 8
    (count,) = struct.unpack_from(">I", track, table)
    places = struct.unpack_from(f">{count}I", track, table + 4)
    struct.pack_into(f">{count}I", moved, table + 4, *(each + by for each in places))
    return bytes(moved)


def _inner(film: bytes, name: bytes) -> bytes:
    """Return what is in a box at the top of a film."""
    begin = film.index(name) - 4
    (length,) = struct.unpack_from(">I", film, begin)
    return film[begin + 8 : begin + length]


def _whole(name: bytes, content: bytes, flags: int = 0) -> bytes:
    return _box(name, struct.pack(">I", flags) + content)


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content
