"""The kinds of files there are, what a file proves to be, and what it is called then.

    sniff   `proving.prove`: by its first bytes, never by its name
    prove   each kind's own module: what is whole, and has something to show or to play
    ending  `Proven.ending`: one of `ENDINGS`, whatever the service says

What is none of these is never published. Nothing here looks into a file, and it imports no other
module of this room.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


class Kind(enum.StrEnum):
    """What a file is; the value is the word that people are told."""

    PICTURE = "picture"
    VIDEO = "video"
    AUDIO = "sound"
    SOLID = "3D model"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a kind of file; all endings are lower case, without the dot.

    `ending` is what a file gets that proves to be so, `sources` is what people's files are called,
    the usual first. `media_type` is as registered with IANA, or as everybody says. `container` is
    FFmpeg's word. `shown` = the page shows or plays it, `signed` = it can hold a C2PA manifest,
    `result` = a job may bring it.
    """

    kind: Kind
    ending: str
    media_type: str = "application/octet-stream"
    sources: tuple[str, ...] = ()
    container: str = ""
    shown: bool = False
    signed: bool = False
    result: bool = True


_RAW: Final = (
    *("3fr", "arw", "cr2", "cr3", "dng", "erf", "iiq", "mef", "mos", "nef", "nrw"),
    *("orf", "pef", "raf", "raw", "rw2", "rwl", "srw"),
)
_PICTURE, _VIDEO, _AUDIO, _SOLID, _TEXT = Kind
# The only table of endings; that of texts stands in the domain. The usual ones come first.
FORMATS: Final = (
    Format(_PICTURE, "jpg", "image/jpeg", ("jpg", "jpeg"), shown=True, signed=True),
    Format(_PICTURE, "png", "image/png", ("png",), shown=True, signed=True),
    Format(_PICTURE, "webp", "image/webp", ("webp",), shown=True, signed=True),
    Format(_PICTURE, "gif", "image/gif", ("gif",), shown=True, signed=True),
    Format(_PICTURE, "bmp", "image/bmp", ("bmp",), shown=True),
    Format(_PICTURE, "tif", "image/tiff", ("tif", "tiff"), shown=True, signed=True),
    Format(_PICTURE, "heic", "image/heic", ("heic", "heif", "hif"), shown=True, signed=True),
    Format(_PICTURE, "avif", "image/avif", ("avif",), shown=True, signed=True),
    Format(_PICTURE, "psd", "image/vnd.adobe.photoshop", ("psd", "psb")),
    Format(_PICTURE, "raw", "image/x-raw", _RAW),
    Format(_VIDEO, "mp4", "video/mp4", ("mp4", "m4v"), "mov", shown=True, signed=True),
    Format(_VIDEO, "mov", "video/quicktime", ("mov",), "mov", shown=True, signed=True),
    Format(_VIDEO, "webm", "video/webm", ("webm",), "matroska", shown=True),
    Format(_VIDEO, "mkv", "video/x-matroska", ("mkv",), "matroska"),
    Format(_VIDEO, "avi", "video/x-msvideo", ("avi",), "avi", result=False),
    Format(_AUDIO, "mp3", "audio/mpeg", ("mp3",), "mp3", shown=True, signed=True),
    Format(_AUDIO, "wav", "audio/wav", ("wav",), "wav", shown=True, signed=True),
    Format(_AUDIO, "flac", "audio/flac", ("flac",), "flac", shown=True, signed=True),
    Format(_AUDIO, "m4a", "audio/mp4", ("m4a",), "mov", shown=True, signed=True),
    Format(_AUDIO, "ogg", "audio/ogg", ("ogg", "oga", "opus"), "ogg", shown=True),
    Format(_AUDIO, "webm", "audio/webm", (), "matroska"),  # so called, it is taken for a film
    Format(_AUDIO, "mka", "audio/x-matroska", ("mka",), "matroska"),
    Format(_SOLID, "glb"),
    Format(_SOLID, "obj"),
    Format(_SOLID, "stl"),
    Format(_SOLID, "zip"),
    Format(_TEXT, "txt", "text/plain; charset=utf-8", ("txt",), shown=True),
    Format(_TEXT, "json"),
    Format(_TEXT, "csv", sources=("csv",), result=False),
)

# The only endings that results get, by what they prove to be.
ENDINGS: Final[Mapping[Kind, tuple[str, ...]]] = {
    kind: tuple(each.ending for each in FORMATS if each.kind is kind and each.result)
    for kind in Kind
}
# What files are called that people drop.
SOURCE_ENDINGS: Final[Mapping[Kind, tuple[str, ...]]] = {
    kind: tuple(ending for each in FORMATS if each.kind is kind for ending in each.sources)
    for kind in Kind
}
# As the name of a source that is missing is told.
USUAL: Final[Mapping[Kind, str]] = {
    **{kind: endings[0] for kind, endings in ENDINGS.items()},
    _AUDIO: "wav",
}
_BY_ENDING: Final = {
    ending: each for each in reversed(FORMATS) for ending in (each.ending, *each.sources)
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


def format_of(ending: str) -> Format | None:
    """Return what files of an ending are by that; None where no line of the table has it."""
    return _BY_ENDING.get(ending.lower())


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
