"""Has workers look at what planning lacks a look at, from private copies."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

from hotfolder.domain.sightings import Sighting
from hotfolder.kinds.formats import FileTooLarge, Header, Picture, PictureError, PictureType
from hotfolder.kinds.workshop.answers import Answer
from hotfolder.kinds.workshop.workshop import LEAST_S, LOOK_BYTES, Workshop
from hotfolder.planning.looks import (
    Look,
    Looks,
    Told,
    Unseen,
    UnseenPicture,
    UnseenReference,
    UnseenSidecar,
)
from hotfolder.tree import files

T = TypeVar("T")
Run = Callable[[Callable[[], Any]], Awaitable[Any]]

# Slower than any machine that is to digest a picture.
BYTES_IN_A_SECOND: Final = 20 * 1024 * 1024
LEAST_CPU_S: Final = 2.0
# What one plan may lack, one after the other: its source, an XMP file, and its references.
MOST_LOOKS: Final = 30


class Looking:
    """Asks workers and remembers in `looks`; copies are kept in `folder`, without a name.

    The folder is on the local disk.
    """

    def __init__(self, workshop: Workshop, folder: Path | None, looks: Looks | None = None) -> None:
        self.looks = looks or Looks()
        self._workshop = workshop
        self._folder = folder

    async def along(self, run: Run, call: Callable[[], T], lacking: Unseen | None = None) -> T:
        """Make a blocking call on a share by `run`, again whenever it lacked a look.

        `lacking` is what it is known to lack. Raises WorkerFailed, SourceError, OSError, and
        whatever the call does.
        """
        taken: list[UnseenPicture] = []
        try:
            for _ in range(MOST_LOOKS):
                try:
                    if lacking is not None:
                        raise lacking
                    found: T = await run(call)
                except Unseen as unseen:
                    lacking = None
                    taken += [unseen] if isinstance(unseen, UnseenPicture) else []
                    await self._take(run, unseen)
                else:
                    return found
        finally:
            for each in taken:
                self.looks.forget_fresh(each.root, each.relative)
        raise files.SourceChanged("it changed each time that it was looked at")

    async def _take(self, run: Run, unseen: Unseen) -> None:
        match unseen:
            case UnseenSidecar(content=content):
                await self._read_sidecar(content)
            case UnseenReference(root=root, relative=relative, largest_bytes=largest_bytes):
                try:
                    look = await self.look(run, root, relative, largest_bytes)
                except (OSError, files.SourceError) as error:
                    self.looks.refuse(root, relative, error)
                else:
                    self.looks.remember_reference(root, relative, look)
            case UnseenPicture(root=root, relative=relative, largest_bytes=largest_bytes):
                look = await self.look(run, root, relative, largest_bytes)
                self.looks.remember_fresh(root, relative, look)

    async def look(
        self, run: Run, root: Path, relative: str, largest_bytes: int = files.LARGEST_BYTES
    ) -> Look:
        """Look at the file at a place. Raises WorkerFailed, SourceError, OSError.

        One that is too large to be read is known by what stands for it.
        """
        copy = partial(files.unnamed_copy, root, relative, self._folder, limit=largest_bytes)
        try:
            file, content_hash, sighting = await run(copy)
        except files.SourceTooLarge:
            known_by, sighting = await run(partial(files.fingerprint, root, relative))
            look = Look(known_by, sighting, FileTooLarge())
        else:
            with file:
                known = self.looks.of_content(content_hash, sighting)
                look = known or await self._asked(file, content_hash, sighting)
            self.looks.remember_content(look)
        return look

    async def _asked(self, file: BinaryIO, content_hash: str, sighting: Sighting) -> Look:
        try:
            answer = await self._work("describe", file, sighting.size)
        except PictureError as error:
            return Look(content_hash, sighting, error.with_traceback(None))
        picture = Picture(
            type=PictureType(answer["type"]),
            width=answer["width"],
            height=answer["height"],
            bytes=sighting.size,
            header=Header(**answer["header"]),
            reach=answer["reach"],
        )
        return Look(content_hash, sighting, picture, answer["essence"], answer["texts"])

    async def _read_sidecar(self, content: bytes) -> None:
        with tempfile.TemporaryFile(dir=self._folder, buffering=0) as file:
            file.write(content)
            said = await self._work("sidecar", file, len(content))
        told = Told(said["broken"], said["prompt"], said["texts"])
        self.looks.remember_sidecar(content, told)

    async def _work(self, task: str, file: BinaryIO, size: int) -> Answer:
        more_s = size / BYTES_IN_A_SECOND
        return await self._workshop.work(
            task,
            [file.fileno()],
            {},
            memory_bytes=LOOK_BYTES,
            deadline_s=LEAST_S + more_s,
            cpu_s=LEAST_CPU_S + more_s,
        )
