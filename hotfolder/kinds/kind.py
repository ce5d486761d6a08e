"""The kinds of files there are, and what files of each are called when they are published.

What is none of these is never published, whatever the service or a name says of it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

from hotfolder.kinds.formats import PictureType


class Kind(enum.StrEnum):
    """What a file is; the value is the word that people are told."""

    PICTURE = "picture"
    VIDEO = "video"
    AUDIO = "audio"
    SOLID = "3D"
    TEXT = "text"


# The only endings that results get, by what they prove to be; lower case, the usual one first.
ENDINGS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.PICTURE: tuple(each.extension for each in PictureType),
    Kind.VIDEO: ("mp4", "mov", "webm", "mkv"),
    Kind.AUDIO: ("mp3", "wav", "flac", "m4a", "ogg"),
    Kind.SOLID: ("glb", "obj", "stl", "zip"),
    Kind.TEXT: ("txt", "json"),
}

# The kind of a model's first result, by the catalog's word for what the model makes.
BY_OUTPUT: Final[Mapping[str, Kind]] = {
    "image": Kind.PICTURE,
    "video": Kind.VIDEO,
    "audio": Kind.AUDIO,
    "3d": Kind.SOLID,
    "string": Kind.TEXT,
}
