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

# What each edit has of a colour of its own, by which any two of them differ.
_TINT_SHARE = 0.06
_COLOUR_SHARE = 0.35
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

    digest: at least four bytes that differ wherever two edits must differ. They choose the look
        where no word of the prompt is known, and a slight tint of its own for each edit.
    """
    asked = [look for look in LOOKS if re.search(rf"\b(?:{look.words})", prompt, re.IGNORECASE)]
    for look in asked or [LOOKS[digest[3] % _FIT_FOR_ALL]]:
        picture = look.change(picture)
    own = (digest[0], digest[1], digest[2])
    return Image.blend(picture, Image.new("RGB", picture.size, own), _TINT_SHARE)


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
    """Return what leads a picture's colours towards one."""

    def change(picture: Image.Image) -> Image.Image:
        toned = ImageOps.colorize(picture.convert("L"), "black", "white", mid=(red, green, blue))
        return Image.blend(picture, toned, _COLOUR_SHARE)

    return change


def _night(picture: Image.Image) -> Image.Image:
    dark = picture.point([round(level * 0.62) for level in range(256)] * 3)
    return _balance(0.72, 0.82, 1.25)(ImageEnhance.Contrast(dark).enhance(1.15))


def _grey(picture: Image.Image) -> Image.Image:
    return ImageOps.autocontrast(picture.convert("L"), cutoff=0.5).convert("RGB")


def _sketch(picture: Image.Image) -> Image.Image:
    """Draw what is darker than its surroundings, on white paper."""
    grey = picture.convert("L")
    around = grey.filter(ImageFilter.BoxBlur(max(1, max(picture.size) // _LINES_SHARE)))
    lines = ImageChops.subtract(around, grey, scale=_PENCIL_SCALE)
    return Image.blend(ImageOps.invert(lines), grey, _PENCIL_SHADE).convert("RGB")


def _poster(picture: Image.Image) -> Image.Image:
    flat = ImageOps.posterize(picture.filter(ImageFilter.BoxBlur(1)), 3)
    return ImageEnhance.Contrast(ImageEnhance.Color(flat).enhance(1.5)).enhance(1.1)


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
    Look("poster|comic|cartoon|anime|manga|illustration|paint", _poster),
    Look("soft|dream|portrait|glow|haze|pastel|wedding", _soft),
    Look("vintage|sepia|retro|antique|old", _sepia),
    Look("sharp|upscale|enhance|restore|detail", _sharp),
    Look("red|scarlet|crimson", _colour(200, 60, 55)),
    Look("green|forest|jungle|emerald", _colour(70, 150, 80)),
    Look("blue|sea|ocean|navy", _colour(60, 110, 190)),
    Look("gold|yellow|amber|orange", _colour(205, 150, 50)),
    Look("purple|violet|pink|magenta", _colour(170, 80, 160)),
)
