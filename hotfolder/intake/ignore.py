"""Names that are never sources: the litter of systems, and files that are still under way.

A file with a temporary name becomes a source when it gets its final one.
"""

from __future__ import annotations

import fnmatch
import re
from typing import Final

SIDECAR_SUFFIXES: Final = (".toml", ".json", ".txt", ".xmp")

_LITTER: Final = (
    (".*", "hidden file or folder"),
    ("thumbs.db", "Windows thumbnails"),
    ("desktop.ini", "Windows folder settings"),
    ("@eadir", "Synology thumbnails"),
    (".@__thumb", "QNAP thumbnails"),
    ("@__thumb", "QNAP thumbnails"),
    ("#recycle", "recycle bin of a NAS"),
    ("__macosx", "leftovers of a macOS archive"),
    ("syno*_thumb_*", "Synology thumbnails"),
    ("icon\r", "macOS folder icon"),
)
_TEMPORARY: Final = (
    ("*.part", "temporary name of a download or copy"),
    ("*.partial", "temporary name of a download or copy"),
    ("*.crdownload", "temporary name of a browser"),
    ("*.download", "temporary name of a browser"),
    ("*.filepart", "temporary name of a copy"),
    ("*.tmp", "temporary name"),
    ("~$*", "lock file of an office program"),
    ("~syncthing~*", "temporary name of Syncthing"),
)
_PATTERNS: Final = tuple(
    (re.compile(fnmatch.translate(pattern), re.IGNORECASE), reason)
    for pattern, reason in (*_TEMPORARY, *_LITTER)
)


def litter(name: str) -> str | None:
    """Return why a file or folder of this name is never looked at, or None."""
    return next((reason for pattern, reason in _PATTERNS if pattern.fullmatch(name)), None)


def ignored(relative: str) -> str | None:
    """Return why a path below a root is ignored, or None: its name or a folder above it."""
    found = (litter(part) for part in relative.split("/"))
    return next((reason for reason in found if reason), None)


def is_sidecar(name: str) -> bool:
    """Return whether this is the name of a sidecar or folder file rather than of a source."""
    return name.lower().endswith(SIDECAR_SUFFIXES)
