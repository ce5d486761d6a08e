"""Pictures that differ in what one sees, made quickly."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image

_SIDE = 32
_BLOCK = 8


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


def bare(content: bytes) -> bytes:
    """Return a JPEG without the metadata that was put into it (its APP1 segments)."""
    at, kept = 2, [content[:2]]
    while content[at : at + 1] == b"\xff" and content[at + 1 : at + 2] != b"\xda":
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if content[at + 1] != 0xE1:
            kept.append(content[at:end])
        at = end
    return b"".join([*kept, content[at:]])
