"""An answer while it comes in: so much of it and no more, unpacked piece by piece.

Packed answers are not asked for. Where they come all the same, three megabytes may stand for two
gigabytes, so what is unpacked is counted as it grows, and nobody but this module unpacks anything.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import httpx

from hotfolder.domain.errors import Unanswered
from hotfolder.runninghub.fields import Answer

NOT_PACKED = {"accept-encoding": "identity"}
_ZLIB_OR_GZIP = 32 + zlib.MAX_WBITS
_UNPACKED = frozenset({"", "identity"})
_INFLATED = frozenset({"gzip", "x-gzip", "deflate"})


class Hearing:
    """Hears one answer of at most `most` bytes. What came is kept, however it ends."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._status = 0
        self._headers: Mapping[str, str] = {}
        self._body = bytearray()

    @property
    def heard(self) -> Answer:
        """What has come so far; a status of 0 = nothing."""
        return Answer(self._status, self._headers, bytes(self._body))

    async def hear(self, response: httpx.Response) -> None:
        """Read an answer to its end.

        Raises Unanswered where it is too long or cannot be unpacked, and httpx's errors.
        """
        self._status, self._headers = response.status_code, response.headers
        unpack = _unpacker(response.headers.get("content-encoding", ""))
        came = 0
        async for chunk in response.aiter_raw():
            came += len(chunk)
            try:
                self._body += unpack(chunk, self._most + 1 - len(self._body))
            except zlib.error:
                raise Unanswered("the answer cannot be unpacked") from None
            if max(came, len(self._body)) > self._most:
                raise Unanswered(f"the answer is longer than {self._most} bytes")
        if not unpack.is_whole:
            raise Unanswered("the answer's end is missing")


class _Plain:
    """Takes a body as it comes."""

    is_whole = True

    def __call__(self, chunk: bytes, _most: int) -> bytes:
        return chunk


class _Inflating:
    """Unpacks gzip and deflate, at most so many bytes at a time."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(_ZLIB_OR_GZIP)
        self._has_begun = False

    @property
    def is_whole(self) -> bool:
        """Whether all of it was there; nothing at all is whole, too."""
        return self._stream.eof or not self._has_begun

    def __call__(self, chunk: bytes, most: int) -> bytes:
        self._has_begun = True
        return self._stream.decompress(chunk, most)


def _unpacker(encoding: str) -> _Plain | _Inflating:
    name = encoding.strip().lower()
    if name in _UNPACKED:
        return _Plain()
    if name in _INFLATED:
        return _Inflating()
    raise Unanswered("the answer is packed in a way that was not asked for")
