"""Metadata in JPEG, PNG and WebP files: read, and spliced in without touching the pixels.

    block   JPEG                        PNG                             WebP
    exif    APP1 "Exif"                 eXIf                            EXIF
    xmp     APP1 "http://ns.adobe..." ¹ iTXt "XML:com.adobe.xmp"        XMP
    icc     APP2 "ICC_PROFILE", parts   iCCP                            ICCP
    iptc    APP13 "Photoshop 3.0"       zTXt "Raw profile type iptc"    (has no place)

¹ What is too large for a segment stands in further ones, which are read and written as one packet.

What a file holds besides (C2PA manifests, comments, gain maps) stays as it is.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from hotfolder.kinds.formats import PictureType
from hotfolder.kinds.metadata import iptc, xmp
from hotfolder.kinds.metadata.layout import MOST_SEGMENTS

_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_MORE = b"http://ns.adobe.com/xmp/extension/\0"
_ICC = b"ICC_PROFILE\0"
_PHOTOSHOP = b"Photoshop 3.0\0"
_PNG_XMP = b"XML:com.adobe.xmp\0"
_PNG_IPTC = b"Raw profile type iptc\0"
_SOS, _APP0, _APP1, _APP2, _APP13 = 0xDA, 0xE0, 0xE1, 0xE2, 0xED
_WITH_BLOCKS = frozenset({_APP1, _APP2, _APP13})
# A JPEG segment's length counts itself and has 16 bits.
_LARGEST_SEGMENT = 0xFFFF - 2
_LARGEST_PACKET = 65_000
# The extension's number stands before the whole length and the part's place.
_MORE_NUMBER = slice(len(_XMP_MORE), len(_XMP_MORE) + 32)
_MORE_HEAD_BYTES = _MORE_NUMBER.stop + 8
_LARGEST_TEXT = 16 * 1024 * 1024
_VP8X_ICC, _VP8X_ALPHA, _VP8X_EXIF, _VP8X_XMP = 0x20, 0x10, 0x08, 0x04
_STANDALONE = re.compile(rb"\xff+([^\xff])")


@dataclass(frozen=True, kw_only=True, slots=True)
class Blocks:
    """The metadata of a picture, each as it stands in its file; b"" where there is none."""

    exif: bytes = b""
    xmp: bytes = b""
    icc: bytes = b""
    iptc: bytes = b""


def read(kind: PictureType, content: bytes) -> Blocks:
    """Read the metadata of a JPEG, PNG or WebP; of other types none."""
    reader = {
        PictureType.JPEG: _read_jpeg,
        PictureType.PNG: _read_png,
        PictureType.WEBP: _read_webp,
    }.get(kind)
    return reader(content) if reader else Blocks()


def write(kind: PictureType, content: bytes, blocks: Blocks) -> bytes:
    """Return a JPEG, PNG or WebP with these blocks in place of its own; its pixels unchanged.

    A block that the format has no room for is left out. Other types are returned as they are.
    """
    writer = {
        PictureType.JPEG: _write_jpeg,
        PictureType.PNG: _write_png,
        PictureType.WEBP: _write_webp,
    }.get(kind)
    return writer(content, blocks) if writer else content


# -- JPEG

Segment = tuple[int, int, int]


def segments(content: bytes) -> Iterator[Segment]:
    """Yield marker, beginning (of its 0xFF) and end of each segment before the pixels."""
    at = 2
    for _ in range(MOST_SEGMENTS):
        found = _STANDALONE.match(content, at)
        if found is None:
            return
        marker, start = found[1][0], found.end() - 2
        if marker == _SOS or found.end() + 2 > len(content):
            return
        stop = found.end() + int.from_bytes(content[found.end() : found.end() + 2], "big")
        if stop > len(content):
            return
        yield marker, start, stop
        at = stop


def _read_jpeg(content: bytes) -> Blocks:
    blocks, parts, more = Blocks(), {}, {}
    for marker, start, stop in segments(content):
        body = bytes(content[start + 4 : stop]) if marker in _WITH_BLOCKS else b""
        if marker == _APP1 and body.startswith(_EXIF) and not blocks.exif:
            blocks = replace(blocks, exif=body[len(_EXIF) :])
        elif marker == _APP1 and body.startswith(_XMP) and not blocks.xmp:
            blocks = replace(blocks, xmp=body[len(_XMP) :])
        elif marker == _APP1 and body.startswith(_XMP_MORE):
            more[body[_MORE_NUMBER.stop :][:8]] = body[_MORE_HEAD_BYTES:]
        elif marker == _APP2 and body.startswith(_ICC) and len(body) > len(_ICC) + 2:
            parts[body[len(_ICC)]] = body[len(_ICC) + 2 :]
        elif marker == _APP13 and body.startswith(_PHOTOSHOP) and not blocks.iptc:
            blocks = replace(blocks, iptc=iptc.of_resources(body[len(_PHOTOSHOP) :]))
    if more:  # each part begins with the whole length and its place: so they sort
        whole = xmp.joined(blocks.xmp, b"".join(more[place] for place in sorted(more)))
        blocks = replace(blocks, xmp=whole)
    return replace(blocks, icc=b"".join(parts[number] for number in sorted(parts)))


def _write_jpeg(content: bytes, blocks: Blocks) -> bytes:
    new = [
        *_segment(_APP1, _EXIF + blocks.exif if blocks.exif else b""),
        *_xmp_segments(blocks.xmp),
        *_icc_segments(blocks.icc),
        *_photoshop_segments(content, blocks.iptc),
    ]
    whole = memoryview(content)  # its pieces are copied once, when they are joined
    kept: list[bytes | memoryview] = []
    at, place = 2, 0
    for marker, start, stop in segments(content):
        body = content[start + 4 : start + 4 + len(_XMP_MORE)]
        if not is_block(marker, body):
            kept.append(whole[start:stop])
            # JFIF must come first; what is ours comes right behind.
            place = len(kept) if marker == _APP0 else place
        at = stop
    kept[place:place] = new
    return b"".join([content[:2], *kept, whole[at:]])


def is_block(marker: int, body: bytes) -> bool:
    """Whether a JPEG's segment, of which the beginning is enough, is one of the four blocks."""
    ours = {
        _APP1: (_EXIF, _XMP, _XMP_MORE),
        _APP2: (_ICC,),
        _APP13: (_PHOTOSHOP,),
    }.get(marker, ())
    return any(body.startswith(each) for each in ours)


def _photoshop_segments(content: bytes, block: bytes) -> list[bytes]:
    """Return Photoshop's resources as they are in a JPEG, but with other IPTC."""
    bodies = [
        bytes(content[start + 4 + len(_PHOTOSHOP) : stop])
        for marker, start, stop in segments(content)
        if marker == _APP13 and content[start + 4 : start + 4 + len(_PHOTOSHOP)] == _PHOTOSHOP
    ]
    resources = iptc.as_resources(block) if block else b""
    resources += iptc.other_resources(b"".join(bodies))
    return [
        each
        for at in range(0, len(resources), _LARGEST_PACKET)
        for each in _segment(_APP13, _PHOTOSHOP + resources[at : at + _LARGEST_PACKET])
    ]


def _segment(marker: int, body: bytes) -> list[bytes]:
    if not body or len(body) > _LARGEST_SEGMENT:
        return []
    return [b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body]


def _xmp_segments(packet: bytes) -> list[bytes]:
    if len(packet) <= _LARGEST_PACKET:
        return _segment(_APP1, _XMP + packet if packet else b"")
    first, extension, number = xmp.parted(packet, _LARGEST_PACKET)
    found = _segment(_APP1, _XMP + first if first else b"")
    for at in range(0, len(extension), _LARGEST_PACKET):
        place = struct.pack(">II", len(extension), at)
        part = extension[at : at + _LARGEST_PACKET]
        found += _segment(_APP1, _XMP_MORE + number + place + part)
    return found


def _icc_segments(profile: bytes) -> list[bytes]:
    room = _LARGEST_SEGMENT - len(_ICC) - 2
    parts = [profile[at : at + room] for at in range(0, len(profile), room)]
    if len(parts) > 0xFF:  # noqa: PLR2004  the count has one byte
        return []
    found = []
    for number, part in enumerate(parts, start=1):
        found += _segment(_APP2, _ICC + bytes([number, len(parts)]) + part)
    return found


# -- PNG

_PNG_HEAD = 8
Chunk = tuple[bytes, int, int]


def png_chunks(content: bytes) -> Iterator[Chunk]:
    """Yield kind, beginning and end of each chunk, its length and checksum included."""
    at = _PNG_HEAD
    while at + 12 <= len(content):
        stop = at + 12 + int.from_bytes(content[at : at + 4], "big")
        if stop > len(content):
            return
        yield content[at + 4 : at + 8], at, stop
        at = stop


def _read_png(content: bytes) -> Blocks:
    # Each may stand there once; of several the last counts, and only that is inflated.
    exif = icc = packet = (0, 0)
    older: dict[bytes, tuple[bytes, tuple[int, int]]] = {}
    for kind, start, stop in png_chunks(content):
        place = start + 8, stop - 4
        if kind == b"eXIf":
            exif = place
        elif kind == b"iCCP":
            icc = place
        elif kind in _PNG_OURS:
            begin = bytes(content[place[0] : min(place[1], place[0] + _LONGEST_KEYWORD)])
            packet = place if begin.startswith(_PNG_XMP) else packet
            name = begin.partition(b"\0")[0]
            if name in _RAW_PROFILES:
                older[_RAW_PROFILES[name]] = kind, place
    read = {each: bytes(content[slice(*each)]) for each in (exif, icc, packet)}
    raw = {
        name: _raw_profile(_text(kind, bytes(content[slice(*place)])))
        for name, (kind, place) in older.items()
    }
    iptc_block = raw.get(b"iptc", b"")
    return Blocks(
        exif=read[exif].removeprefix(_EXIF) or _exif_in(raw),
        icc=_inflated(read[icc].partition(b"\0")[2][1:]),
        xmp=_itxt(read[packet]) or raw.get(b"xmp", b""),
        iptc=iptc.of_resources(iptc_block) or iptc_block,
    )


_PNG_OURS = frozenset({b"eXIf", b"iCCP", b"iTXt", b"zTXt", b"tEXt"})
_LONGEST_KEYWORD = 80
# ImageMagick's way of keeping other formats' blocks, and which block each of them is.
_RAW_PROFILES: Final = {
    b"Raw profile type " + name: block
    for name, block in (
        (b"iptc", b"iptc"),
        (b"exif", b"exif"),
        (b"APP1", b"app1"),
        (b"xmp", b"xmp"),
        (b"icc", b"icc"),
        (b"icm", b"icc"),
    )
}


def _exif_in(raw: dict[bytes, bytes]) -> bytes:
    found = raw.get(b"exif") or raw.get(b"app1", b"")
    return found.removeprefix(_EXIF) if found.startswith((_EXIF, b"II", b"MM")) else b""


def _inflated(packed: bytes) -> bytes:
    """Inflate a profile or text, within reason; b"" where it is damaged."""
    try:
        return zlib.decompressobj().decompress(packed, _LARGEST_TEXT)
    except zlib.error:
        return b""


def _itxt(body: bytes) -> bytes:
    packed, rest = body[len(_PNG_XMP) : len(_PNG_XMP) + 1], body[len(_PNG_XMP) + 2 :]
    text = rest.partition(b"\0")[2].partition(b"\0")[2]
    return _inflated(text) if packed == b"\1" else text


def _text(kind: bytes, body: bytes) -> bytes:
    text = body.partition(b"\0")[2]
    return _inflated(text[1:]) if kind == b"zTXt" else text


def _raw_profile(text: bytes) -> bytes:
    """Read ImageMagick's way of keeping other formats' blocks: name, length, hex digits."""
    *_, digits = text.strip().split(b"\n", 2)
    try:
        return bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        return b""


def _write_png(content: bytes, blocks: Blocks) -> bytes:
    new = b""
    if blocks.icc:
        new += _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(blocks.icc))
    if blocks.exif:
        new += _chunk(b"eXIf", blocks.exif)
    if blocks.xmp:
        new += _chunk(b"iTXt", _PNG_XMP + b"\0\0\0\0" + blocks.xmp)
    if blocks.iptc:
        resources = iptc.as_resources(blocks.iptc)
        text = b"\niptc\n%8d\n%s\n" % (len(resources), resources.hex().encode())
        new += _chunk(b"zTXt", _PNG_IPTC + b"\0" + zlib.compress(text))
    kept = [content[:_PNG_HEAD]]
    for kind, start, stop in png_chunks(content):
        if not _is_png_metadata(kind, content[start + 8 : start + 40], has_icc=bool(blocks.icc)):
            kept.append(content[start:stop])
        if kind == b"IHDR":
            kept.append(new)
    return b"".join(kept)


def _is_png_metadata(kind: bytes, body: bytes, *, has_icc: bool) -> bool:
    if kind in {b"iCCP", b"eXIf"}:
        return True
    if kind == b"sRGB":  # says the same as a profile, or contradicts it
        return has_icc
    return kind in _PNG_OURS and (
        body.startswith(_PNG_XMP) or body.partition(b"\0")[0] in _RAW_PROFILES
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


# -- WebP

_RIFF_HEAD = 12


def webp_chunks(content: bytes) -> Iterator[Chunk]:
    """Yield kind, beginning and end of each chunk, header included, padding not."""
    at = _RIFF_HEAD
    while at + 8 <= len(content):
        stop = at + 8 + int.from_bytes(content[at + 4 : at + 8], "little")
        if stop > len(content):
            return
        yield content[at : at + 4], at, stop
        at = stop + (stop - at) % 2


def _read_webp(content: bytes) -> Blocks:
    found = {
        kind: bytes(content[start + 8 : stop])
        for kind, start, stop in webp_chunks(content)
        if kind in {b"EXIF", b"XMP ", b"ICCP"}
    }
    return Blocks(
        exif=found.get(b"EXIF", b"").removeprefix(_EXIF),
        xmp=found.get(b"XMP ", b""),
        icc=found.get(b"ICCP", b""),
    )


def _write_webp(content: bytes, blocks: Blocks) -> bytes:
    own = [
        (kind, bytes(content[start + 8 : stop]))
        for kind, start, stop in webp_chunks(content)
        if kind not in {b"EXIF", b"XMP ", b"ICCP"}
    ]
    head, pixels = _webp_head(own)
    ours = (
        (_VP8X_ICC, blocks.icc),
        (_VP8X_EXIF, blocks.exif),
        (_VP8X_XMP, blocks.xmp),
    )
    flags = head[0] & ~(_VP8X_ICC | _VP8X_EXIF | _VP8X_XMP)
    for flag, block in ours:
        flags |= flag if block else 0
    chunks = [(b"VP8X", bytes([flags]) + head[1:])]
    chunks += [(b"ICCP", blocks.icc)] if blocks.icc else []
    chunks += pixels
    chunks += [(b"EXIF", blocks.exif)] if blocks.exif else []
    chunks += [(b"XMP ", blocks.xmp)] if blocks.xmp else []
    body = b"".join(
        kind + struct.pack("<I", len(part)) + part + bytes(len(part) % 2) for kind, part in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _webp_head(chunks: list[tuple[bytes, bytes]]) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Return the extended header, made from the pixels' own where there is none, and the rest."""
    for kind, body in chunks:
        if kind == b"VP8X":
            return body, [each for each in chunks if each[0] != b"VP8X"]
    kind, body = next(each for each in chunks if each[0] in {b"VP8 ", b"VP8L"})
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", body, 1)
        width, height, alpha = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bits >> 28 & 1
    else:
        width, height = (each & 0x3FFF for each in struct.unpack_from("<HH", body, 6))
        alpha = 0
    flags = _VP8X_ALPHA if alpha else 0
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes([flags, 0, 0, 0]) + size, chunks
