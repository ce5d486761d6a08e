"""The essences of sources: computed once for each content, in a worker, from a private copy."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

from hotfolder.domain.essences import Essence
from hotfolder.domain.sightings import Sighting
from hotfolder.journal import identities
from hotfolder.journal.journal import Journal
from hotfolder.kinds.formats import PictureError
from hotfolder.kinds.picture.essence import VERSION
from hotfolder.kinds.workshop.workshop import LEAST_S, LOOK_BYTES, Workshop
from hotfolder.tree import files

T = TypeVar("T")
Run = Callable[[Callable[[], T]], Awaitable[T]]

# Slower than any machine that is to digest a picture.
BYTES_IN_A_SECOND: Final = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Known:
    """A content by its hash, its essence, and the sighting that it was read at."""

    content_hash: str
    essence: Essence
    sighting: Sighting


class Essences:
    """Asks workers; copies are kept in `folder`, on the local disk, without a name."""

    def __init__(self, workshop: Workshop, folder: Path, journal: Journal) -> None:
        self._workshop = workshop
        self._folder = folder
        self._journal = journal

    async def of(self, run: Run[Any], root: Path, relative: str, content_hash: str) -> Essence:
        """Return the essence of a source's content, reading it unless it is known.

        `run` makes a blocking call on the source's share. A file larger than any that is sent is
        known by its bytes. Raises SourceChanged where it has another content by now; WorkerFailed,
        SourceError, OSError.
        """
        known = await self._journal.run(identities.essence, content_hash, VERSION)
        if known is not None:
            return known
        try:
            read = await self.read(run, root, relative)
        except files.SourceTooLarge:
            return Essence(VERSION, content_hash)
        if read.content_hash != content_hash:
            raise files.SourceChanged(f"{relative!a} changed while it was read")
        return read.essence

    async def read(self, run: Run[Any], root: Path, relative: str) -> Known:
        """Read a source and tell its essence. Raises WorkerFailed, SourceError, OSError."""
        file, content_hash, sighting = await run(partial(self._copied, root, relative))
        with file:
            digest = await self._digest(file, sighting.size)
        return Known(content_hash, Essence(VERSION, digest or content_hash), sighting)

    def _copied(self, root: Path, relative: str) -> tuple[BinaryIO, str, Sighting]:
        file: Any = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115  given on
        try:
            content_hash, sighting = files.copy(
                root, relative, file.write, limit=files.LARGEST_BYTES
            )
        except BaseException:
            file.close()
            raise
        return file, content_hash, sighting

    async def _digest(self, file: BinaryIO, size: int) -> str | None:
        """Return what a worker makes of a picture; None where its bytes are all that is known."""
        try:
            answer = await self._workshop.work(
                "essence",
                [file.fileno()],
                {},
                memory_bytes=LOOK_BYTES,
                deadline_s=LEAST_S + size / BYTES_IN_A_SECOND,
            )
        except PictureError:
            return None
        return _checked(answer.get("essence"))


def _checked(digest: object) -> str | None:
    """Return a digest as a worker may answer it: its picture may have taken it over."""
    is_digest = isinstance(digest, str) and len(digest) == 64 and digest.isalnum()  # noqa: PLR2004
    return digest if isinstance(digest, str) and is_digest else None
