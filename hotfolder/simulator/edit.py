"""The simulated edit: a visible, deterministic change of a picture's pixels.

Owns Pillow inside the simulator. Nobody should take a result for the real
service's work, so the word SIMULATED stands in every one.
"""

from __future__ import annotations

import colorsys
import hashlib
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps, UnidentifiedImageError

if TYPE_CHECKING:
    from collections.abc import Callable

MARK = "SIMULATED"
CANVAS_SIZE = (1024, 1024)
# Sharp edges need no more, and level 1 is ten times as quick as the default.
_PNG_LEVEL = 1
_JPEG_QUALITY = 90
_BLUR_SHARE = 150
_MARK_WIDTH = 0.86
_MARK_HEIGHT = 0.3
_STROKE_SHARE = 14


class UnreadablePictureError(ValueError):
    """The bytes are not a picture, or are cut short."""


def edit(source: bytes | None, prompt: str, index: int, result_type: str) -> bytes:
    """Return the edit of a picture, encoded and free of metadata.

    source: the picture's file; None starts from an empty canvas, as models do that
        make a picture from text alone.
    index: which of several results of one task; each looks different.
    result_type: "png" or "jpg".

    The size is that of the picture as it is shown (its EXIF orientation applied).
    Raises UnreadablePictureError.
    """
    picture, alpha = _open(source)
    digest = hashlib.sha256(f"{index}\0{prompt}".encode()).digest()
    edited = _mark(_grade(_VARIANTS[digest[0] % len(_VARIANTS)](picture), digest))
    if alpha is not None and result_type == "png":
        edited.putalpha(alpha)
    return _encode(edited, result_type)


def result_type(extension: str) -> str:
    """Return the type a result has for a source of this type."""
    return "png" if extension == "png" else "jpg"


def _open(source: bytes | None) -> tuple[Image.Image, Image.Image | None]:
    if source is None:
        return Image.linear_gradient("L").resize(CANVAS_SIZE).convert("RGB"), None
    try:
        with Image.open(BytesIO(source)) as opened:
            upright = ImageOps.exif_transpose(opened)
            alpha = upright.convert("RGBA").getchannel("A") if _is_see_through(upright) else None
            return upright.convert("RGB"), alpha
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        SyntaxError,  # Pillow's PNG reader raises it for broken chunks
        ValueError,
    ) as error:
        raise UnreadablePictureError(str(error)) from error


def _is_see_through(picture: Image.Image) -> bool:
    return picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info


def _blur(picture: Image.Image) -> Image.Image:
    return picture.filter(ImageFilter.BoxBlur(max(1, min(picture.size) // _BLUR_SHARE)))


def _posterise(picture: Image.Image) -> Image.Image:
    return ImageOps.posterize(picture, 2)


_VARIANTS: tuple[Callable[[Image.Image], Image.Image], ...] = (
    ImageOps.mirror,
    ImageOps.flip,
    ImageOps.invert,
    _posterise,
    _blur,
)


def _grade(picture: Image.Image, digest: bytes) -> Image.Image:
    """Blend the picture with a duotone whose two hues the digest gives."""
    hue = digest[1] / 256
    dark = _rgb(hue, 0.9, 0.25)
    light = _rgb((hue + 0.35 + digest[2] / 1024) % 1, 0.45, 1.0)
    duotone = ImageOps.colorize(picture.convert("L"), dark, light)
    return Image.blend(picture, duotone, 0.55 + digest[3] / 1024)


def _rgb(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _mark(picture: Image.Image) -> Image.Image:
    """Draw the mark across the middle, as large as fits."""
    width, height = picture.size
    probe = ImageFont.load_default(100)
    share = probe.getlength(MARK) / 100
    size = max(6.0, min(width * _MARK_WIDTH / share, height * _MARK_HEIGHT))
    ImageDraw.Draw(picture).text(
        (width / 2, height / 2),
        MARK,
        font=ImageFont.load_default(size),
        fill="white",
        stroke_fill="black",
        stroke_width=max(1, int(size / _STROKE_SHARE)),
        anchor="mm",
    )
    return picture


def _encode(picture: Image.Image, result_type: str) -> bytes:
    out = BytesIO()
    if result_type == "png":
        picture.save(out, "PNG", compress_level=_PNG_LEVEL)
    else:
        picture.save(out, "JPEG", quality=_JPEG_QUALITY)
    return out.getvalue()
