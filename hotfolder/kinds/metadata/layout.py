"""How picture files are laid out: where each one ends, and the size its header states.

One walk per format from its first byte to its trailer, without decoding. A walk follows
the lengths that the file states, so the end marker of an embedded thumbnail is never
taken for the picture's own. Bytes after the trailer are tolerated: phones append more
there (Samsung, MPF). TIFF has a module of its own.

A walk raises TruncatedPicture where the file ends early or continues with nothing but
zeros (a file reserved at its full length), and BrokenPicture where it makes no sense.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from typing import Final

from hotfolder.kinds.formats import BMP_HEADER_SIZES, BrokenPicture, TruncatedPicture

Size = tuple[int, int]

# A run of zeros this long at the end of compressed WebP pixels is unwritten disk space:
# an arithmetic or prefix coder does not emit 2048 zero bits in a row.
ZERO_TAIL_BYTES: Final = 256

# A JPEG marker that matters. Stuffed zeros, fill bytes and the markers without a length
# (TEM, RST0 to RST7, SOI) are passed over, inside and outside of the pixels.
_JPEG_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])")
_JPEG_EOI = 0xD9
_JPEG_SOS = 0xDA
_JPEG_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_NOT_ZERO = re.compile(rb"[^\x00]")
_WEBP_PIXELS = frozenset({b"VP8 ", b"VP8L", b"ANMF"})
_BMP_CORE_HEADER_BYTES = 12
# No picture has more parts; a file that has is made to keep somebody busy.
MOST_SEGMENTS: Final = 10_000
MOST_CHUNKS: Final = 200_000
_TOO_MANY: Final = "the file is in more parts than any picture"
_BMP_UNCOMPRESSED = frozenset({0, 3, 6})
_GIF_TRAILER = b";"
_GIF_EXTENSION = b"!"
_GIF_FRAME = b","


def only_zeros(content: bytes, start: int, stop: int | None = None) -> bool:
    """Whether nothing but zero bytes stand from start (a byte offset) up to stop."""
    end = len(content) if stop is None else stop
    return _NOT_ZERO.search(content, start, end) is None


def unpack(form: str, content: bytes, at: int) -> tuple[int, ...]:
    """Read integers at a byte offset; raises TruncatedPicture where the file ends first."""
    try:
        return struct.unpack_from(form, content, at)
    except struct.error as error:
        raise TruncatedPicture("the file ends in the middle of a header") from error


def senseless(content: bytes, at: int, what: str) -> BrokenPicture | TruncatedPicture:
    """Give the error for nonsense at an offset: unwritten if only zeros follow, else broken."""
    if at >= len(content) or only_zeros(content, at):
        return TruncatedPicture("the rest of the file is not written yet")
    return BrokenPicture(what)


def counted(left: int) -> int:
    """Return how many parts are left after one more. Raises BrokenPicture where none was."""
    if not left:
        raise BrokenPicture(_TOO_MANY)
    return left - 1


def jpeg(content: bytes) -> Size:
    """Walk a JPEG's segments to its own end marker and return width and height."""
    return _jpeg(content)[0]


def jpeg_end(content: bytes) -> int:
    """Return the offset behind a JPEG's own end marker. Raises as `jpeg` does."""
    return _jpeg(content)[1]


def _jpeg(content: bytes) -> tuple[Size, int]:
    size: Size | None = None
    pixels = False
    at, left = 2, MOST_SEGMENTS
    while found := _JPEG_MARKER.search(content, at):
        marker, at = found[1][0], found.end()
        left = counted(left)
        if marker == _JPEG_EOI:
            if size is None or not pixels:
                raise BrokenPicture("a JPEG without a picture in it")
            return size, at
        (length,) = unpack(">H", content, at)
        if marker in _JPEG_SOF:
            if size is not None:
                raise BrokenPicture("a JPEG with two frame headers")
            height, width = unpack(">HH", content, at + 3)
            size = width, height
        pixels = pixels or marker == _JPEG_SOS
        at += length
    raise TruncatedPicture("the JPEG ends before its end marker")


def png(content: bytes) -> Size:
    """Walk a PNG's chunks to IEND and return width and height.

    The checksums of the critical chunks are compared as well: Pillow skips those of the
    pixels, and sloppy programs get those of the ancillary ones wrong.
    """
    at, kind, left = 8, b"", MOST_CHUNKS
    pixels = False
    while kind != b"IEND":
        left = counted(left)
        first = not kind
        length, _ = unpack(">II", content, at)
        kind = content[at + 4 : at + 8]
        stop = at + 8 + length
        if not kind.isalpha() or first != (kind == b"IHDR"):
            raise senseless(content, at + 8, "the PNG's chunks are damaged")
        (checksum,) = unpack(">I", content, stop)
        if kind[:1].isupper() and zlib.crc32(memoryview(content)[at + 4 : stop]) != checksum:
            raise senseless(content, stop + 4, f"the PNG's {kind.decode('ascii')} chunk is damaged")
        pixels = pixels or kind == b"IDAT"
        at = stop + 4
    if not pixels:
        raise BrokenPicture("a PNG without a picture in it")
    width, height = unpack(">II", content, 16)
    return width, height


def webp(content: bytes) -> Size:
    """Walk a WebP's RIFF chunks to the stated length and return width and height."""
    (length,) = unpack("<I", content, 4)
    end = 8 + length
    if end > len(content):
        raise TruncatedPicture("the WebP is shorter than its header states")
    size: Size | None = None
    pixels = False
    at, left = 12, MOST_CHUNKS
    while at + 8 <= end:
        left = counted(left)
        kind, (length,) = content[at : at + 4], unpack("<I", content, at + 4)
        stop = at + 8 + length
        if stop > end or not kind.strip(b"\0"):
            raise senseless(content, at + 8, "the WebP's chunks are damaged")
        size = size or _webp_size(kind, content, at + 8)
        if kind in _WEBP_PIXELS:
            pixels = True
            _refuse_zero_tail(content, at + 8, stop)
        at = stop + length % 2
    if size is None or not pixels:
        raise BrokenPicture("a WebP without a picture in it")
    return size


def _webp_size(kind: bytes, content: bytes, at: int) -> Size | None:
    """Read the size from a WebP's first chunk: extended, lossless or lossy."""
    if kind == b"VP8X":
        width, wide, height, high = unpack("<HBHB", content, at + 4)
        return (width | wide << 16) + 1, (height | high << 16) + 1
    if kind == b"VP8L":
        (bits,) = unpack("<I", content, at + 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = unpack("<HH", content, at + 6)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _refuse_zero_tail(content: bytes, start: int, stop: int) -> None:
    """Raise TruncatedPicture if compressed pixels end in zeros that no coder writes."""
    if stop - start >= ZERO_TAIL_BYTES and only_zeros(content, stop - ZERO_TAIL_BYTES, stop):
        raise TruncatedPicture("the end of the WebP is not written yet")


def gif(content: bytes) -> Size:
    """Walk a GIF's blocks to its trailer and return the size that holds every frame.

    A frame may reach beyond the screen that the header states, and is decoded whole.
    """
    width, height = unpack("<HH", content, 6)
    frames = 0
    for start, _ in gif_blocks(content):
        if content[start : start + 1] == _GIF_FRAME:
            left, top, wide, high = unpack("<HHHH", content, start + 1)
            width, height = max(width, left + wide), max(height, top + high)
            frames += 1
    if not frames:
        raise BrokenPicture("a GIF without a picture in it")
    return width, height


def gif_blocks(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each of a GIF's blocks begins and ends, down to its trailer."""
    (flags,) = unpack("B", content, 10)
    at = 13 + _colours_bytes(flags)
    while found := _NOT_ZERO.search(content, at):
        start, at = found.start(), found.end()
        if found[0] == _GIF_TRAILER:
            return
        if found[0] == _GIF_EXTENSION:
            at = _after_blocks(content, at + 1)
        elif found[0] == _GIF_FRAME:
            (flags,) = unpack("B", content, at + 8)
            at = _after_blocks(content, at + 9 + _colours_bytes(flags) + 1)
        else:
            raise BrokenPicture("the GIF's blocks are damaged")
        yield start, at
    raise TruncatedPicture("the GIF ends before its trailer")


def _colours_bytes(flags: int) -> int:
    """Give the length in bytes of the colour table that a GIF's flags announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after_blocks(content: bytes, at: int) -> int:
    """Pass over a GIF's sub-blocks and return the offset after their terminator."""
    try:
        while length := content[at]:
            at += length + 1
    except IndexError as error:
        raise TruncatedPicture("the GIF ends in the middle of a block") from error
    return at + 1


def bmp(content: bytes) -> Size:
    """Compare a BMP's length with its header and return width and height.

    The file size in the header is often wrong, so it counts for compressed rows only.
    A tail of zeros is a black top edge here and proves nothing.
    """
    stated, _, start, header = unpack("<IIII", content, 2)
    if header not in BMP_HEADER_SIZES:
        raise BrokenPicture("a BMP with an unknown header")
    if header == _BMP_CORE_HEADER_BYTES:
        width, height, _, depth = unpack("<HHHH", content, 18)
        compression = 0
    else:
        width, height, _, depth, compression = unpack("<iiHHI", content, 18)
    rows = (width * depth + 31) // 32 * 4 * abs(height)
    needed = start + rows if compression in _BMP_UNCOMPRESSED else max(stated, start + 1)
    if len(content) < needed:
        raise TruncatedPicture("the BMP is shorter than its header states")
    return width, abs(height)
