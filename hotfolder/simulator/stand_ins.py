"""What stands in for results that are no pictures, by what a model makes: extension and content.

Small real files that a program can open and prove; each says that it is SIMULATED.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

EXTENSIONS: Final[Mapping[str, str]] = {
    "video": "mp4",
    "audio": "mp3",
    "3d": "glb",
    "string": "txt",
}
# What goes on from a film into the next one, for models that are asked for it.
LAST_FRAME: Final = "png"
_FILES: Final[Mapping[str, str]] = {"video": "film.mp4", "audio": "sound.mp3", "3d": "cube.glb"}
_TEXT: Final = b"SIMULATED"


def content(output: str) -> bytes:
    """Return the file for what a model makes, by the catalog's word for it."""
    name = _FILES.get(output)
    return _TEXT if name is None else _sample(name)


@cache
def _sample(name: str) -> bytes:
    return files("hotfolder.simulator").joinpath("samples", name).read_bytes()
