"""Values that stand in small files: an id that another watch published, as a rule's param.

Only what the config names is read: what a sidecar says of its params is sent as it stands.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from hotfolder import config
from hotfolder.domain import chain_failures
from hotfolder.domain.failures import Failure
from hotfolder.domain.loras import Lora
from hotfolder.domain.params import Params
from hotfolder.kinds.formats import UnfitFile
from hotfolder.planning import texts
from hotfolder.tree import files


def filled(params: Params) -> Params | Failure:
    """Return params with what stands in the files that they name, or why one has no value."""
    told = dict(params)
    for key, value in params.items():
        weights = config.lora_file(value)
        path = config.value_file(value)
        if weights is not None:
            try:
                told[key] = Lora(_md5(weights, *_sighting(weights)), str(weights)).written
            except OSError as error:
                return chain_failures.lora_missing(weights.name, error.strerror or str(error))
        if path is None:
            continue
        try:
            _, _, found = texts.read(path.parent, path.name)
        except (OSError, files.SourceError) as error:
            return chain_failures.value_missing(key, path.name, f"cannot be read ({error})")
        if isinstance(found, UnfitFile):
            return chain_failures.value_missing(key, path.name, "holds no text")
        told[key] = found.words
    return told


def mark(watch: config.Watch) -> str:
    """Return what is another wherever an edit of a watch may be: its rules, or a value's file."""
    if not watch.value_files:
        return watch.edits
    seen = [str(each) for path in watch.value_files for each in _sighting(path)]
    return watch.edits + hashlib.blake2b(" ".join(seen).encode(), digest_size=8).hexdigest()


@lru_cache(maxsize=64)
def _md5(path: Path, *seen: int) -> str:
    """Return the MD5 of a file, read again when it was `seen` to be another. Raises OSError."""
    del seen
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "md5").hexdigest()


def _sighting(path: Path) -> tuple[int, ...]:
    with suppress(OSError):
        status = path.stat()
        return status.st_size, status.st_mtime_ns, status.st_ino
    return (0,)
