"""What EXIF says, in the words of XMP: for where only an XMP file can say it.

Rights, camera, time and place, by the tables of XMP's part 2 and Exif 2.32 for XMP.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Final

from hotfolder.kinds.metadata.directories import Block, Directory, byte_order
from hotfolder.kinds.metadata.exif import EXIF, GPS
from hotfolder.kinds.metadata.packets import add_text, parsed_or_new, written

_TEXT, _SHORT, _LONG, _RATIONAL = 2, 3, 4, 5
# Tag -> XMP's prefix, name, and form of the value.
_NAMES: Final[Mapping[int, tuple[str, str, str]]] = {
    0x010E: ("dc", "description", "Alt"),
    0x010F: ("tiff", "Make", ""),
    0x0110: ("tiff", "Model", ""),
    0x0131: ("xmp", "CreatorTool", ""),
    0x013B: ("dc", "creator", "Seq"),
    0x8298: ("dc", "rights", "Alt"),
    0x829A: ("exif", "ExposureTime", ""),
    0x829D: ("exif", "FNumber", ""),
    0x8827: ("exif", "ISOSpeedRatings", "Seq"),
    0x9003: ("exif", "DateTimeOriginal", ""),
    0x9004: ("xmp", "CreateDate", ""),
    0x920A: ("exif", "FocalLength", ""),
    0xA431: ("exifEX", "BodySerialNumber", ""),
    0xA433: ("exifEX", "LensMake", ""),
    0xA434: ("exifEX", "LensModel", ""),
}
_TIMES: Final = frozenset({0x9003, 0x9004})
_COMMENT: Final = 0x9286
_COMMENT_HEAD_BYTES: Final = 8
_WORDS: Final[Mapping[int, str]] = {
    0x010E: "description",
    0x010F: "camera's maker",
    0x0110: "camera",
    0x0131: "program",
    0x013B: "by",
    0x8298: "rights",
    0x9003: "taken at",
    _COMMENT: "comment",
}
_PLACES: Final = {(1, 2): "GPSLatitude", (3, 4): "GPSLongitude"}


def added(packet: bytes, block: bytes) -> bytes:
    """Return a packet with what an EXIF block says and it does not."""
    root, found = parsed_or_new(packet), Block(block, read_only=True)
    first = found.first()
    for directory in (first, found.below(first, EXIF)):
        for tag, text in _texts(found, directory):
            add_text(root, *_NAMES[tag], [text])
    for name, text in _place(found, found.below(first, GPS)):
        add_text(root, "exif", name, "", [text])
    return written(root)


def named(block: bytes) -> dict[str, str]:
    """Return what a block says of who and what made its picture, by words for people."""
    found = Block(block, read_only=True)
    first = found.first()
    told: dict[str, str] = {}
    for directory in (first, found.below(first, EXIF)):
        for entry in directory.entries if directory else ():
            if entry.tag in _WORDS:
                value = found.value(entry)
                text = value[_COMMENT_HEAD_BYTES if entry.tag == _COMMENT else 0 :]
                told[_WORDS[entry.tag]] = text.decode("utf-8", "replace").strip("\0 ")
    return {label: text for label, text in told.items() if text}


def _texts(block: Block, directory: Directory | None) -> Iterator[tuple[int, str]]:
    for entry in directory.entries if directory else ():
        if entry.tag not in _NAMES:
            continue
        value = block.value(entry)
        if entry.type == _TEXT:
            text = value.decode("utf-8", "replace").strip("\0 ")
            text = _time(text) if entry.tag in _TIMES else text
        elif entry.type in (_SHORT, _LONG):
            text = str(block.number(entry))
        else:
            text = "/".join(str(each) for each in _numbers(block, value)[:2])
        if text:
            yield entry.tag, text


def _time(text: str) -> str:
    day, _, hour = text.partition(" ")
    return f"{day.replace(':', '-')}T{hour}" if hour else ""


def _place(block: Block, directory: Directory | None) -> Iterator[tuple[str, str]]:
    entries = {each.tag: each for each in (directory.entries if directory else ())}
    for (side, angle), name in _PLACES.items():
        if side not in entries or angle not in entries:
            continue
        numbers = _numbers(block, block.value(entries[angle]))
        letter = block.value(entries[side])[:1].decode("latin-1")
        if len(numbers) == 6 and all(numbers[1::2]):  # noqa: PLR2004  three fractions
            parts = zip(numbers[::2], numbers[1::2], strict=True)
            exact = sum(above / below / 60**at for at, (above, below) in enumerate(parts))
            yield name, f"{int(exact)},{exact % 1 * 60:.6f}{letter}"


def _numbers(block: Block, value: bytes) -> tuple[int, ...]:
    count = len(value) // 4
    return struct.unpack(f"{byte_order(block.content)}{count}I", value[: 4 * count])
