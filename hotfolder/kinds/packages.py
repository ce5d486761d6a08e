"""What must be installed before pictures of a kind can be opened, told without opening any.

Nothing is imported for it: the daemon asks here, and only its workers open pictures.
"""

from __future__ import annotations

import importlib.util
import shlex
import sys
from importlib.machinery import PathFinder
from typing import Final

from hotfolder.kinds.formats import PictureType

# The module that opens a kind, and the package that brings it.
PACKAGES: Final = {
    PictureType.HEIC: ("pillow_heif", "pillow-heif"),
    PictureType.RAW: ("rawpy", "rawpy"),
}
# Whatever this was installed by and from: this works in the same environment.
PIP: Final = f"{shlex.quote(sys.executable)} -m pip"
_AVIF: Final = "PIL._avif"


def missing(kind: PictureType) -> str | None:
    """Return what must be installed before pictures of a kind can be opened, or None."""
    if kind is PictureType.AVIF and not _has_part("PIL", _AVIF):
        return f"a newer Pillow ({PIP} install -U pillow)"
    module, package = PACKAGES.get(kind, ("PIL", "pillow"))
    if importlib.util.find_spec(module) is not None:
        return None
    return f"the package {package} ({PIP} install {package})"


def _has_part(package: str, part: str) -> bool:
    """Whether a package has a part, without importing either."""
    if part in sys.modules:  # a confined worker finds nothing on the disk
        return True
    found = importlib.util.find_spec(package)
    places = found.submodule_search_locations if found else None
    return places is not None and PathFinder.find_spec(part, places) is not None
