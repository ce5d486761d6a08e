"""The words of this room: picture types, the verdict on a picture, and its errors.

    PictureError
     +- EmptyPicture       no bytes at all
     +- NotAPicture        text, a web page, a camera's raw file, ...
     +- TruncatedPicture   begins like a picture, ends too early: may still be growing
     +- BrokenPicture      all there, but damaged
     +- TooManyPixels      larger than the caller allows to be decoded

Pure values; nothing here reads a picture beyond its first bytes.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

BMP_HEADER_SIZES = frozenset({12, 16, 40, 52, 56, 64, 108, 124})


class PictureError(Exception):
    """Why these bytes cannot be taken as a whole picture; the text is meant for people."""


class EmptyPicture(PictureError):
    """There are no bytes at all."""


class NotAPicture(PictureError):
    """The bytes are something else, whatever the file's name says."""


class TruncatedPicture(PictureError):
    """The picture ends too early, or its tail is still the zeros of a reserved file."""


class BrokenPicture(PictureError):
    """The picture is damaged: its parts do not fit together, or it cannot be decoded."""


class TooManyPixels(PictureError):
    """The picture is larger than may be decoded; sizes and limit are in pixels."""

    def __init__(self, width: int, height: int, limit: int) -> None:
        super().__init__(
            f"the picture has {width} x {height} pixels, more than the {limit} allowed"
        )
        self.width = width
        self.height = height
        self.limit = limit


class PictureType(enum.StrEnum):
    """A kind of picture that this program can look into; the value is its extension."""

    JPEG = "jpg"
    PNG = "png"
    WEBP = "webp"
    GIF = "gif"
    BMP = "bmp"
    TIFF = "tif"

    @property
    def extension(self) -> str:
        """The usual file extension, lower case, without the dot."""
        return self.value

    @property
    def media_type(self) -> str:
        """The media type as registered with IANA."""
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    PictureType.JPEG: "image/jpeg",
    PictureType.PNG: "image/png",
    PictureType.WEBP: "image/webp",
    PictureType.GIF: "image/gif",
    PictureType.BMP: "image/bmp",
    PictureType.TIFF: "image/tiff",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """What a picture is: its type, its stored size in pixels (not turned), its bytes."""

    type: PictureType
    width: int
    height: int
    bytes: int


_MAGIC = (
    (b"\xff\xd8\xff", PictureType.JPEG),
    (b"\x89PNG\r\n\x1a\n", PictureType.PNG),
    (b"GIF87a", PictureType.GIF),
    (b"GIF89a", PictureType.GIF),
    (b"II*\x00", PictureType.TIFF),
    (b"MM\x00*", PictureType.TIFF),
    (b"II+\x00", PictureType.TIFF),
    (b"MM\x00+", PictureType.TIFF),
)


def sniff(head: bytes) -> PictureType | None:
    """Tell a picture's type by its first bytes (18 are enough), or None if it is none.

    Never by its name: a text named .jpg must not be sent to anyone.
    """
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return PictureType.WEBP
    # "BM" alone also begins many a text: the size of the second header must fit too.
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in BMP_HEADER_SIZES:
        return PictureType.BMP
    return None


def begins_like_a_picture(content: bytes) -> bool:
    """Whether too few bytes are there to tell, but all of them could begin a picture."""
    if any(magic.startswith(content) for magic, _ in _MAGIC):
        return True
    if len(content) < len(b"RIFFsizeWEBP"):
        return b"RIFF".startswith(content[:4]) and b"WEBP".startswith(content[8:])
    return False
