"""Private metadata by name: what a rule may keep from being sent or published."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from hotfolder.kinds.metadata import exif, xmp
from hotfolder.kinds.metadata.containers import Blocks

ALL: Final = "all"
NAMES: Final = ("gps", "serials", "thumbnail", ALL)


def without(blocks: Blocks, names: Collection[str]) -> Blocks:
    """Return metadata without the private parts named; "all" leaves only what shows the colours.

    How the picture is turned stays with it in any case.
    """
    if ALL in names:
        turned = exif.orientation(blocks.exif)
        return Blocks(exif=exif.only_orientation(turned) if turned != 1 else b"", icc=blocks.icc)
    wanted = {each for each in ("gps", "serials", "thumbnail") if each in names}
    if not wanted:
        return blocks
    return replace(
        blocks, exif=exif.without(blocks.exif, wanted), xmp=xmp.without(blocks.xmp, wanted)
    )
