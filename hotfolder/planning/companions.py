"""Which sources a sidecar speaks for: `sidecar.names_for` seen from the other side."""

from __future__ import annotations

import os

from hotfolder import config
from hotfolder.planning import naming, sidecar
from hotfolder.tree.scan import walk


def sources_of(watch: config.Watch, relative: str) -> list[str]:
    """Return the sources beside a sidecar that it speaks for, whether or not it is there.

    Raises OSError where the folder cannot be listed.
    """
    folder = relative.rpartition("/")[0]
    try:
        listing = next(walk(watch.input, folder, recursive=False))
    except (FileNotFoundError, NotADirectoryError):
        return []
    paths = (os.fsdecode(listing.folder + name) for name in listing.names)
    return [
        path
        for path in paths
        if relative in sidecar.names_for(path) and not naming.why_ignored(watch, path)
    ]


def describe(watch: config.Watch, relative: str) -> str:
    """Return what a sidecar or folder file is to this watch, for a person."""
    if watch.sidecar == "none":
        return "a sidecar or note; this watch reads none"
    if sidecar.is_folder_file(relative):
        return "speaks for all pictures of its folder and below"
    try:
        found = sources_of(watch, relative)
    except OSError:
        return "a sidecar or note, not a picture"
    if not found:
        return "a sidecar or note; there is no picture that it belongs to"
    return f"the sidecar of {', '.join(each.rpartition('/')[2] for each in found)}"


def going_along(watch: config.Watch, relative: str) -> list[str]:
    """Return the sidecars of a source that speak for no other source that is still there.

    Raises OSError and RootGone where the share fails.
    """
    if watch.sidecar == "none":
        return []
    beside = sidecar.beside(watch.input, relative)
    found = (*((beside.sidecar,) if beside.sidecar else ()), *beside.unread)
    return [path for path, _ in found if not set(sources_of(watch, path)) - {relative}]
