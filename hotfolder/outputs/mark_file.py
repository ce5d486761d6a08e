"""The small file in the root of an output folder that bears a journal's newest mark.

It goes through a hidden temporary, so that it is whole or as it was before, and is on the disk when
`replace` returns. Each journal has a file of its own.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from typing import TYPE_CHECKING, Final

from hotfolder.outputs import disk
from hotfolder.outputs.errors import blocked
from hotfolder.outputs.target import FILE, target_folder

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_BYTES: Final = 1024

_TEXT: Final = """\
# By this file hotfolder notices that its journal was put back from an older copy. Leave it here.
mark = "{mark}"
"""
_MARK: Final = re.compile(r'^mark = "(\w+)"$', re.MULTILINE)


def name_of(journal: str) -> str:
    """Return the name of a journal's file, by the journal's id."""
    return f".hotfolder-{journal}"


def read(root: Path, journal: str) -> str | None:
    """Return the mark that stands in a root, None without one.

    A file that bears none that can be read is like one with a mark that nobody knows: "".
    Raises RootMissing and OutputBlocked.
    """
    with blocked(root), target_folder(root, []) as folder:
        return _read(folder, name_of(journal))


def replace(
    root: Path, journal: str, mark: str, *, known: str | None, mounted: bool, hand: str = ""
) -> str | None:
    """Put a mark into a root, durably, unless another one than `known` stands there.

    Returns that other one, None where the mark was put. `mounted` says that root must be the place
    of a mount; `hand` is another for each machine that may do the same just now.
    Raises RootMissing, NotMounted and OutputBlocked.
    """
    name = name_of(journal)
    with blocked(root), target_folder(root, [], mounted=mounted) as folder:
        stands = _read(folder, name)
        if stands not in (None, known):
            return stands
        temporary = f"{name}{hand}.part"
        file = disk.create(folder, temporary, 0o644)
        with os.fdopen(file, "wb", buffering=0):
            disk.write_all(file, _TEXT.format(mark=mark).encode())
            os.fsync(file)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        disk.sync(folder)
    return None


def _read(folder: int, name: str) -> str | None:
    with contextlib.suppress(FileNotFoundError), disk.opened(name, FILE, folder) as file:
        if stat.S_ISREG(os.fstat(file).st_mode):
            found = _MARK.search(os.read(file, LARGEST_BYTES).decode("utf-8", "replace"))
            return found[1] if found else ""
    return None
