"""What must be installed before pictures of a kind can be opened, told without opening any.

Nothing is imported for it: the daemon asks here, and only its workers open pictures.
"""

from __future__ import annotations

import importlib.util
import shlex
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib import metadata
from importlib.machinery import PathFinder
from typing import Final

from hotfolder.kinds.formats import EXTENSIONS, PictureType

# The module that opens a kind, and the package that brings it.
PACKAGES: Final = {
    PictureType.HEIC: ("pillow_heif", "pillow-heif"),
    PictureType.RAW: ("rawpy", "rawpy"),
}
_PILLOW: Final = ("PIL", "pillow")
# Whatever this was installed by and from: this works in the same environment.
PIP: Final = f"{shlex.quote(sys.executable)} -m pip"
_AVIF: Final = "PIL._avif"
_KINDS: Final = {each: kind for kind, named in EXTENSIONS.items() for each in named}


def missing(kind: PictureType) -> str | None:
    """Return what must be installed before pictures of a kind can be opened, or None."""
    if kind is PictureType.AVIF and not _has_part("PIL", _AVIF):
        return f"a newer Pillow ({PIP} install -U pillow)"
    module, package = PACKAGES.get(kind, _PILLOW)
    if importlib.util.find_spec(module) is not None:
        return None
    return f"the package {package} ({PIP} install {package})"


def lacks_decoder() -> bool:
    """Return whether nothing here decodes films and sounds: only their containers are read."""
    return importlib.util.find_spec("av") is None


def openers() -> dict[str, str]:
    """Return what is installed to open pictures with: the version by the package's name."""
    found: dict[str, str] = {}
    for module, package in (_PILLOW, *PACKAGES.values()):
        if importlib.util.find_spec(module) is not None:
            with suppress(metadata.PackageNotFoundError):
                found[package] = metadata.version(package)
    return found


def may_open(name: str, before: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Return whether a file of this name, which `before` could not open, may be opened `now`.

    Both are what `openers` returned. A name that is none of a picture's says nothing.
    """
    changed = {each for each in now if now[each] != before.get(each)}
    kind = _KINDS.get(name.rpartition(".")[2].lower())
    return bool(changed) if kind is None else PACKAGES.get(kind, _PILLOW)[1] in changed


def _has_part(package: str, part: str) -> bool:
    """Whether a package has a part, without importing either."""
    if part in sys.modules:  # a confined worker finds nothing on the disk
        return True
    found = importlib.util.find_spec(package)
    places = found.submodule_search_locations if found else None
    return places is not None and PathFinder.find_spec(part, places) is not None
