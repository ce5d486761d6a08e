"""What the files beside a source say: its sidecar and the folder files above it.

A sidecar that is there but cannot be understood is `BrokenSidecar`: the source then waits, and
never gets the rule's prompt in its place.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hotfolder.planning import forms, said
from hotfolder.planning.forms import BrokenSidecar
from hotfolder.planning.looks import Looks
from hotfolder.planning.said import Sidecar
from hotfolder.planning.speaking import FOLDER_PROMPT, Beside
from hotfolder.tree import files


@dataclass(frozen=True, slots=True)
class Said:
    """What the files beside a source say: its own sidecar, and the folders, the nearest first.

    `row` is what one row of a source says for itself, `media` the files that it names, by role and
    relative to the watch.
    `silent` names a sidecar that is there and says nothing, as an XMP file without a prompt.
    """

    own: Sidecar | None = None
    folders: tuple[Sidecar, ...] = ()
    silent: str | None = None
    row: Sidecar | None = None
    media: Mapping[str, str] = field(default_factory=dict)

    @property
    def layers(self) -> tuple[Sidecar, ...]:
        """All that is said, the nearest first."""
        nearest = (each for each in (self.row, self.own) if each)
        return (*nearest, *self.folders)

    @property
    def changes_edit(self) -> bool:
        """Whether it names a model or params: else what is asked for is the rule's own edit."""
        return any(each.model is not None or each.params for each in self.layers)


def read(looks: Looks, root: Path, found: Beside) -> Said:
    """Read what was found beside a source.

    Raises BrokenSidecar, OSError, SourceChanged or SourceGone where a file was being written or
    taken away, and Unseen where only a worker can tell.
    """
    folders: dict[str, Sidecar] = {}
    for path, _ in found.folder_files:
        folder, told = path.rpartition("/")[0], _read(looks, root, path)
        folders[folder] = _both(folders[folder], told, path) if folder in folders else told
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
        return said.of_words(told.prompt, told.broken, relative)
    return said.parse(content.data, relative)
