"""A HEIC as phones write them: many tiles, turned by a property, EXIF among its items."""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest

from hotfolder.kinds.metadata import boxes
from tests.pictures import box, noise

TILE = 512
_PICTURE, _EXIF, _FIRST_TILE = 1, 2, 3


def phone_heic(columns: int, rows: int, *, exif: bytes = b"", quarter_turns: int = 0) -> bytes:
    """Give a HEIC of so many tiles of 512 pixels, turned against the clock when it is shown.

    `exif` is a block with its six letters before it. All tiles are the same.
    """
    decoder, tile = _tile()
    head = box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    content = tile + struct.pack(">I", 6) + exif
    # Offsets count from the file's beginning, so the length of what goes before must be known.
    start = len(head) + len(_meta(columns, rows, quarter_turns, decoder, (0, len(tile), 0))) + 8
    extents = start, len(tile), len(content) - len(tile)
    return head + _meta(columns, rows, quarter_turns, decoder, extents) + box(b"mdat", content)


def _tile() -> tuple[bytes, bytes]:
    """Return what a decoder must know of a tile, and the tile's bytes."""
    package: Any = pytest.importorskip("pillow_heif")
    image = noise((TILE, TILE))
    written = io.BytesIO()
    package.from_pillow(image).save(written, quality=60)
    content = written.getvalue()
    found = {kind: content[at:stop] for kind, at, stop in boxes.walk(content)}
    properties = found[b"ipco"]
    inner = boxes.within(properties, 0, len(properties))
    decoder = next(properties[at:stop] for kind, at, stop in inner if kind == b"hvcC")
    return decoder, found[b"mdat"]


def _meta(
    columns: int, rows: int, turns: int, decoder: bytes, extents: tuple[int, int, int]
) -> bytes:
    tiles = range(_FIRST_TILE, _FIRST_TILE + columns * rows)
    start, tile_bytes, exif_bytes = extents
    size = columns * TILE, rows * TILE
    grid = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, *size)
    entries = [(_PICTURE, b"grid"), (_EXIF, b"Exif"), *((each, b"hvc1") for each in tiles)]
    kinds = b"".join(
        _full(b"infe", struct.pack(">HH4sB", item, 0, kind, 0), version=2) for item, kind in entries
    )
    places = [
        (_PICTURE, 1, 0, len(grid)),
        (_EXIF, 0, start + tile_bytes, exif_bytes),
        *((each, 0, start, tile_bytes) for each in tiles),
    ]
    located = b"".join(
        struct.pack(">HHHHII", item, method, 0, 1, at, length)
        for item, method, at, length in places
    )
    properties = (
        _full(b"ispe", struct.pack(">II", *size)),
        box(b"irot", bytes([turns])),
        _full(b"ispe", struct.pack(">II", TILE, TILE)),
        box(b"hvcC", decoder),
    )
    owned = [(_PICTURE, (1, 2)), *((each, (3, 4)) for each in tiles)]
    associated = b"".join(struct.pack(">HBBB", item, 2, *numbers) for item, numbers in owned)
    made_of = struct.pack(f">HH{len(tiles)}H", _PICTURE, len(tiles), *tiles)
    return _full(
        b"meta",
        _full(b"hdlr", bytes(4) + b"pict" + bytes(13))
        + _full(b"pitm", struct.pack(">H", _PICTURE))
        + _full(b"iinf", struct.pack(">H", len(entries)) + kinds)
        + _full(b"iref", box(b"dimg", made_of) + box(b"cdsc", struct.pack(">HHH", _EXIF, 1, 1)))
        + box(b"iprp", box(b"ipco", *properties), _full(b"ipma", _counted(owned, associated)))
        + box(b"idat", grid)
        + _full(b"iloc", b"\x44\0" + struct.pack(">H", len(places)) + located, version=1),
    )


def _counted(owned: list[Any], associated: bytes) -> bytes:
    return struct.pack(">I", len(owned)) + associated


def _full(kind: bytes, content: bytes, *, version: int = 0) -> bytes:
    return box(kind, bytes([version, 0, 0, 0]), content)
