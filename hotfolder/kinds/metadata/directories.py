"""Directories of a TIFF, of which EXIF blocks consist: read, changed in place, and written.

They lie and are cut short: what cannot be read is passed over, nothing raises.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Final

SHORT, LONG = 3, 4
INLINE_BYTES: Final = 4
ENTRY_BYTES: Final = 12
_MOST_ENTRIES = 1000
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

# Tag, type, count and value.
Row = tuple[int, int, int, bytes]


@dataclass(frozen=True)
class Entry:
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
class Directory:
    """One directory of a block, and where the offset of the next one is written."""

    at: int
    entries: tuple[Entry, ...]
    next_at: int

    def find(self, tag: int) -> Entry | None:
        """Return the entry of a tag."""
        return next((each for each in self.entries if each.tag == tag), None)


class Block:
    """An EXIF block that can be changed, or a whole TIFF that is only read."""

    def __init__(self, content: Any, *, read_only: bool = False) -> None:  # noqa: ANN401  bytes or a map of a file
        self.content: Any = content if read_only else bytearray(content)
        self._order = "<" if content[:2] == b"II" else ">"
        self.sound = content[:4] in _HEADS

    def directory(self, at: int) -> Directory | None:
        """Read a directory as far as it makes sense; None where nothing stands."""
        count = self._number("H", at) if at else None
        if count is None or count > _MOST_ENTRIES:
            return None
        first = at + 2
        stop = first + count * ENTRY_BYTES
        entries = [self._entry(each) for each in range(first, stop, ENTRY_BYTES)]
        return Directory(at, tuple(each for each in entries if each is not None), stop)

    def first(self) -> Directory | None:
        """Read the first directory."""
        return self.directory(self._number("I", 4) or 0) if self.sound else None

    def below(self, directory: Directory | None, tag: int) -> Directory | None:
        """Read the directory that an entry points to."""
        entry = directory.find(tag) if directory else None
        return self.directory(self.number(entry) or 0) if entry else None

    def following(self, directory: Directory | None) -> Directory | None:
        """Read the directory after another: that of the thumbnail."""
        return self.directory(self._number("I", directory.next_at) or 0) if directory else None

    def number(self, entry: Entry | None) -> int | None:
        """Return an entry's first value, if it is a whole number."""
        letter = {SHORT: "H", LONG: "I", 13: "I"}.get(entry.type) if entry else None
        return self._number(letter, entry.value_at) if entry and letter else None

    def value(self, entry: Entry) -> bytes:
        """Return the bytes of an entry's value."""
        return bytes(self.content[entry.value_at : entry.value_at + entry.length])

    def put(self, entry: Entry | None, number: int) -> None:
        """Change an entry that holds one whole number."""
        if entry and entry.count == 1 and entry.type in (SHORT, LONG):
            # A LONG by another name is still a LONG; a number too large for a SHORT is not told.
            letter = "H" if entry.type == SHORT else "I"
            fitting = number if letter == "I" or number <= 0xFFFF else 0  # noqa: PLR2004
            struct.pack_into(self._order + letter, self.content, entry.value_at, fitting)

    def remove(self, directory: Directory, entry: Entry) -> Directory:
        """Take an entry out of its directory and overwrite its value; returns what is left."""
        self.wipe(entry)
        end = min(directory.next_at + 4, len(self.content))
        rest = self.content[entry.at + ENTRY_BYTES : end]
        self.content[entry.at : end] = rest + bytes(ENTRY_BYTES)
        count = self._number("H", directory.at) or 1
        struct.pack_into(self._order + "H", self.content, directory.at, count - 1)
        return self.directory(directory.at) or directory

    def wipe(self, entry: Entry) -> None:
        """Overwrite an entry's value."""
        self.zero(entry.value_at, entry.length)

    def zero(self, at: int, length: int) -> None:
        """Overwrite bytes, where there are some."""
        stop = min(at + length, len(self.content))
        if at < stop:
            self.content[at:stop] = bytes(stop - at)

    def end_at(self, directory: Directory) -> None:
        """Let no other directory follow this one."""
        if directory.next_at + 4 <= len(self.content):
            struct.pack_into(self._order + "I", self.content, directory.next_at, 0)

    def _entry(self, at: int) -> Entry | None:
        try:
            tag, kind, count = struct.unpack_from(self._order + "HHI", self.content, at)
        except struct.error:
            return None
        length = _WIDTH_OF.get(kind, 0) * count
        value_at = at + 8 if length <= INLINE_BYTES else self._number("I", at + 8)
        if value_at is None or value_at + length > len(self.content) or kind not in _WIDTH_OF:
            return None
        return Entry(at, tag, kind, count, value_at)

    def _number(self, letter: str, at: int) -> int | None:
        try:
            (found,) = struct.unpack_from(self._order + letter, self.content, at)
        except struct.error:
            return None
        return int(found)


def byte_order(content: Any) -> str:  # noqa: ANN401  as above
    """Return the byte order of a block, as struct names it."""
    return "<" if content[:2] == b"II" else ">"


def table_bytes(rows: list[Row]) -> int:
    """Return how long `table` is."""
    return 6 + sum(ENTRY_BYTES + _outside_bytes(value) for *_, value in rows)


def _outside_bytes(value: bytes) -> int:
    return 0 if len(value) <= INLINE_BYTES else len(value) + len(value) % 2


def table(order: str, rows: list[Row], at: int) -> bytes:
    """Write a directory that stands at an offset, and what it points to behind it."""
    values_at = at + 6 + ENTRY_BYTES * len(rows)
    entries, values = b"", b""
    for tag, kind, count, value in sorted(rows):
        inline = value.ljust(INLINE_BYTES, b"\0")
        if len(value) > INLINE_BYTES:
            inline = struct.pack(order + "I", values_at + len(values))
            values += value + bytes(len(value) % 2)
        entries += struct.pack(order + "HHI", tag, kind, count) + inline
    return struct.pack(order + "H", len(rows)) + entries + bytes(4) + values
