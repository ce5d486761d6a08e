"""Hints that something changed: the only watchdog. A lost hint costs seconds, never a picture.

Of watchdog it uses the layer that speaks to the kernel, one inotify instance for each watch. Which
folders are followed is decided here, since watchdog's own recursion follows ignored folders, too,
keeps silent at the kernel's limit, and differs by version in what it does with moved folders: a
folder is followed when a walk enters it, right before it is listed. So whatever the kernel did
not tell, or told too late, is followed from the next walk on.
"""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import Final, Protocol

import structlog
from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchDescriptor,
)

LIMIT_FILE: Final = Path("/proc/sys/fs/inotify/max_user_watches")

_TOLD: Final = Mask(
    InotifyConstants.IN_CREATE
    | InotifyConstants.IN_CLOSE_WRITE
    | InotifyConstants.IN_ATTRIB
    | InotifyConstants.IN_MOVED_FROM
    | InotifyConstants.IN_MOVED_TO
    | InotifyConstants.IN_DELETE
    | InotifyConstants.IN_DELETE_SELF
    | InotifyConstants.IN_MOVE_SELF
    | InotifyConstants.IN_ONLYDIR
    | InotifyConstants.IN_DONT_FOLLOW
    | InotifyConstants.IN_EXCL_UNLINK
)
_OURS: Final = CallbackId(0)
_AT_LIMIT: Final = frozenset({errno.ENOSPC, errno.ENOMEM})
_STOP_TIMEOUT_S: Final = 2.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.watching")


class Told(Protocol):
    """Where hints go to; both are called from another thread."""

    def add(self, relative: str) -> None:
        """Take in that something happened at a path relative to the root."""

    def lose(self) -> None:
        """Take in that hints were lost: anything may have happened."""


class HintSource(Protocol):
    """Something that tells what happens in the folders that it follows."""

    @property
    def alive(self) -> bool:
        """Whether it still works."""

    def follow(self, folder: str) -> bool:
        """Follow a folder, if it is not yet; paths are relative to the root.

        Returns False where there is no room or right to. Raises OSError where it is missing.
        """

    def stop(self) -> None:
        """Follow nothing any more."""


class Events:
    """Follows folders below one root by inotify.

    Raises OSError where the kernel has no room for another instance.
    """

    def __init__(self, root: Path, told: Told) -> None:
        self._root = os.fsencode(root)
        self._told = told
        self._lock = threading.Lock()
        self._folders: dict[WatchDescriptor, bytes] = {}
        self._followed: dict[bytes, WatchDescriptor] = {}
        self._broken = False
        self._kernel = InotifyFD()
        self._kernel.start()

    @property
    def alive(self) -> bool:
        """Whether it still works."""
        return self._kernel.is_alive() and not self._broken

    def follow(self, folder: str) -> bool:
        """Follow a folder, if it is not yet; paths are relative to the root.

        Returns False where there is no room or right to. Raises OSError where it is missing.
        """
        path = os.fsencode(folder)
        with self._lock:
            if path in self._followed:
                return True
        try:
            number = self._kernel.add_callback(self._absolute(path), _TOLD, self, _OURS)
        except OSError as error:
            if error.errno not in _AT_LIMIT:
                raise
            return False
        if number < 0:  # watchdog's way of saying that it may not be read
            return False
        with self._lock:
            self._followed[path] = number
            self._folders[number] = path
        return True

    def stop(self) -> None:
        """Follow nothing any more."""
        self._broken = True
        self._kernel.stop()
        self._kernel.join(_STOP_TIMEOUT_S)

    def _absolute(self, path: bytes) -> bytes:
        return b"%s/%s" % (self._root, path) if path else self._root

    # -- called by watchdog, in its thread

    def on_event(self, event: InotifyEvent) -> None:
        """Pass on where something happened."""
        try:
            self._pass_on(event)
        except Exception:
            self._broken = True
            log.exception("events.broken")

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """Forget a folder that the kernel no longer follows."""
        with self._lock:
            path = self._folders.pop(wd, None)
            if path is not None and self._followed.get(path) == wd:
                del self._followed[path]

    def on_queue_overflow(self) -> None:
        """Tell that hints were lost, of moved folders perhaps: all is to be followed anew."""
        self._broken = True
        self._told.lose()

    def _pass_on(self, event: InotifyEvent) -> None:
        with self._lock:
            folder = self._folders.get(event.wd)
        if folder is None:
            return
        path = b"%s/%s" % (folder, event.name) if folder and event.name else folder or event.name
        if not path and (event.is_move_self or event.is_delete_self):
            self._broken = True  # another folder may take the root's place
        elif event.is_directory and event.is_moved_from:
            self._leave(path)
        self._told.add(os.fsdecode(path))

    def _leave(self, path: bytes) -> None:
        """Follow no longer what was moved away: the kernel would go on telling its old path."""
        below = path + b"/"
        with self._lock:
            left = [each for each in self._followed if each == path or each.startswith(below)]
            numbers = [self._followed.pop(each) for each in left]
            for number in numbers:
                self._folders.pop(number, None)
        self._kernel.remove_callbacks([(number, _OURS) for number in numbers])
