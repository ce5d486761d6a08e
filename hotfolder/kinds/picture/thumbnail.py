"""A small picture to look at, made anew: nothing of the file it was made of is left in it.

Runs in a worker.
"""

from __future__ import annotations

from typing import Any, Final

from PIL import Image, ImageOps

from hotfolder.kinds.formats import PictureType
from hotfolder.kinds.picture import colours, decoders
from hotfolder.kinds.picture.inspect import inspect
from hotfolder.kinds.picture.pillow import translated
from hotfolder.kinds.picture.prepare import encoded, on_white
from hotfolder.kinds.picture.stream import stream

QUALITY: Final = 84


def thumbnail(content: Any, side: int) -> bytes:  # noqa: ANN401  bytes or a map of a file
    """Return a JPEG in sRGB, upright, at most `side` pixels long. Raises PictureError."""
    picture = inspect(content)
    with translated(), stream(content) as file:
        image: Image.Image
        image, _ = decoders.opened(picture.type, file)
        image.draft("RGB", (side, side))  # of JPEG alone: decodes at a half, a quarter
        profile = image.info.get("icc_profile")
        image = ImageOps.exif_transpose(image)
        if "transparency" not in image.info and image.mode in {"RGB", "L", "RGBA", "CMYK"}:
            image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
            image.info["icc_profile"] = profile
        image, _ = colours.to_srgb(image)
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        image = on_white(image) if image.mode == "RGBA" else image
        return encoded(image, PictureType.JPEG, QUALITY)
