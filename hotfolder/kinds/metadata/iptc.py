"""IPTC's older form (IIM), as newspapers and Photo Mechanic write it into JPEG and TIFF.

It travels untouched, whatever its letters' encoding. Only where a format has no place for it is
it translated into XMP, by the table of the Metadata Working Group.
"""

from __future__ import annotations

import struct
from typing import Final

_RESOURCE = b"8BIM"
_IPTC_RESOURCE: Final = 0x0404
ICC_RESOURCE: Final = 0x040F
EXIF_RESOURCE: Final = 0x0422
XMP_RESOURCE: Final = 0x0424
# No picture has more of them, or more to say.
_MOST_RESOURCES: Final = 10_000
_LARGEST_BYTES: Final = 256 * 1024
_MARKER = 0x1C
_CHARACTER_SET = (1, 90)
_UTF_8 = b"\x1b%G"
_EXTENDED = 0x8000

# Dataset of record 2 -> XMP's prefix, name, and form of the value.
TO_XMP: Final = {
    5: ("dc", "title", "Alt"),
    25: ("dc", "subject", "Bag"),
    40: ("photoshop", "Instructions", ""),
    80: ("dc", "creator", "Seq"),
    85: ("photoshop", "AuthorsPosition", ""),
    90: ("photoshop", "City", ""),
    92: ("Iptc4xmpCore", "Location", ""),
    95: ("photoshop", "State", ""),
    100: ("Iptc4xmpCore", "CountryCode", ""),
    101: ("photoshop", "Country", ""),
    103: ("photoshop", "TransmissionReference", ""),
    105: ("photoshop", "Headline", ""),
    110: ("photoshop", "Credit", ""),
    115: ("photoshop", "Source", ""),
    116: ("dc", "rights", "Alt"),
    120: ("dc", "description", "Alt"),
    122: ("photoshop", "CaptionWriter", ""),
}


def of_resources(content: bytes) -> bytes:
    """Return the IPTC among Photoshop's resources; b"" where there is none."""
    return resource(content, _IPTC_RESOURCE)


def resource(content: bytes, wanted: int) -> bytes:
    """Return one of Photoshop's resources by its number; b"" where there is none."""
    at = 0
    for _ in range(_MOST_RESOURCES):
        if content[at : at + 4] != _RESOURCE:
            return b""
        try:
            (number, name) = struct.unpack_from(">HB", content, at + 4)
            start = at + 6 + name + 1 + (name + 1) % 2
            (length,) = struct.unpack_from(">I", content, start)
        except struct.error:
            return b""
        if number == wanted:
            return content[start + 4 : start + 4 + length]
        at = start + 4 + length + length % 2
    return b""


def as_resources(block: bytes) -> bytes:
    """Return IPTC as the one resource of a Photoshop block."""
    head = _RESOURCE + struct.pack(">HHI", _IPTC_RESOURCE, 0, len(block))
    return head + block + bytes(len(block) % 2)


def fields(block: bytes) -> dict[int, list[str]]:
    """Read the texts of record 2 by dataset; what is cut short ends the reading."""
    block = block[:_LARGEST_BYTES]
    found: dict[int, list[bytes]] = {}
    charset = b""
    at = 0
    while at + 5 <= len(block) and block[at] == _MARKER:
        record, dataset, length = struct.unpack_from(">BBH", block, at + 1)
        if length & _EXTENDED:
            break
        value = block[at + 5 : at + 5 + length]
        if (record, dataset) == _CHARACTER_SET:
            charset = value
        elif record == 2:  # noqa: PLR2004  the record of a picture's description
            found.setdefault(dataset, []).append(value)
        at += 5 + length
    return {
        number: [_decoded(each, charset) for each in values] for number, values in found.items()
    }


def _decoded(text: bytes, charset: bytes) -> str:
    """Decode by what the block states; many state nothing and mean UTF-8 or Latin-1."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return (
            text.decode("utf-8", "replace")
            if charset == _UTF_8
            else text.decode("cp1252", "replace")
        )
