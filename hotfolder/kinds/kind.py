"""The kinds of files there are, what a file proves to be, and what it is called then.

    sniff   `proving.prove`: by its first bytes, never by its name
    prove   each kind's own module: what is whole, and has something to show or to play
    ending  `Proven.ending`: one of `ENDINGS`, whatever the service says

What is none of these is never published.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hotfolder.kinds.formats import PictureType


class Kind(enum.StrEnum):
    """What a file is; the value is the word that people are told."""

    PICTURE = "picture"
    VIDEO = "video"
    AUDIO = "sound"
    SOLID = "3D model"
    TEXT = "text"


# The only endings that results get, by what they prove to be; lower case, the usual one first.
ENDINGS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.PICTURE: tuple(each.extension for each in PictureType),
    Kind.VIDEO: ("mp4", "mov", "webm", "mkv"),
    Kind.AUDIO: ("mp3", "wav", "flac", "m4a", "ogg", "webm", "mka"),
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


def kind_of(ending: str | None) -> Kind | None:
    """Return the kind that has an ending; None where none does, or it is not known yet."""
    return next((kind for kind, endings in ENDINGS.items() if ending in endings), None)


class NotProven(Exception):
    """A file is none of the kinds, or not whole; the text is meant for people."""


@dataclass(frozen=True, slots=True)
class Proven:
    """What a file proved to be; `ending` is without the dot. Raises ValueError for any other."""

    kind: Kind
    ending: str

    def __post_init__(self) -> None:
        if self.ending not in ENDINGS[self.kind]:
            raise ValueError(f"{self.ending!a} is no ending of a {self.kind}")
