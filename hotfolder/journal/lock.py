"""The lock that keeps a second daemon from a journal: a flock on the state directory itself.

Nobody can remove it as they can a file, and it is never on the journal's file: closing that would
give up SQLite's own locks. A daemon of an older program holds `journal.lock` instead, which it
leaves behind; so where that stands it is taken, too.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from hotfolder.domain.errors import JournalLocked

OLDER_NAME: Final = "journal.lock"

_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC
_TRIES: Final = 60
_PAUSE_S: Final = 0.01


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep every other daemon from the journal in this folder.

    Raises JournalLocked where one runs, FileNotFoundError without the folder. `is_locked` takes the
    lock for a moment, too: hence several tries.
    """
    with ExitStack() as closing:
        for handle in _handles(folder):
            closing.callback(os.close, handle)
            if not _takes_in_the_end(handle):
                raise JournalLocked(f"another hotfolder holds the journal in {folder}")
        yield


def is_locked(folder: Path) -> bool:
    """Return whether a process holds the journal in this folder."""
    with ExitStack() as closing, suppress(FileNotFoundError):
        for handle in _handles(folder):
            closing.callback(os.close, handle)
            if not _takes(handle, fcntl.LOCK_SH):
                return True
    return False


def _handles(folder: Path) -> Iterator[int]:
    yield os.open(folder, _FLAGS)
    with suppress(FileNotFoundError):
        yield os.open(folder / OLDER_NAME, _FLAGS)


def _takes_in_the_end(handle: int) -> bool:
    for _ in range(_TRIES):
        if _takes(handle, fcntl.LOCK_EX):
            return True
        time.sleep(_PAUSE_S)
    return False


def _takes(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
