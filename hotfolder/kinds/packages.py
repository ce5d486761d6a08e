"""What must be installed before pictures of a kind can be opened, told without opening any.

Nothing is imported for it: the daemon asks here, and only its workers open pictures.
"""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import PathFinder
from typing import Final

from hotfolder.kinds.formats import PictureType

PACKAGES: Final = {PictureType.HEIC: ("pillow_heif", "heif"), PictureType.RAW: ("rawpy", "raw")}
_AVIF: Final = "PIL._avif"


def missing(kind: PictureType) -> str | None:
    """Return what must be installed before pictures of a kind can be opened, or None."""
    if kind is PictureType.AVIF and not _has_part("PIL", _AVIF):
        return "a newer Pillow (pip install -U pillow)"
    package, extra = PACKAGES.get(kind, ("PIL", ""))
    if importlib.util.find_spec(package) is not None:
        return None
    return f"the package {package} (pip install 'hotfolder[{extra}]')"


def _has_part(package: str, part: str) -> bool:
    """Whether a package has a part, without importing either."""
    if part in sys.modules:  # a confined worker finds nothing on the disk
        return True
    found = importlib.util.find_spec(package)
    places = found.submodule_search_locations if found else None
    return places is not None and PathFinder.find_spec(part, places) is not None
