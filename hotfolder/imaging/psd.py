"""The composite of a PSD of 16 bits for a colour, which Pillow does not read.

The high byte of each value is taken; what is left of the low one makes no difference in 8 bits.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO, Final

from PIL import Image

from hotfolder.imaging import iptc
from hotfolder.imaging.picture import BrokenPicture

_HEADER: Final = ">4sH6xHIIHH"
_HEADER_BYTES: Final = 26
_MODES: Final = {1: "L", 3: "RGB", 4: "CMYK"}
_DEEP: Final = 16
_BIG: Final = 2
_RAW, _PACKED = 0, 1


def is_deep(file: BinaryIO) -> bool:
    """Whether a PSD has 16 bits for a colour."""
    file.seek(0)
    depth = struct.unpack(_HEADER, file.read(_HEADER_BYTES))[5]
    file.seek(0)
    return bool(depth == _DEEP)


def composite(file: BinaryIO) -> Image.Image:
    """Read a deep PSD as it looks. Raises BrokenPicture, and struct.error where it is cut short."""
    file.seek(0)
    _, version, channels, height, width, _, colours = struct.unpack(
        _HEADER, file.read(_HEADER_BYTES)
    )
    mode = _MODES.get(colours)
    if mode is None or channels < len(mode):
        raise BrokenPicture("a PSD of 16 bits in colours that cannot be read")
    file.seek(_length(file), os.SEEK_CUR)  # a palette
    resources = file.read(_length(file))
    file.seek(_length(file, wide=version == _BIG), os.SEEK_CUR)  # the layers
    planes = _planes(file, len(mode), channels, (width, height), version)
    image = Image.merge(mode, planes)
    if mode == "CMYK":  # written as the light that the ink leaves
        image = image.point(lambda value: 255 - value)
    profile = iptc.resource(resources, iptc.ICC_RESOURCE)
    if profile:
        image.info["icc_profile"] = profile
    return image


def _length(file: BinaryIO, *, wide: bool = False) -> int:
    """Read the length of the section that follows."""
    (length,) = struct.unpack(">Q" if wide else ">I", file.read(8 if wide else 4))
    return int(length)


def _planes(
    file: BinaryIO, wanted: int, channels: int, size: tuple[int, int], version: int
) -> list[Image.Image]:
    """Read the wanted channels: one after the other, each row by row."""
    (compression,) = struct.unpack(">H", file.read(2))
    width, height = size
    doubled = (2 * width, height)
    if compression == _RAW:
        wide = [file.read(2 * width * height) for _ in range(wanted)]
    elif compression == _PACKED:
        letter, row_bytes = ("I", 4) if version == _BIG else ("H", 2)
        rows = channels * height
        lengths = struct.unpack(f">{rows}{letter}", file.read(rows * row_bytes))
        packed = [
            file.read(sum(lengths[number * height : (number + 1) * height]))
            for number in range(wanted)
        ]
        wide = [Image.frombytes("L", doubled, each, "packbits", "L").tobytes() for each in packed]
    else:
        raise BrokenPicture("a PSD of 16 bits whose composite is packed in an unknown way")
    return [Image.frombytes("L", size, each[::2]) for each in wide]
