"""By which path a set of files is known: what makes one job together keeps its key over its life.

A single file is known by its own path, a folder by its path with a slash at the end, files of one
stem by their folder and that stem, whatever its case and composition, with `.*`.
"""

from __future__ import annotations

import unicodedata
from typing import Final

ANY_ENDING: Final = ".*"
FOLDER_END: Final = "/"


def folded(stem: str) -> str:
    """Return a stem as a share that ignores case and composition would compare it."""
    # Folding composed text can denormalise it, and normalising can make new letters to
    # fold; decomposing first and composing last is Unicode's canonical caseless match.
    decomposed = unicodedata.normalize("NFD", stem).casefold()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", decomposed).casefold())


def of_folder(folder: str) -> str:
    """Return the key of all that lies in a folder."""
    return f"{folder}{FOLDER_END}"


def of_stem(path: str) -> str:
    """Return the key of the files of one stem, by their path without anything after the stem."""
    folder, slash, stem = path.rpartition("/")
    return f"{folder}{slash}{folded(stem)}{ANY_ENDING}"


def is_named_after(key: str, path: str) -> bool:
    """Return whether what stands at a key would be named after a path today.

    So is a single file by its stem or folder, where it is a set of its own.
    """
    if key == path or key.startswith((f"{path}.", of_folder(path))):
        return True
    return key.endswith(ANY_ENDING) and key == of_stem(path)
