"""How far a file reaches by its own list of parts: further pictures, pages, previews, items.

Phones and cameras write several pictures into one file. Cut after the first of them it looks like a
whole picture of its own; what it says of the others tells that it is not. Such a list may also be
stale: an editor that dropped the others has left it behind.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from hotfolder.kinds.formats import PictureError, PictureType
from hotfolder.kinds.metadata import containers, exif, items, layout, raws, tiff

_APP2: Final = 0xE2
_MPF: Final = b"MPF\0"
_MPF_ENTRIES: Final = 0xB002
_MPF_ENTRY_BYTES: Final = 16


def reach(kind: PictureType, content: Any) -> int:  # noqa: ANN401  bytes or a map of a file
    """Return where the last part ends that a picture lists, as a byte offset.

    0 = it lists none, or all are there.
    The picture's layout was walked and found whole.
    """
    look = _LOOKS.get(kind)
    return look(content) if look else 0


def _of_jpeg(content: Any) -> int:  # noqa: ANN401  as above
    """Read CIPA's multi-picture index: its offsets count from its own header, but for the first."""
    for marker, start, stop in containers.segments(content):
        if marker == _APP2 and content[start + 4 : start + 8] == _MPF:
            header_at = start + 8
            listed = _listed(bytes(content[header_at:stop]))
            places = [(at + header_at if at else 0, size) for size, at in listed]
            last_at, size = max(places, default=(0, 0))
            is_all_there = last_at + size <= len(content) or _is_whole(content, last_at)
            return 0 if is_all_there else last_at + size
    return 0


def _listed(index: bytes) -> Iterator[tuple[int, ...]]:
    """Yield size and offset of each picture of an index."""
    entries = exif.values(index, {_MPF_ENTRIES}).get(_MPF_ENTRIES, b"")
    whole = len(entries) // _MPF_ENTRY_BYTES * _MPF_ENTRY_BYTES
    return struct.iter_unpack(("<" if index[:2] == b"II" else ">") + "4xII4x", entries[:whole])


def _is_whole(content: Any, at: int) -> bool:  # noqa: ANN401  as above
    """Whether a JPEG stands at an offset down to its end, whatever size was stated (Pillow's)."""
    try:
        layout.jpeg(bytes(content[at:]))
    except PictureError:
        return False
    return at > 0


_LOOKS: Final[Mapping[PictureType, Callable[[Any], int]]] = {
    PictureType.JPEG: _of_jpeg,
    PictureType.TIFF: tiff.reach,
    PictureType.HEIC: items.reach,
    PictureType.AVIF: items.reach,
    PictureType.RAW: raws.reach,
}
