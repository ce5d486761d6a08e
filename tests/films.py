"""Films for tests, made of small real ones: as long and as large as their headers say."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

MEDIA: Final = Path(__file__).parent / "media"
_SCALE_AT: Final = 16  # from a box's name to its units a second, and to its length in these
_LENGTH_AT: Final = 20
_MATRIX_AT: Final = 44  # to how it is turned, nine numbers
_TRACK_SIDES_AT: Final = 80  # from the name of a track's header to its width and height


def media(name: str) -> bytes:
    """Return one of the small real films and sounds."""
    return (MEDIA / name).read_bytes()


def lasting(film: bytes, seconds: float) -> bytes:
    """Return an MP4 whose headers say that it lasts so long."""
    made = bytearray(film)
    for name in (b"mvhd", b"mdhd"):
        for at in _all(film, name):
            (scale,) = struct.unpack_from(">I", film, at + _SCALE_AT)
            struct.pack_into(">I", made, at + _LENGTH_AT, round(scale * seconds))
    return bytes(made)


def sized(film: bytes, width: int, height: int) -> bytes:
    """Return an MP4 whose headers say that it has so many pixels."""
    made = bytearray(film)
    for at in _all(film, b"tkhd"):
        struct.pack_into(">II", made, at + _TRACK_SIDES_AT, width << 16, height << 16)
    return bytes(made)


def turned(film: bytes) -> bytes:
    """Return an MP4 as phones held upright write it: to be shown turned by a quarter."""
    made = bytearray(film)
    for at in _all(film, b"tkhd"):
        struct.pack_into(">4i", made, at + _MATRIX_AT, 0, 1 << 16, 0, -1 << 16)
        struct.pack_into(">i", made, at + _MATRIX_AT + 16, 0)
    return bytes(made)


def _all(film: bytes, name: bytes) -> list[int]:
    found, at = [], film.find(name)
    while at >= 0:
        found.append(at)
        at = film.find(name, at + 1)
    return found
