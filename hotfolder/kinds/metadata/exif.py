"""EXIF blocks: read and changed in place, so that nothing that a camera wrote moves.

A block is a little TIFF. Makers' notes hold offsets into it, so an entry is taken out by closing
up its directory, and what it pointed to is overwritten with zeros; every other byte stays where
it was. Blocks lie and are cut short: what cannot be read is passed over, nothing raises.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

_ORIENTATION: Final = 0x0112
_EXIF: Final = 0x8769
_GPS: Final = 0x8825
_INTEROPERABILITY: Final = 0xA005
_MAKER_NOTE: Final = 0x927C
_WIDTHS: Final = (0x0100, 0xA002)
_HEIGHTS: Final = (0x0101, 0xA003)
_THUMBNAIL_AT, _THUMBNAIL_BYTES = 0x0201, 0x0202
_STRIPS_AT, _STRIPS_BYTES = 0x0111, 0x0117
# Camera's serial number and owner, lens's serial number, the picture's own; a maker's notes
# hold the same in forms that nobody can list.
_SERIALS: Final = frozenset({_MAKER_NOTE, 0xA420, 0xA430, 0xA431, 0xA435, 0xC62F})
# What a TIFF says of its own pixels, and blocks that travel by themselves (XMP, IPTC, ICC).
_OF_PIXELS: Final = frozenset(
    {
        *(0x00FE, 0x00FF, 0x0100, 0x0101, 0x0102, 0x0103, 0x0106, 0x010A, 0x0111, 0x0115),
        *(0x0116, 0x0117, 0x011C, 0x013D, 0x0140, 0x0142, 0x0143, 0x0144, 0x0145, 0x014A),
        *(0x0152, 0x0153, 0x015B, 0x0200, 0x0201, 0x0202, 0x0207, 0x0208, 0x0209, 0x0211),
        *(0x0212, 0x0213, 0x0214, 0x02BC, 0x83BB, 0x8649, 0x8773, 0x935C),
    }
)
_FIRST_PRIVATE = 0xC000
_SHORT, _LONG = 3, 4
_WIDTH_OF: Final = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
}
# TIFF's own, and those that Panasonic and Olympus gave their raw files.
_HEADS: Final = frozenset({b"II*\0", b"MM\0*", b"IIU\0", b"IIRO", b"IIRS", b"MMOR"})
_FIRST_OF_TIFF: Final = 0x00FE
_INLINE_BYTES = 4
_ENTRY_BYTES = 12
_MOST_ENTRIES = 1000
# A longer value is nobody's metadata, and would only take memory.
_LARGEST_BYTES: Final = 16 * 1024 * 1024
_UPRIGHT = 1

_Row = tuple[int, int, int, bytes]


@dataclass(frozen=True)
class _Entry:
    """One entry of a directory: where it stands, and where its value does."""

    at: int
    tag: int
    type: int
    count: int
    value_at: int

    @property
    def length(self) -> int:
        """The value's length in bytes."""
        return _WIDTH_OF.get(self.type, 0) * self.count


@dataclass(frozen=True)
class _Directory:
    """One directory of a block, and where the offset of the next one is written."""

    at: int
    entries: tuple[_Entry, ...]
    next_at: int

    def find(self, tag: int) -> _Entry | None:
        """Return the entry of a tag."""
        return next((each for each in self.entries if each.tag == tag), None)


class _Block:
    """An EXIF block that can be changed, or a whole TIFF that is only read."""

    def __init__(self, content: Any, *, read_only: bool = False) -> None:  # noqa: ANN401  bytes or a map of a file
        self.content: Any = content if read_only else bytearray(content)
        self._order = "<" if content[:2] == b"II" else ">"
        self.sound = content[:4] in _HEADS

    def directory(self, at: int) -> _Directory | None:
        """Read a directory as far as it makes sense; None where nothing stands."""
        count = self._number("H", at) if at else None
        if count is None or count > _MOST_ENTRIES:
            return None
        first = at + 2
        stop = first + count * _ENTRY_BYTES
        entries = [self._entry(each) for each in range(first, stop, _ENTRY_BYTES)]
        return _Directory(at, tuple(each for each in entries if each is not None), stop)

    def first(self) -> _Directory | None:
        """Read the first directory."""
        return self.directory(self._number("I", 4) or 0) if self.sound else None

    def below(self, directory: _Directory | None, tag: int) -> _Directory | None:
        """Read the directory that an entry points to."""
        entry = directory.find(tag) if directory else None
        return self.directory(self.number(entry) or 0) if entry else None

    def following(self, directory: _Directory | None) -> _Directory | None:
        """Read the directory after another: that of the thumbnail."""
        return self.directory(self._number("I", directory.next_at) or 0) if directory else None

    def number(self, entry: _Entry | None) -> int | None:
        """Return an entry's first value, if it is a whole number."""
        letter = {_SHORT: "H", _LONG: "I", 13: "I"}.get(entry.type) if entry else None
        return self._number(letter, entry.value_at) if entry and letter else None

    def value(self, entry: _Entry) -> bytes:
        """Return the bytes of an entry's value."""
        return bytes(self.content[entry.value_at : entry.value_at + entry.length])

    def put(self, entry: _Entry | None, number: int) -> None:
        """Change an entry that holds one whole number."""
        if entry and entry.count == 1 and entry.type in (_SHORT, _LONG):
            # A LONG by another name is still a LONG; a number too large for a SHORT is not told.
            letter = "H" if entry.type == _SHORT else "I"
            fitting = number if letter == "I" or number <= 0xFFFF else 0  # noqa: PLR2004
            struct.pack_into(self._order + letter, self.content, entry.value_at, fitting)

    def remove(self, directory: _Directory, entry: _Entry) -> _Directory:
        """Take an entry out of its directory and overwrite its value; returns what is left."""
        self.wipe(entry)
        end = min(directory.next_at + 4, len(self.content))
        rest = self.content[entry.at + _ENTRY_BYTES : end]
        self.content[entry.at : end] = rest + bytes(_ENTRY_BYTES)
        count = self._number("H", directory.at) or 1
        struct.pack_into(self._order + "H", self.content, directory.at, count - 1)
        return self.directory(directory.at) or directory

    def wipe(self, entry: _Entry) -> None:
        """Overwrite an entry's value."""
        self.zero(entry.value_at, entry.length)

    def zero(self, at: int, length: int) -> None:
        """Overwrite bytes, where there are some."""
        stop = min(at + length, len(self.content))
        if at < stop:
            self.content[at:stop] = bytes(stop - at)

    def end_at(self, directory: _Directory) -> None:
        """Let no other directory follow this one."""
        if directory.next_at + 4 <= len(self.content):
            struct.pack_into(self._order + "I", self.content, directory.next_at, 0)

    def _entry(self, at: int) -> _Entry | None:
        try:
            tag, kind, count = struct.unpack_from(self._order + "HHI", self.content, at)
        except struct.error:
            return None
        length = _WIDTH_OF.get(kind, 0) * count
        value_at = at + 8 if length <= _INLINE_BYTES else self._number("I", at + 8)
        if value_at is None or value_at + length > len(self.content) or kind not in _WIDTH_OF:
            return None
        return _Entry(at, tag, kind, count, value_at)

    def _number(self, letter: str, at: int) -> int | None:
        try:
            (found,) = struct.unpack_from(self._order + letter, self.content, at)
        except struct.error:
            return None
        return int(found)


def orientation(content: bytes) -> int:
    """Return how the picture is turned, 1 (upright) to 8; 1 for what makes no sense."""
    block = _Block(content, read_only=True)
    first = block.first()
    found = block.number(first.find(_ORIENTATION)) if first else None
    return found if found is not None and found in range(1, 9) else _UPRIGHT


def upright(content: bytes, width: int, height: int) -> bytes:
    """Return a block for an upright picture of a size in pixels, without the old thumbnail."""
    block = _Block(without(content, {"thumbnail"}))
    first = block.first()
    for directory in (first, block.below(first, _EXIF)):
        if directory is not None:
            block.put(directory.find(_ORIENTATION), _UPRIGHT)
            for tags, number in ((_WIDTHS, width), (_HEIGHTS, height)):
                for tag in tags:
                    block.put(directory.find(tag), number)
    return bytes(block.content)


def without(content: bytes, private: Collection[str]) -> bytes:
    """Return a block without the private parts named; b"" for what is no EXIF block."""
    block = _Block(content)
    first = block.first()
    if first is None:
        return b""
    if "gps" in private:
        first = _without_gps(block, first)
    if "serials" in private:
        _without_tags(block, block.below(first, _EXIF), _SERIALS)
        first = _without_tags(block, first, _SERIALS) or first
    if "thumbnail" in private:
        _without_thumbnail(block, first)
    return bytes(block.content)


def _without_gps(block: _Block, first: _Directory) -> _Directory:
    gps = block.below(first, _GPS)
    if gps is not None:
        for entry in gps.entries:
            block.wipe(entry)
        block.zero(gps.at, gps.next_at - gps.at)
    return _without_tags(block, first, {_GPS}) or first


def _without_tags(
    block: _Block, directory: _Directory | None, tags: Collection[int]
) -> _Directory | None:
    while directory and (entry := next((e for e in directory.entries if e.tag in tags), None)):
        directory = block.remove(directory, entry)
    return directory


def _without_thumbnail(block: _Block, first: _Directory) -> None:
    """Drop the second directory: the thumbnail shows the picture before its edit."""
    second = block.following(first)
    if second is None:
        return
    for at_tag, bytes_tag in ((_THUMBNAIL_AT, _THUMBNAIL_BYTES), (_STRIPS_AT, _STRIPS_BYTES)):
        at, length = block.number(second.find(at_tag)), block.number(second.find(bytes_tag))
        if at and length:
            block.zero(at, length)
            if at + length >= len(block.content) and at > second.next_at:
                del block.content[at:]
    for entry in second.entries:
        if entry.length > _INLINE_BYTES:
            block.wipe(entry)
    block.zero(second.at, second.next_at + 4 - second.at)
    block.end_at(first)


def only_orientation(turned: int) -> bytes:
    """Return a block that says nothing but how the picture is turned."""
    return _written("<", {0: [(_ORIENTATION, _SHORT, 1, struct.pack("<H", turned))]})


def values(content: Any, tags: Collection[int]) -> dict[int, bytes]:  # noqa: ANN401  as above
    """Return the bytes that stand under some tags of a TIFF's first directory."""
    block = _Block(content, read_only=True)
    first = block.first()
    found = {
        each.tag: each
        for each in (first.entries if first else ())
        if each.tag in tags and each.length <= _LARGEST_BYTES
    }
    return {tag: block.value(each) for tag, each in found.items()}


def is_modest(content: bytes) -> bool:
    """Whether the values of a block's pictures take no more room than there is in it."""
    block = _Block(content, read_only=True)
    first = block.first()
    listed = (first, block.below(first, _EXIF))
    lengths = (each.length for directory in listed if directory for each in directory.entries)
    return first is not None and sum(lengths) <= 2 * len(content)


def of_tiff(content: Any) -> bytes:  # noqa: ANN401  as above
    """Return an EXIF block with what a TIFF or raw file says of its picture, not of its pixels.

    It is written anew, so the maker's notes, which would not survive that, stay behind.
    """
    block = _Block(content, read_only=True)
    first = block.first()
    if first is None:
        return b""
    tables = {
        0: [row for row in _rows(block, first) if row[0] >= _FIRST_OF_TIFF],
        _EXIF: _rows(block, block.below(first, _EXIF)),
        _GPS: _rows(block, block.below(first, _GPS)),
    }
    return _written(_order(content), tables)


def of_parts(first: bytes, shot: bytes, place: bytes) -> bytes:
    """Return an EXIF block of what stands in a TIFF for each of its directories; b"" = not there.

    They must agree in their byte order.
    """
    parts = {0: first, _EXIF: shot, _GPS: place}
    tables = {}
    for pointer, part in parts.items():
        block = _Block(part, read_only=True)
        if _order(part) == _order(first):
            tables[pointer] = _rows(block, block.first())
    return _written(_order(first), tables) if any(tables.values()) else b""


def _order(content: Any) -> str:  # noqa: ANN401  as above
    return "<" if content[:2] == b"II" else ">"


def _rows(block: _Block, directory: _Directory | None) -> list[_Row]:
    left_out = _OF_PIXELS | {_EXIF, _GPS, _INTEROPERABILITY, _MAKER_NOTE}
    return [
        (each.tag, each.type, each.count, block.value(each))
        for each in (directory.entries if directory else ())
        if each.tag not in left_out and each.tag < _FIRST_PRIVATE and each.length < 1 << 15
    ]


def _written(order: str, tables: dict[int, list[_Row]]) -> bytes:
    """Write directories one after the other; each one's values follow it."""
    own = tables.pop(0, [])
    tables = {pointer: rows for pointer, rows in tables.items() if rows}
    sub_bytes = {pointer: _table_bytes(rows) for pointer, rows in tables.items()}
    pointers = [(pointer, _LONG, 1, bytes(4)) for pointer in tables]
    at = 8 + _table_bytes([*own, *pointers])
    placed = []
    for pointer in tables:
        placed.append((pointer, _LONG, 1, struct.pack(order + "I", at)))
        at += sub_bytes[pointer]
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    written = head + _table(order, [*own, *placed], 8)
    for rows in tables.values():
        written += _table(order, rows, len(written))
    return written


def _table_bytes(rows: list[_Row]) -> int:
    return 6 + sum(_ENTRY_BYTES + _outside_bytes(value) for *_, value in rows)


def _outside_bytes(value: bytes) -> int:
    return 0 if len(value) <= _INLINE_BYTES else len(value) + len(value) % 2


def _table(order: str, rows: list[_Row], at: int) -> bytes:
    values_at = at + 6 + _ENTRY_BYTES * len(rows)
    entries, values = b"", b""
    for tag, kind, count, value in sorted(rows):
        inline = value.ljust(_INLINE_BYTES, b"\0")
        if len(value) > _INLINE_BYTES:
            inline = struct.pack(order + "I", values_at + len(values))
            values += value + bytes(len(value) % 2)
        entries += struct.pack(order + "HHI", tag, kind, count) + inline
    return struct.pack(order + "H", len(rows)) + entries + bytes(4) + values
