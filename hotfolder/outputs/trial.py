"""Tries whether results can get their names in an output folder, before anything is paid for them.

A hidden file goes the way of a result and is removed again: a folder in which files can be written
and none can be renamed would hold every paid result back.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

from hotfolder.outputs import disk
from hotfolder.outputs.errors import blocked
from hotfolder.outputs.target import target_folder

PART: Final = ".hotfolder-trial.part"
NAMED: Final = ".hotfolder-trial"


def try_publishing(root: Path) -> None:
    """Let a hidden file go the way of a result at root, and leave no trace. Blocks.

    Raises RootMissing, and OutputBlocked where the file system refuses. That another program tries
    the same just now is no refusal: it could write and remove the very names.
    """
    with (
        blocked(root),
        target_folder(root, []) as folder,
        contextlib.suppress(FileExistsError, FileNotFoundError),
    ):
        try:
            _go(folder)
        finally:
            disk.unlink(folder, PART)
            disk.unlink(folder, NAMED)


def _go(folder: int) -> None:
    disk.unlink(folder, NAMED)
    with os.fdopen(disk.create(folder, PART, 0o666), "wb", buffering=0) as file:
        file.write(b"trial")
        os.fsync(file.fileno())
    disk.rename_without_replacing(folder, PART, NAMED)
