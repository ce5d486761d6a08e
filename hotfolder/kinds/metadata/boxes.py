"""How files of boxes (ISO/IEC 14496-12: HEIC, AVIF and Canon's CR3) and PSD are laid out.

Like `layout`: a walk to where the file ends, without decoding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hotfolder.kinds.formats import BrokenPicture, TruncatedPicture
from hotfolder.kinds.metadata.layout import MOST_CHUNKS, Size, counted, senseless, unpack

_BOX_HEADER_BYTES = 8
_LONG_BOX_HEADER_BYTES = 16
_TO_THE_END = 0
_LONG = 1
_FULL_BOX_BYTES = 4
_DEEPEST: Final = 8
_NESTED: Final = {b"meta": _FULL_BOX_BYTES, b"iprp": 0, b"moov": 0}
_CANON: Final = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_PSD_BIG = 2
_PSD_RAW, _PSD_RLE = 0, 1
Box = tuple[bytes, int, int]
Section = tuple[int, int]


def walk(content: bytes) -> Iterator[Box]:
    """Yield the boxes of a file: kind, where its content begins, and where it ends.

    A box that holds boxes comes before them. Raises TruncatedPicture, BrokenPicture.
    """
    yield from within(content, 0, len(content))


def within(content: bytes, at: int, end: int, depth: int = 0) -> Iterator[Box]:
    """Yield the boxes between two places, `depth` boxes deep. Raises as `walk` does."""
    if depth > _DEEPEST:
        raise BrokenPicture("the file's boxes are damaged")
    left = MOST_CHUNKS
    while at < end:
        left = counted(left)
        length, _ = unpack(">II", content, at)
        kind, start = bytes(content[at + 4 : at + 8]), at + _BOX_HEADER_BYTES
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
        inner = _inner(content, kind, start)
        if inner is not None:
            yield from within(content, inner, stop, depth + 1)
        at = stop


def _inner(content: bytes, kind: bytes, start: int) -> int | None:
    """Return where the boxes within a box begin, if it is one that is looked into."""
    if kind == b"uuid":
        return start + len(_CANON) if content[start : start + len(_CANON)] == _CANON else None
    return start + _NESTED[kind] if kind in _NESTED else None


def psd(content: bytes) -> Size:
    """Walk a PSD's sections to its composite picture and return width and height."""
    height, width = unpack(">II", content, 14)
    psd_sections(content)
    return width, height


def psd_sections(content: bytes) -> tuple[Section, Section, Section, Section]:
    """Return where a PSD's palette, resources, layers and composite begin and end.

    Raises TruncatedPicture.
    """
    version, channels, height, width, depth = unpack(">H6xHIIH", content, 4)
    at, sections = 26, []
    for number in range(3):
        is_wide = number == 2 and version == _PSD_BIG  # noqa: PLR2004  the layers' section
        (length,) = unpack(">Q" if is_wide else ">I", content, at)
        at += 8 if is_wide else 4
        sections.append((at, at + length))
        at += length
    (compression,) = unpack(">H", content, at)
    needed = at + 2
    if compression == _PSD_RAW:
        needed += channels * height * ((width * depth + 7) // 8)
    elif compression == _PSD_RLE:
        rows, letter = channels * height, "I" if version == _PSD_BIG else "H"
        lengths = unpack(f">{rows}{letter}", content, needed)
        needed += rows * (4 if version == _PSD_BIG else 2) + sum(lengths)
    else:
        needed = len(content)
    if len(content) < needed:
        raise TruncatedPicture("the PSD is shorter than its header states")
    palette, resources, layers = sections
    return palette, resources, layers, (at, needed)
