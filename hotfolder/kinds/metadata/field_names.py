"""The names of what a picture's metadata may say: exif.Model, iptc.Headline, xmp.Rating."""

from __future__ import annotations

from functools import cache
from typing import Final

# IPTC's fields by the names that photographers' programs show, and their datasets.
IPTC_NAMES: Final = {
    "Title": 5,
    "Keywords": 25,
    "Instructions": 40,
    "Creator": 80,
    "City": 90,
    "Location": 92,
    "State": 95,
    "Country": 101,
    "Job": 103,
    "Headline": 105,
    "Credit": 110,
    "Source": 115,
    "Copyright": 116,
    "Description": 120,
}
XMP_NAMES: Final = ("Rating", "Label")


@cache
def exif_names() -> frozenset[str]:
    """Return the names of EXIF's fields."""
    from PIL import ExifTags  # noqa: PLC0415  slow to load, and few prompts have fields

    return frozenset(name for name in ExifTags.TAGS.values() if name.isidentifier())


def all_names() -> frozenset[str]:
    """Return all names: exif.Model, iptc.Headline, xmp.Rating, and so on."""
    return frozenset(
        {f"exif.{name}" for name in exif_names()}
        | {f"iptc.{name}" for name in IPTC_NAMES}
        | {f"xmp.{name}" for name in XMP_NAMES}
    )
