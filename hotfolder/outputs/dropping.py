"""Putting a file into a watched folder as people's programs should: never half, never over another.

The sidecar comes first, so that no picture is taken without its prompt. Both are written under a
hidden name that no watch takes, and renamed. Used for the page's drop; nothing else of this program
writes where sources stand.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hotfolder.domain.texts import TEXT_ENDING
from hotfolder.outputs import disk
from hotfolder.outputs.errors import blocked

MOST_TRIES: Final = 1000
_CHUNK_BYTES: Final = 1024 * 1024


def drop(root: Path, name: str, staged: Path, prompt: str | None, token: str) -> str:
    """Put a staged file into a folder, its prompt beside it; return the name that it got.

    `token` is a word of letters and digits that no other drop has. A name that is taken gets a
    number. Raises OutputBlocked, ValueError for what is no plain name.
    """
    if name in {"", ".", ".."} or "/" in name or "\0" in name or not token.isalnum():
        raise ValueError(f"not a name for a dropped file: {name!a}")
    with blocked(root), disk.opened(root, disk.FOLDER) as folder:
        with _hidden(folder, f".hotfolder-drop-{token}.part") as picture:
            _copy(folder, picture, staged)
            for wanted in _names(name):
                if prompt is not None and not _placed_prompt(folder, wanted, prompt, token):
                    continue
                if _renamed(folder, picture, wanted):
                    disk.sync(folder)
                    return wanted
                if prompt is not None:
                    disk.unlink(folder, _beside(wanted))
        raise ValueError(f"every name like {name!a} is taken")


def _beside(name: str) -> str:
    return f"{name}{TEXT_ENDING}"


def _names(name: str) -> Iterator[str]:
    stem, dot, extension = name.rpartition(".")
    yield name
    for number in range(2, MOST_TRIES):
        yield f"{stem} ({number}){dot}{extension}" if stem else f"{name} ({number})"


def _placed_prompt(folder: int, name: str, prompt: str, token: str) -> bool:
    if os.access(name, os.F_OK, dir_fd=folder, follow_symlinks=False):
        return False
    with _hidden(folder, f".hotfolder-drop-{token}-prompt.part") as hidden:
        file = disk.create(folder, hidden, 0o666)
        with os.fdopen(file, "wb", buffering=0):
            disk.write_all(file, prompt.encode("utf-8") + b"\n")
            os.fsync(file)
        return _renamed(folder, hidden, _beside(name))


def _renamed(folder: int, hidden: str, name: str) -> bool:
    try:
        disk.rename_without_replacing(folder, hidden, name)
    except FileExistsError:
        return False
    return True


def _copy(folder: int, hidden: str, staged: Path) -> None:
    file = disk.create(folder, hidden, 0o666)
    with staged.open("rb") as source, os.fdopen(file, "wb", buffering=0):
        while chunk := source.read(_CHUNK_BYTES):
            disk.write_all(file, chunk)
        os.fsync(file)


@contextlib.contextmanager
def _hidden(folder: int, name: str) -> Iterator[str]:
    """Give a hidden name, and leave nothing under it."""
    try:
        yield name
    finally:
        with contextlib.suppress(OSError):
            disk.unlink(folder, name)
