"""What speaks for the sources of a tree, as a mark for each: a scan sees by it what changed.

It is made of the watch's rules and of the files beside the source. The journal keeps the mark
that a source was accepted with. So a rule, sidecar or folder file that came, changed or went is
noticed whenever it did, and nothing of it is kept in memory.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final

from hotfolder import config
from hotfolder.domain.sightings import Sighting
from hotfolder.planning import grouping, speaking, values
from hotfolder.planning.forms import FORMS, any_sidecar, is_sidecar
from hotfolder.planning.speaking import Beside
from hotfolder.tree.scan import Listing

Mark = Callable[[bytes], str]

ANY_NAME: Final = "x"


def mark(watch: config.Watch, relative: str) -> str:
    """Return the mark of one source by looking for what is beside it. Raises OSError, RootGone."""
    if watch.sidecar == "none":
        return values.mark(watch)
    own = mark_of(watch, speaking.beside(watch.input, relative))
    return own + _of_sets(watch, relative, partial(speaking.look, watch.input))


def mark_of(watch: config.Watch, beside: Beside) -> str:
    """Return the mark of a source by what was found beside it."""
    own = values.mark(watch)
    return own if watch.sidecar == "none" else own + beside.mark


def _of_sets(watch: config.Watch, relative: str, look: Callable[[str], Sighting | None]) -> str:
    """Return the mark of what speaks for all of a file's set; "" where nothing does."""
    places = [
        f"{name}{form.ending}" for name in grouping.speakers(watch, relative) for form in FORMS
    ]
    found = _found(places, look)
    seen = [(place, each.size, each.mtime_ns, each.inode) for place, each in found.items()]
    return hashlib.blake2b(repr(seen).encode(), digest_size=8).hexdigest() if seen else ""


class Marking:
    """Gives the marks during one walk, which enters each folder before those below it.

    What cannot be looked at is told to `refused`. Raises OSError and RootGone where a folder, or
    the folder files above `start`, cannot be looked for.
    """

    def __init__(self, watch: config.Watch, start: str, refused: Callable[[str], None]) -> None:
        self._watch = watch
        self._refused = refused
        self._off = watch.sidecar == "none"
        self._grouped = grouping.any_groups(watch)
        self._above: dict[str, Sighting] = {}
        if start and not self._off:
            self._above = _found(speaking.folder_files(start), partial(speaking.look, watch.input))

    def in_folder(self, listing: Listing) -> Mark:
        """Return what gives the mark of each source in a folder."""
        if self._off:
            return self._common()
        own = self._own(listing) if any_sidecar(listing.names) else {}
        if not own and not self._above and not self._grouped:
            return self._common()
        notes = self._above | own
        folder_files = speaking.folder_files(os.fsdecode(listing.folder) + ANY_NAME)
        self._above = _found(folder_files, notes.get)
        return partial(self._mark, notes)

    def _mark(self, notes: Mapping[str, Sighting], path: bytes) -> str:
        relative = os.fsdecode(path)
        own = mark_of(self._watch, speaking.beside_by(notes.get, relative))
        if not self._grouped:
            return own
        return own + _of_sets(self._watch, relative, partial(speaking.look, self._watch.input))

    def _own(self, listing: Listing) -> dict[str, Sighting]:
        names = [name for name in listing.names if is_sidecar(name)]
        seen = listing.look(names, self._refused)
        return {os.fsdecode(listing.folder + name): Sighting.of(status) for name, status in seen}

    def _common(self) -> Mark:
        common = values.mark(self._watch)
        return lambda _path: common


def _found(places: Iterable[str], look: Callable[[str], Sighting | None]) -> dict[str, Sighting]:
    seen = ((place, look(place)) for place in places)
    return {place: sighting for place, sighting in seen if sighting is not None}
