"""What all work with Pillow shares: its exceptions, turned into this room's own."""

from __future__ import annotations

import contextlib
import struct
import zlib
from typing import TYPE_CHECKING

from hotfolder.imaging.picture import BrokenPicture

if TYPE_CHECKING:
    from collections.abc import Iterator

# What Pillow's decoders were seen to raise on damaged files; Warning for -W error.
_PILLOW_FAILURES = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    EOFError,
    RuntimeError,
    Warning,
    struct.error,
    zlib.error,
)


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn whatever Pillow raises into BrokenPicture."""
    try:
        yield
    except _PILLOW_FAILURES as error:
        raise BrokenPicture(f"the picture cannot be decoded: {error}") from error
