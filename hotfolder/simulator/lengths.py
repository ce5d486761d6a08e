"""How long a film or a sound is, and how large a film, read from the few bytes that say so.

The service charges by it. Written for itself: what the client reads may be wrong, and this must
notice. What cannot be read has no length here.
"""

from __future__ import annotations

import struct
import wave
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_TRACK_SIDES_AT: Final = 80  # from the name of a track's header to its width and height
_LONG_BOX: Final = 1
_MP3_FRAMES: Final = (b"\xff\xfb", b"\xff\xfa", b"\xff\xf3", b"\xff\xf2")
_MPEG_2: Final = (0xF3, 0xF2)
_MP3_HEADER: Final = 200  # within which the first frame names the number of all
_MP3_KBITS: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MP3_HALF_KBITS: Final = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_FLAC_INFO: Final = 8  # where the block that tells of the stream begins


def seconds(path: Path, extension: str) -> float | None:
    """Return the length of a file, or None where it says none that can be read."""
    read = _READERS.get(extension)
    try:
        return read(path) if read else None
    except (ArithmeticError, EOFError, LookupError, OSError, ValueError, struct.error, wave.Error):
        return None


def sides(path: Path, extension: str) -> tuple[int, int] | None:
    """Return how wide and high a film is, in pixels; None where it does not say so."""
    if _READERS.get(extension) is not _film:
        return None
    content = path.read_bytes()
    at = content.find(b"tkhd")
    if not 0 <= at <= len(content) - _TRACK_SIDES_AT - 8:
        return None
    width, height = struct.unpack_from(">II", content, at + _TRACK_SIDES_AT)
    return (width >> 16, height >> 16) if width >> 16 and height >> 16 else None


def _film(path: Path) -> float | None:
    """Read the movie's header of an MP4 or QuickTime file."""
    content = path.read_bytes()
    at = content.find(b"mvhd")
    if at < 0:
        return None
    if content[at + 4] == _LONG_BOX:
        scale, length = struct.unpack_from(">IQ", content, at + 24)
    else:
        scale, length = struct.unpack_from(">II", content, at + 16)
    return float(length) / scale or None


def _wav(path: Path) -> float:
    """Never longer than the bytes that are there: a recorder that was piped claims hours."""
    with wave.open(str(path)) as sound:
        there = path.stat().st_size // (sound.getnchannels() * sound.getsampwidth())
        frames: int = min(sound.getnframes(), there)
        return frames / int(sound.getframerate())


def _mp3(path: Path) -> float | None:
    """Go by the number of frames that the first one names, else by the first one's rate."""
    content = path.read_bytes()
    found = [at for at in map(content.find, _MP3_FRAMES) if at >= 0]
    if not found:
        return None
    at = min(found)
    is_half = content[at + 1] in _MPEG_2
    rate = (44100, 48000, 32000)[content[at + 2] >> 2 & 3] / (2 if is_half else 1)
    for mark in (b"Xing", b"Info"):
        told = content.find(mark, at, at + _MP3_HEADER)
        if told >= 0 and content[told + 7] & 1:
            (frames,) = struct.unpack_from(">I", content, told + 8)
            return float(frames * (576 if is_half else 1152) / rate)
    kbits = (_MP3_HALF_KBITS if is_half else _MP3_KBITS)[content[at + 2] >> 4]
    return (len(content) - at) * 8 / (kbits * 1000)


def _flac(path: Path) -> float | None:
    content = path.read_bytes()[: _FLAC_INFO + 34]
    told = int.from_bytes(content[_FLAC_INFO + 10 : _FLAC_INFO + 18])
    rate, samples = told >> 44, told & (1 << 36) - 1
    return samples / rate or None


_READERS: Mapping[str, Callable[[Path], float | None]] = {
    **dict.fromkeys(("mp4", "mov", "m4a"), _film),
    "wav": _wav,
    "mp3": _mp3,
    "flac": _flac,
}
