"""Hints that something changed: the only watchdog. A lost hint costs seconds, never a picture."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Final

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

_READING: Final = frozenset({"opened", "closed_no_write"})
_STOP_TIMEOUT_S: Final = 2.0


class _Forwarder(FileSystemEventHandler):
    """Passes on the paths of events, relative to the root; "" stands for the root itself."""

    def __init__(self, root: Path, hint: Callable[[str], None]) -> None:
        self._root = os.fspath(root)
        self._hint = hint

    def on_any_event(self, event: FileSystemEvent) -> None:
        folder_touched = event.is_directory and event.event_type == "modified"
        if event.event_type in _READING or folder_touched:  # what came into it has its own event
            return
        for path in (event.src_path, event.dest_path):
            if path:
                self._forward(os.fsdecode(path))

    def _forward(self, path: str) -> None:
        inside = path.removeprefix(self._root)
        if path == self._root or inside.startswith("/"):
            self._hint(inside.lstrip("/"))


class Events:
    """Watches one tree and calls `hint` from a thread of its own with relative paths."""

    def __init__(self, root: Path, hint: Callable[[str], None], *, recursive: bool) -> None:
        """Start watching. Raises OSError where the kernel refuses, as at its watch limit."""
        # Folders made in quick succession are watched twice, which watchdog mends by itself and
        # tells in a warning that names every folder of the tree.
        warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)
        observer: BaseObserver = Observer()
        observer.schedule(_Forwarder(root, hint), os.fspath(root), recursive=recursive)
        observer.start()
        self._observer = observer

    @property
    def alive(self) -> bool:
        """Whether all threads that bring hints still run."""
        emitters = self._observer.emitters
        return self._observer.is_alive() and all(each.is_alive() for each in emitters)

    def stop(self) -> None:
        """Stop watching."""
        self._observer.stop()
        self._observer.join(_STOP_TIMEOUT_S)
