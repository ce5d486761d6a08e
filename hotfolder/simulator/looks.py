"""What a simulated edit does to a picture's light and colour, chosen by the words of the prompt.

A model understands a prompt; these looks know a few words each. Whatever is asked for, the
picture stays a good picture: no look hides, turns or spoils what is in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

if TYPE_CHECKING:
    from collections.abc import Callable

# How far a finish goes at most, by which any two edits differ, and two models more than that.
_FINISH_SHARE = 0.14
_CORNER_SHARE = 0.3
_COLOUR_POWER = 0.45
_POSTER_COLOURS = 28
_SMOOTH_SHARE = 300
_GLOW_SHARE = 60
_LINES_SHARE = 80
_PENCIL_SCALE = 0.3
_PENCIL_SHADE = 0.25
_FIT_FOR_ALL = 4


class Look(NamedTuple):
    """A way to change an RGB picture, and the words that ask for it."""

    words: str
    change: Callable[[Image.Image], Image.Image]


def developed(picture: Image.Image, prompt: str, digest: bytes) -> Image.Image:
    """Return an RGB picture of the same size with the looks that a prompt asks for.

    digest: at least five bytes that differ wherever two edits must differ. They choose the look
        where no word of the prompt is known, and a finish of its own for each edit.
    """
    asked = [look for look in LOOKS if re.search(rf"\b(?:{look.words})", prompt, re.IGNORECASE)]
    for look in asked or [LOOKS[digest[3] % _FIT_FOR_ALL]]:
        picture = look.change(picture)
    return _finished(picture, digest)


def _finished(picture: Image.Image, digest: bytes) -> Image.Image:
    """Return a picture with a light, a contrast, a strength of colour and corners of its own."""
    for change, byte in zip(
        (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color), digest, strict=False
    ):
        picture = change(picture).enhance(1 + _FINISH_SHARE * (byte / 255 - 0.4))
    corners = Image.radial_gradient("L").resize(picture.size)
    share = _CORNER_SHARE * digest[4] / 255
    dark = corners.point([round(share * max(0, level - 128)) for level in range(256)])
    return ImageChops.subtract(picture, Image.merge("RGB", [dark] * 3))


def _balance(red: float, green: float, blue: float) -> Callable[[Image.Image], Image.Image]:
    """Return what multiplies the channels, the lights less than the rest."""

    def change(picture: Image.Image) -> Image.Image:
        tables = [_lifted(factor) for factor in (red, green, blue)]
        return picture.point([level for table in tables for level in table])

    return change


def _lifted(factor: float) -> list[int]:
    """Return a channel's table: its middle times the factor, black and white as they are."""
    return [round(255 * (level / 255) ** (1 / factor)) for level in range(256)]


def _colour(red: int, green: int, blue: int) -> Callable[[Image.Image], Image.Image]:
    """Return what leads a picture's colours towards one; its blacks and whites stay."""
    mean = (red + green + blue) / 3
    share = [(channel / mean) ** _COLOUR_POWER for channel in (red, green, blue)]
    return _balance(*share)


def _night(picture: Image.Image) -> Image.Image:
    dark = picture.point([round(level * 0.62) for level in range(256)] * 3)
    return _balance(0.72, 0.82, 1.25)(ImageEnhance.Contrast(dark).enhance(1.15))


def _grey(picture: Image.Image) -> Image.Image:
    return ImageOps.autocontrast(picture.convert("L"), cutoff=0.5).convert("RGB")


def _lines(grey: Image.Image) -> Image.Image:
    """Draw what is darker than its surroundings, on white paper."""
    around = grey.filter(ImageFilter.BoxBlur(max(1, max(grey.size) // _LINES_SHARE)))
    return ImageOps.invert(ImageChops.subtract(around, grey, scale=_PENCIL_SCALE))


def _sketch(picture: Image.Image) -> Image.Image:
    grey = picture.convert("L")
    return Image.blend(_lines(grey), grey, _PENCIL_SHADE).convert("RGB")


def _poster(picture: Image.Image) -> Image.Image:
    """Lay a few flat colours, those that the picture has most of, below thin lines."""
    smooth = picture.filter(ImageFilter.BoxBlur(max(1, max(picture.size) // _SMOOTH_SHARE)))
    vivid = ImageEnhance.Brightness(ImageEnhance.Color(smooth).enhance(1.4)).enhance(1.1)
    flat = vivid.quantize(_POSTER_COLOURS, dither=Image.Dither.NONE).convert("RGB")
    lines = _lines(picture.convert("L")).convert("RGB")
    return Image.blend(flat, ImageChops.multiply(flat, lines), 0.45)


def _soft(picture: Image.Image) -> Image.Image:
    radius = max(1, max(picture.size) // _GLOW_SHARE)
    glow = ImageChops.screen(picture, picture.filter(ImageFilter.BoxBlur(radius)))
    return Image.blend(picture, glow, 0.4)


def _cinema(picture: Image.Image) -> Image.Image:
    toned = ImageOps.colorize(
        picture.convert("L"), (8, 24, 34), (255, 236, 206), mid=(122, 118, 112)
    )
    return ImageEnhance.Contrast(Image.blend(picture, toned, 0.35)).enhance(1.15)


def _vivid(picture: Image.Image) -> Image.Image:
    return ImageEnhance.Contrast(ImageEnhance.Color(picture).enhance(1.35)).enhance(1.08)


def _sepia(picture: Image.Image) -> Image.Image:
    return ImageOps.colorize(picture.convert("L"), (32, 18, 8), (255, 240, 212), mid=(150, 112, 72))


def _sharp(picture: Image.Image) -> Image.Image:
    return picture.filter(ImageFilter.UnsharpMask(radius=2, percent=120, threshold=2))


WARM: Final = _balance(1.28, 1.06, 0.78)
COOL: Final = _balance(0.86, 1.0, 1.24)
# Those at the top suit every picture.
LOOKS: Final = (
    Look("warm|summer|sun|golden|evening|autumn|candle|beach|desert", WARM),
    Look("cinema|film|movie|dramatic|moody|teal", _cinema),
    Look("vivid|vibrant|colou?rful|spring|bright|pop", _vivid),
    Look("cool|cold|winter|snow|ice|frost|rain|fog", COOL),
    Look("night|moon|midnight|dark|star", _night),
    Look("black and white|black-and-white|b&w|monochrome|grey|gray|noir", _grey),
    Look("sketch|pencil|drawing|charcoal|line art|ink", _sketch),
    Look("poster|comic|cartoon|anime|manga|illustration|paint|watercolou?r", _poster),
    Look("soft|dream|portrait|glow|haze|pastel|wedding", _soft),
    Look("vintage|sepia|retro|antique|old", _sepia),
    Look("sharp|upscale|enhance|restore|detail", _sharp),
    Look("red|scarlet|crimson", _colour(200, 60, 55)),
    Look("green|forest|jungle|emerald", _colour(70, 150, 80)),
    Look("blue|sea|ocean|navy", _colour(60, 110, 190)),
    Look("gold|yellow|amber|orange", _colour(205, 150, 50)),
    Look("purple|violet|pink|magenta", _colour(170, 80, 160)),
)
