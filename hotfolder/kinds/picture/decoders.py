"""Opening pictures of every kind, HEIC and raw files by packages that may be missing.

For workers only: what is imported and decoded here may crash.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Final

from PIL import (
    Image,
    JpegImagePlugin,
    PsdImagePlugin,
    TiffImagePlugin,
)

from hotfolder.kinds.formats import BrokenPicture, NoDecoder, PictureType
from hotfolder.kinds.packages import PIP, missing
from hotfolder.kinds.picture import psd
from hotfolder.kinds.picture.pillow import DECODERS

_BY_PILLOW: Final[Mapping[PictureType, Callable[[Any], Image.Image]]] = {
    **DECODERS,
    PictureType.PSD: PsdImagePlugin.PsdImageFile,
}
# A preview counts as full-size from this share of the raw picture's longer side.
_FULL_SIZE: Final = 0.9
_PLANES_TAG: Final = 284
_BY_PLANES: Final = 2
# LibRaw's flips, in degrees against the clock.
_FLIPS: Final = {3: 180, 5: 90, 6: 270}


def opened(kind: PictureType, file: BinaryIO) -> tuple[Image.Image, list[str]]:
    """Open a picture's first frame, and say what a person should know of it.

    `file` stays open for as long as the picture is to be decoded. Raises NoDecoder and whatever
    the libraries raise.
    """
    needed = missing(kind)
    if needed is not None:
        raise NoDecoder(f"a {kind.extension.upper()} needs {needed}")
    match kind:
        case PictureType.HEIC:
            return _heic(file), []
        case PictureType.RAW:
            return _raw(file)
    if kind is PictureType.PSD and not psd.has_palette(file):
        return psd.composite(file), []
    try:
        image = _tiff(file) if kind is PictureType.TIFF else _BY_PILLOW[kind](file)
    except SyntaxError as error:  # its layout was found whole
        raise NoDecoder(f"a {kind.extension.upper()} of unusual colours or depth") from error
    frames = 1 if kind is PictureType.PSD else getattr(image, "n_frames", 1)  # its are layers
    return image, [f"the first of {frames} frames or pages"] if frames > 1 else []


def _tiff(file: BinaryIO) -> Image.Image:
    """Open a TIFF; by libtiff, which maps the whole file, only where Pillow's own reader errs.

    That shows noise where 16 bits a colour stand plane by plane, uncompressed.
    """
    TiffImagePlugin.READ_LIBTIFF = False
    image = TiffImagePlugin.TiffImageFile(file)
    if image.tag_v2.get(_PLANES_TAG) != _BY_PLANES:
        return image
    TiffImagePlugin.READ_LIBTIFF = True
    file.seek(0)
    return TiffImagePlugin.TiffImageFile(file)


def _heic(file: BinaryIO) -> Image.Image:
    package: Any = importlib.import_module("pillow_heif")
    package.options.DECODE_THREADS = 1  # several tiles at a time take several times the memory
    image: Image.Image = package.open_heif(file, convert_hdr_to_8bit=True).to_pillow()
    image.info.pop("exif", None)  # the library has turned the picture already
    return image


def _raw(file: BinaryIO) -> tuple[Image.Image, list[str]]:
    rawpy: Any = importlib.import_module("rawpy")
    try:
        with rawpy.imread(file) as raw:
            preview = _preview(rawpy, raw)
            if preview is not None:
                return preview, ["the camera's own full-size preview"]
            pixels = raw.postprocess(use_camera_wb=True, output_bps=8)
            return Image.fromarray(pixels), ["developed with the camera's white balance"]
    except rawpy.LibRawFileUnsupportedError as error:
        needed = f"a newer rawpy, if there is one ({PIP} install -U rawpy)"
        raise NoDecoder(f"this camera's raw files need {needed}") from error
    except rawpy.LibRawError as error:
        raise BrokenPicture(f"the raw file cannot be opened: {error}") from error


def _preview(rawpy: Any, raw: Any) -> Image.Image | None:  # noqa: ANN401  rawpy has no types
    """Return the preview of a raw file, upright, if it is about as large as the raw picture."""
    try:
        found = raw.extract_thumb()
    except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError):
        return None
    if found.format is not rawpy.ThumbFormat.JPEG:
        return None
    image: Image.Image = JpegImagePlugin.JpegImageFile(io.BytesIO(found.data))
    if max(image.size) < _FULL_SIZE * max(raw.sizes.width, raw.sizes.height):
        return None
    if image.getexif().get(0x0112) is None and raw.sizes.flip in _FLIPS:
        return image.rotate(_FLIPS[raw.sizes.flip], expand=True)
    return image
