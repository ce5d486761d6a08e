"""Which files say something about a source: its sidecar and the folder files above it.

A sidecar that is there but cannot be understood is `BrokenSidecar`: the source then waits, and
never gets the rule's prompt in its place.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hotfolder.domain.sightings import Sighting
from hotfolder.planning import forms
from hotfolder.planning.forms import BrokenSidecar, Sidecar
from hotfolder.planning.looks import Looks
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


@dataclass(frozen=True, slots=True)
class Said:
    """What the files beside a source say: its own sidecar, and the folders, the nearest first.

    `silent` names a sidecar that is there and says nothing, as an XMP file without a prompt.
    """

    own: Sidecar | None = None
    folders: tuple[Sidecar, ...] = ()
    silent: str | None = None

    @property
    def layers(self) -> tuple[Sidecar, ...]:
        """All that is said, the nearest first."""
        return (*((self.own,) if self.own else ()), *self.folders)


def names_for(relative: str) -> Iterator[str]:
    """Yield where a source's sidecar may be, the first found counts."""
    folder, slash, name = relative.rpartition("/")
    stem = name.rpartition(".")[0] or name
    for form in forms.FORMS:
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


def read(looks: Looks, root: Path, found: Beside) -> Said:
    """Read what was found beside a source.

    Raises BrokenSidecar, OSError, SourceChanged or SourceGone where a file was being written or
    taken away, and Unseen where only a worker can tell.
    """
    folders: dict[str, Sidecar] = {}
    for path, _ in found.folder_files:
        folder, said = path.rpartition("/")[0], _read(looks, root, path)
        folders[folder] = _both(folders[folder], said, path) if folder in folders else said
    layers = tuple(folders.values())
    if found.sidecar is None:
        return Said(None, layers)
    own, name = _read(looks, root, found.sidecar[0]), found.sidecar[0]
    if own.is_silent and forms.form_of(name).describes:
        return Said(None, layers, silent=name)
    return Said(own, layers)


def _both(one: Sidecar, other: Sidecar, path: str) -> Sidecar:
    """Return what the two files of one folder say together."""
    if one.prompt is not None and other.prompt is not None:
        raise BrokenSidecar(
            f"{path} says a prompt, and so does {FOLDER_PROMPT} beside it: take one of them away"
        )
    return other.model_copy(update={"prompt": one.prompt or other.prompt})


def described(looks: Looks, root: Path, found: Beside) -> Mapping[str, str]:
    """Return what an XMP file beside a source says of rating and label. Raises as `read` does."""
    for path, _ in (*((found.sidecar,) if found.sidecar else ()), *found.unread):
        if forms.form_of(path).describes:
            with contextlib.suppress(files.SourceTooLarge, files.SourceGone):
                content = files.read(root, path, limit=forms.form_of(path).limit)
                return looks.of_sidecar(content.data).texts
    return {}


def _read(looks: Looks, root: Path, relative: str) -> Sidecar:
    form = forms.form_of(relative)
    try:
        content = files.read(root, relative, limit=form.limit)
    except files.SourceTooLarge:
        raise forms.too_large(relative) from None
    if form.describes:
        told = looks.of_sidecar(content.data)
        return forms.of_words(told.prompt, told.broken, relative)
    return forms.parse(content.data, relative)


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
