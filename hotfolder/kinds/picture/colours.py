"""Any picture that Pillow can decode -> grey, RGB or RGBA of 8 bits in sRGB.

By the picture's own ICC profile where it has one. CMYK without a profile is converted by the
plain formula, since no profile of a printing press may be shipped with this program.
"""

from __future__ import annotations

import io
from functools import cache
from typing import Final

from PIL import Image, ImageCms

PLAIN_CMYK: Final = "CMYK without a colour profile: the colours are approximate"
DAMAGED_PROFILE: Final = "its colour profile is damaged and was left out"

_SPACES = {"L": "GRAY", "RGB": "RGB", "RGBA": "RGB", "CMYK": "CMYK", "LAB": "Lab"}
_PLAIN_MODES = {"1": "L", **dict.fromkeys(("LA", "La", "PA", "RGBa"), "RGBA")}
_DATE_AT = slice(24, 36)
_A_DATE = bytes((7, 208, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0))


@cache
def srgb_profile() -> bytes:
    """Return an ICC profile of sRGB, the same bytes every time."""
    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    made[_DATE_AT] = _A_DATE  # LittleCMS writes the time of day
    return bytes(made)


def is_rgb_profile(profile: bytes) -> bool:
    """Whether a profile is for RGB pictures, by its header."""
    return profile[16:20] == b"RGB " and profile[36:40] == b"acsp"


def are_alike(profile: bytes, other: bytes) -> bool:
    """Whether the same numbers are the same colours with two profiles; b"" = with none."""
    return profile == other or (_is_srgb(profile) and _is_srgb(other))


def _is_srgb(profile: bytes) -> bool:
    if not profile:
        return True
    try:
        return _names_srgb(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    except OSError:
        return False


def _names_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    return "sRGB" in (profile.profile.profile_description or "")


def to_srgb(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """Return a picture as L, RGB or RGBA in sRGB, and what a person should know of it."""
    profile = image.info.get("icc_profile")
    image = _plain(image)
    if profile:
        try:
            return _by_profile(image, profile), []
        except (ImageCms.PyCMSError, OSError, ValueError):
            return _without_profile(image), [DAMAGED_PROFILE]
    notes = [PLAIN_CMYK] if image.mode == "CMYK" else []
    return _without_profile(image), notes


def _plain(image: Image.Image) -> Image.Image:
    """Bring every mode to one of those that a profile can be for, 8 bits deep."""
    if "transparency" in image.info and image.mode in {"P", "L", "RGB"}:
        return image.convert("RGBA")
    if image.mode in _SPACES:
        return image
    if image.mode == "F":
        return image.point(lambda value: value * 255).convert("L")
    if image.mode.startswith("I"):
        # Pillow's own conversion cuts off instead of scaling.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    return image.convert(_PLAIN_MODES.get(image.mode, "RGB"))


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image:
    given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if given.profile.xcolor_space.strip() != _SPACES[image.mode]:
        raise ValueError("a profile for other colours than the picture's")
    if image.mode in {"RGB", "RGBA"} and _names_srgb(given):
        return image
    changed = ImageCms.profileToProfile(
        image,
        given,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGBA" if image.mode == "RGBA" else "RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if changed is None:
        raise ValueError("nothing was converted")
    return changed


def _without_profile(image: Image.Image) -> Image.Image:
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB") or image.convert("RGB")
    return image if image.mode in {"L", "RGB", "RGBA"} else image.convert("RGB")
