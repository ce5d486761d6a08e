"""Which sources a sidecar speaks for: `speaking.names_for` seen from the other side."""

from __future__ import annotations

import os
from collections.abc import Iterator

from hotfolder import config
from hotfolder.domain.texts import is_text
from hotfolder.planning import forms, grouping, naming, speaking
from hotfolder.tree.scan import walk


def sources_of(watch: config.Watch, relative: str) -> list[str]:
    """Return the sources beside a sidecar that it speaks for, whether or not it is there.

    Raises OSError where the folder cannot be listed.
    """
    return [
        path
        for path in _beside(watch, relative)
        if relative in speaking.names_for(path) and not naming.why_ignored(watch, path)
    ]


def _beside(watch: config.Watch, relative: str) -> list[str]:
    folder = relative.rpartition("/")[0]
    try:
        listing = next(walk(watch.input, folder, recursive=False))
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [os.fsdecode(listing.folder + name) for name in listing.names]


def owner_of(watch: config.Watch, relative: str) -> str | None:
    """Return the name of a source that a text beside it speaks for, None where it is for itself.

    Raises OSError where the folder cannot be listed.
    """
    if watch.sidecar == "none":
        return None
    beside = (path for path in sources_of(watch, relative) if not is_text(path))
    return next((path.rpartition("/")[2] for path in beside), None)


def describe(watch: config.Watch, relative: str) -> str:
    """Return what a sidecar or folder file is to this watch, for a person."""
    if watch.sidecar == "none":
        return "a sidecar or note; this watch reads none"
    if speaking.is_folder_file(relative):
        return "speaks for all sources of its folder and below"
    try:
        found = sources_of(watch, relative)
    except OSError:
        return "a sidecar or note, not a source"
    if not found:
        return "a sidecar or note; there is no source that it belongs to"
    return f"the sidecar of {', '.join(each.rpartition('/')[2] for each in found)}"


def going_along(watch: config.Watch, relative: str) -> list[str]:
    """Return the sidecars of a source, and of its set, that speak for no other that is still there.

    Raises OSError and RootGone where the share fails.
    """
    if watch.sidecar == "none":
        return []
    beside = speaking.beside(watch.input, relative)
    found = (*((beside.sidecar,) if beside.sidecar else ()), *beside.unread)
    own = [path for path, _ in found if not set(sources_of(watch, path)) - {relative}]
    return [*own, *_of_set(watch, relative)]


def _of_set(watch: config.Watch, relative: str) -> Iterator[str]:
    others = [each for each in _beside(watch, relative) if each != relative]
    for name in grouping.speakers(watch, relative):
        if any(name in grouping.speakers(watch, each) for each in others):
            continue
        for form in forms.FORMS:
            place = f"{name}{form.ending}"
            if speaking.look(watch.input, place) and not sources_of(watch, place):
                yield place
