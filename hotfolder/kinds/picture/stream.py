"""The bytes of a picture as a file, for decoders that want one.

A process that may open nothing has no other; and unlike the picture's own descriptor, it has a
place of its own.
"""

from __future__ import annotations

import io
import os
from typing import Any, BinaryIO, Final, cast

_BUFFER_BYTES: Final = 64 * 1024


def stream(content: Any) -> BinaryIO:  # noqa: ANN401  bytes or a map of a file
    """Return a file that reads bytes or a map of a file, and copies only what is asked for."""
    return cast("BinaryIO", io.BufferedReader(_Stream(content), _BUFFER_BYTES))


class _Stream(io.RawIOBase):
    """Reads what it is given from wherever it was sought to, like a file also behind the end."""

    def __init__(self, content: Any) -> None:  # noqa: ANN401  bytes or a map of a file
        super().__init__()
        self._content = content
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: len(self._content)}[whence]
        if start + offset < 0:
            raise OSError("sought to before the beginning")
        self._at = start + offset
        return self._at

    def readinto(self, target: Any) -> int:  # noqa: ANN401  a buffer
        found = self._content[self._at : self._at + len(target)]
        target[: len(found)] = found
        self._at += len(found)
        return len(found)

    def readall(self) -> bytes:
        found = bytes(self._content[self._at :])
        self._at += len(found)
        return found
