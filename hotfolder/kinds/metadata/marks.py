"""What a JPEG, PNG or WebP says besides its pixels and its EXIF, IPTC, XMP and colour profile.

Comments, texts and blocks that no standard of ours knows. They stay where metadata is spliced in,
and are gone where a picture is made anew: then people are told their names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from hotfolder.kinds.formats import PictureType
from hotfolder.kinds.metadata import containers

_MOST: Final = 8
_LONGEST_NAME: Final = 40
_COMMENT, _FIRST_APP, _LAST_APP = 0xFE, 0xE1, 0xEF
# What describes pixels, or is one of the four blocks.
_OF_PIXELS: Final = (b"Adobe\0", b"MPF\0")
_TEXTS: Final = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_KNOWN_TEXTS: Final = (b"XML:com.adobe.xmp", b"Raw profile type ")
_KNOWN_IN_WEBP: Final = frozenset(
    {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF", b"XMP ", b"C2PA"}
)


def named(kind: PictureType, content: Any) -> tuple[str, ...]:  # noqa: ANN401  bytes or a map of a file
    """Return the names of such marks in a picture, each once, the first few."""
    walk = {
        PictureType.JPEG: _of_jpeg,
        PictureType.PNG: _of_png,
        PictureType.WEBP: _of_webp,
    }.get(kind)
    return tuple(dict.fromkeys(walk(content)))[:_MOST] if walk else ()


def _of_jpeg(content: Any) -> Iterator[str]:  # noqa: ANN401  as above
    for marker, start, stop in containers.segments(content):
        head = bytes(content[start + 4 : min(stop, start + 4 + _LONGEST_NAME)])
        if marker == _COMMENT:
            yield "a comment"
        elif (
            _FIRST_APP <= marker <= _LAST_APP
            and not containers.is_block(marker, head)
            and not head.startswith((*_OF_PIXELS, b"JP"))
        ):
            yield f"a block {_shown(head.partition(bytes(1))[0])}"


def _of_png(content: Any) -> Iterator[str]:  # noqa: ANN401  as above
    for kind, start, stop in containers.png_chunks(content):
        keyword = bytes(content[start + 8 : min(stop - 4, start + 8 + 2 * _LONGEST_NAME)])
        if kind in _TEXTS and not keyword.startswith(_KNOWN_TEXTS):
            yield f"a text {_shown(keyword.partition(bytes(1))[0])}"


def _of_webp(content: Any) -> Iterator[str]:  # noqa: ANN401  as above
    for kind, _, _ in containers.webp_chunks(content):
        if kind not in _KNOWN_IN_WEBP:
            yield f"a block {_shown(kind)}"


def _shown(name: bytes) -> str:
    text = name[:_LONGEST_NAME].decode("latin-1")
    return '"' + "".join(each if each.isprintable() else "?" for each in text) + '"'
