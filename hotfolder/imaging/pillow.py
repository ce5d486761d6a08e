"""What all work with Pillow shares: the decoders, and its exceptions as this room's own."""

from __future__ import annotations

import contextlib
import struct
import zlib
from typing import TYPE_CHECKING, Any, Final

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from hotfolder.imaging.picture import BrokenPicture, PictureType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# The decoders by name rather than Image.open: that would also try those of other formats.
DECODERS: Final[Mapping[PictureType, Callable[[Any], ImageFile.ImageFile]]] = {
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


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn whatever Pillow raises into BrokenPicture."""
    try:
        yield
    except _PILLOW_FAILURES as error:
        raise BrokenPicture(f"the picture cannot be decoded: {error}") from error
