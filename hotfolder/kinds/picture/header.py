"""What a picture's header says besides its type and size: turned, CMYK, deep, several frames.

Looks at bytes whose layout was walked and found whole; what makes no sense counts as ordinary.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from typing import Final

from PIL import GifImagePlugin

from hotfolder.kinds.formats import Header, PictureType
from hotfolder.kinds.metadata import containers, exif, items, raws, tiff

_PLAIN = Header()
_FRAME = re.compile(rb"\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]..(.)....(.)", re.DOTALL)
_BYTE_BITS: Final = 8
_CMYK_CHANNELS: Final = 4
_PSD_CMYK: Final = 4
_PNG_GREY: Final = frozenset({0, 4})
_WEBP_ANIMATED: Final = 0x02


def of(kind: PictureType, content: bytes) -> Header:
    """Return the traits of a whole picture."""
    look = _LOOKS.get(kind)
    return look(content) if look else _PLAIN


def _jpeg(content: bytes) -> Header:
    frame = next(filter(None, (_FRAME.match(content, at) for at in _jpeg_places(content))), None)
    return Header(
        orientation=_turned(PictureType.JPEG, content),
        cmyk=frame is not None and frame[2][0] == _CMYK_CHANNELS,
        grey=frame is not None and frame[2][0] == 1,
        deep=frame is not None and frame[1][0] > _BYTE_BITS,
    )


def _jpeg_places(content: bytes) -> list[int]:
    return [start for _, start, _ in containers.segments(content)]


def _png(content: bytes) -> Header:
    kinds = {kind for kind, _, _ in containers.png_chunks(content)}
    return Header(
        orientation=_turned(PictureType.PNG, content),
        deep=content[24] > _BYTE_BITS,
        grey=content[25] in _PNG_GREY,
        several=b"acTL" in kinds,
    )


def _webp(content: bytes) -> Header:
    several = content[12:16] == b"VP8X" and bool(content[20] & _WEBP_ANIMATED)
    return Header(orientation=_turned(PictureType.WEBP, content), several=several)


def _gif(content: bytes) -> Header:
    # Python only: nothing is decoded.
    with GifImagePlugin.GifImageFile(io.BytesIO(content)) as image:
        return Header(several=image.is_animated)


def _psd(content: bytes) -> Header:
    depth, mode = content[23], content[25]
    return Header(cmyk=mode == _PSD_CMYK, deep=depth > _BYTE_BITS)


def _shown(content: bytes) -> Header:
    return Header(orientation=items.shown(content).orientation)


def _turned(kind: PictureType, content: bytes) -> int:
    return exif.orientation(containers.read(kind, content).exif)


_LOOKS: Mapping[PictureType, Callable[[bytes], Header]] = {
    PictureType.JPEG: _jpeg,
    PictureType.PNG: _png,
    PictureType.WEBP: _webp,
    PictureType.GIF: _gif,
    PictureType.TIFF: tiff.header,
    PictureType.PSD: _psd,
    PictureType.HEIC: _shown,
    PictureType.AVIF: _shown,
    PictureType.RAW: raws.header,
}
