"""The essence of a picture: a digest of what one sees in it, whatever its metadata says.

It is made of the coded image and of what decides how that is shown: tables, sizes, colours, the
ICC profile, how the picture is turned. Nothing is decoded, so another decoder changes nothing. Of a
file of several pictures the first counts. Rating, captions, places, thumbnails and where things
stand in the file do not. Linear in the file's size.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from hotfolder.domain.essences import VERSION
from hotfolder.kinds.formats import BrokenPicture, Picture, PictureType
from hotfolder.kinds.metadata import boxes, containers, iptc, items, layout, raws, tiff
from hotfolder.kinds.picture import inspect

# A part of an essence: what it is, and its bytes.
Part = tuple[bytes, Any]

# How often more than its own bytes a file may list: parts that lie over each other are an attack.
_MOST_TIMES: Final = 2
_SPARE_BYTES: Final = 1024 * 1024

_ADOBE: Final = b"Adobe"
_APP14: Final = 0xEE
_ADOBE_COLOURS: Final = 11
# Tables (quantisation, Huffman, arithmetic), restart interval, height, and every frame header.
_JPEG_KEPT: Final = frozenset({0xDB, 0xC4, 0xCC, 0xDD, 0xDC, *range(0xC0, 0xD0)}) - {0xC8}
_PNG_KEPT: Final = frozenset(
    {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"acTL", b"fcTL", b"fdAT", b"cICP", b"mDCV", b"cLLI"}
)
_WEBP_KEPT: Final = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"})
_WEBP_CANVAS: Final = slice(4, 10)
_GIF_CONTROL, _GIF_TEXT, _GIF_APPLICATION = 0xF9, 0x01, 0xFF
_GIF_LOOPS: Final = frozenset({b"NETSCAPE2.0", b"ANIMEXTS1.0"})
_PSD_HEAD_BYTES: Final = 26


def of(content: Any, known: Picture | None = None) -> str | None:  # noqa: ANN401  bytes or a map of a file
    """Return a picture's essence in hex; None for a kind whose bytes are its essence.

    `known` is what `inspect` found, where it was asked. Raises PictureError for what is no whole
    picture.
    """
    picture = known or inspect.inspect(content)
    parts = _PARTS.get(picture.type)
    if parts is None:
        return None
    digest = _Digest(len(content))
    digest.take(b"type", picture.type.value.encode())
    digest.take(b"turned", bytes([picture.header.orientation]))
    is_known = False
    for part in parts(content, picture):
        digest.take(*part)
        is_known = True
    return digest.hex() if is_known else None


class _Digest:
    """Takes parts, each with its name and length, of a file of so many bytes."""

    def __init__(self, size: int) -> None:
        self._sha256 = hashlib.sha256(b"essence %d" % VERSION)
        self._left_bytes = _MOST_TIMES * size + _SPARE_BYTES

    def take(self, name: bytes, content: Any) -> None:  # noqa: ANN401  bytes, or a part of a map
        """Take one part. Raises BrokenPicture where there are more than the file can have."""
        self._left_bytes -= len(content) + 1
        if self._left_bytes < 0:
            raise BrokenPicture("the file's parts lie over each other")
        self._sha256.update(b"%s %d\0" % (name, len(content)))
        self._sha256.update(content)

    def hex(self) -> str:
        """Return the digest."""
        return self._sha256.hexdigest()


def _jpeg(content: Any, _picture: Picture | None = None) -> Iterator[Part]:  # noqa: ANN401  as above
    at = 2
    for marker, start, stop in containers.segments(content):
        body = memoryview(content)[start + 4 : stop]
        if marker in _JPEG_KEPT:
            yield b"%02x" % marker, body
        elif marker == _APP14 and bytes(body[: len(_ADOBE)]) == _ADOBE:
            yield _ADOBE, body[_ADOBE_COLOURS : _ADOBE_COLOURS + 1]
        at = stop
    yield b"icc", containers.read(PictureType.JPEG, content).icc
    yield b"scans", memoryview(content)[at : layout.jpeg_end(content)]


def _png(content: Any, _picture: Picture) -> Iterator[Part]:  # noqa: ANN401  as above
    colours = {}
    for kind, start, stop in containers.png_chunks(content):
        body = memoryview(content)[start + 8 : stop - 4]
        if kind in _PNG_KEPT:
            yield bytes(kind), body
        colours[bytes(kind)] = body
    profile = containers.read(PictureType.PNG, content).icc
    if profile:
        yield b"icc", profile
    elif b"sRGB" in colours:  # outranks what follows
        yield b"sRGB", colours[b"sRGB"]
    else:
        yield from ((kind, colours[kind]) for kind in (b"gAMA", b"cHRM") if kind in colours)


def _webp(content: Any, picture: Picture) -> Iterator[Part]:  # noqa: ANN401  as above
    for kind, start, stop in containers.webp_chunks(content):
        body = memoryview(content)[start + 8 : stop]
        if kind in _WEBP_KEPT:
            yield bytes(kind), body
        elif kind == b"VP8X" and picture.header.several:
            yield b"canvas", body[_WEBP_CANVAS]
    yield b"icc", containers.read(PictureType.WEBP, content).icc


def _gif(content: Any, _picture: Picture) -> Iterator[Part]:  # noqa: ANN401  as above
    view, at = memoryview(content), 0
    for start, stop in layout.gif_blocks(content):
        at = at or start
        kind = content[start + 1] if content[start : start + 1] == b"!" else None
        is_loop = kind == _GIF_APPLICATION and bytes(content[start + 3 : start + 14]) in _GIF_LOOPS
        if kind in (None, _GIF_CONTROL, _GIF_TEXT) or is_loop:
            yield b"block", view[start:stop]
    yield b"screen", view[len(b"GIF89a") : at]


def _tiff(content: Any, _picture: Picture) -> Iterator[Part]:  # noqa: ANN401  as above
    pages = list(tiff.pages(content))
    for page in pages if any(each.pixels for each in pages) else ():
        yield from ((b"%d" % tag, value) for tag, value in sorted(page.deciding.items()))
        yield from ((b"strip", memoryview(content)[at:stop]) for at, stop in page.pixels)


def _raw(content: Any, _picture: Picture) -> Iterator[Part]:  # noqa: ANN401  as above
    preview, places = raws.pixels(content)
    if preview:
        yield from _jpeg(preview)
    if places is None:
        yield from _tiff(content, _picture)
        return
    yield from ((b"pixels", memoryview(content)[at:stop]) for at, stop in places)


def _boxes(content: Any, _picture: Picture) -> Iterator[Part]:  # noqa: ANN401  as above
    yield from items.pixels(content)


def _psd(content: Any, _picture: Picture) -> Iterator[Part]:  # noqa: ANN401  as above
    view = memoryview(content)
    palette, resources, layers, composite = boxes.psd_sections(content)
    yield b"head", view[:_PSD_HEAD_BYTES]
    yield b"palette", view[slice(*palette)]
    yield b"icc", iptc.resource(bytes(view[slice(*resources)]), iptc.ICC_RESOURCE)
    yield b"layers", view[slice(*layers)]
    yield b"composite", view[slice(*composite)]


_PARTS: Final[Mapping[PictureType, Callable[[Any, Picture], Iterator[Part]]]] = {
    PictureType.JPEG: _jpeg,
    PictureType.PNG: _png,
    PictureType.WEBP: _webp,
    PictureType.GIF: _gif,
    PictureType.TIFF: _tiff,
    PictureType.HEIC: _boxes,
    PictureType.AVIF: _boxes,
    PictureType.PSD: _psd,
    PictureType.RAW: _raw,
}
