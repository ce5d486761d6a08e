"""Walking a watched tree: folder by folder, in byte order, following no link.

Runs in a worker thread. Names are bytes here, as the disk gives them and the journal keeps them.
The names of one folder are held at a time, and those of the folders still to be walked; a file is
looked at when its turn comes.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hotfolder.domain.sightings import DEVICE, LINK
from hotfolder.tree.ignore import litter

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Listing:
    """The names of the regular files in one folder, in byte order, and of what hides its type.

    `folder` is relative to `root` and ends with "/", but for the root itself. `no_files` are the
    names of what is neither file nor folder, each with what it is.
    """

    root: bytes
    folder: bytes
    names: list[bytes]
    no_files: dict[bytes, str]

    @property
    def name(self) -> str:
        """The folder's path, "" for the root."""
        return os.fsdecode(self.folder).rstrip("/")

    def look(
        self, names: Iterable[bytes], refused: Callable[[str], None]
    ) -> Iterator[tuple[bytes, os.stat_result]]:
        """Stat some of the names without following a link; what has gone is left out.

        The first that the disk or share fails on is told to `refused`. Not each name but their
        folder is looked up from the root, which is quicker. Raises OSError where that fails.
        """
        gone = contextlib.suppress(FileNotFoundError, NotADirectoryError)
        with gone, _opened(self.root, self.folder) as folder:
            left, failed = iter(names), False
            while True:
                try:
                    for name in left:
                        yield name, os.lstat(name, dir_fd=folder)
                except FileNotFoundError:
                    continue
                except OSError:
                    if not failed:
                        refused(os.fsdecode(self.folder + name))
                    failed = True
                else:
                    return


def walk(
    root: Path,
    start: str = "",
    *,
    recursive: bool = True,
    entering: Callable[[str], None] = lambda _folder: None,
    goes_into: Callable[[str], bool] = lambda _folder: True,
    refused: Callable[[str], None] = lambda _folder: None,
) -> Iterator[Listing]:
    """Yield every folder from `start` downwards; paths are relative to `root`.

    Each is passed to `entering` right before it is listed, and `goes_into` says of each below
    whether it is walked. Raises OSError where `start` itself cannot be listed. A folder below
    that vanished is left out; one that cannot be listed is left out and told to `refused`.
    """
    base = os.fsencode(root)
    first = os.fsencode(f"{start}/" if start else "")
    folders = [first]
    while folders:
        folder = folders.pop()
        name = os.fsdecode(folder).rstrip("/")
        try:
            entering(name)
            files, below, no_files = _list(base, folder)
        except OSError as error:
            if folder == first:
                raise
            if not isinstance(error, FileNotFoundError):
                refused(name)
            continue
        yield Listing(base, folder, files, no_files)
        if recursive:
            below = [each for each in below if goes_into(os.fsdecode(each).rstrip("/"))]
            folders.extend(reversed(below))


def names(root: Path, folder: str) -> list[str]:
    """Return the names of the regular files in a folder, in byte order. Raises OSError."""
    listed, _, _ = _list(os.fsencode(root), os.fsencode(f"{folder}/" if folder else ""))
    return [os.fsdecode(each) for each in listed]


def _list(base: bytes, folder: bytes) -> tuple[list[bytes], list[bytes], dict[bytes, str]]:
    files: list[bytes] = []
    no_files: dict[bytes, str] = {}
    below: list[bytes] = []
    with os.scandir(b"%s/%s" % (base, folder)) as entries:
        for entry in entries:
            try:
                if entry.is_file(follow_symlinks=False):
                    files.append(entry.name)
                elif not entry.is_dir(follow_symlinks=False):
                    no_files[entry.name] = LINK if entry.is_symlink() else DEVICE
                elif not litter(os.fsdecode(entry.name)):
                    below.append(b"%s%s/" % (folder, entry.name))
            except OSError:  # where listing tells no types: looking at it will say the same
                files.append(entry.name)
    files.sort()
    below.sort()
    return files, below, no_files


@contextlib.contextmanager
def _opened(base: bytes, folder: bytes) -> Iterator[int]:
    opened = os.open(b"%s/%s" % (base, folder), _FOLDER)
    try:
        yield opened
    finally:
        os.close(opened)
