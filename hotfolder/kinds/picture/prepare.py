"""Making a source fit for its upload: converted, upright, sRGB, small enough.

Runs in a worker. The same picture and preparation give the same bytes.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from PIL import Image, ImageOps

from hotfolder.domain.preparation import Preparation
from hotfolder.kinds.formats import CannotFit, Picture, PictureType
from hotfolder.kinds.metadata import containers, manifests, private, xmp
from hotfolder.kinds.metadata.layout import Size
from hotfolder.kinds.picture import colours, decoders, strict
from hotfolder.kinds.picture.inspect import Shown, inspect
from hotfolder.kinds.picture.pillow import translated
from hotfolder.kinds.picture.stream import stream

BEST_QUALITY: Final = 95
# Below this it is better to have fewer pixels than worse ones.
LEAST_QUALITY: Final = 80
_FULL_COLOUR_QUALITY: Final = 90
_SHRINK: Final = 0.97
_LEAST_SIDE: Final = 16
_BAND_ROWS: Final = 512
_FILTER: Final = Image.Resampling.LANCZOS
_FILTER_ROWS: Final = 3
_LONGEST_SIDES: Final = {
    PictureType.JPEG: 65_500,
    PictureType.PNG: 1_000_000,
    PictureType.WEBP: 16_383,
}
_OPAQUE: Final = 255
_ORIENTATION: Final = 0x0112
_SIDEWAYS: Final = range(5, 9)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be sent, its type and size in pixels, and what was done for people to read.

    `source` is the source's size as it is looked at, where decoding told it.
    """

    content: bytes
    type: PictureType
    width: int
    height: int
    notes: tuple[str, ...]
    source: Size | None = None


def prepare(content: Any, wanted: Preparation, shown: Shown | None = None) -> Prepared:  # noqa: ANN401  bytes or a map of a file
    """Make a picture fit, which is shown as soon as it is decoded. Raises PictureError."""
    picture = inspect(content)
    if not wanted.convert:
        strict.require_sound(content, shown)
        return _stripped(bytes(content), picture, wanted)
    if picture.type is PictureType.JPEG:  # others are decoded whole below
        strict.require_sound(content)
    target = _Target.of(wanted)
    with translated(), stream(content) as file:
        image, notes = decoders.opened(picture.type, file)
        notes.insert(0, _told_type(picture.type, image.size))
        source = _upright(image)
        image = _decoded(image, min(image.width * image.height, wanted.most_pixels))
        image, told = _in_srgb(image)
        if shown:
            shown(image)
        return replace(target.fitted(image, source, [*notes, *told]), source=source)


def _stripped(content: bytes, picture: Picture, wanted: Preparation) -> Prepared:
    blocks = private.without(containers.read(picture.type, content), wanted.strip)
    notes = [f"without private metadata ({', '.join(wanted.strip)})"]
    if manifests.is_bound(picture.type, content):
        # It signs what is left out, and often repeats it.
        notes.append("without its C2PA manifest")
        content = manifests.without(picture.type, content)
        blocks = replace(blocks, xmp=xmp.without_link(blocks.xmp))
    sent = containers.write(picture.type, content, blocks)
    return Prepared(sent, picture.type, picture.width, picture.height, tuple(notes))


def _upright(image: Image.Image) -> Size:
    is_sideways = image.getexif().get(_ORIENTATION, 1) in _SIDEWAYS
    return image.size[::-1] if is_sideways else image.size


def _told_type(kind: PictureType, size: Size) -> str:
    return f"{kind.extension.upper()} of {size[0]} x {size[1]}"


def _decoded(image: Image.Image, most_pixels: int) -> Image.Image:
    """Decode, with no more pixels than can be of use: the rest would only take memory."""
    share = math.sqrt(most_pixels / (image.width * image.height))
    size = _scaled(image.size, min(1.0, share))
    image.draft(None, size)  # of JPEG alone: decodes at a half, a quarter
    profile, transparency = image.info.get("icc_profile"), image.info.get("transparency")
    if size != image.size:
        upright = image.getexif()
        if image.mode in {"P", "1"}:
            image = image.convert("RGBA" if transparency is not None else "RGB")
        image = scaled(image, size)
        image.info["icc_profile"] = profile
        if upright:
            image.info["exif"] = upright.tobytes()
    return image


def scaled(image: Image.Image, size: Size) -> Image.Image:
    """Return a picture in another size. It is made in bands, which takes less memory at a time.

    Each is made with the rows beside it that the filter looks at, so that no seam is seen.
    """
    made = Image.new(image.mode, size)
    share = image.height / size[1]
    margin = 1 + math.ceil(_FILTER_ROWS * max(1.0, 1 / share))
    for top in range(0, size[1], _BAND_ROWS):
        bottom = min(top + _BAND_ROWS, size[1])
        first, last = max(0, top - margin), min(bottom + margin, size[1])
        band = _band(image, size[0], (first, last), share)
        made.paste(band.crop((0, top - first, size[0], bottom - first)), (0, top))
    return made


def _band(image: Image.Image, width: int, rows: tuple[int, int], share: float) -> Image.Image:
    """Scale what becomes some rows: first its width, then its height, in the same order for all."""
    above, below = int(rows[0] * share), min(math.ceil(rows[1] * share), image.height)
    strip = image.crop((0, above, image.width, below))  # a box would cost a second pass
    narrow = strip.resize((width, strip.height), _FILTER)
    stop = min(rows[1] * share - above, narrow.height)
    return narrow.resize(
        (width, rows[1] - rows[0]), _FILTER, (0, rows[0] * share - above, width, stop)
    )


def _in_srgb(image: Image.Image) -> tuple[Image.Image, list[str]]:
    size = image.size
    ImageOps.exif_transpose(image, in_place=True)
    notes = ["turned upright"] if image.size != size else []
    changed, told = colours.to_srgb(image)
    if changed.mode == "RGBA" and changed.getchannel("A").getextrema() == (_OPAQUE, _OPAQUE):
        changed = changed.convert("RGB")
    return changed, [*notes, *told]


def _scaled(size: tuple[int, int], share: float) -> tuple[int, int]:
    width, height = size
    return max(1, int(width * share)), max(1, int(height * share))


@dataclass(frozen=True)
class _Target:
    """What may be sent: the type for opaque pictures, that for others, and the limits."""

    opaque: PictureType
    see_through: PictureType | None
    max_bytes: int
    max_pixels: int

    @classmethod
    def of(cls, wanted: Preparation) -> _Target:
        """Choose from the types that a model takes. Raises CannotFit."""
        makes = (PictureType.JPEG, PictureType.PNG, PictureType.WEBP)
        taken = [kind for kind in makes if kind.extension in wanted.types]
        if not taken:
            raise CannotFit("this edit takes neither JPEG nor PNG nor WebP")
        see_through = next((kind for kind in taken if kind is not PictureType.JPEG), None)
        return cls(taken[0], see_through, wanted.max_bytes, wanted.max_pixels)

    def fitted(self, image: Image.Image, source: Size, notes: list[str]) -> Prepared:
        """Encode a picture at the best quality that fits, with fewer pixels where none does."""
        kind = self.see_through if image.mode == "RGBA" else self.opaque
        if kind is None:
            kind, image = self.opaque, on_white(image)
            notes.append("on white: this edit takes no transparency")
        share = self._share(image, kind)
        least = min(_LEAST_SIDE, *_scaled(image.size, share))
        while min(size := _scaled(image.size, share)) >= least:
            fewer = image if size == image.size else scaled(image, size)
            sent = best(fewer, kind, self.max_bytes)
            if len(sent.content) <= self.max_bytes:
                return Prepared(
                    sent.content, kind, *size, _told(source, kind, size, sent.quality, notes)
                )
            share *= _SHRINK * min(0.95, math.sqrt(self.max_bytes / len(sent.content)))
        raise CannotFit(f"the picture cannot be made smaller than {self.max_bytes} bytes")

    def _share(self, image: Image.Image, kind: PictureType) -> float:
        pixels = self.max_pixels or image.width * image.height
        by_pixels = math.sqrt(pixels / (image.width * image.height))
        return min(1.0, by_pixels, _LONGEST_SIDES[kind] / max(image.size))


def _told(
    source: Size, kind: PictureType, size: Size, quality: int, notes: list[str]
) -> tuple[str, ...]:
    scaled = [f"scaled to {size[0]} x {size[1]}"] if size != source else []
    at = f" of quality {quality}" if quality else ""
    return (*notes, *scaled, f"sent as {kind.extension.upper()}{at}")


def on_white(image: Image.Image) -> Image.Image:
    """Return a transparent picture as it looks on white paper."""
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image).convert("RGB")


@dataclass(frozen=True, slots=True)
class Encoded:
    """An encoded picture and the quality it was encoded with (0 = lossless)."""

    content: bytes
    quality: int


def best(image: Image.Image, kind: PictureType, max_bytes: int) -> Encoded:
    """Encode at the best quality that fits into a number of bytes, or else the least."""
    if kind is PictureType.PNG:
        return Encoded(encoded(image, kind, 0), 0)
    tried = Encoded(encoded(image, kind, BEST_QUALITY), BEST_QUALITY)
    if len(tried.content) <= max_bytes:
        return tried
    low, high = LEAST_QUALITY, BEST_QUALITY - 1
    found = Encoded(encoded(image, kind, low), low)
    while low < high and len(found.content) <= max_bytes:
        middle = (low + high + 1) // 2
        content = encoded(image, kind, middle)
        if len(content) <= max_bytes:
            low, found = middle, Encoded(content, middle)
        else:
            high = middle - 1
    return found


def encoded(image: Image.Image, kind: PictureType, quality: int) -> bytes:
    """Encode a picture in sRGB, with that profile."""
    written = io.BytesIO()
    options = _OPTIONS[kind](quality)
    image.save(written, icc_profile=_profile(image), exif=b"", **options)
    return written.getvalue()


def _profile(image: Image.Image) -> bytes | None:
    return None if image.mode == "L" else colours.srgb_profile()


def _jpeg_options(quality: int) -> dict[str, Any]:
    subsampling = 0 if quality >= _FULL_COLOUR_QUALITY else 2
    return {"format": "JPEG", "quality": quality, "subsampling": subsampling}


_OPTIONS: Mapping[PictureType, Callable[[int], dict[str, Any]]] = {
    PictureType.JPEG: _jpeg_options,
    PictureType.PNG: lambda _: {"format": "PNG"},
    PictureType.WEBP: lambda quality: {"format": "WEBP", "quality": quality, "method": 4},
}
