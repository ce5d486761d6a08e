"""The words of this room: picture types, the verdict on a picture, and its errors.

    UnfitFile                those of films and sounds: see `media`
    PictureError             an UnfitFile
     +- EmptyPicture       no bytes at all
     +- NotAPicture        text, a web page, ...
     +- TruncatedPicture   begins like a picture, ends too early: may still be growing
     |   +- UnwrittenPicture   has its size, but nothing is written into it yet
     |   +- MissingParts       whole itself, but lists more than there is in the file
     +- BrokenPicture      all there, but damaged
     |   +- DamagedPicture     its layout is whole, its coded image is not
     +- TooManyPixels      larger than the caller allows to be decoded
     +- NoDecoder          its kind needs a package that is not installed
     +- CannotFit          nothing that the model takes can be made of it
     +- FileTooLarge       so large that it is not even read

Each says what a person is told by its `failure`, and whether the file may still be `growing`.
Pure values; nothing here reads a picture beyond its first bytes.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from hotfolder.domain import file_failures
from hotfolder.domain.failures import Failure
from hotfolder.kinds.kind import FORMATS, Kind

BMP_HEADER_SIZES = frozenset({12, 16, 40, 52, 56, 64, 108, 124})


class UnfitFile(Exception):
    """Why a file cannot be sent, whatever it is; the text is meant for people."""

    failure: Failure
    growing: ClassVar[bool] = False


class PictureError(UnfitFile):
    """Why these bytes cannot be taken as a whole picture."""

    failure = file_failures.BROKEN_PICTURE


class EmptyPicture(PictureError):
    """There are no bytes at all."""

    failure = file_failures.EMPTY
    growing = True


class NotAPicture(PictureError):
    """The bytes are something else, whatever the file's name says."""

    failure = file_failures.NOT_A_PICTURE


class TruncatedPicture(PictureError):
    """The picture ends too early, or its tail is still the zeros of a reserved file."""

    failure = file_failures.TRUNCATED
    growing = True


class UnwrittenPicture(TruncatedPicture):
    """There are only zeros: reserved space, or the placeholder of a file kept elsewhere."""

    failure = file_failures.UNWRITTEN


class MissingParts(TruncatedPicture):
    """The picture is whole, but its file lists further ones that are not there."""

    failure = file_failures.MISSING_PARTS


class BrokenPicture(PictureError):
    """The picture is damaged: its parts do not fit together, or it cannot be decoded."""


class DamagedPicture(BrokenPicture):
    """The coded image does not fit together: a mixture of two versions, or damaged inside."""

    failure = file_failures.DAMAGED_PICTURE


class TooManyPixels(PictureError):
    """The picture is larger than may be decoded."""

    failure = file_failures.TOO_MANY_PIXELS

    @classmethod
    def of(cls, width: int, height: int, limit: int) -> Self:
        """Return the error of a picture's size; all in pixels."""
        return cls(f"the picture has {width} x {height} pixels, more than the {limit} allowed")


class NoDecoder(PictureError):
    """Nothing here can open this kind of picture; the text says what to install."""

    failure = file_failures.NO_DECODER


class CannotFit(PictureError):
    """Nothing that the model takes can be made of the picture."""

    failure = file_failures.CANNOT_FIT


class FileTooLarge(PictureError):
    """The file is larger than the owner lets be read."""

    failure = file_failures.FILE_TOO_LARGE


class PictureType(enum.StrEnum):
    """A kind of picture that this program can look into; the value is its extension.

    RAW is a camera's raw file of any make. HEIC is any HEIF but AVIF.
    """

    JPEG = "jpg"
    PNG = "png"
    WEBP = "webp"
    GIF = "gif"
    BMP = "bmp"
    TIFF = "tif"
    HEIC = "heic"
    AVIF = "avif"
    PSD = "psd"
    RAW = "raw"

    @property
    def extension(self) -> str:
        """The usual file extension, lower case, without the dot."""
        return self.value

    @property
    def media_type(self) -> str:
        """The media type as registered with IANA."""
        return _FORMATS[self].media_type


# Whose metadata can be put in, or left out, without touching anything else of the file.
SPLICED = frozenset({PictureType.JPEG, PictureType.PNG, PictureType.WEBP})

_FORMATS = {PictureType(each.ending): each for each in FORMATS if each.kind is Kind.PICTURE}
# What files of these kinds are called, lower case.
EXTENSIONS: Mapping[PictureType, tuple[str, ...]] = {
    each: made.sources for each, made in _FORMATS.items()
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """What a picture's header says besides its size.

    `orientation` is EXIF's, 1 = upright; `deep` = more than 8 bits for a colour; `several` = more
    than one frame or page.
    """

    orientation: int = 1
    cmyk: bool = False
    grey: bool = False
    deep: bool = False
    several: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """What a picture is: its type, its stored size in pixels (not turned), its bytes.

    `reach` is where the last part ends that its file lists, as a byte offset.
    """

    type: PictureType
    width: int
    height: int
    bytes: int
    header: Header = Header()
    reach: int = 0

    @property
    def lacks_parts(self) -> bool:
        """Whether its file lists more than there is: it is being copied, or its list is stale."""
        return self.reach > self.bytes


_MAGIC = (
    (b"\xff\xd8\xff", PictureType.JPEG),
    (b"\x89PNG\r\n\x1a\n", PictureType.PNG),
    (b"GIF87a", PictureType.GIF),
    (b"GIF89a", PictureType.GIF),
    (b"II*\x00", PictureType.TIFF),
    (b"MM\x00*", PictureType.TIFF),
    (b"II+\x00", PictureType.TIFF),
    (b"MM\x00+", PictureType.TIFF),
    (b"8BPS\x00\x01", PictureType.PSD),
    (b"8BPS\x00\x02", PictureType.PSD),
    (b"FUJIFILMCCD-RAW ", PictureType.RAW),
    (b"IIU\x00", PictureType.RAW),  # Panasonic
    (b"IIRO", PictureType.RAW),  # Olympus
    (b"IIRS", PictureType.RAW),
    (b"MMOR", PictureType.RAW),
)
_BRANDS = {
    b"avif": PictureType.AVIF,
    b"avis": PictureType.AVIF,
    b"crx ": PictureType.RAW,  # Canon's CR3
    **dict.fromkeys(
        (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), PictureType.HEIC
    ),
}


def sniff(head: bytes) -> PictureType | None:
    """Tell a picture's type by its first bytes (32 are enough), or None if it is none.

    Never by its name: a text named .jpg must not be sent to anyone. A raw file in TIFF's
    clothes is told from a TIFF by its directories only: see `inspect`.
    """
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return PictureType.WEBP
    if head[4:8] == b"ftyp":
        # A phone's HEIC may name a general brand first and what it is among the others.
        brands = [head[8:12], *(head[at : at + 4] for at in range(16, len(head) - 3, 4))]
        kinds = {_BRANDS[each] for each in brands if each in _BRANDS}
        return min(kinds, key=list(_BRANDS.values()).index, default=None)
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
