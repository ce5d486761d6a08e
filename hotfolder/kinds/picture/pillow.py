"""What all work with Pillow shares: its limits, the decoders, its exceptions as this room's own."""

from __future__ import annotations

import contextlib
import importlib
import struct
import zlib
from typing import TYPE_CHECKING, Any, Final

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from hotfolder.kinds.formats import BrokenPicture, PictureType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# Pillow's own guard only warns up to twice its limit, and a warning is nobody's verdict.
# This package compares the size in the header with its caller's limit before it decodes.
# Set once, here, because changing it around each call would race between threads.
Image.MAX_IMAGE_PIXELS = None

# Pillow refuses a whole PNG for one compressed text above 1 MiB. Image generators store
# their work flows there; a paid result must not count as broken because of its notes.
PngImagePlugin.MAX_TEXT_CHUNK = 16 * 1024 * 1024


_MOST_PROFILES: Final = 4


class _ModestStream(PngImagePlugin.PngStream):
    """A PNG's chunks, of whose colour profiles a few are inflated: one is all that it may have."""

    _profiles = 0

    def chunk_iCCP(self, pos: int, length: int) -> bytes:  # noqa: N802  as in the base class
        """Read a profile, or pass it over."""
        self._profiles += 1
        if self._profiles > _MOST_PROFILES and self.fp is not None:
            return ImageFile._safe_read(self.fp, length)  # noqa: SLF001  as in the base class
        return super().chunk_iCCP(pos, length)


PngImagePlugin.PngStream = _ModestStream  # type: ignore[misc]


def _avif(file: Any) -> ImageFile.ImageFile:  # noqa: ANN401  any file
    avif: Any = importlib.import_module("PIL.AvifImagePlugin")  # not in every Pillow
    avif.DEFAULT_MAX_THREADS = 1
    opened: ImageFile.ImageFile = avif.AvifImageFile(file)
    return opened


# The decoders by name rather than Image.open: that would also try those of other formats.
DECODERS: Final[Mapping[PictureType, Callable[[Any], ImageFile.ImageFile]]] = {
    PictureType.JPEG: JpegImagePlugin.JpegImageFile,
    PictureType.PNG: PngImagePlugin.PngImageFile,
    PictureType.WEBP: WebPImagePlugin.WebPImageFile,
    PictureType.GIF: GifImagePlugin.GifImageFile,
    PictureType.BMP: BmpImagePlugin.BmpImageFile,
    PictureType.TIFF: TiffImagePlugin.TiffImageFile,
    PictureType.AVIF: _avif,
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
