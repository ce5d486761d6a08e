"""Which files say something about a source: its sidecar and the folder files above it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hotfolder.domain.sightings import Sighting
from hotfolder.domain.texts import TEXT_ENDING, is_text
from hotfolder.planning import forms
from hotfolder.tree import files

FOLDER_PROMPT: Final = "_prompt.txt"
FOLDER_RULES: Final = "_rules.toml"
FOLDER_FILES: Final = (FOLDER_PROMPT, FOLDER_RULES)

Seen = tuple[str, Sighting]


@dataclass(frozen=True, slots=True)
class Beside:
    """The files that say something about a source, with their sightings.

    `unread` are further sidecars, which the one that is read keeps from being read;
    `folder_files` begin with the nearest.
    """

    sidecar: Seen | None
    unread: tuple[Seen, ...]
    folder_files: tuple[Seen, ...]

    @property
    def mark(self) -> str:
        """A short text that changes when any of the files comes, changes or goes; "" for none."""
        found = (*((self.sidecar,) if self.sidecar else ()), *self.folder_files)
        seen = tuple((path, each.size, each.mtime_ns, each.inode) for path, each in found)
        return hashlib.blake2b(repr(seen).encode(), digest_size=8).hexdigest() if found else ""

    def without(self, path: str) -> Beside:
        """Return the rest of them, of which the next sidecar counts."""
        own = (*((self.sidecar,) if self.sidecar else ()), *self.unread)
        return _beside((each for each in own if each[0] != path), self.folder_files)


def names_for(relative: str) -> Iterator[str]:
    """Yield where a source's sidecar may be, the first found counts.

    A text has no text that speaks for it: least of all itself.
    """
    folder, slash, name = relative.rpartition("/")
    stem = name.rpartition(".")[0] or name
    for form in forms.FORMS:
        if form.ending == TEXT_ENDING and is_text(name):
            continue
        yield f"{folder}{slash}{name}{form.ending}"
        yield f"{folder}{slash}{stem}{form.ending}"


def is_folder_file(relative: str) -> bool:
    """Return whether this is the name of a file that speaks for its folder and those below."""
    return relative.rpartition("/")[2] in FOLDER_FILES


def beside(root: Path, relative: str) -> Beside:
    """Look for a source's sidecars and the folder files upwards.

    Raises OSError where the folder cannot be read, RootGone where it is missing.
    """
    names = [each.rpartition("/")[2] for each in names_for(relative)]
    folder = relative.rpartition("/")[0]
    above = (each for place in _upwards(folder) for each in _seen(root, place, FOLDER_FILES))
    return _beside(_seen(root, folder, names), above)


def names_for_set(named_after: str, paths: Sequence[str]) -> Iterator[str]:
    """Yield where the sidecar of a set may be: beside its folder, or beside its files."""
    for form in forms.FORMS:
        yield f"{named_after}{form.ending}"
        yield from (f"{path}{form.ending}" for path in paths if not _is_in(path, named_after))


def beside_set(root: Path, named_after: str, paths: Sequence[str]) -> Beside:
    """Look for the sidecars of a set and the folder files upwards; a file by itself has its own.

    Raises as `beside` does.
    """
    first = paths[0]
    if named_after == first:
        return beside(root, first)
    names = [each.rpartition("/")[2] for each in names_for_set(named_after, paths)]
    folder = first.rpartition("/")[0]
    above = (each for place in _upwards(folder) for each in _seen(root, place, FOLDER_FILES))
    return _beside(_seen(root, named_after.rpartition("/")[0], names), above)


def _is_in(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/")


def beside_by(look: Callable[[str], Sighting | None], relative: str) -> Beside:
    """Look for the same by other means: `look` returns the sighting of a path, or None."""
    own, above = (
        ((place, seen) for place in places if (seen := look(place)) is not None)
        for places in (names_for(relative), folder_files(relative))
    )
    return _beside(own, above)


def _beside(own: Iterable[Seen], above: Iterable[Seen]) -> Beside:
    found = tuple(own)
    return Beside(found[0] if found else None, found[1:], tuple(above))


def folder_files(relative: str) -> Iterator[str]:
    """Yield where folder files that count for a path may be, the nearest first."""
    for folder in _upwards(relative.rpartition("/")[0]):
        for name in FOLDER_FILES:
            yield _inside(folder, name)


def look(root: Path, place: str) -> Sighting | None:
    """Return the sighting of a place where a sidecar may be, or None. Raises OSError, RootGone."""
    folder, _, name = place.rpartition("/")
    return next((seen for _, seen in files.look_among(root, folder, [name])), None)


def _upwards(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
    yield ""


def _seen(root: Path, folder: str, names: Sequence[str]) -> Iterator[Seen]:
    for name, sighting in files.look_among(root, folder, names):
        yield _inside(folder, name), sighting


def _inside(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
