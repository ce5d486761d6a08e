"""A form with one file in it, as uploads want it: read from the disk piece by piece, in a thread.

An upload may be larger than the memory, and the disk slower than the loop can wait for.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from typing import BinaryIO, Final

_READ_BYTES: Final = 1024 * 1024
# Each piece has to leave within a time of its own.
_PIECE_BYTES: Final = 64 * 1024
_ESCAPED: Final = {'"': "%22", "\r": "%0D", "\n": "%0A"}


class FileForm:
    """One open file, from its beginning, as a form's field `file`; sent once."""

    def __init__(self, file: BinaryIO, name: str, media_type: str) -> None:
        boundary = secrets.token_hex(16)
        plain = name.encode(errors="replace").decode()
        quoted = "".join(_ESCAPED.get(each, each) for each in plain)
        self._head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n'
            f"Content-Type: {media_type}\r\n\r\n"
        ).encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._file = file
        self._size = file.seek(0, os.SEEK_END)
        self.headers = {
            "content-type": f"multipart/form-data; boundary={boundary}",
            "content-length": str(len(self._head) + self._size + len(self._tail)),
        }

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the form."""
        yield self._head
        self._file.seek(0)
        left = self._size
        while left:
            read = await asyncio.to_thread(self._file.read, min(_READ_BYTES, left))
            if not read:
                raise EOFError("the file that is sent became shorter")
            left -= len(read)
            for at in range(0, len(read), _PIECE_BYTES):
                yield read[at : at + _PIECE_BYTES]
        yield self._tail
