"""Small pictures to look at, made anew: nothing of the file they were made of is left in them.

They are made of a file, or of a picture that was decoded for something else. Runs in a worker.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from PIL import Image, ImageOps

from hotfolder.kinds.formats import PictureType
from hotfolder.kinds.picture import colours, decoders
from hotfolder.kinds.picture.inspect import inspect
from hotfolder.kinds.picture.pillow import translated
from hotfolder.kinds.picture.prepare import encoded, on_white
from hotfolder.kinds.picture.stream import stream

QUALITY: Final = 84
_ORIENTATION: Final = 0x0112
_SCALED: Final = frozenset({"RGB", "L", "RGBA", "CMYK"})
# Several times as quick as the filters for what is delivered, and as good to look at.
_FILTER: Final = Image.Resampling.HAMMING


def thumbnail(content: Any, side: int) -> bytes:  # noqa: ANN401  bytes or a map of a file
    """Return a JPEG in sRGB, upright, at most `side` pixels long. Raises PictureError."""
    picture = inspect(content)
    with translated(), stream(content) as file:
        image: Image.Image
        image, _ = decoders.opened(picture.type, file)
        image.draft("RGB", (side, side))  # of JPEG alone: decodes at a half, a quarter
        return _encoded(_small(image, side))


def thumbnails(image: Image.Image, sides: Sequence[int]) -> list[bytes]:
    """Return such a JPEG for each side, the longest first, of a picture that is decoded already.

    The picture is left as it was. Raises PictureError.
    """
    with translated():
        largest = _small(image, sides[0])
        return [_encoded(largest), *(_encoded(_scaled(largest, side)) for side in sides[1:])]


def _small(image: Image.Image, side: int) -> Image.Image:
    """Return a picture as it looks, upright and in sRGB, at most `side` pixels long."""
    turned, profile = Image.Exif(), image.info.get("icc_profile")
    turned[_ORIENTATION] = image.getexif().get(_ORIENTATION, 1)
    if "transparency" not in image.info and image.mode in _SCALED:
        image = _scaled(image, side)
        image.info = {"icc_profile": profile}
    image, _ = colours.to_srgb(image)
    image = _scaled(image, side)
    image = on_white(image) if image.mode == "RGBA" else image
    image.info = {"exif": turned.tobytes()}
    return ImageOps.exif_transpose(image)


def _scaled(image: Image.Image, side: int) -> Image.Image:
    """Return another picture, at most `side` pixels long."""
    share = min(1.0, side / max(image.size))
    width, height = (max(1, round(each * share)) for each in image.size)
    return image.resize((width, height), _FILTER, reducing_gap=1.0)


def _encoded(image: Image.Image) -> bytes:
    return encoded(image, PictureType.JPEG, QUALITY)
