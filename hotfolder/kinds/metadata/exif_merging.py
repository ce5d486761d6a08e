"""Two EXIF blocks made one: a source's, which stays where it is, and what its result says besides.

Services leave marks of their making in a result's EXIF. What the source does not say is added;
where both name authors, rights or programs, both stand there, divided as the Metadata Working Group
divides them. Of the rest (times, camera, places) the source's counts.
"""

from __future__ import annotations

import struct
from typing import Final

from hotfolder.kinds.metadata.directories import (
    ENTRY_BYTES,
    INLINE_BYTES,
    LONG,
    Block,
    Directory,
    Row,
    byte_order,
)
from hotfolder.kinds.metadata.exif import EXIF, GPS, INTEROPERABILITY, OF_PIXELS, ORIENTATION

# Description, software, artist, copyright.
_JOINED: Final = frozenset({0x010E, 0x0131, 0x013B, 0x8298})
_COMMENT: Final = 0x9286
_COMMENT_HEAD_BYTES: Final = 8
_ASCII: Final = b"ASCII\0\0\0"
_BETWEEN: Final = b"; "
_NOT_ADDED: Final = OF_PIXELS | {EXIF, GPS, INTEROPERABILITY, ORIENTATION}
_LARGEST_VALUE_BYTES: Final = 1 << 15
# How wide the numbers are of which a value consists, by its type: those turn with the byte order.
_NUMBER_BYTES: Final = {3: 2, 4: 4, 5: 4, 8: 2, 9: 4, 10: 4, 11: 4, 12: 8, 13: 4}


def merged(source: bytes, own: bytes) -> bytes:
    """Return a source's block with what its result's own block says besides."""
    block, other = Block(source), Block(own, read_only=True)
    first, own_first = block.first(), other.first()
    if own_first is None:
        return source
    if first is None:
        return own
    pointers = []
    for tag in (EXIF, GPS):
        below, own_below = block.below(first, tag), other.below(own_first, tag)
        if own_below is None or (below is not None and tag == GPS):
            continue  # a place made of two would be nowhere
        rows = _additions(block, below, other, own_below)
        entry = first.find(tag)
        if not rows or (entry is not None and entry.type != LONG):
            continue
        at = _append(block, below, rows)
        if entry is not None:
            block.put(entry, at)
        else:
            pointers.append((tag, LONG, 1, struct.pack(byte_order(source) + "I", at)))
    rows = [*_additions(block, first, other, own_first), *pointers]
    if rows:
        at = _append(block, first, rows)
        struct.pack_into(byte_order(source) + "I", block.content, 4, at)
    return bytes(block.content)


def _additions(
    block: Block, directory: Directory | None, other: Block, own: Directory
) -> list[Row]:
    """Return the entries of a result's directory that the source's lacks, or says otherwise."""
    orders = byte_order(other.content), byte_order(block.content)
    rows: list[Row] = []
    for each in own.entries:
        if each.tag in _NOT_ADDED or each.length > _LARGEST_VALUE_BYTES:
            continue
        value = _turned(other.value(each), each.type, *orders)
        there = directory.find(each.tag) if directory else None
        if there is None:
            rows.append((each.tag, each.type, each.count, value))
        elif joined := _joined(each.tag, block.value(there), value):
            rows.append((each.tag, each.type, len(joined), joined))
    return list({row[0]: row for row in rows}.values())


def _joined(tag: int, source: bytes, own: bytes) -> bytes:
    """Return both of two texts; b"" where the source's counts, or says the same."""
    head = b""
    if tag == _COMMENT:
        head = source[:_COMMENT_HEAD_BYTES]
        if head != _ASCII or not own.startswith(_ASCII):
            return b""
        source, own = source[_COMMENT_HEAD_BYTES:], own[_COMMENT_HEAD_BYTES:]
    elif tag not in _JOINED:
        return b""
    said, besides = source.rstrip(b"\0 "), own.strip(b"\0 ")
    if besides in said:
        return b""
    return head + (said + _BETWEEN + besides if said else besides) + (b"" if head else b"\0")


def _turned(value: bytes, kind: int, order: str, wanted: str) -> bytes:
    """Return a value in another byte order."""
    width = _NUMBER_BYTES.get(kind, 1)
    if order == wanted or width == 1:
        return value
    return b"".join(value[at : at + width][::-1] for at in range(0, len(value), width))


def _append(block: Block, directory: Directory | None, rows: list[Row]) -> int:
    """Write a directory anew at the block's end, with these entries besides; return where.

    The values of the others stay where they are: makers' notes count on it.
    """
    order, content = byte_order(block.content), block.content
    new = {row[0] for row in rows}
    kept = [each for each in _raw_entries(block, directory) if _tag(order, each) not in new]
    following = bytes(4)
    if directory is not None:
        for each in directory.entries:
            if each.tag in new:
                block.wipe(each)
        following = bytes(content[directory.next_at :][:4]).ljust(4, b"\0")
        block.zero(directory.at, directory.next_at + 4 - directory.at)
    content.extend(bytes(len(content) % 2))
    at = len(content)
    values_at = at + 2 + ENTRY_BYTES * (len(kept) + len(rows)) + 4
    values = b""
    for tag, kind, count, value in rows:
        inline = value.ljust(INLINE_BYTES, b"\0")
        if len(value) > INLINE_BYTES:
            inline = struct.pack(order + "I", values_at + len(values))
            values += value + bytes(len(value) % 2)
        kept.append(struct.pack(order + "HHI", tag, kind, count) + inline)
    kept.sort(key=lambda each: _tag(order, each))
    content.extend(struct.pack(order + "H", len(kept)) + b"".join(kept) + following + values)
    return at


def _raw_entries(block: Block, directory: Directory | None) -> list[bytes]:
    if directory is None:
        return []
    places = range(directory.at + 2, directory.next_at, ENTRY_BYTES)
    entries = [bytes(block.content[at : at + ENTRY_BYTES]) for at in places]
    return [each for each in entries if len(each) == ENTRY_BYTES]


def _tag(order: str, entry: bytes) -> int:
    (tag,) = struct.unpack_from(order + "H", entry)
    return int(tag)
