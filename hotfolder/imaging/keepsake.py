"""What is kept of a source for the day its result comes back: metadata and size, no pixels.

The source may be moved or deleted by then.
"""

from __future__ import annotations

import base64
import importlib
import io
import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Self

from hotfolder.imaging import containers, exif, iptc
from hotfolder.imaging.containers import Blocks
from hotfolder.imaging.picture import Picture, PictureType

_XMP_TAG, _IPTC_TAG, _RESOURCES_TAG, _ICC_TAG = 0x02BC, 0x83BB, 0x8649, 0x8773
_SIDEWAYS: Final = range(5, 9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keepsake:
    """A source's metadata, and its width and height in pixels as it is looked at (upright)."""

    blocks: Blocks
    width: int
    height: int

    def encoded(self) -> bytes:
        """Return the form in which it is kept in a file."""
        blocks = {k: base64.b64encode(v).decode("ascii") for k, v in asdict(self.blocks).items()}
        return json.dumps({**blocks, "width": self.width, "height": self.height}).encode()

    @classmethod
    def decoded(cls, kept: bytes) -> Self:
        """Return what was kept. Raises ValueError for a damaged file."""
        try:
            stored: dict[str, Any] = json.loads(kept)
            width, height = stored.pop("width"), stored.pop("height")
            blocks = Blocks(**{k: base64.b64decode(v) for k, v in stored.items()})
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError("not a keepsake") from error
        return cls(blocks=blocks, width=width, height=height)


def of(picture: Picture, content: Any, path: str) -> Keepsake:  # noqa: ANN401  bytes or a map of a file
    """Take what is to be kept of a picture that was found whole.

    `content` are its bytes, `path` is where they can be opened again. What cannot be read is left
    out: nobody loses an edit for its metadata.
    """
    return _with(_blocks(picture.type, content, path), picture)


def of_plain(picture: Picture, content: bytes) -> Keepsake:
    """Take what is to be kept of a picture in a process that opens no pictures itself."""
    return _with(containers.read(picture.type, content), picture)


def _with(blocks: Blocks, picture: Picture) -> Keepsake:
    size = picture.width, picture.height
    if picture.traits.orientation in _SIDEWAYS:
        size = size[::-1]
    return Keepsake(blocks=blocks, width=size[0], height=size[1])


def _blocks(kind: PictureType, content: Any, path: str) -> Blocks:  # noqa: ANN401  as above
    match kind:
        case PictureType.TIFF:
            return _of_tiff(content)
        case PictureType.PSD:
            return _of_psd(content)
        case PictureType.HEIC | PictureType.AVIF:
            return _of_boxes(kind, content)
        case PictureType.RAW:
            return _of_raw(content, path)
    return containers.read(kind, content)


def _of_tiff(content: Any) -> Blocks:  # noqa: ANN401  as above
    found = exif.values(content, (_XMP_TAG, _IPTC_TAG, _RESOURCES_TAG, _ICC_TAG))
    in_resources = iptc.of_resources(found.get(_RESOURCES_TAG, b""))
    return Blocks(
        exif=exif.of_tiff(content),
        xmp=found.get(_XMP_TAG, b""),
        iptc=found.get(_IPTC_TAG, b"") or in_resources,
        icc=found.get(_ICC_TAG, b""),
    )


def _of_psd(content: Any) -> Blocks:  # noqa: ANN401  as above
    at = 26
    at += 4 + int.from_bytes(content[at : at + 4], "big")
    length = int.from_bytes(content[at : at + 4], "big")
    resources = bytes(content[at + 4 : at + 4 + length])
    return Blocks(
        exif=iptc.resource(resources, iptc.EXIF_RESOURCE),
        xmp=iptc.resource(resources, iptc.XMP_RESOURCE),
        iptc=iptc.of_resources(resources),
        icc=iptc.resource(resources, iptc.ICC_RESOURCE),
    )


def _of_boxes(kind: PictureType, content: Any) -> Blocks:  # noqa: ANN401  as above
    stream = io.BytesIO(content)
    if kind is PictureType.AVIF:
        info = importlib.import_module("PIL.AvifImagePlugin").AvifImageFile(stream).info
    else:
        info = importlib.import_module("pillow_heif").open_heif(stream).info
    return Blocks(
        exif=(info.get("exif") or b"").removeprefix(b"Exif\0\0"),
        xmp=info.get("xmp") or b"",
        icc=info.get("icc_profile") or b"",
    )


def _of_raw(content: Any, path: str) -> Blocks:  # noqa: ANN401  as above
    """Take a raw file's own metadata where it is a TIFF, else that of its preview."""
    found = _of_tiff(content)
    if found.exif:
        return replace(found, icc=b"")
    rawpy: Any = importlib.import_module("rawpy")
    try:
        with rawpy.imread(path) as raw:
            preview = raw.extract_thumb()
    except rawpy.LibRawError:
        return Blocks()
    if preview.format is not rawpy.ThumbFormat.JPEG:
        return Blocks()
    return replace(containers.read(PictureType.JPEG, preview.data), icc=b"")
