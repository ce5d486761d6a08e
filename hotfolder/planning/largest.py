"""How large a file may be to be read at all, by the kind that its name tells."""

from __future__ import annotations

from hotfolder import config
from hotfolder.kinds.kind import Kind, kind_named
from hotfolder.runninghub.catalog import MEGABYTE
from hotfolder.tree import files


def largest_bytes(watch: config.Watch, relative: str) -> int:
    """Return the most bytes that a source may have; a name that tells no kind is a picture's."""
    stated = watch.largest_mb
    if isinstance(stated, int):
        return stated * MEGABYTE
    kind = kind_named(relative) or Kind.PICTURE
    limits = {Kind(name): most * MEGABYTE for name, most in stated.items()}
    return limits.get(kind, files.LARGEST_BYTES)
