"""How a TIFF is laid out: its directories, and whether all its pixels are there.

A TIFF has no trailer. Its directory says where each strip or tile of pixels lies, so it
is whole if each of them ends inside the file. Camera raw files wear TIFF's clothes and
show a thumbnail first, so they are told apart here: of a raw file every directory counts.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from hotfolder.kinds.formats import BrokenPicture, Header, TruncatedPicture
from hotfolder.kinds.metadata import containers
from hotfolder.kinds.metadata.layout import Size, only_zeros, unpack

_NEW_SUBFILE_TYPE = 254
_WIDTH, _HEIGHT = 256, 257
_BITS, _PHOTOMETRIC, _ORIENTATION = 258, 262, 274
_STRIPS, _STRIP_BYTES = 273, 279
_TILES, _TILE_BYTES = 324, 325
_PREVIEW, _PREVIEW_BYTES = 513, 514
_SUB_DIRECTORIES = 330
_DNG_VERSION = 50706
_CMYK = 5
_MOSAIC = 32803
_LOSSLESS_FRAME = 0xC3
_JPEG_HEAD_BYTES = 64 * 1024
_WANTED = frozenset(
    {
        *(_NEW_SUBFILE_TYPE, _WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC, _ORIENTATION),
        *(_STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES, _PREVIEW, _PREVIEW_BYTES),
        *(_SUB_DIRECTORIES, _DNG_VERSION),
    }
)
_BIG_TIFF = 43
_RW2_SENSOR = 2, 3
_RW2_PIXELS_AT = 0x0118
# Not even the most closely packed have more. The length that is stated is often wrong.
_RW2_PIXELS_IN_A_BYTE = 2
# TIFF's field types: the width of one value in bytes, and struct's letter if unsigned.
_WIDTHS = dict(zip(range(1, 14), (1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4), strict=True)) | {16: 8}
_LETTERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q"}
# Private tags from here on: some programs leave nonsense in them.
_FIRST_PRIVATE_TAG = 32768
_MOST_DIRECTORIES = 64
# Only lists of strips or tiles are long, and no picture has more of them.
_PLACES = frozenset({_STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES})
_MOST_PLACES = 1_000_000
_MOST_ENTRIES = 1000
_MOST_VALUES = 64

# What decides how the pixels of a raw file are shown: colours, levels, what is cut off.
_OF_RAW = frozenset(
    {*range(50710, 50733), 50778, 50779, 50829, 50830, 50940, 50964, 50965, *range(51008, 51023)}
)
# The same of any picture: sizes, packing, colours, transparency. How it is turned is told apart.
_DECIDING = _OF_RAW | frozenset(
    {
        *(254, 256, 257, 258, 259, 262, 266, 277, 278, 284, 292, 293, 301, 317, 318, 319, 320),
        *(322, 323, 332, 333, 338, 339, 347, 512, *range(515, 522), 529, 530, 531, 532),
        *(33421, 33422, 34675),
    }
)

_Tags = dict[int, tuple[int, ...]]


@dataclass(frozen=True)
class Page:
    """The values that decide how a directory's pixels are shown, and where these begin and end."""

    deciding: dict[int, memoryview]
    pixels: list[tuple[int, int]]


def tiff(content: bytes) -> Size:
    """Check that every strip or tile of the first page is there; return width and height."""
    tags = _first(content)
    if not (tags.get(_STRIPS) or tags.get(_TILES)) or _WIDTH not in tags or _HEIGHT not in tags:
        raise BrokenPicture("a TIFF without a picture in it")
    _require_pixels(content, tags)
    return tags[_WIDTH][0], tags[_HEIGHT][0]


def is_raw(content: bytes) -> bool:
    """Whether what begins like a TIFF is a camera's raw file. Raises as `tiff` does."""
    tags = _first(content)
    is_known = content[8:10] == b"CR" or content[8:12] in {b"IIII", b"MMMM"}
    reduced = tags.get(_NEW_SUBFILE_TYPE, (0,))[0] & 1
    is_mosaic = tags.get(_PHOTOMETRIC, (0,))[0] == _MOSAIC
    return is_known or _DNG_VERSION in tags or bool(reduced) or is_mosaic


def raw(content: bytes) -> Size:
    """Check that all pixels of a raw file are there; return its largest picture's size."""
    sizes = []
    for tags in _directories(content):
        _require_pixels(content, tags)
        if _WIDTH in tags and _HEIGHT in tags:
            sizes.append((tags[_WIDTH][0], tags[_HEIGHT][0]))
        elif tags.get(_STRIPS):
            sizes += _lossless(content, tags[_STRIPS][0])
    if not sizes:
        raise BrokenPicture("a raw file without a picture in it")
    return max(sizes, key=lambda size: size[0] * size[1])


def _lossless(content: bytes, at: int) -> list[Size]:
    """Read the size of Canon's raw pixels, a lossless JPEG, which no tag states."""
    head = bytes(content[at : at + _JPEG_HEAD_BYTES])
    if head[:2] != b"\xff\xd8":
        return []
    for marker, start, _ in containers.segments(head):
        if marker == _LOSSLESS_FRAME:
            height, width, colours = unpack(">HHB", head, start + 5)
            return [(width * colours, height)]
    return []


def panasonic(content: bytes) -> Size:
    """Check that the pixels of an RW2 are there; return the sensor's size.

    Raises BrokenPicture, TruncatedPicture.
    """
    tags = _of_panasonic(content)
    if not all(each in tags for each in _RW2_SENSOR):
        raise BrokenPicture("a raw file without a picture in it")
    width, height = (tags[each][0] for each in _RW2_SENSOR)
    least_bytes = width * height // _RW2_PIXELS_IN_A_BYTE
    if panasonic_pixels_at(content) + least_bytes > len(content):
        raise TruncatedPicture("the raw file's pixels are not all there")
    return width, height


def panasonic_pixels_at(content: bytes) -> int:
    """Return where the pixels of an RW2 begin. Raises as `panasonic` does."""
    return _of_panasonic(content).get(_RW2_PIXELS_AT, (0,))[0]


def _of_panasonic(content: bytes) -> _Tags:
    dialect = _Dialect.of(content)
    (at,) = dialect.read(dialect.offset, content, dialect.first_at)
    return _tags(content, dialect, at, frozenset({*_RW2_SENSOR, _RW2_PIXELS_AT}))[0]


def header(content: bytes) -> Header:
    """Tell what the first page is besides its size. Raises as `tiff` does."""
    tags = _first(content)
    first, *others = _directories(content)
    orientation = tags.get(_ORIENTATION, (1,))[0]
    return Header(
        orientation=orientation if orientation in range(1, 9) else 1,
        cmyk=first.get(_PHOTOMETRIC, (0,))[0] == _CMYK,
        deep=max(first.get(_BITS, (1,))) > 8,  # noqa: PLR2004  bits of a byte
        several=any(not each.get(_NEW_SUBFILE_TYPE, (0,))[0] & 1 for each in others),
    )


def reach(content: bytes) -> int:
    """Return where the last page or preview ends that the directories list, as a byte offset.

    Raises as `raw` does.
    """
    previews = _PREVIEW, _PREVIEW_BYTES
    return max(
        max(*_ends(tags, *_places(tags)), *_ends(tags, *previews)) for tags in _directories(content)
    )


def pages(content: bytes) -> Iterator[Page]:
    """Yield what every directory says of its pixels, and where they are. Raises as `raw` does.

    Of smaller versions of a picture it is only what counts for the picture, too.
    """
    dialect = _Dialect.of(content)
    for at, tags in _placed_directories(content):
        is_reduced = bool(tags.get(_NEW_SUBFILE_TYPE, (0,))[0] & 1)
        deciding = _values(content, dialect, at, _OF_RAW if is_reduced else _DECIDING)
        starts, lengths = (tags.get(each, ()) for each in _places(tags))
        ends = (start + length for start, length in zip(starts, lengths, strict=False))
        is_listed = len(starts) == len(lengths) and not is_reduced
        yield Page(deciding, list(zip(starts, ends, strict=False)) if is_listed else [])


def _values(
    content: bytes, dialect: _Dialect, at: int, wanted: frozenset[int]
) -> dict[int, memoryview]:
    """Return the bytes that stand under some tags of the directory at an offset."""
    (count,) = dialect.read(dialect.count, content, at)
    at += struct.calcsize(dialect.order + dialect.count)
    found = {}
    for entry in range(at, at + count * dialect.entry_bytes, dialect.entry_bytes):
        tag, kind, number = dialect.read("HH" + dialect.offset, content, entry)
        if tag in wanted and kind in _WIDTHS:
            length = number * _WIDTHS[kind]
            start = _value_start(content, dialect, entry, length)
            found[tag] = memoryview(content)[start : start + length]
    return found


def _require_pixels(content: bytes, tags: _Tags) -> None:
    """Raise TruncatedPicture unless every strip or tile of a directory ends inside the file."""
    if max(_ends(tags, *_places(tags))) > len(content):
        raise TruncatedPicture("the TIFF's pixels are not all there")


def _places(tags: _Tags) -> tuple[int, int]:
    """Return under which tags a directory says where its pixels are, and their lengths."""
    return (_STRIPS, _STRIP_BYTES) if tags.get(_STRIPS) else (_TILES, _TILE_BYTES)


def _ends(tags: _Tags, starts: int, lengths: int) -> list[int]:
    """Return where all ends that a directory lists under two tags, and 0."""
    at = tags.get(starts, ())
    each_bytes = tags.get(lengths) or (1,) * len(at)
    return [0, *(start + length for start, length in zip(at, each_bytes, strict=False))]


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


def _first(content: bytes) -> _Tags:
    """Read the wanted integer tags of the first directory, which alone must be there."""
    dialect = _Dialect.of(content)
    (at,) = dialect.read(dialect.offset, content, dialect.first_at)
    if at == 0 or (at < len(content) and only_zeros(content, at)):
        raise TruncatedPicture("the TIFF's directory is not written yet")
    return _tags(content, dialect, at)[0]


def _directories(content: bytes) -> Iterator[_Tags]:
    """Yield the tags of every directory: the pages, each before its own smaller versions."""
    return (tags for _, tags in _placed_directories(content))


def _placed_directories(content: bytes) -> Iterator[tuple[int, _Tags]]:
    """Yield where each directory begins, and its tags."""
    dialect = _Dialect.of(content)
    (at,) = dialect.read(dialect.offset, content, dialect.first_at)
    left, seen, places = [at], set[int](), 0
    while left and len(seen) < _MOST_DIRECTORIES:
        at = left.pop(0)
        if at == 0 or at in seen:
            continue
        seen.add(at)
        tags, following = _tags(content, dialect, at)
        places += sum(len(tags.get(each, ())) for each in _PLACES)
        if places > 2 * _MOST_PLACES:  # where each is, and its length; however often it is listed
            raise BrokenPicture("a TIFF in more pieces than any picture has")
        yield at, tags
        left += [following, *tags.get(_SUB_DIRECTORIES, ())]


def _tags(
    content: bytes, dialect: _Dialect, at: int, wanted: frozenset[int] = _WANTED
) -> tuple[_Tags, int]:
    """Read the wanted integer tags of a directory, and where the next one is (0 = nowhere)."""
    (count,) = dialect.read(dialect.count, content, at)
    at += struct.calcsize(dialect.order + dialect.count)
    _require_modest(content, at, count, dialect)
    tags = {}
    end = at + count * dialect.entry_bytes
    for entry in range(at, end, dialect.entry_bytes):
        tag, kind, number = dialect.read("HH" + dialect.offset, content, entry)
        if tag in wanted or (tag < _FIRST_PRIVATE_TAG and kind in _WIDTHS):
            start = _value_start(content, dialect, entry, number * _WIDTHS.get(kind, 1))
            if tag in wanted and kind in _LETTERS and number:
                if tag in _PLACES and number > _MOST_PLACES:
                    raise BrokenPicture("a TIFF in more pieces than any picture has")
                read = number if tag in _PLACES else min(number, _MOST_VALUES)
                tags[tag] = dialect.read(f"{read}{_LETTERS[kind]}", content, start)
    try:
        (following,) = dialect.read(dialect.offset, content, end)
    except TruncatedPicture:  # sloppy programs end the file here
        following = 0
    return tags, following


def _require_modest(content: bytes, at: int, count: int, dialect: _Dialect) -> None:
    """Raise BrokenPicture for a directory longer than any; Truncated where it is not all there."""
    if at + count * dialect.entry_bytes > len(content):
        raise TruncatedPicture("the TIFF's directory is not all there")
    if count > _MOST_ENTRIES:
        raise BrokenPicture("a TIFF that says more of itself than any picture")


def _value_start(content: bytes, dialect: _Dialect, entry: int, length: int) -> int:
    """Find a tag's values, which stand in its entry if they fit; all must be there."""
    at = entry + dialect.entry_bytes - dialect.inline_bytes
    if length > dialect.inline_bytes:
        (at,) = dialect.read(dialect.offset, content, at)
    if at + length > len(content):
        raise TruncatedPicture("the TIFF's directory is not all there")
    return at
