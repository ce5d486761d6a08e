"""Names that are never sources: the litter of systems, and files that are still under way.

A file with a temporary name becomes a source when it gets its final one. A folder with such a name
is neither walked nor watched.
"""

from __future__ import annotations

import fnmatch
import re
from functools import lru_cache
from typing import Final

# The first that fits tells the reason, so the particular stand before the general.
_NAMES: Final = (
    (".hotfolder*", "hotfolder's own file"),
    (".syncthing.*.tmp", "temporary name of Syncthing"),
    ("~syncthing~*", "temporary name of Syncthing"),
    (".*.??????", "temporary name of rsync"),
    ("*.part", "temporary name of a browser or copier"),
    ("*.partial", "temporary name of a browser or copier"),
    ("*.crdownload", "temporary name of a browser"),
    ("*.download", "temporary name of a browser"),
    ("*.filepart", "temporary name of a copier"),
    ("*.tmp", "temporary name"),
    ("~$*", "lock file of an office program"),
    ("._*", "macOS resource fork"),
    (".ds_store", "macOS folder settings"),
    (".appledouble", "macOS resource forks"),
    (".fseventsd", "macOS event log"),
    (".spotlight-v100", "macOS search index"),
    ("icon\r", "macOS folder icon"),
    ("__macosx", "leftovers of a macOS archive"),
    ("thumbs.db", "Windows thumbnails"),
    ("desktop.ini", "Windows folder settings"),
    ("$recycle.bin", "Windows recycle bin"),
    ("system volume information", "Windows system folder"),
    ("@eadir", "Synology thumbnails"),
    ("syno*_thumb_*", "Synology thumbnails"),
    (".@__thumb", "QNAP thumbnails"),
    ("@__thumb", "QNAP thumbnails"),
    ("#recycle", "recycle bin of a NAS"),
    (".trash*", "recycle bin"),
    (".stfolder", "Syncthing's folder marker"),
    (".stversions", "Syncthing's old versions"),
    (".*", "hidden file or folder"),
)
PATTERNS: Final = tuple(pattern for pattern, _ in _NAMES)
_ANY: Final = re.compile(
    "|".join(fnmatch.translate(pattern) for pattern, _ in _NAMES), re.IGNORECASE
)


@lru_cache(maxsize=4096)
def litter(name: str) -> str | None:
    """Return why a file or folder of this name is never looked at, or None."""
    if not _ANY.match(name):
        return None
    return next(reason for pattern, reason in _NAMES if _fits(pattern, name))


def _fits(pattern: str, name: str) -> bool:
    return re.match(fnmatch.translate(pattern), name, re.IGNORECASE) is not None


def ignored(relative: str) -> str | None:
    """Return why a path below a root is ignored, or None: its name or a folder above it."""
    found = (litter(part) for part in relative.split("/"))
    return next((reason for reason in found if reason), None)
