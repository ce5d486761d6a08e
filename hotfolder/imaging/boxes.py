"""How HEIC, AVIF, PSD and the raw files without TIFF's clothes are laid out.

Like `layout`: one walk per format to where the file ends, without decoding, that returns the
size the header states. HEIC, AVIF and Canon's CR3 are boxes (ISO/IEC 14496-12).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hotfolder.imaging import layout, tiff
from hotfolder.imaging.layout import Size, senseless, unpack
from hotfolder.imaging.picture import BrokenPicture, TruncatedPicture

_BOX_HEADER_BYTES = 8
_LONG_BOX_HEADER_BYTES = 16
_TO_THE_END = 0
_LONG = 1
_FULL_BOX_BYTES = 4
_NESTED: Final = {b"meta": _FULL_BOX_BYTES, b"iprp": 0, b"ipco": 0}
_PSD_BIG = 2
_PSD_RAW, _PSD_RLE = 0, 1
_RAF_JPEG_AT = 0x54
_RAF_PIXELS_AT = 0x64
_RW2_WIDTH, _RW2_HEIGHT = 2, 3

Box = tuple[bytes, int, int]


def heif(content: bytes) -> Size:
    """Walk the boxes of a HEIC or AVIF to their end and return the largest image's size.

    A picture of tiles states the size of the whole beside that of a tile.
    """
    sizes = [unpack(">II", content, at + 4) for kind, at, _ in _walk(content) if kind == b"ispe"]
    if not sizes:
        raise BrokenPicture("a HEIC or AVIF without a picture in it")
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return width, height


def cr3(content: bytes) -> Size:
    """Walk the boxes of a CR3 to their end; its metadata is a TIFF without pixels."""
    for _ in _walk(content):
        pass
    at = content.find(b"CMT1", 0, 1 << 20)
    if at < 0:
        raise BrokenPicture("a CR3 without a picture in it")
    return tiff.raw(content[at + 4 : at + (1 << 16)])


def _walk(content: bytes) -> Iterator[Box]:
    """Yield the boxes of a file: kind, where its content begins, and where it ends."""
    yield from _boxes(content, 0, len(content))


def _boxes(content: bytes, at: int, end: int) -> Iterator[Box]:
    while at < end:
        length, _ = unpack(">II", content, at)
        kind, start = content[at + 4 : at + 8], at + _BOX_HEADER_BYTES
        if length == _LONG:
            (length,), start = unpack(">Q", content, start), at + _LONG_BOX_HEADER_BYTES
        stop = end if length == _TO_THE_END else at + length
        if not kind.strip(b"\0"):
            raise senseless(content, start, "the file's boxes are damaged")
        if stop > end:
            raise TruncatedPicture("the file is shorter than its boxes state")
        if stop < start:
            raise BrokenPicture("the file's boxes are damaged")
        yield kind, start, stop
        if kind in _NESTED:
            yield from _boxes(content, start + _NESTED[kind], stop)
        at = stop


def psd(content: bytes) -> Size:
    """Walk a PSD's sections to its composite picture and return width and height."""
    version, channels, height, width, depth = unpack(">H6xHIIH", content, 4)
    at = 26
    for number in range(3):
        is_wide = number == 2 and version == _PSD_BIG  # noqa: PLR2004  the layers' section
        (length,) = unpack(">Q" if is_wide else ">I", content, at)
        at += (8 if is_wide else 4) + length
    (compression,) = unpack(">H", content, at)
    at += 2
    if compression == _PSD_RAW:
        needed = at + channels * height * ((width * depth + 7) // 8)
    elif compression == _PSD_RLE:
        rows, letter = channels * height, "I" if version == _PSD_BIG else "H"
        lengths = unpack(f">{rows}{letter}", content, at)
        needed = at + rows * (4 if version == _PSD_BIG else 2) + sum(lengths)
    else:
        needed = at
    if len(content) < needed:
        raise TruncatedPicture("the PSD is shorter than its header states")
    return width, height


def raw(content: bytes) -> Size:
    """Look at a raw file of any make: Canon's CR3, Fujifilm's RAF, else TIFF's relatives."""
    if content[4:8] == b"ftyp":
        return cr3(content)
    if content[:16] == b"FUJIFILMCCD-RAW ":
        return _raf(content)
    if content[:4] == b"IIU\0":
        return tiff.sensor(content, _RW2_WIDTH, _RW2_HEIGHT)
    return tiff.raw(content)


def _raf(content: bytes) -> Size:
    """Check that preview and pixels of a RAF are there; return the preview's size."""
    at, length = unpack(">II", content, _RAF_JPEG_AT)
    pixels_at, pixels_bytes = unpack(">II", content, _RAF_PIXELS_AT)
    if max(at + length, pixels_at + pixels_bytes) > len(content):
        raise TruncatedPicture("the raw file is shorter than its header states")
    return layout.jpeg(content[at : at + length])
