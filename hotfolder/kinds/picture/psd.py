"""The composite of a PSD or PSB: the picture as it looks, which is kept behind its layers.

Pillow reads those with a palette; of others it misreads too many. Of 16 bits for a colour the high
byte is taken; what is left of the low one makes no difference in 8 bits. Values of 32 bits are
amounts of light, so they are brought to how screens show them.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO, Final

from PIL import Image

from hotfolder.kinds.formats import NoDecoder
from hotfolder.kinds.metadata import iptc

_HEADER: Final = ">4sH6xHIIHH"
_HEADER_BYTES: Final = 26
_BITMAP, _PALETTE, _TWO_COLOURS = 0, 2, 8
_MODES: Final = {_BITMAP: "L", 1: "L", _TWO_COLOURS: "L", 3: "RGB", 4: "CMYK", 9: "LAB"}
_WITH_ALPHA: Final = {"L": "LA", "RGB": "RGBA"}
_DEPTHS: Final = frozenset({1, 8, 16, 32})
_FLOAT: Final = 32
_BIG: Final = 2
_RAW, _PACKED = 0, 1
_STEPS: Final = 65_535


@dataclass(frozen=True)
class _Head:
    """A PSD's header."""

    version: int
    channels: int
    size: tuple[int, int]
    depth: int
    colours: int

    @classmethod
    def read(cls, file: BinaryIO) -> _Head:
        """Read it from a file's beginning; raises struct.error."""
        file.seek(0)
        _, version, channels, height, width, depth, colours = struct.unpack(
            _HEADER, file.read(_HEADER_BYTES)
        )
        return cls(version, channels, (width, height), depth, colours)

    @property
    def is_big(self) -> bool:
        """Whether its lengths are longer: a PSB."""
        return self.version == _BIG


def has_palette(file: BinaryIO) -> bool:
    """Whether a PSD's colours stand in a palette, so that Pillow reads it."""
    found = _Head.read(file).colours == _PALETTE
    file.seek(0)
    return found


def composite(file: BinaryIO) -> Image.Image:
    """Read a PSD as it looks. Raises NoDecoder, and struct.error where it is cut short."""
    head = _Head.read(file)
    mode = _MODES.get(head.colours)
    if mode is None or head.channels < len(mode) or head.depth not in _DEPTHS:
        raise NoDecoder(f"a Photoshop file of {head.depth} bits in this kind of colours")
    file.seek(_length(file), os.SEEK_CUR)  # a palette
    resources = file.read(_length(file))
    layers_bytes = _length(file, wide=head.is_big)
    layers_at = file.tell()
    if mode in _WITH_ALPHA and head.channels > len(mode) and _is_see_through(file, head):
        mode = _WITH_ALPHA[mode]
    file.seek(layers_at + layers_bytes)
    image = Image.merge(mode, _planes(file, len(mode), head))
    # CMYK is written as the light that the ink leaves, a bitmap as its ink.
    if mode == "CMYK" or head.colours == _BITMAP:
        image = image.point(lambda value: 255 - value)
    profile = iptc.resource(resources, iptc.ICC_RESOURCE)
    if profile and head.depth != _FLOAT:
        image.info["icc_profile"] = profile
    return image


def _length(file: BinaryIO, *, wide: bool = False) -> int:
    """Read the length of the section that follows."""
    (length,) = struct.unpack(">Q" if wide else ">I", file.read(8 if wide else 4))
    return int(length)


def _is_see_through(file: BinaryIO, head: _Head) -> bool:
    """Whether the first channel after the colours is transparency: the layers' number says so."""
    if not _length(file, wide=head.is_big):
        return False
    (layers,) = struct.unpack(">h", file.read(2))
    return bool(layers < 0)


def _planes(file: BinaryIO, wanted: int, head: _Head) -> list[Image.Image]:
    """Read the wanted channels: one after the other, each row by row."""
    (compression,) = struct.unpack(">H", file.read(2))
    width, height = head.size
    row_bytes = (width * head.depth + 7) // 8
    if compression == _RAW:
        planes = [file.read(row_bytes * height) for _ in range(wanted)]
    elif compression == _PACKED:
        letter, letter_bytes = ("I", 4) if head.is_big else ("H", 2)
        rows = head.channels * height
        lengths = struct.unpack(f">{rows}{letter}", file.read(rows * letter_bytes))
        packed = [
            file.read(sum(lengths[number * height : (number + 1) * height]))
            for number in range(wanted)
        ]
        wide = (row_bytes, height)
        planes = [Image.frombytes("L", wide, each, "packbits", "L").tobytes() for each in packed]
    else:
        raise NoDecoder("a Photoshop file whose composite is packed in an unknown way")
    return [_plane(each, head.size, head.depth) for each in planes]


def _plane(content: bytes, size: tuple[int, int], depth: int) -> Image.Image:
    if depth == 1:
        return Image.frombytes("1", size, content).convert("L")
    if depth != _FLOAT:
        return Image.frombytes("L", size, content[:: depth // 8])
    light = Image.frombytes("F", size, content, "raw", "F;32BF")
    steps = light.point(lambda value: value * _STEPS + 0.5).convert("I")
    return steps.point(_shown(), "L")


@cache
def _shown() -> list[int]:
    """Return how bright each step of light is shown, by sRGB's curve."""
    lights = (step / _STEPS for step in range(_STEPS + 1))
    curve = (
        each * 12.92 if each <= 0.0031308 else 1.055 * each ** (1 / 2.4) - 0.055  # noqa: PLR2004  sRGB
        for each in lights
    )
    return [round(each * 255) for each in curve]
