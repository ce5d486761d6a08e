"""Camera raw files of all makers: their size, how they are turned, and their metadata.

Most are TIFFs of a kind; Canon's CR3 are boxes with little TIFFs in them, and Fujifilm's RAF hold a
JPEG that says everything. Makers' notes are left alone. Developing is for the workers' library.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from hotfolder.kinds.formats import BrokenPicture, Header, PictureType, TruncatedPicture
from hotfolder.kinds.metadata import boxes, containers, exif, iptc, layout, tiff
from hotfolder.kinds.metadata.containers import Blocks
from hotfolder.kinds.metadata.layout import Size, unpack

XMP_TAG, IPTC_TAG, RESOURCES_TAG, ICC_TAG = 0x02BC, 0x83BB, 0x8649, 0x8773

_RAF: Final = b"FUJIFILMCCD-RAW "
_RAF_JPEG_AT: Final = 0x54
_RAF_RECORDS_AT: Final = 0x5C
_RAF_PIXELS_AT: Final = 0x64
_RAF_SIZE: Final = 0x0100
_LARGEST_PREVIEW_BYTES: Final = 64 * 1024 * 1024
_RW2: Final = b"IIU\0"
_PHASE_ONE: Final = frozenset({b"IIII", b"MMMM"})
_PHASE_ONE_AT: Final = 8
_PHASE_ONE_WIDTH, _PHASE_ONE_HEIGHT = 0x010C, 0x010D
_MOST_ENTRIES: Final = 1000
_XMP_BOX: Final = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
# Canon's parts: of the picture, of the shot, of the place.
_PARTS: Final = (b"CMT1", b"CMT2", b"CMT4")


def size(content: Any) -> Size:  # noqa: ANN401  bytes or a map of a file
    """Walk a raw file of any make and return its largest picture's width and height.

    Raises BrokenPicture, TruncatedPicture.
    """
    if content[4:8] == b"ftyp":
        return _cr3_size(content)
    if content[:16] == _RAF:
        return _raf_size(content)
    if content[:4] == _RW2:
        return tiff.panasonic(content)
    found = tiff.raw(content)
    return _phase_one_size(content) or found


def reach(content: Any) -> int:  # noqa: ANN401  as above
    """Return where the last part ends that a raw file lists besides its pixels; 0 = not known.

    Raises as `size` does.
    """
    is_tiff = content[4:8] != b"ftyp" and content[:16] != _RAF and content[:4] != _RW2
    return tiff.reach(content) if is_tiff else 0


def pixels(content: Any) -> tuple[bytes, list[tuple[int, int]] | None]:  # noqa: ANN401  as above
    """Return the preview that says what a raw file shows, and where its pixels begin and end.

    None = where the directories of a TIFF say. Raises as `size` does.
    """
    if content[4:8] == b"ftyp":
        return b"", [(at, stop) for kind, at, stop in boxes.walk(content) if kind == b"mdat"]
    if content[:16] == _RAF:
        at, length, *stated = unpack(">6I", content, _RAF_JPEG_AT)
        places = [(start, start + size) for start, size in (stated[:2], stated[2:])]
        return bytes(content[at : at + min(length, _LARGEST_PREVIEW_BYTES)]), places
    if content[:4] == _RW2:
        return b"", [(tiff.panasonic_pixels_at(content), len(content))]
    return b"", [] if content[_PHASE_ONE_AT : _PHASE_ONE_AT + 4] in _PHASE_ONE else None


def header(content: Any) -> Header:  # noqa: ANN401  as above
    """Tell how a raw file's picture is turned."""
    return Header(orientation=exif.orientation(blocks(content).exif))


def blocks(content: Any) -> Blocks:  # noqa: ANN401  as above
    """Return a raw file's metadata, without the profile of its preview. Raises as `size` does."""
    if content[4:8] == b"ftyp":
        return _cr3_blocks(content)
    if content[:16] == _RAF:
        at, length = unpack(">II", content, _RAF_JPEG_AT)
        preview = bytes(content[at : at + min(length, _LARGEST_PREVIEW_BYTES)])
        return replace(containers.read(PictureType.JPEG, preview), icc=b"")
    return replace(of_tiff(content), icc=b"")


def of_tiff(content: Any) -> Blocks:  # noqa: ANN401  as above
    """Return the metadata of a TIFF."""
    found = exif.values(content, (XMP_TAG, IPTC_TAG, RESOURCES_TAG, ICC_TAG))
    in_resources = iptc.of_resources(found.get(RESOURCES_TAG, b""))
    return Blocks(
        exif=exif.of_tiff(content),
        xmp=found.get(XMP_TAG, b""),
        iptc=found.get(IPTC_TAG, b"") or in_resources,
        icc=found.get(ICC_TAG, b""),
    )


def _cr3_size(content: Any) -> Size:  # noqa: ANN401  as above
    part = _cr3_parts(content).get(_PARTS[0])
    if part is None:
        raise BrokenPicture("a CR3 without a picture in it")
    if not any(kind == b"mdat" for kind, _, _ in boxes.walk(content)):
        raise TruncatedPicture("the CR3's pixels are not there")
    return tiff.raw(part)


def _cr3_blocks(content: Any) -> Blocks:  # noqa: ANN401  as above
    parts = _cr3_parts(content)
    return Blocks(
        exif=exif.of_parts(*(parts.get(each, b"") for each in _PARTS)),
        xmp=parts.get(_XMP_BOX, b""),
    )


def _cr3_parts(content: Any) -> dict[bytes, bytes]:  # noqa: ANN401  as above
    found: dict[bytes, bytes] = {}
    for kind, at, stop in boxes.walk(content):
        if kind in _PARTS:
            found.setdefault(kind, bytes(content[at:stop]))
        elif kind == b"uuid" and content[at : at + 16] == _XMP_BOX:
            found.setdefault(_XMP_BOX, bytes(content[at + 16 : stop]))
    return found


def _raf_size(content: Any) -> Size:  # noqa: ANN401  as above
    """Check that preview and pixels of a RAF are there; return the larger one's size."""
    at, length = unpack(">II", content, _RAF_JPEG_AT)
    pixels_at, pixels_bytes = unpack(">II", content, _RAF_PIXELS_AT)
    if max(at + length, pixels_at + pixels_bytes) > len(content):
        raise TruncatedPicture("the raw file is shorter than its header states")
    if length > _LARGEST_PREVIEW_BYTES:
        raise BrokenPicture("a raw file with a preview larger than any")
    sizes = layout.jpeg(content[at : at + length]), *_raf_sensor(content)
    return max(sizes, key=lambda size: size[0] * size[1])


def _raf_sensor(content: Any) -> list[Size]:  # noqa: ANN401  as above
    (at,) = unpack(">I", content, _RAF_RECORDS_AT)
    (count,) = unpack(">I", content, at)
    at += 4
    for _ in range(min(count, _MOST_ENTRIES)):
        tag, length = unpack(">HH", content, at)
        if tag == _RAF_SIZE:
            height, width = unpack(">HH", content, at + 4)
            return [(width, height)]
        at += 4 + length
    return []


def _phase_one_size(content: Any) -> Size | None:  # noqa: ANN401  as above
    """Read the size from the list that Phase One's backs write behind the TIFF's header."""
    if content[_PHASE_ONE_AT : _PHASE_ONE_AT + 4] not in _PHASE_ONE:
        return None
    order = "<" if content[_PHASE_ONE_AT : _PHASE_ONE_AT + 1] == b"I" else ">"
    (at,) = unpack(order + "I", content, _PHASE_ONE_AT + 8)
    (count,) = unpack(order + "I", content, _PHASE_ONE_AT + at)
    first = _PHASE_ONE_AT + at + 8
    stated = {}
    for entry in range(first, first + 16 * min(count, _MOST_ENTRIES), 16):
        tag, _, _, value = unpack(order + "IIII", content, entry)
        stated[tag] = value
    found = stated.get(_PHASE_ONE_WIDTH, 0), stated.get(_PHASE_ONE_HEIGHT, 0)
    return found if all(found) else None
