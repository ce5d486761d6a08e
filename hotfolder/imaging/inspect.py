"""Looks at a picture in two depths: layout only, or decoded to the last pixel.

`inspect` reads headers and trailers and costs a fraction of a millisecond: for sources.
`decode` also proves that the pixels can be decoded: for results that were paid for.
Both raise nothing but PictureError for whatever bytes they are given. A MemoryError
does leave: it says something about this machine, and nothing about the picture.
"""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from typing import TYPE_CHECKING, Final

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from hotfolder.imaging import layout
from hotfolder.imaging.picture import (
    BrokenPicture,
    EmptyPicture,
    NotAPicture,
    Picture,
    PictureError,
    PictureType,
    TooManyPixels,
    TruncatedPicture,
    begins_like_a_picture,
    sniff,
)
from hotfolder.imaging.tiff import tiff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PIL import ImageFile

__all__ = [
    "PIXEL_LIMIT",
    "BrokenPicture",
    "EmptyPicture",
    "NotAPicture",
    "Picture",
    "PictureError",
    "PictureType",
    "TooManyPixels",
    "TruncatedPicture",
    "decode",
    "inspect",
    "sniff",
]

# Above the largest camera backs (151 MP), below what takes a small NAS's whole memory.
PIXEL_LIMIT: Final = 250_000_000

_LAYOUTS: dict[PictureType, Callable[[bytes], layout.Size]] = {
    PictureType.JPEG: layout.jpeg,
    PictureType.PNG: layout.png,
    PictureType.WEBP: layout.webp,
    PictureType.GIF: layout.gif,
    PictureType.BMP: layout.bmp,
    PictureType.TIFF: tiff,
}

# The decoders by name rather than Image.open: that would also try those of other formats.
_DECODERS: dict[PictureType, Callable[[io.BytesIO], ImageFile.ImageFile]] = {
    PictureType.JPEG: JpegImagePlugin.JpegImageFile,
    PictureType.PNG: PngImagePlugin.PngImageFile,
    PictureType.WEBP: WebPImagePlugin.WebPImageFile,
    PictureType.GIF: GifImagePlugin.GifImageFile,
    PictureType.BMP: BmpImagePlugin.BmpImageFile,
    PictureType.TIFF: TiffImagePlugin.TiffImageFile,
}

# What Pillow's decoders were seen to raise on damaged files; Warning for -W error.
_PILLOW_FAILURES = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    EOFError,
    RuntimeError,
    Warning,
    struct.error,
    zlib.error,
)


def inspect(content: bytes, *, limit: int = PIXEL_LIMIT) -> Picture:
    """Look at a picture's header and trailer without decoding it.

    limit is the largest allowed width times height in pixels. Raises EmptyPicture,
    NotAPicture, TruncatedPicture, BrokenPicture or TooManyPixels. The trailer is what
    catches a file that is still being copied (field notes, "What each signal proves").
    """
    kind = _kind(content)
    width, height = _LAYOUTS[kind](content)
    if width < 1 or height < 1:
        raise BrokenPicture("the picture's header states no size")
    if width * height > limit:
        raise TooManyPixels(width, height, limit)
    return Picture(type=kind, width=width, height=height, bytes=len(content))


def decode(content: bytes, *, limit: int = PIXEL_LIMIT) -> Picture:
    """Decode a picture to its last pixel, to prove that it is whole; return what it is.

    limit is the largest allowed width times height in pixels. Of an animation or a file
    of several pages, as many are decoded as the limit holds together, at least one; the
    rest counts by its layout. Raises as `inspect` does.
    """
    picture = inspect(content, limit=limit)
    with _translated(), _DECODERS[picture.type](io.BytesIO(content)) as image:
        _load_frames(image, limit)
    return picture


def _kind(content: bytes) -> PictureType:
    """Tell the type, or raise the most helpful error for bytes that have none."""
    if not content:
        raise EmptyPicture("the file is empty")
    kind = sniff(content[:32])
    if kind is not None:
        return kind
    # The zeros at the end may be space that a copy has reserved and not yet written.
    if begins_like_a_picture(content.rstrip(b"\0")):
        raise TruncatedPicture("the file is not written yet")
    raise NotAPicture("the file is not a picture, whatever its name says")


def _load_frames(image: ImageFile.ImageFile, limit: int) -> None:
    """Decode frame after frame within the limit of pixels, guarding each one's size."""
    left = limit
    frame = 0
    while left > 0:
        width, height = image.size
        if width * height > limit:
            raise TooManyPixels(width, height, limit)
        image.load()
        left -= width * height
        frame += 1
        try:
            image.seek(frame)
        except EOFError:
            return


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Turn whatever Pillow raises into BrokenPicture."""
    try:
        yield
    except _PILLOW_FAILURES as error:
        raise BrokenPicture(f"the picture cannot be decoded: {error}") from error
