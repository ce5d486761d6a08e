"""Pictures that differ in what one sees, made quickly."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image

_SIDE = 32
_BLOCK = 8
_XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
    b' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description'
    b' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="%d"/></rdf:RDF></x:xmpmeta>'
)


@cache
def drawn(number: int) -> bytes:
    """Return a JPEG whose sixteen blocks are the bits of a number below 65536."""
    image = Image.new("L", (_SIDE, _SIDE))
    for bit in range(16):
        at = bit % 4 * _BLOCK, bit // 4 * _BLOCK
        shade = 220 if number >> bit & 1 else 30
        image.paste(shade, (*at, at[0] + _BLOCK, at[1] + _BLOCK))
    written = io.BytesIO()
    image.save(written, "JPEG")
    return written.getvalue()


def rated(content: bytes, stars: int) -> bytes:
    """Return a JPEG with a rating in its XMP, in the place of what APP1 it had."""
    said = b"http://ns.adobe.com/xap/1.0/\0" + _XMP % stars
    head = b"\xff\xe1" + (len(said) + 2).to_bytes(2, "big") + said
    return content[:2] + head + bare(content)[2:]


def bare(content: bytes) -> bytes:
    """Return a JPEG without the metadata that was put into it (its APP1 segments)."""
    at, kept = 2, [content[:2]]
    while content[at : at + 1] == b"\xff" and content[at + 1 : at + 2] != b"\xda":
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if content[at + 1] != 0xE1:
            kept.append(content[at:end])
        at = end
    return b"".join([*kept, content[at:]])
