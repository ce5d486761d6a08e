"""The kinds of files there are, what a file proves to be, and what it is called then.

    sniff   `proving.prove`: by its first bytes, never by its name
    prove   each kind's own module: what is whole, and has something to show or to play
    ending  `Proven.ending`: one of `ENDINGS`, whatever the service says

What is none of these is never published.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from hotfolder.kinds.formats import EXTENSIONS, PictureType


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

# What files are called that people drop, lower case.
SOURCE_ENDINGS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.PICTURE: tuple(each for endings in EXTENSIONS.values() for each in endings),
    Kind.VIDEO: ("mp4", "m4v", "mov", "webm", "mkv", "avi"),
    Kind.AUDIO: ("mp3", "wav", "flac", "m4a", "ogg", "oga", "opus", "mka"),
    Kind.TEXT: ("txt", "csv"),
}
_BY_SOURCE_ENDING: Final = {
    ending: kind for kind, endings in SOURCE_ENDINGS.items() for ending in endings
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


def kind_named(name: str) -> Kind | None:
    """Return the kind of sources that are called so, None where the name tells none."""
    return _BY_SOURCE_ENDING.get(name.rpartition(".")[2].lower())


class NotProven(Exception):
    """A file is none of the kinds, or not whole; the text is meant for people."""


class EndsEarly(NotProven):
    """A file is shorter than it states: it may still be growing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a film or sound tells of itself: None, 0 or "" where it does not.

    `width` and `height` are in pixels, as one looks at it; `codec` is the film's coding, or that of
    a sound, as its container writes it.
    """

    duration_s: float | None = None
    width: int = 0
    height: int = 0
    has_sound: bool | None = None
    codec: str = ""


@dataclass(frozen=True, slots=True)
class Proven:
    """What a file proved to be; `ending` is without the dot. Raises ValueError for any other."""

    kind: Kind
    ending: str
    traits: Traits = field(default=Traits(), compare=False)

    def __post_init__(self) -> None:
        if self.ending not in ENDINGS[self.kind]:
            raise ValueError(f"{self.ending!a} is no ending of a {self.kind}")
