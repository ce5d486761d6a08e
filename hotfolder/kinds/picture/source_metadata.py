"""What is kept of a source for the day its result comes back: metadata and size, no pixels.

The source may be moved or deleted by then.
"""

from __future__ import annotations

import base64
import contextlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from hotfolder.kinds.formats import Picture, PictureError, PictureType
from hotfolder.kinds.metadata import containers, iptc, items, raws
from hotfolder.kinds.metadata.containers import Blocks
from hotfolder.kinds.metadata.layout import Size
from hotfolder.kinds.picture.pillow import translated

_SIDEWAYS: Final = range(5, 9)
_LARGEST_RESOURCES_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMetadata:
    """A source's metadata, and its width and height in pixels as it is looked at (upright)."""

    blocks: Blocks
    width: int
    height: int

    def encoded(self) -> bytes:
        """Return the form in which it is kept in a file, with its size last: see `finishing`."""
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
            raise ValueError("not what is kept of a source") from error
        return cls(blocks=blocks, width=width, height=height)


NOTHING: Final = SourceMetadata(blocks=Blocks(), width=0, height=0)


def of(picture: Picture, content: Any, size: Size | None = None) -> SourceMetadata:  # noqa: ANN401  bytes or a map of a file
    """Take what is to be kept of a picture that was found whole.

    `content` are its bytes, `size` is its size as it is looked at where decoding told more than
    its header. What cannot be read is left out: nobody loses an edit for its metadata.
    """
    with contextlib.suppress(PictureError), translated():
        return _with(_blocks(picture.type, content), picture, size)
    return _with(Blocks(), picture, size)


def _with(blocks: Blocks, picture: Picture, size: Size | None = None) -> SourceMetadata:
    upright = picture.width, picture.height
    if picture.header.orientation in _SIDEWAYS:
        upright = upright[::-1]
    width, height = size or upright
    return SourceMetadata(blocks=blocks, width=width, height=height)


def _blocks(kind: PictureType, content: Any) -> Blocks:  # noqa: ANN401  as above
    match kind:
        case PictureType.TIFF:
            return raws.of_tiff(content)
        case PictureType.PSD:
            return _of_psd(content)
        case PictureType.HEIC | PictureType.AVIF:
            return items.blocks(content)
        case PictureType.RAW:
            return raws.blocks(content)
    return containers.read(kind, content)


def _of_psd(content: Any) -> Blocks:  # noqa: ANN401  as above
    at = 26
    at += 4 + int.from_bytes(content[at : at + 4], "big")
    length = int.from_bytes(content[at : at + 4], "big")
    resources = bytes(content[at + 4 : at + 4 + min(length, _LARGEST_RESOURCES_BYTES)])
    return Blocks(
        exif=iptc.resource(resources, iptc.EXIF_RESOURCE),
        xmp=iptc.resource(resources, iptc.XMP_RESOURCE),
        iptc=iptc.of_resources(resources),
        icc=iptc.resource(resources, iptc.ICC_RESOURCE),
    )
