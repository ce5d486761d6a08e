"""The lock that says whose the journal is: one daemon's, and free again when its process ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hotfolder.domain.errors import JournalLocked

_LOCK_NAME = "journal.lock"
_LOCK_TRIES = 20
_LOCK_PAUSE_S = 0.01


def take(folder: Path) -> int:
    """Return the folder's lock, taken: a file to close. Raises JournalLocked.

    `is_locked` takes it for a moment, too: hence several tries.
    """
    handle = os.open(folder / _LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    for _ in range(_LOCK_TRIES):
        with suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        time.sleep(_LOCK_PAUSE_S)
    os.close(handle)
    raise JournalLocked(f"another hotfolder holds the journal in {folder}")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep every daemon from the journal in this folder. Raises JournalLocked where one runs."""
    handle = take(folder)
    try:
        yield
    finally:
        os.close(handle)


def is_locked(folder: Path) -> bool:
    """Return whether a process holds the journal in this folder."""
    try:
        handle = os.open(folder / _LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
