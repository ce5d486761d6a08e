"""Small pictures for whoever looks on, on the local disk and within a bound; none is ever needed.

Each is known by the content that it shows. They are made by the workers that decode a picture
anyway, and where those made none, once somebody asks.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from hotfolder.kinds.workshop.needs import SIDES

MOST_BYTES: Final = 300 * 1000 * 1000
KEPT_AFTER_SWEEP: Final = 0.8
_PART: Final = ".part"
# More than any JPEG of SIDES; a worker that was broken into might write without end.
_LARGEST_BYTES: Final = 8 * 1000 * 1000
_END_OF_JPEG: Final = b"\xff\xd9"


class SmallPictures:
    """Keeps them in a folder of their own; with `makes` False it only gives what is there."""

    def __init__(self, folder: Path, *, makes: bool) -> None:
        self.folder = folder
        self._makes = makes
        self._kept_bytes: int | None = None
        self._lock = threading.Lock()
        self._under_way: dict[str, asyncio.Event] = {}

    @asynccontextmanager
    async def making(self, key: str, *, attempt: int = 0) -> AsyncIterator[list[int]]:
        """Give open files for a picture of each of SIDES; what is whole at the end is kept.

        None are given where they are there or being made already, where nobody wants them or the
        disk refuses, and at a later attempt: it may be of them that the first one failed.
        """
        if not self._makes or attempt or key in self._under_way:
            yield []
            return
        parts = self._opened(key)
        done = self._under_way[key] = asyncio.Event()
        try:
            yield list(parts.values())
        finally:
            try:
                await asyncio.to_thread(self._closed, key, parts)
            finally:
                self._under_way.pop(key, None)
                done.set()

    async def until_made(self, key: str) -> None:
        """Wait for whoever makes a picture small just now."""
        if key in self._under_way:
            await self._under_way[key].wait()

    def read(self, key: str, side: int) -> bytes | None:
        """Return one that is kept, and note that it was looked at."""
        with suppress(OSError):
            content = self._path(key, side).read_bytes()
            os.utime(self._path(key, side))
            return content
        return None

    def keep(self, key: str, side: int, content: bytes) -> None:
        """Keep one, and drop those that nobody looked at for longest; a full disk is fine."""
        with suppress(OSError):
            part = self._part(key, side)
            part.write_bytes(content)
            self._take(part, self._path(key, side))

    def rename(self, key: str, content: str) -> None:
        """Let those of a key be known by their content."""
        for side in SIDES:
            with suppress(OSError):
                self._path(key, side).replace(self._path(content, side))

    def forget(self, key: str) -> None:
        """Drop those of a key."""
        for side in SIDES:
            with suppress(OSError):
                self._path(key, side).unlink()

    def _has(self, key: str) -> bool:
        return all(self._path(key, side).exists() for side in SIDES)

    def _path(self, key: str, side: int) -> Path:
        return self.folder / f"{key}-{side}.jpg"

    def _part(self, key: str, side: int) -> Path:
        return self.folder / f"{key}-{side}{_PART}"

    def _opened(self, key: str) -> dict[int, int]:
        """Open a file for each side, by its side."""
        opened: dict[int, int] = {}
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            for side in SIDES if not self._has(key) else ():
                flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
                opened[side] = os.open(self._part(key, side), flags, 0o600)
        except OSError:
            self._closed(key, opened)
            return {}
        return opened

    def _closed(self, key: str, opened: dict[int, int]) -> None:
        """Keep what is whole of what was made, and drop the rest."""
        for side, file in opened.items():
            with suppress(OSError), os.fdopen(file, "rb") as part:
                part.seek(0)  # the worker that wrote it stands at its end
                made = part.read(_LARGEST_BYTES)
                if made.endswith(_END_OF_JPEG) and not part.read(1):
                    self._take(self._part(key, side), self._path(key, side))
                else:
                    self._part(key, side).unlink()

    def _take(self, part: Path, path: Path) -> None:
        with self._lock:
            part.replace(path)
            if self._kept_bytes is None:
                self._kept_bytes = sum(each.stat().st_size for each in self._pictures())
            else:
                self._kept_bytes += path.stat().st_size
            if self._kept_bytes > MOST_BYTES:
                self._kept_bytes = self._swept(int(MOST_BYTES * KEPT_AFTER_SWEEP))

    def _pictures(self) -> list[Path]:
        return [each for each in self.folder.iterdir() if each.suffix in {".jpg", _PART}]

    def _swept(self, most_bytes: int) -> int:
        """Drop the pictures that were looked at longest ago, and return what is left in bytes."""
        found = sorted(
            (each.stat().st_mtime_ns, each.stat().st_size, each) for each in self._pictures()
        )
        left = sum(size for _, size, _ in found)
        for _, size, path in found:
            if left <= most_bytes:
                break
            path.unlink(missing_ok=True)
            left -= size
        return left
