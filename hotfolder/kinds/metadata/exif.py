"""EXIF blocks: read and changed in place, so that nothing that a camera wrote moves.

A block is a little TIFF. Makers' notes hold offsets into it, so an entry is taken out by closing
up its directory, and what it pointed to is overwritten with zeros; every other byte stays where
it was. Blocks lie and are cut short: what cannot be read is passed over, nothing raises.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from typing import Any, Final

from hotfolder.kinds.metadata.directories import (
    INLINE_BYTES,
    LONG,
    SHORT,
    Block,
    Directory,
    Row,
    byte_order,
    table,
    table_bytes,
)

ORIENTATION: Final = 0x0112
EXIF: Final = 0x8769
GPS: Final = 0x8825
INTEROPERABILITY: Final = 0xA005
_MAKER_NOTE: Final = 0x927C
_WIDTHS: Final = (0x0100, 0xA002)
_HEIGHTS: Final = (0x0101, 0xA003)
_THUMBNAIL_AT, _THUMBNAIL_BYTES = 0x0201, 0x0202
_STRIPS_AT, _STRIPS_BYTES = 0x0111, 0x0117
# Camera's serial number and owner, lens's serial number, the picture's own; a maker's notes
# hold the same in forms that nobody can list.
_SERIALS: Final = frozenset({_MAKER_NOTE, 0xA420, 0xA430, 0xA431, 0xA435, 0xC62F})
# What a TIFF says of its own pixels, and blocks that travel by themselves (XMP, IPTC, ICC).
OF_PIXELS: Final = frozenset(
    {
        *(0x00FE, 0x00FF, 0x0100, 0x0101, 0x0102, 0x0103, 0x0106, 0x010A, 0x0111, 0x0115),
        *(0x0116, 0x0117, 0x011C, 0x013D, 0x0140, 0x0142, 0x0143, 0x0144, 0x0145, 0x014A),
        *(0x0152, 0x0153, 0x015B, 0x0200, 0x0201, 0x0202, 0x0207, 0x0208, 0x0209, 0x0211),
        *(0x0212, 0x0213, 0x0214, 0x02BC, 0x83BB, 0x8649, 0x8773, 0x935C),
    }
)
_FIRST_PRIVATE = 0xC000
_FIRST_OF_TIFF: Final = 0x00FE
# A longer value is nobody's metadata, and would only take memory.
_LARGEST_BYTES: Final = 16 * 1024 * 1024
_UPRIGHT = 1


def orientation(content: bytes) -> int:
    """Return how the picture is turned, 1 (upright) to 8; 1 for what makes no sense."""
    block = Block(content, read_only=True)
    first = block.first()
    found = block.number(first.find(ORIENTATION)) if first else None
    return found if found is not None and found in range(1, 9) else _UPRIGHT


def upright(content: bytes, width: int, height: int) -> bytes:
    """Return a block for an upright picture of a size in pixels, without the old thumbnail."""
    block = Block(without(content, {"thumbnail"}))
    first = block.first()
    for directory in (first, block.below(first, EXIF)):
        if directory is not None:
            block.put(directory.find(ORIENTATION), _UPRIGHT)
            for tags, number in ((_WIDTHS, width), (_HEIGHTS, height)):
                for tag in tags:
                    block.put(directory.find(tag), number)
    return bytes(block.content)


def without(content: bytes, private: Collection[str]) -> bytes:
    """Return a block without the private parts named; b"" for what is no EXIF block."""
    block = Block(content)
    first = block.first()
    if first is None:
        return b""
    if "gps" in private:
        first = _without_gps(block, first)
    if "serials" in private:
        _without_tags(block, block.below(first, EXIF), _SERIALS)
        first = _without_tags(block, first, _SERIALS) or first
    if "thumbnail" in private:
        _without_thumbnail(block, first)
    return bytes(block.content)


def _without_gps(block: Block, first: Directory) -> Directory:
    gps = block.below(first, GPS)
    if gps is not None:
        for entry in gps.entries:
            block.wipe(entry)
        block.zero(gps.at, gps.next_at - gps.at)
    return _without_tags(block, first, {GPS}) or first


def _without_tags(
    block: Block, directory: Directory | None, tags: Collection[int]
) -> Directory | None:
    while directory and (entry := next((e for e in directory.entries if e.tag in tags), None)):
        directory = block.remove(directory, entry)
    return directory


def _without_thumbnail(block: Block, first: Directory) -> None:
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
        if entry.length > INLINE_BYTES:
            block.wipe(entry)
    block.zero(second.at, second.next_at + 4 - second.at)
    block.end_at(first)


def only_orientation(turned: int) -> bytes:
    """Return a block that says nothing but how the picture is turned."""
    return _written("<", {0: [(ORIENTATION, SHORT, 1, struct.pack("<H", turned))]})


def values(content: Any, tags: Collection[int]) -> dict[int, bytes]:  # noqa: ANN401  as above
    """Return the bytes that stand under some tags of a TIFF's first directory."""
    block = Block(content, read_only=True)
    first = block.first()
    found = {
        each.tag: each
        for each in (first.entries if first else ())
        if each.tag in tags and each.length <= _LARGEST_BYTES
    }
    return {tag: block.value(each) for tag, each in found.items()}


def is_modest(content: bytes) -> bool:
    """Whether the values of a block's pictures take no more room than there is in it."""
    block = Block(content, read_only=True)
    first = block.first()
    listed = (first, block.below(first, EXIF))
    lengths = (each.length for directory in listed if directory for each in directory.entries)
    return first is not None and sum(lengths) <= 2 * len(content)


def of_tiff(content: Any) -> bytes:  # noqa: ANN401  as above
    """Return an EXIF block with what a TIFF or raw file says of its picture, not of its pixels.

    It is written anew, so the maker's notes, which would not survive that, stay behind.
    """
    block = Block(content, read_only=True)
    first = block.first()
    if first is None:
        return b""
    tables = {
        0: [row for row in _rows(block, first) if row[0] >= _FIRST_OF_TIFF],
        EXIF: _rows(block, block.below(first, EXIF)),
        GPS: _rows(block, block.below(first, GPS)),
    }
    return _written(byte_order(content), tables)


def of_parts(first: bytes, shot: bytes, place: bytes) -> bytes:
    """Return an EXIF block of what stands in a TIFF for each of its directories; b"" = not there.

    They must agree in their byte order.
    """
    parts = {0: first, EXIF: shot, GPS: place}
    tables = {}
    for pointer, part in parts.items():
        block = Block(part, read_only=True)
        if byte_order(part) == byte_order(first):
            tables[pointer] = _rows(block, block.first())
    return _written(byte_order(first), tables) if any(tables.values()) else b""


def _rows(block: Block, directory: Directory | None) -> list[Row]:
    left_out = OF_PIXELS | {EXIF, GPS, INTEROPERABILITY, _MAKER_NOTE}
    return [
        (each.tag, each.type, each.count, block.value(each))
        for each in (directory.entries if directory else ())
        if each.tag not in left_out and each.tag < _FIRST_PRIVATE and each.length < 1 << 15
    ]


def _written(order: str, tables: dict[int, list[Row]]) -> bytes:
    """Write directories one after the other; each one's values follow it."""
    own = tables.pop(0, [])
    tables = {pointer: rows for pointer, rows in tables.items() if rows}
    sub_bytes = {pointer: table_bytes(rows) for pointer, rows in tables.items()}
    pointers = [(pointer, LONG, 1, bytes(4)) for pointer in tables]
    at = 8 + table_bytes([*own, *pointers])
    placed = []
    for pointer in tables:
        placed.append((pointer, LONG, 1, struct.pack(order + "I", at)))
        at += sub_bytes[pointer]
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    written = head + table(order, [*own, *placed], 8)
    for rows in tables.values():
        written += table(order, rows, len(written))
    return written
