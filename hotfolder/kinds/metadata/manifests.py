"""C2PA manifests: found and taken out; never read, which only their own library does.

    JPEG  APP11 segments "JP" of one box      PNG  caBX      WebP  C2PA

A manifest signs the bytes of its file: with one byte changed, whoever looks at it calls it forged.
A file may also only name an address where its manifest is (XMP, `dcterms:provenance`): that holds
for the same bytes, too. Of TIFF, boxes (AVIF, HEIC, films) and others it is only found.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from hotfolder.kinds.formats import PictureError, PictureType
from hotfolder.kinds.metadata import boxes, containers, exif, xmp

_APP11: Final = 0xEB
_IN_JPEG: Final = b"JP"
# Behind the number of the box and that of the part stands the box, described in its first bytes.
_BOX_AT: Final = 8
_A_MANIFEST: Final = b"c2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x008\x9bq"
_DESCRIBED_WITHIN: Final = 64
_IN_PNG, _IN_WEBP = b"caBX", b"C2PA"
_IN_TIFF: Final = 0xCD41
_IN_BOXES: Final = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_IN_GIF: Final = b"\x21\xff\x0bC2PA_GIF"


def is_bound(kind: PictureType, content: Any) -> bool:  # noqa: ANN401  bytes or a map of a file
    """Whether a manifest, in a picture or elsewhere, signs it as it is."""
    if is_in(kind, content):
        return True
    packet = containers.read(kind, content).xmp
    return bool(packet) and is_named(packet)


def is_named(packet: bytes) -> bool:
    """Whether XMP names an address where its picture's manifest is."""
    return xmp.REMOTE_MANIFEST in xmp.texts(packet)


def is_in(kind: PictureType, content: Any) -> bool:  # noqa: ANN401  as above
    """Whether there is a manifest in a picture."""
    look = _LOOKS.get(kind)
    return look is not None and look(content)


def _is_in_boxes(content: Any) -> bool:  # noqa: ANN401  as above
    try:
        return any(
            kind == b"uuid" and content[start : start + len(_IN_BOXES)] == _IN_BOXES
            for kind, start, _ in boxes.walk(content)
        )
    except PictureError:
        return False


def without(kind: PictureType, content: bytes) -> bytes:
    """Return a JPEG, PNG or WebP without its manifest; others as they are."""
    match kind:
        case PictureType.JPEG:
            return _jpeg_without(content)
        case PictureType.PNG:
            gone = [each for each in containers.png_chunks(content) if each[0] == _IN_PNG]
            return _cut(content, [(start, stop) for _, start, stop in gone])
        case PictureType.WEBP:
            return _webp_without(content)
    return content


def _numbers(content: bytes) -> frozenset[bytes]:
    """Return by which numbers the parts of manifests in a JPEG go."""
    found = set()
    for marker, start, stop in containers.segments(content):
        head = bytes(content[start + 4 : min(stop, start + 4 + _DESCRIBED_WITHIN)])
        if marker == _APP11 and head.startswith(_IN_JPEG) and _A_MANIFEST in head[_BOX_AT:]:
            found.add(head[2:4])
    return frozenset(found)


_LOOKS: Final[Mapping[PictureType, Callable[[Any], bool]]] = {
    PictureType.JPEG: lambda content: bool(_numbers(content)),
    PictureType.PNG: lambda content: _has(containers.png_chunks(content), _IN_PNG),
    PictureType.WEBP: lambda content: _has(containers.webp_chunks(content), _IN_WEBP),
    PictureType.TIFF: lambda content: bool(exif.values(content, {_IN_TIFF})),
    PictureType.RAW: lambda content: bool(exif.values(content, {_IN_TIFF})),
    PictureType.HEIC: _is_in_boxes,
    PictureType.AVIF: _is_in_boxes,
    PictureType.GIF: lambda content: content.find(_IN_GIF) >= 0,
}


def _has(chunks: Iterable[containers.Chunk], wanted: bytes) -> bool:
    return any(kind == wanted for kind, _, _ in chunks)


def _jpeg_without(content: bytes) -> bytes:
    numbers = _numbers(content)
    gone = [
        (start, stop)
        for marker, start, stop in containers.segments(content)
        if marker == _APP11
        and content[start + 4 : start + 6] == _IN_JPEG
        and content[start + 6 : start + 8] in numbers
    ]
    return _cut(content, gone)


def _webp_without(content: bytes) -> bytes:
    gone = [
        (start, stop + (stop - start) % 2)
        for kind, start, stop in containers.webp_chunks(content)
        if kind == _IN_WEBP
    ]
    left = _cut(content, gone)
    return left[:4] + struct.pack("<I", len(left) - 8) + left[8:] if gone else content


def _cut(content: bytes, gone: list[tuple[int, int]]) -> bytes:
    if not gone:
        return content
    kept, at = [], 0
    for start, stop in gone:
        kept.append(content[at:start])
        at = stop
    return b"".join([*kept, content[at:]])
