"""IPTC's older form (IIM), as newspapers and Photo Mechanic write it into JPEG and TIFF.

It travels untouched, whatever its letters' encoding. Only where a format has no place for it is
it translated into XMP, by the table of the Metadata Working Group.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

_RESOURCE = b"8BIM"
_IPTC_RESOURCE: Final = 0x0404
ICC_RESOURCE: Final = 0x040F
EXIF_RESOURCE: Final = 0x0422
XMP_RESOURCE: Final = 0x0424
_DIGEST_RESOURCE: Final = 0x0425
# No picture has more of them, or more to say.
_MOST_RESOURCES: Final = 10_000
_LARGEST_BYTES: Final = 256 * 1024
_MARKER = 0x1C
_DATASET_HEAD_BYTES: Final = 5
_OF_PICTURES = 2  # the record of what describes a picture
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
    for number, _, start, stop in _resources(content):
        if number == wanted:
            return content[start : min(stop, len(content))]
    return b""


def _resources(content: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield each resource's number, where it begins, and where its content begins and ends."""
    at = 0
    for _ in range(_MOST_RESOURCES):
        if content[at : at + 4] != _RESOURCE:
            return
        try:
            (number, name) = struct.unpack_from(">HB", content, at + 4)
            start = at + 6 + name + 1 + (name + 1) % 2
            (length,) = struct.unpack_from(">I", content, start)
        except struct.error:
            return
        yield number, at, start + 4, start + 4 + length
        at = start + 4 + length + length % 2


def other_resources(content: bytes) -> bytes:
    """Return Photoshop's resources but IPTC, and but the digest that tells whether it changed."""
    kept = [
        content[at:start] + content[start:stop].ljust(stop - start + (stop - start) % 2, b"\0")
        for number, at, start, stop in _resources(content)
        if number not in (_IPTC_RESOURCE, _DIGEST_RESOURCE) and stop <= len(content)
    ]
    return b"".join(kept)


def as_resources(block: bytes) -> bytes:
    """Return IPTC as the one resource of a Photoshop block."""
    head = _RESOURCE + struct.pack(">HHI", _IPTC_RESOURCE, 0, len(block))
    return head + block + bytes(len(block) % 2)


def merged(source: bytes, own: bytes) -> bytes:
    """Return a source's IPTC with the fields of its result's own that it lacks.

    Letters outside of ASCII are only added where both say that they use the same.
    """
    if not source or not own:
        return source or own
    said = {each[:2] for each in _datasets(source)}
    same = _charset(source) == _charset(own)
    added = [
        own[start - _DATASET_HEAD_BYTES : stop]
        for record, dataset, start, stop in _datasets(own)
        if record == _OF_PICTURES and (record, dataset) not in said
        if same or own[start:stop].isascii()
    ]
    return source + b"".join(added)


def fields(block: bytes) -> dict[int, list[str]]:
    """Read the texts of record 2 by dataset; what is cut short ends the reading."""
    found: dict[int, list[str]] = {}
    charset = _charset(block)
    for record, dataset, start, stop in _datasets(block):
        if record == _OF_PICTURES:
            found.setdefault(dataset, []).append(_decoded(block[start:stop], charset))
    return found


def _datasets(block: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield each field's record and dataset, and where its value begins and ends."""
    at = 0
    end = min(len(block), _LARGEST_BYTES)
    while at + _DATASET_HEAD_BYTES <= end and block[at] == _MARKER:
        record, dataset, length = struct.unpack_from(">BBH", block, at + 1)
        if length & _EXTENDED:
            return
        start = at + _DATASET_HEAD_BYTES
        at = start + length
        yield record, dataset, start, min(at, end)


def _charset(block: bytes) -> bytes:
    sets = _datasets(block)
    return next((block[at:end] for *name, at, end in sets if tuple(name) == _CHARACTER_SET), b"")


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
