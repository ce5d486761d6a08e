"""Looks at a picture in two depths: layout only, or decoded to the last pixel.

`inspect` reads headers and trailers and costs a fraction of a millisecond: for sources.
`decode` also proves that the pixels can be decoded: for results that were paid for.
Both raise nothing but PictureError for whatever bytes they are given. A MemoryError
does leave: it says something about this machine, and nothing about the picture.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PIL import Image

from hotfolder.kinds.formats import (
    BrokenPicture,
    EmptyPicture,
    NoDecoder,
    NotAPicture,
    Picture,
    PictureError,
    PictureType,
    TooManyPixels,
    TruncatedPicture,
    UnwrittenPicture,
    begins_like_a_picture,
    sniff,
)
from hotfolder.kinds.metadata import boxes, items, layout, parts, raws
from hotfolder.kinds.metadata.tiff import is_raw, tiff
from hotfolder.kinds.picture import header
from hotfolder.kinds.picture.pillow import DECODERS, translated

if TYPE_CHECKING:
    from PIL import ImageFile

__all__ = [
    "PIXEL_LIMIT",
    "BrokenPicture",
    "EmptyPicture",
    "NoDecoder",
    "NotAPicture",
    "Picture",
    "PictureError",
    "PictureType",
    "Shown",
    "TooManyPixels",
    "TruncatedPicture",
    "UnwrittenPicture",
    "decode",
    "inspect",
    "sniff",
]

# What is shown a picture once it is decoded, and leaves it as it is.
Shown = Callable[[Image.Image], None]

# Above the largest camera backs (151 MP), below what takes a small NAS's whole memory.
PIXEL_LIMIT: Final = 250_000_000

_HEAD_BYTES = 64


def _shown_size(content: bytes) -> layout.Size:
    return items.shown(content).size


_LAYOUTS: dict[PictureType, Callable[[bytes], layout.Size]] = {
    PictureType.JPEG: layout.jpeg,
    PictureType.PNG: layout.png,
    PictureType.WEBP: layout.webp,
    PictureType.GIF: layout.gif,
    PictureType.BMP: layout.bmp,
    PictureType.TIFF: tiff,
    PictureType.HEIC: _shown_size,
    PictureType.AVIF: _shown_size,
    PictureType.PSD: boxes.psd,
    PictureType.RAW: raws.size,
}


def inspect(content: bytes, *, limit: int = PIXEL_LIMIT) -> Picture:
    """Look at a picture's header and trailer without decoding it.

    limit is the largest allowed width times height in pixels. Raises EmptyPicture,
    NotAPicture, TruncatedPicture, BrokenPicture or TooManyPixels. The trailer is what
    catches a file that is still being copied (field notes, "What each signal proves").
    """
    with translated():
        kind = _kind(content)
        width, height = _LAYOUTS[kind](content)
    if width < 1 or height < 1:
        raise BrokenPicture("the picture's header states no size")
    if width * height > limit:
        raise TooManyPixels.of(width, height, limit)
    with translated():
        found, reach = header.of(kind, content), parts.reach(kind, content)
    return Picture(
        type=kind, width=width, height=height, bytes=len(content), header=found, reach=reach
    )


def decode(content: bytes, *, limit: int = PIXEL_LIMIT, shown: Shown | None = None) -> Picture:
    """Decode a picture to its last pixel, to prove that it is whole; return what it is.

    limit is the largest allowed width times height in pixels. Of an animation or a file
    of several pages, as many are decoded as the limit holds together, at least one; the
    rest counts by its layout. The first is shown once it is decoded. Raises as `inspect` does.
    """
    picture = inspect(content, limit=limit)
    decoder = DECODERS.get(picture.type)
    if decoder is None:
        raise NoDecoder(f"a {picture.type.extension.upper()} cannot be a result")
    with translated(), decoder(io.BytesIO(content)) as image:
        _load_frames(image, limit, shown)
    return picture


def _kind(content: bytes) -> PictureType:
    """Tell the type, or raise the most helpful error for bytes that have none."""
    if not content:
        raise EmptyPicture("the file is empty")
    head = content[:_HEAD_BYTES]
    kind = sniff(head)
    if kind is PictureType.TIFF and is_raw(content):
        return PictureType.RAW
    if kind is not None:
        return kind
    # The zeros at the end may be space that a copy has reserved and not yet written.
    zeros_follow = layout.only_zeros(content, len(head))
    if zeros_follow and not head.strip(b"\0"):
        raise UnwrittenPicture("nothing is written into the file yet")
    if zeros_follow and begins_like_a_picture(head.rstrip(b"\0")):
        raise TruncatedPicture("the file is not written yet")
    raise NotAPicture("the file is not a picture, whatever its name says")


def _load_frames(image: ImageFile.ImageFile, limit: int, shown: Shown | None) -> None:
    """Decode frame after frame within the limit of pixels, guarding each one's size."""
    left = limit
    frame = 0
    while left > 0:
        width, height = image.size
        if width * height > limit:
            raise TooManyPixels.of(width, height, limit)
        image.load()
        if shown and not frame:
            shown(image)
        left -= width * height
        frame += 1
        try:
            image.seek(frame)
        except EOFError:
            return
