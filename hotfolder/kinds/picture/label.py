"""A mark that people see: that a model had a part in a picture.

A few letters on a dark ground in a corner, as the European Union's code of practice for marking
AI-generated content has it: readable on any picture, and never drawn where nobody asked for it.
"""

from __future__ import annotations

from typing import Final

from PIL import Image, ImageDraw, ImageFont

_LEAST_PIXELS: Final = 14
_SCALE: Final = 4  # drawn so much larger: the edges are smooth then
_GROUND: Final = (0, 0, 0, 190)
_INK: Final = (255, 255, 255, 255)
_MARGIN, _PADDING, _ROUND, _LETTERS = 0.5, 0.35, 0.28, 0.62


def labelled(image: Image.Image, text: str, corner: str, share: float) -> Image.Image:
    """Return a grey, RGB or RGBA picture with a label.

    `corner` is "top-left" and the like; the label's height is `share` of the shorter side, and at
    least as much as can be read.
    """
    made = image.convert("RGB") if image.mode == "L" else image.copy()
    height = max(_LEAST_PIXELS, round(min(made.size) * share))
    label = _label(text, height)
    if label.width > made.width:
        label = label.resize((made.width, max(1, label.height * made.width // label.width)))
    margin = min(round(height * _MARGIN), (made.width - label.width) // 2)
    left = margin if corner.endswith("left") else made.width - label.width - margin
    top = margin if corner.startswith("top") else made.height - label.height - margin
    place = max(0, left), max(0, top)
    made.paste(_over(made, label, place), place)
    return made


def _over(image: Image.Image, label: Image.Image, place: tuple[int, int]) -> Image.Image:
    left, top = place
    box = (left, top, left + label.width, top + label.height)
    below = image.crop(box).convert("RGBA")
    return Image.alpha_composite(below, label).convert(image.mode)


def _label(text: str, height: int) -> Image.Image:
    large = height * _SCALE
    font = ImageFont.load_default(large * _LETTERS)
    padding = large * _PADDING
    width = round(font.getlength(text) + 2 * padding)
    drawn = Image.new("RGBA", (max(width, large), large), (0, 0, 0, 0))
    pen = ImageDraw.Draw(drawn)
    edge = (0, 0, drawn.width - 1, large - 1)
    pen.rounded_rectangle(edge, large * _ROUND, fill=_GROUND, outline=_INK, width=_SCALE)
    pen.text((drawn.width / 2, large / 2), text, font=font, fill=_INK, anchor="mm")
    return drawn.resize((drawn.width // _SCALE, height), Image.Resampling.LANCZOS)
