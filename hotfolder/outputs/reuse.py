"""Results that are here already, copied into the spool for another job.

Whatever is copied must have the very hash that it was stored with: a picture that somebody has
worked on since is not the result any more.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from hotfolder.outputs import disk
from hotfolder.outputs.errors import OutputBlocked, blocked
from hotfolder.outputs.spool import Spool, Spooled
from hotfolder.outputs.target import opened_output

CHUNK_BYTES = 1024 * 1024


def from_spool(spool: Spool, file: str, sha256: str, name: str) -> Spooled | None:
    """Copy a spooled result to another name; None where it is gone or damaged."""
    path = spool.path(file)
    try:
        with blocked(path), disk.opened(path, os.O_RDONLY | os.O_CLOEXEC) as opened:
            return _copy(opened, path, spool, sha256, name)
    except OutputBlocked as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise


def from_output(spool: Spool, root: Path, relative: str, sha256: str, name: str) -> Spooled | None:
    """Copy a published result back into the spool; None where it is gone or was changed.

    Raises RootMissing and OutputBlocked where that cannot be known now.
    """
    with opened_output(root, relative) as opened:
        return None if opened is None else _copy(opened, root / relative, spool, sha256, name)


def _copy(opened: int, path: Path, spool: Spool, sha256: str, name: str) -> Spooled | None:
    with blocked(path), os.fdopen(opened, "rb", closefd=False) as stream:
        if hashlib.file_digest(stream, "sha256").hexdigest() != sha256:
            return None
        stream.seek(0)
        with spool.open_part(name) as part:
            while chunk := stream.read(CHUNK_BYTES):
                part.write(chunk)
            return part.commit() if part.sha256 == sha256 else None
