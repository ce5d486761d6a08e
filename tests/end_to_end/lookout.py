"""Watches output folders as a customer would: whatever has a final name must be whole."""

from __future__ import annotations

import hashlib
import io
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

PAUSE_S = 0.002


class Lookout:
    """Reads every visible file of some folders as soon as it appears, over and over.

    `seen` are the hashes of what stood under a final name; `partial` the names that once held
    something else than one whole picture that never changed. `pause_s` is between two looks,
    `names` a glob of what is looked at.
    """

    def __init__(self, folders: Sequence[Path], pause_s: float = PAUSE_S, names: str = "*") -> None:
        self._folders = folders
        self._names = names
        self._pause_s = pause_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="lookout")
        self._stamps: dict[Path, tuple[int, int, int]] = {}
        self.seen: dict[Path, str] = {}
        self.partial: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._stop.wait(self._pause_s):
            self._look()

    def _look(self) -> None:
        for folder in self._folders:
            for path in folder.rglob(self._names):
                if path.is_file() and not path.name.startswith("."):
                    self._judge(path)

    def _judge(self, path: Path) -> None:
        status = path.stat()
        stamp = (status.st_ino, status.st_size, status.st_mtime_ns)
        if self._stamps.get(path) == stamp:
            return
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if self.seen.setdefault(path, digest) != digest or not _whole(content):
            self.partial.append(str(path))
        self._stamps[path] = stamp


def _whole(content: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
    except (OSError, SyntaxError, ValueError):
        return False
    return True
