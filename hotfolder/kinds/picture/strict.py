"""Whether a picture that is to be paid for decodes to its last pixel, and by its own data alone.

A file whose parts come from two versions, or that was damaged inside, often has the right head and
tail. Decoders are kind to it: of a JPEG whose data end early they make up the rest, and what is
left over they skip. So a JPEG's data are handed over in two parts: all but the last few bytes must
not be enough, and all of them must be. That tells nothing of progressive pictures, nor within a
stretch between restart markers; and some kinds have nothing that damage would upset.
"""

from __future__ import annotations

import io
from typing import Any, Final

from PIL import Image, JpegImagePlugin

from hotfolder.kinds.formats import DamagedPicture, Picture, PictureType
from hotfolder.kinds.metadata import containers, layout
from hotfolder.kinds.picture import inspect
from hotfolder.kinds.picture.pillow import DECODERS, translated

# What a decoder reads ahead, and more.
_AHEAD_BYTES: Final = 16
_FILLER: Final = b"\x55" * 2 * _AHEAD_BYTES
_PIECE_BYTES: Final = 64 * 1024
# Some cameras fill the data up at their end.
_PADDING: Final = b"\xff\x00"
_SCAN: Final = b"\xff\xda"
_SEQUENTIAL: Final = frozenset({0xC0, 0xC1})


def require_sound(content: Any, shown: inspect.Shown | None = None) -> Picture:  # noqa: ANN401  bytes or a map of a file
    """Decode a picture to its last pixel, show it, and return what it is.

    Of a kind that Pillow does not open the layout is all that is looked at. Raises PictureError.
    """
    picture = inspect.inspect(content)
    if picture.type not in DECODERS:
        return picture
    if picture.type is PictureType.JPEG and _has_one_scan(content):
        with translated():
            decoded = _require_exact(bytes(content[: layout.jpeg_end(content)]))
        if shown:
            shown(decoded)
        return picture
    return inspect.decode(bytes(content), shown=shown)


def _has_one_scan(content: Any) -> bool:  # noqa: ANN401  as above
    """Whether a JPEG's rows can be decoded one after the other, as its data come."""
    head = list(containers.segments(content))
    scan_at = head[-1][2] if head else 2
    is_sequential = any(marker in _SEQUENTIAL for marker, _, _ in head)
    return is_sequential and content.find(_SCAN, scan_at + 2, layout.jpeg_end(content)) < 0


def _require_exact(content: bytes) -> Image.Image:
    """Return a JPEG, decoded, whose data end where its last row does, a few bytes apart.

    Raises DamagedPicture.
    """
    rows = _Rows(content)
    enough_at = max(0, _data_end(content) - _AHEAD_BYTES)
    for at in range(0, enough_at, _PIECE_BYTES):
        rows.take(content[at : min(at + _PIECE_BYTES, enough_at)])
    if rows.has_last:
        raise DamagedPicture("there is more in the picture than it can show")
    rows.take(content[enough_at:-2] + _FILLER)
    if not rows.has_last:
        raise DamagedPicture("the picture's data end before its last row")
    return rows.picture


def _data_end(content: bytes) -> int:
    """Return where a JPEG's data end, before what fills them up and the end marker."""
    end = len(content) - 2
    while end > 0:
        piece = content[max(0, end - _PIECE_BYTES) : end]
        left = len(piece.rstrip(_PADDING))
        end -= len(piece) - left
        if left:
            break
    return end


class _Rows:
    """Decodes a JPEG into a `picture` whose last row is a mark until it was written."""

    def __init__(self, content: bytes) -> None:
        with JpegImagePlugin.JpegImageFile(io.BytesIO(content)) as image:
            mode, size, (codec, extents, _, arguments) = image.mode, image.size, image.tile[0]
            self._decoder = Image._getdecoder(mode, codec, arguments, image.decoderconfig)  # noqa: SLF001  Pillow's own classes do so
        self._mark = Image.effect_noise((size[0], 1), 99).convert(mode)
        self._place = 0, size[1] - 1, *size
        self.picture = Image.new(mode, size)
        self.picture.paste(self._mark, self._place)
        self.picture.info = image.info
        self._decoder.setimage(self.picture.im, extents)
        self._left = b""
        self._is_over = False

    @property
    def has_last(self) -> bool:
        """Whether the last row was written."""
        return self.picture.crop(self._place).tobytes() != self._mark.tobytes()

    def take(self, data: bytes) -> None:
        """Decode as far as the data reach. Raises DamagedPicture."""
        self._left += data
        while self._left and not self._is_over:
            used, error = self._decoder.decode(self._left)
            if error:
                raise DamagedPicture("the picture's data are damaged")
            if used == 0:
                return
            self._is_over = used < 0
            self._left = self._left[used:]
