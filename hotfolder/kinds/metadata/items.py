"""The items of a HEIC or AVIF: which picture is shown, how it is turned, and its metadata.

ISO/IEC 23008-12: the box `meta` lists items (pictures, tiles, EXIF, XMP), says where their bytes
are, and gives the pictures properties: size, clean aperture, rotation, mirroring, colours. They are
only read here; decoding is for the libraries, which only workers call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from hotfolder.kinds.formats import BrokenPicture, TruncatedPicture
from hotfolder.kinds.metadata import boxes
from hotfolder.kinds.metadata.boxes import Box
from hotfolder.kinds.metadata.containers import Blocks
from hotfolder.kinds.metadata.layout import Size, unpack

# Larger metadata than this is nobody's, and would only take memory.
_LARGEST_BYTES: Final = 16 * 1024 * 1024
_MOST_ENTRIES: Final = 10_000
_XMP: Final = b"application/rdf+xml"
_NO_PICTURES: Final = frozenset({b"Exif", b"uri ", _XMP})
_DAMAGED: Final = "the list of a HEIC's or AVIF's items is damaged"
# EXIF's number for a rotation (quarter turns against the clock), and with a mirroring after it.
_TURNED: Final = (1, 8, 3, 6)
_MIRRORED: Final = ((4, 2), (7, 5), (2, 4), (5, 7))


@dataclass(frozen=True, slots=True)
class Shown:
    """The picture that is shown: its size as it is stored, and how it is turned, as EXIF counts."""

    size: Size
    orientation: int


@dataclass
class _Meta:
    """What the box `meta` says, by item."""

    primary: int = 0
    kinds: dict[int, bytes] = field(default_factory=dict)
    places: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)
    properties: list[Box] = field(default_factory=list)
    owned: dict[int, list[int]] = field(default_factory=dict)
    own_content: Box | None = None


def shown(content: Any) -> Shown:  # noqa: ANN401  bytes or a map of a file
    """Return which picture a file shows. Raises BrokenPicture, TruncatedPicture."""
    meta = _read(content)
    size, turns, mirrored = None, 0, None
    for kind, at, _ in _of_primary(meta):
        if kind == b"ispe":
            size = unpack(">II", content, at + 4)
        elif kind == b"clap":
            wide, over, high, below = unpack(">IIII", content, at)
            size = (wide // over, high // below) if over and below else size
        elif kind == b"irot":
            turns = content[at] & 3
        elif kind == b"imir":
            mirrored = content[at] & 1
    if size is None:
        raise BrokenPicture("a HEIC or AVIF without a picture in it")
    if _reach(meta, lambda kind: kind not in _NO_PICTURES) > len(content):
        raise TruncatedPicture("the pixels of a HEIC or AVIF are not all there")
    turned = _TURNED[turns] if mirrored is None else _MIRRORED[turns][mirrored]
    return Shown((size[0], size[1]), turned)


def reach(content: Any) -> int:  # noqa: ANN401  as above
    """Return where the last item ends that a file lists, as a byte offset.

    Raises as `shown` does.
    """
    return _reach(_read(content), lambda _: True)


def pixels(content: Any) -> Iterator[tuple[bytes, Any]]:  # noqa: ANN401  as above
    """Yield kind, properties and coded bytes of each picture in a file, and which one is shown.

    Raises as `shown` does.
    """
    meta = _read(content)
    yield b"primary", b"%d" % meta.primary
    for item, kind in sorted(meta.kinds.items()):
        if kind not in _NO_PICTURES:
            yield b"item", b"%d " % item + kind
            yield from (
                (b"property " + each, content[at:stop]) for each, at, stop in _of(meta, item)
            )
            for start, stop in _extents(content, meta, item):
                yield b"extent", memoryview(content)[start:stop]


def blocks(content: Any) -> Blocks:  # noqa: ANN401  as above
    """Return the metadata of a file. Raises as `shown` does."""
    meta = _read(content)
    exif = _first(content, meta, b"Exif")
    # The first number says how far the TIFF is behind it.
    start = 4 + int.from_bytes(exif[:4], "big")
    return Blocks(
        exif=exif[start:].removeprefix(b"Exif\0\0"),
        xmp=_first(content, meta, _XMP),
        icc=_profile(content, meta),
    )


def _reach(meta: _Meta, wanted: Callable[[bytes], bool]) -> int:
    """Return where the last of the items of some kinds ends; those in the list's own box apart."""
    return max(
        (
            at + length
            for item, places in meta.places.items()
            for method, at, length in places
            if method == 0 and wanted(meta.kinds.get(item, b""))
        ),
        default=0,
    )


def _profile(content: Any, meta: _Meta) -> bytes:  # noqa: ANN401  as above
    """Return the picture's ICC profile; of one made of tiles, sometimes only they have it."""
    is_tiled = meta.kinds.get(meta.primary) == b"grid"
    properties = [*_of_primary(meta), *(meta.properties if is_tiled else ())]
    for kind, at, stop in properties:
        if kind == b"colr" and content[at : at + 4] in {b"prof", b"rICC"}:
            return bytes(content[at + 4 : stop])
    return b""


def _of_primary(meta: _Meta) -> Iterator[Box]:
    return _of(meta, meta.primary)


def _of(meta: _Meta, item: int) -> Iterator[Box]:
    """Yield the properties of an item."""
    for number in meta.owned.get(item, ()):
        if 0 < number <= len(meta.properties):
            yield meta.properties[number - 1]


def _first(content: Any, meta: _Meta, kind: bytes) -> bytes:  # noqa: ANN401  as above
    """Return the bytes of the first item of a kind; b"" where there is none, or no such bytes."""
    for item, stated in meta.kinds.items():
        if stated == kind:
            return _bytes_of(content, meta, item)
    return b""


def _bytes_of(content: Any, meta: _Meta, item: int) -> bytes:  # noqa: ANN401  as above
    found, left = [], _LARGEST_BYTES
    try:
        for start, stop in _extents(content, meta, item):
            left -= stop - start
            if left < 0:
                return b""
            found.append(bytes(content[start:stop]))
    except BrokenPicture:
        return b""
    return b"".join(found)


def _extents(content: Any, meta: _Meta, item: int) -> Iterator[tuple[int, int]]:  # noqa: ANN401  as above
    """Yield where the bytes of an item begin and end. Raises BrokenPicture."""
    for method, at, length in meta.places.get(item, ()):
        own = meta.own_content is not None and method
        start, end = meta.own_content[1:] if meta.own_content and own else (0, len(content))
        stop = start + at + length if length else end
        if method > 1 or stop > end:
            raise BrokenPicture(_DAMAGED)
        yield start + at, stop


def _read(content: Any) -> _Meta:  # noqa: ANN401  as above
    meta = _Meta()
    for kind, at, stop in boxes.walk(content):
        if kind == b"pitm":
            (meta.primary,) = unpack(">H" if content[at] == 0 else ">I", content, at + 4)
        elif kind == b"iinf":
            meta.kinds.update(_kinds(content, at, stop))
        elif kind == b"iloc":
            meta.places.update(_places(content, at, stop))
        elif kind == b"ipco":
            meta.properties = list(boxes.within(content, at, stop))
        elif kind == b"ipma":
            meta.owned.update(_owned(content, at, stop))
        elif kind == b"idat":
            meta.own_content = (kind, at, stop)
    return meta


def _kinds(content: Any, at: int, stop: int) -> Iterator[tuple[int, bytes]]:  # noqa: ANN401  as above
    """Yield items and their kinds; of a MIME item that is its type."""
    first = at + (6 if content[at] == 0 else 8)
    for _, start, end in boxes.within(content, first, stop):
        letter = "H" if content[start] == 2 else "I"  # noqa: PLR2004  the entry's version
        (item,) = unpack(f">{letter}", content, start + 4)
        kind_at = start + (8 if letter == "H" else 10)
        kind = bytes(content[kind_at : kind_at + 4])
        if kind == b"mime":
            kind = bytes(content[kind_at + 4 : end]).partition(b"\0")[2].partition(b"\0")[0]
        yield item, kind


def _places(
    content: Any,  # noqa: ANN401  as above
    at: int,
    stop: int,
) -> Iterator[tuple[int, list[tuple[int, int, int]]]]:
    """Yield items and where their bytes are: how that is counted, the offset, the length."""
    version = content[at]
    widths = [content[at + 4] >> 4, content[at + 4] & 15, content[at + 5] >> 4]
    index_bytes = content[at + 5] & 15 if version else 0
    wide = 4 if version == 2 else 2  # noqa: PLR2004  the box's version
    reader = _Reader(content, at + 6, stop)
    left = _MOST_ENTRIES  # in all: an entry may take no bytes
    for _ in range(min(reader.number(wide), _MOST_ENTRIES)):
        item = reader.number(wide)
        method = reader.number(2) & 15 if version else 0
        reader.number(2)  # another file, which nobody uses
        base = reader.number(widths[2])
        extents = []
        count = reader.number(2)
        left -= count
        if left < 0:
            raise BrokenPicture(_DAMAGED)
        for _ in range(count):
            reader.number(index_bytes)
            extents.append((method, base + reader.number(widths[0]), reader.number(widths[1])))
        yield item, extents


def _owned(content: Any, at: int, stop: int) -> Iterator[tuple[int, list[int]]]:  # noqa: ANN401  as above
    """Yield items and the numbers of their properties, counted from 1, in their order."""
    version, is_wide = content[at], content[at + 3] & 1
    reader = _Reader(content, at + 4, stop)
    for _ in range(min(reader.number(4), _MOST_ENTRIES)):
        item = reader.number(4 if version else 2)
        mask, width = (0x7FFF, 2) if is_wide else (0x7F, 1)
        yield item, [reader.number(width) & mask for _ in range(reader.number(1))]


class _Reader:
    """Reads one number after the other, of a box that ends at `stop`."""

    def __init__(self, content: Any, at: int, stop: int) -> None:  # noqa: ANN401  bytes or a map of a file
        self._content = content
        self._at = at
        self._stop = stop

    def number(self, width: int) -> int:
        """Read a number of so many bytes; raises BrokenPicture where there are none."""
        start, self._at = self._at, self._at + width
        if self._at > self._stop:
            raise BrokenPicture(_DAMAGED)
        return int.from_bytes(self._content[start : self._at], "big")
