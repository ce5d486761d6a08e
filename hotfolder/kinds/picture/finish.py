"""Giving a result back what it lost: profile, metadata, a note of the edit; its size and type.

Metadata is spliced in, so the pixels stay as the service made them, unless the rule wants another
type or size. Runs in a worker.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from PIL import Image

from hotfolder.domain.preparation import Finish
from hotfolder.kinds.formats import SPLICED, Picture, PictureType
from hotfolder.kinds.metadata import (
    containers,
    exif,
    exif_merging,
    exif_texts,
    iptc,
    manifests,
    marks,
    xmp,
)
from hotfolder.kinds.metadata.containers import Blocks
from hotfolder.kinds.metadata.xmp import Note
from hotfolder.kinds.picture import colours, decoders, label, prepare
from hotfolder.kinds.picture.inspect import inspect
from hotfolder.kinds.picture.pillow import translated
from hotfolder.kinds.picture.source_metadata import SourceMetadata

_TYPES: Final = {
    "jpeg": PictureType.JPEG,
    "png": PictureType.PNG,
    "webp": PictureType.WEBP,
}
# Sides may differ by this share before the picture counts as cut differently by the model.
_SAME_SHAPE: Final = 0.02
_LARGEST_IN_JPEG: Final = 65_000
_BOUND: Final = "its C2PA manifest would break of any change"
# A service's marks are small; what is larger stands in the result once only.
_LARGEST_VERBATIM: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Finished:
    """A result as it is published, and what was done for people to read.

    `companion` is an XMP file that goes beside it, b"" = none. `looks_the_same` says that its
    pixels and their colours are those that came.
    """

    content: bytes
    type: PictureType
    notes: tuple[str, ...]
    companion: bytes = b""
    looks_the_same: bool = False


def finish(
    content: bytes,
    kept: SourceMetadata | None,
    wanted: Finish,
    note: Note,
    *,
    converted: bool,
    signed: bool = False,
) -> Finished:
    """Finish a result.

    `kept` is what was kept of its source, if anything; `converted` says that the source was sent
    in sRGB, `signed` that the result gets a manifest of ours, which tells of its own. Raises
    PictureError.
    """
    picture = inspect(content)
    own = containers.read(picture.type, content)
    if signed:
        content = manifests.without(picture.type, content)
    came, is_bound = picture, not signed and manifests.is_bound(picture.type, content)
    made, picture, notes = _remade(content, picture, kept, wanted)
    is_untouched = made is content
    if not is_untouched:
        notes = (*notes, *_lost(came, content, is_bound=is_bound))
    if wanted.metadata == "none":
        return Finished(made, picture.type, notes, looks_the_same=is_untouched)
    source = _Said(kept.blocks if kept else Blocks(), own, wanted, note)
    if picture.type not in SPLICED or (is_bound and is_untouched):
        why = _BOUND if is_bound else f"a {picture.type.extension.upper()} is not written into"
        notes = (*notes, f"{why}: it is as the service made it, its metadata in an XMP file beside")
        companion = source.companion(picture)
        return Finished(made, picture.type, notes, companion, looks_the_same=is_untouched)
    blocks, told = source.composed(picture, converted=converted)
    written = containers.write(picture.type, made, blocks)
    looks_the_same = is_untouched and colours.are_alike(own.icc, blocks.icc)
    return Finished(written, picture.type, (*notes, *told), looks_the_same=looks_the_same)


def _lost(picture: Picture, content: bytes, *, is_bound: bool) -> list[str]:
    """Return what a picture that was made anew does not have any more."""
    lost = ["its C2PA manifest"] if is_bound else []
    lost += marks.named(picture.type, content)
    return [f"without {', '.join(lost)}: those end where a picture is made anew"] if lost else []


# -- pixels, where the rule wants others


def _remade(
    content: bytes, picture: Picture, kept: SourceMetadata | None, wanted: Finish
) -> tuple[bytes, Picture, tuple[str, ...]]:
    """Return the picture in the type and size that the rule wants, untouched where it has them."""
    kind = _TYPES.get(wanted.format, picture.type)
    size = _wanted_size(picture, kept, wanted)
    if kind is picture.type and size == (picture.width, picture.height) and not wanted.is_labelled:
        return content, picture, ()
    if kind not in SPLICED:
        kind = PictureType.PNG
    with translated():
        image, _ = decoders.opened(picture.type, io.BytesIO(content))
        profile = image.info.get("icc_profile")
        image = _plain(image)
        if size != image.size:
            image = prepare.scaled(image, size)
        if wanted.is_labelled:
            image = label.labelled(image, wanted.label_text, wanted.label_corner, wanted.label_size)
        if image.mode == "RGBA" and kind is PictureType.JPEG:
            image = prepare.on_white(image)
        made = prepare.encoded(image, kind, prepare.BEST_QUALITY)
        if profile:
            blocks = containers.read(kind, made)
            made = containers.write(kind, made, Blocks(exif=blocks.exif, icc=profile))
    told = _told(picture, kind, size)
    labelled = (f'labelled "{wanted.label_text}"',) if wanted.is_labelled else ()
    return made, inspect(made), (*told, *labelled)


def _plain(image: Image.Image) -> Image.Image:
    if image.mode in {"L", "RGB", "RGBA"}:
        return image
    return colours.to_srgb(image)[0]


def _wanted_size(picture: Picture, kept: SourceMetadata | None, wanted: Finish) -> tuple[int, int]:
    size = picture.width, picture.height
    if wanted.size != "source" or kept is None or not kept.width:
        return size
    shares = kept.width / size[0], kept.height / size[1]
    if abs(shares[0] / shares[1] - 1) <= _SAME_SHAPE:
        return kept.width, kept.height
    share = min(shares)  # the model gave it another shape: nothing is stretched
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def _told(picture: Picture, kind: PictureType, size: tuple[int, int]) -> tuple[str, ...]:
    notes = []
    if size != (picture.width, picture.height):
        notes.append(
            f"brought from {picture.width} x {picture.height} to {size[0]} x {size[1]} pixels"
        )
    if kind is not picture.type:
        notes.append(f"made a {kind.extension.upper()}")
    return tuple(notes)


# -- metadata


class _Said:
    """What is said of a result: by its source, by the service, and of the edit."""

    def __init__(self, source: Blocks, own: Blocks, wanted: Finish, note: Note) -> None:
        self._private = set() if wanted.gps else {"gps"}
        self._source = source
        self._note = replace(note, is_label=wanted.label != "none")
        self._own = _of_the_service(own, self._private)
        self._iptc = iptc.merged(source.iptc, self._own.iptc)

    def composed(self, picture: Picture, *, converted: bool) -> tuple[Blocks, list[str]]:
        """Return the metadata that goes into a result, and what is to be told of it."""
        texts = {} if picture.type is PictureType.JPEG else iptc.fields(self._iptc)
        block, notes = _fitting(self._exif(picture), picture)
        icc = self._own.icc or _profile(picture, self._source.icc, converted=converted)
        return Blocks(exif=block, xmp=self._xmp(picture, texts), icc=icc, iptc=self._iptc), notes

    def companion(self, picture: Picture) -> bytes:
        """Return all of it as an XMP file."""
        packet = self._xmp(picture, iptc.fields(self._iptc), is_companion=True)
        return exif_texts.added(packet, self._exif(picture))

    def _exif(self, picture: Picture) -> bytes:
        merged = exif_merging.merged(self._source.exif, self._own.exif)
        upright = exif.upright(merged, picture.width, picture.height)
        return exif.without(upright, self._private)

    def _xmp(
        self, picture: Picture, texts: Mapping[int, Sequence[str]], *, is_companion: bool = False
    ) -> bytes:
        own = self._own
        said = {"exif": own.exif, "xmp": own.xmp, "iptc": own.iptc}
        return xmp.finished(
            self._source.xmp,
            own.xmp,
            size=(picture.width, picture.height),
            private=self._private,
            note=self._note,
            texts=texts,
            verbatim={name: each for name, each in said.items() if len(each) <= _LARGEST_VERBATIM},
            is_companion=is_companion,
        )


def _of_the_service(own: Blocks, private: set[str]) -> Blocks:
    """Return what the service itself said, also in a result that was finished for another job."""
    finished = xmp.verbatim(own.xmp)
    if finished is not None:
        own = Blocks(icc=own.icc, **finished)
    said = exif.without(own.exif, {*private, "thumbnail"})
    return replace(own, exif=said, xmp=xmp.without(own.xmp, private))


def _fitting(block: bytes, picture: Picture) -> tuple[bytes, list[str]]:
    notes = []
    if picture.type is PictureType.JPEG:
        if len(block) > _LARGEST_IN_JPEG:
            block = exif.of_tiff(block)
            notes.append("the maker's notes are too large for a JPEG and were left out")
        if len(block) > _LARGEST_IN_JPEG:
            block = b""
            notes.append("the source's EXIF is too large for a JPEG and was left out")
    return block, notes


def _profile(picture: Picture, of_source: bytes, *, converted: bool) -> bytes:
    """Return the profile of what was sent: models know nothing of profiles and keep the numbers."""
    if picture.header.grey or picture.header.cmyk:
        return b""
    if converted or (of_source and not colours.is_rgb_profile(of_source)):
        return colours.srgb_profile()
    return of_source
