"""How a TIFF is laid out: its first directory, and whether all its pixels are there.

A TIFF has no trailer. Its directory says where each strip or tile of pixels lies, so it
is whole if each of them ends inside the file. Camera raw files wear TIFF's clothes and
show a thumbnail first; they are refused, since sending that would edit the thumbnail.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from hotfolder.imaging.layout import Size, only_zeros, unpack
from hotfolder.imaging.picture import BrokenPicture, NotAPicture, TruncatedPicture

_NEW_SUBFILE_TYPE = 254
_WIDTH, _HEIGHT = 256, 257
_STRIPS, _STRIP_BYTES = 273, 279
_TILES, _TILE_BYTES = 324, 325
_DNG_VERSION = 50706
_WANTED = frozenset(
    {
        _NEW_SUBFILE_TYPE,
        _WIDTH,
        _HEIGHT,
        _STRIPS,
        _STRIP_BYTES,
        _TILES,
        _TILE_BYTES,
        _DNG_VERSION,
    }
)
_BIG_TIFF = 43
# TIFF's field types: the width of one value in bytes, and struct's letter if unsigned.
_WIDTHS = dict(zip(range(1, 14), (1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4), strict=True)) | {16: 8}
_LETTERS = {1: "B", 3: "H", 4: "I", 16: "Q"}
# Private tags from here on: some programs leave nonsense in them.
_FIRST_PRIVATE_TAG = 32768


def tiff(content: bytes) -> Size:
    """Check that every strip or tile of the first page is there; return width and height."""
    tags = _tags(content)
    if content[8:10] == b"CR" or _DNG_VERSION in tags or tags.get(_NEW_SUBFILE_TYPE, (0,))[0] & 1:
        raise NotAPicture("a camera's raw file, not a finished picture")
    starts = tags.get(_STRIPS) or tags.get(_TILES) or ()
    lengths = tags.get(_STRIP_BYTES) or tags.get(_TILE_BYTES) or (1,) * len(starts)
    if not starts or _WIDTH not in tags or _HEIGHT not in tags:
        raise BrokenPicture("a TIFF without a picture in it")
    if any(start + length > len(content) for start, length in zip(starts, lengths, strict=False)):
        raise TruncatedPicture("the TIFF's pixels are not all there")
    return tags[_WIDTH][0], tags[_HEIGHT][0]


@dataclass(frozen=True)
class _Dialect:
    """How one TIFF writes numbers: struct's letters, and its lengths in bytes."""

    order: str
    offset: str
    count: str
    first_at: int
    entry_bytes: int
    inline_bytes: int

    @classmethod
    def of(cls, content: bytes) -> _Dialect:
        """Read byte order and version: classic TIFF or BigTIFF."""
        order = "<" if content[:2] == b"II" else ">"
        if unpack(order + "H", content, 2)[0] == _BIG_TIFF:
            return cls(order, "Q", "Q", first_at=8, entry_bytes=20, inline_bytes=8)
        return cls(order, "I", "H", first_at=4, entry_bytes=12, inline_bytes=4)

    def read(self, letters: str, content: bytes, at: int) -> tuple[int, ...]:
        """Read integers at an offset that may be as absurd as 64 bits allow."""
        if at > len(content):
            raise TruncatedPicture("the TIFF's directory lies behind the end of the file")
        return unpack(self.order + letters, content, at)


def _tags(content: bytes) -> dict[int, tuple[int, ...]]:
    """Read the wanted integer tags of the first directory."""
    dialect = _Dialect.of(content)
    (at,) = dialect.read(dialect.offset, content, dialect.first_at)
    if at == 0 or (at < len(content) and only_zeros(content, at)):
        raise TruncatedPicture("the TIFF's directory is not written yet")
    (count,) = dialect.read(dialect.count, content, at)
    at += struct.calcsize(dialect.order + dialect.count)
    tags = {}
    for entry in range(at, at + count * dialect.entry_bytes, dialect.entry_bytes):
        tag, kind, number = dialect.read("HH" + dialect.offset, content, entry)
        if tag in _WANTED or (tag < _FIRST_PRIVATE_TAG and kind in _WIDTHS):
            start = _value_start(content, dialect, entry, number * _WIDTHS.get(kind, 1))
            if tag in _WANTED and kind in _LETTERS and number:
                tags[tag] = dialect.read(f"{number}{_LETTERS[kind]}", content, start)
    return tags


def _value_start(content: bytes, dialect: _Dialect, entry: int, length: int) -> int:
    """Find a tag's values, which stand in its entry if they fit; all must be there."""
    at = entry + dialect.entry_bytes - dialect.inline_bytes
    if length > dialect.inline_bytes:
        (at,) = dialect.read(dialect.offset, content, at)
    if at + length > len(content):
        raise TruncatedPicture("the TIFF's directory is not all there")
    return at
