"""Files that somebody made to keep a program busy: each at most 10 MB, each found by an attack."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from tests.pictures import saved, scene

_MEGABYTE: Final = 1024 * 1024
_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_MORE: Final = b"http://ns.adobe.com/xmp/extension/\0"
_RDF: Final = b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="urn:x">'


def segment(marker: int, body: bytes) -> bytes:
    """Return a segment of a JPEG."""
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def _jpeg(*segments: bytes) -> bytes:
    plain = saved(scene(), "JPEG")
    return plain[:2] + b"".join(segments) + plain[2:]


def _png(*chunks: bytes) -> bytes:
    plain = saved(scene(), "PNG")
    return plain[:33] + b"".join(chunks) + plain[33:]


def packet(properties: int, spaces: int = 0) -> bytes:
    """Return XMP of so many properties and name spaces."""
    said = b"".join(
        b"<dc:p%d>some words about it, and more</dc:p%d>" % (n, n) for n in range(properties)
    )
    named = b"".join(b' xmlns:s%d="urn:s%d"' % (n, n) for n in range(spaces))
    return _RDF + b"<rdf:Description%s>" % named + said + b"</rdf:Description></rdf:RDF>"


def _extended() -> bytes:
    whole, number = packet(32_000), b"A" * 32
    first = segment(0xE1, _XMP + packet(2))
    parts = [
        segment(
            0xE1,
            _XMP_MORE + number + struct.pack(">II", len(whole), at) + whole[at : at + 60_000],
        )
        for at in range(0, len(whole), 60_000)
    ]
    return _jpeg(first, *parts)


def _profiles() -> bytes:
    profile = zlib.compress(bytes(16 * _MEGABYTE))
    return _png(*[chunk(b"iCCP", b"x\0\0" + profile)] * 300)


def _texts(kind: bytes, head: bytes) -> bytes:
    return _png(*[chunk(kind, head + zlib.compress(bytes(16 * _MEGABYTE)))] * 300)


def _directories(count: int, entries: int) -> bytes:
    """Return a TIFF of directories that lie over each other, each two bytes after the last."""
    table = b"".join(struct.pack("<HHII", 256, 4, 1, 99) for _ in range(entries))
    sub = struct.pack(f"<{count}I", *range(26, 26 + 2 * count, 2))
    head = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1)
    head += struct.pack("<HHII", 330, 4, count, 26 + len(table) + 2)
    return head + bytes(4) + struct.pack("<H", entries) + table + sub


def _loop() -> bytes:
    return b"II*\0" + struct.pack("<IHHHIII", 8, 1, 256, 4, 1, 99, 8) + bytes(99)


def _strips() -> bytes:
    """Return a TIFF whose directories all list the same million of strips."""
    strips = bytes(4 * 1_000_000)
    entries = [(256, 4, 1, 9), (257, 4, 1, 9), (273, 4, 1_000_000, 8), (279, 4, 1_000_000, 8)]
    found, at = b"", 8 + len(strips)
    for _ in range(64):
        table = b"".join(struct.pack("<HHII", *each) for each in entries)
        found += struct.pack("<H", len(entries)) + table + struct.pack("<I", at + len(found) + 54)
    return b"II*\0" + struct.pack("<I", at) + strips + found


def _exif_of_overlaps() -> bytes:
    """Return a PNG with an EXIF block each of whose entries is all of the block."""
    entries = 60_000
    table = b"".join(struct.pack("<HHII", n, 7, _MEGABYTE, 8) for n in range(entries))
    block = b"II*\0" + struct.pack("<IH", 8, entries) + table + bytes(_MEGABYTE)
    return _png(chunk(b"eXIf", block))


def _heic(*boxes: bytes) -> bytes:
    return _box(b"ftyp", b"heicxxxxheic") + _box(b"meta", bytes(4) + b"".join(boxes))


def _items() -> bytes:
    """Return a HEIC whose EXIF lies in ten thousand extents, each nearly two kilobytes."""
    entry = _box(b"infe", struct.pack(">BxxxHH4sx", 2, 1, 0, b"Exif"))
    listed = b"".join(struct.pack(">II", 99, 1600) for _ in range(10_000))
    places = struct.pack(">BxxxBBHHHH", 0, 0x44, 0, 1, 1, 0, 10_000) + listed
    shown = _box(b"pitm", struct.pack(">BxxxH", 0, 2))
    size = _box(b"iprp", _box(b"ipco", _box(b"ispe", struct.pack(">III", 0, 9, 9))))
    kinds = _box(b"iinf", struct.pack(">BxxxH", 0, 1) + entry)
    return _heic(shown, kinds, _box(b"iloc", places), size) + bytes(4000)


def _resources() -> bytes:
    one = b"8BIM" + struct.pack(">HBxI", 9999, 0, 0)
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 9, 9, 8, 3)
    body = one * (10 * _MEGABYTE // len(one))
    sections = struct.pack(">I", 0) + struct.pack(">I", len(body)) + body + struct.pack(">I", 0)
    return head + sections + struct.pack(">H", 0) + bytes(3 * 9 * 9)


def _iptc() -> bytes:
    block = b"\x1c\x02\x19\0\0" * 12_000
    resource = b"8BIM" + struct.pack(">HBxI", 0x0404, 0, len(block)) + block
    return _jpeg(segment(0xED, b"Photoshop 3.0\0" + resource))


def _pictures() -> bytes:
    index = b"II*\0" + struct.pack("<IHHHII", 8, 1, 0xB002, 7, 65_000, 26) + bytes(4)
    return _jpeg(segment(0xE2, b"MPF\0" + (index + bytes(70_000))[:65_000]))


def _frames() -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", 9, 9, 0, 0, 0)
    return head + b"!\xfe" + b"\x01x" * (5 * _MEGABYTE) + b"\0;"


# What is attacked -> the file.
FILES: Final[Mapping[str, Callable[[], bytes]]] = {
    "jpeg, xmp of 32,000 properties": _extended,
    "jpeg, xmp of many name spaces": lambda: _jpeg(segment(0xE1, _XMP + packet(1, 2500))),
    "jpeg, 10 MB of empty segments": lambda: _jpeg(segment(0xE0, b"") * (10 * _MEGABYTE // 4)),
    "jpeg, iptc of many datasets": _iptc,
    "jpeg, index of many pictures": _pictures,
    "png, 300 inflating profiles": _profiles,
    "png, 300 inflating texts": lambda: _texts(b"zTXt", b"Raw profile type iptc\0\0"),
    "png, 300 inflating packets": lambda: _texts(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0"),
    "png, 10 MB of empty chunks": lambda: _png(chunk(b"teXt", b"") * (10 * _MEGABYTE // 12)),
    "png, exif of overlapping values": _exif_of_overlaps,
    "webp, 10 MB of empty chunks": lambda: (
        b"RIFF"
        + struct.pack("<I", 10 * _MEGABYTE + 4)
        + b"WEBP"
        + b"XXXX\0\0\0\0" * (10 * _MEGABYTE // 8)
    ),
    "gif, 10 MB of tiny blocks": _frames,
    "tiff, directories over each other": lambda: _directories(64, 60_000),
    "tiff, a loop": _loop,
    "tiff, a million strips in each page": _strips,
    "heic, 10 MB of empty boxes": lambda: _heic(_box(b"free", b"") * (10 * _MEGABYTE // 8)),
    "heic, exif in ten thousand extents": _items,
    "psd, 10 MB of empty resources": _resources,
}

_KIB: Final = 1024
_DOTTED: Final = ".".join(["a"] * 500)


def _lines(line: str, count: int = 10_000) -> bytes:
    """Return as many lines as a control file may have, each with its number in it."""
    found, size = [], 0
    for number in range(count):
        size += len(line.format(number)) + 1
        if size > 63 * _KIB:
            break
        found.append(line.format(number))
    return "\n".join(found).encode()


def _listed(before: bytes, each: bytes, after: bytes) -> bytes:
    count = (64 * _KIB - len(before) - len(after)) // (len(each) + 1)
    return before + b",".join([each] * count) + after


# Files beside a picture, of their largest size, by the name's end and what is attacked.
SIDECARS: Final[Mapping[tuple[str, str], bytes]] = {
    ("a.toml", "dotted keys"): _lines("b{0}." + _DOTTED + " = 1"),
    ("a.toml", "dotted tables"): _lines("[" + _DOTTED + ".b{0}]"),
    ("a.toml", "tables"): _lines("[a{0}]"),
    ("a.toml", "lists of tables"): _lines("[[a]]"),
    ("a.toml", "keys"): _lines("a{0} = 1"),
    ("a.toml", "nested lists"): b"a = " + b"[" * 30_000 + b"]" * 30_000,
    ("a.toml", "nested tables"): b"a = " + b"{a = " * 13_000,
    ("a.toml", "digits"): b"a = " + b"9" * 60_000,
    ("a.toml", "escapes"): b'prompt = "' + b"\\u0041" * 10_900 + b'"',
    ("a.toml", "times"): _listed(b"a = [", b"1979-05-27T07:32:00Z", b"]"),
    ("a.json", "nested lists"): b'{"params": {"a": ' + b"[" * 30_000 + b"]" * 30_000 + b"}}",
    ("a.json", "some nested lists"): b'{"params": {' + b'"a": [' * 5000 + b"]" * 5000 + b"}}",
    ("a.json", "references"): _listed(b'{"references":[', b'""', b"]}"),
    ("a.json", "wrong values"): b'{"params":{' + _lines('"a{0}":null,', 4500) + b'"a":1}}',
    ("a.json", "keys"): b"{" + _lines('"a{0}":1,', 6000) + b'"a":1}',
    ("a.json", "digits"): _listed(b'{"params":{"a":[', b"9" * 4000, b"]}}"),
    ("a.txt", "line ends"): b"a" + b"\n\x0b" * 32_000,
    ("a.txt", "rare line ends"): b"\xff\xfe" + "\u2028a".encode("utf-16-le") * 16_000,
    ("a.txt", "zeros"): b"a" + bytes(64 * _KIB - 2) + b"b",
    ("a.xmp", "nested tags"): b"<a>" * 149_000 + b"</a>" * 149_000,
    ("a.xmp", "properties"): packet(15_000),
    ("a.xmp", "name spaces"): packet(1, 2500),
    ("a.xmp", "a DOCTYPE"): b"<!DOCTYPE x [" + b'<!ENTITY a "b">' * 60_000 + b"]><x/>",
    ("a.xmp", "attributes"): b"<a " + b" ".join(b'a%d="b"' % n for n in range(80_000)) + b"/>",
}


def made() -> Iterator[tuple[str, bytes]]:
    """Yield each file with what it attacks."""
    for name, make in FILES.items():
        yield name, make()
