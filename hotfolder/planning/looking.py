"""Has workers look at what planning lacks a look at, from private copies."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

from hotfolder.domain.sightings import Sighting
from hotfolder.domain.texts import is_table, is_text
from hotfolder.kinds import rows
from hotfolder.kinds.formats import FileTooLarge, Header, Picture, PictureType, UnfitFile
from hotfolder.kinds.workshop.looks import asked, described, played
from hotfolder.kinds.workshop.sheets import read as read_rows
from hotfolder.kinds.workshop.workshop import Workshop
from hotfolder.planning import sheets
from hotfolder.planning.looks import (
    Look,
    Looks,
    Told,
    Unseen,
    UnseenFile,
    UnseenReference,
    UnseenSheet,
    UnseenSidecar,
    look_at_text,
)
from hotfolder.planning.sheets import NoSheet, Sheet
from hotfolder.tree import files

T = TypeVar("T")
Run = Callable[[Callable[[], Any]], Awaitable[Any]]

# What one plan may lack, one after the other: its source, an XMP file, and its references.
MOST_LOOKS: Final = 30


class Looking:
    """Asks workers and remembers in `looks`; copies are kept in `folder`, without a name.

    The folder is on the local disk.
    """

    def __init__(self, workshop: Workshop, folder: Path | None, looks: Looks | None = None) -> None:
        self.looks = looks or Looks()
        self.folder = folder
        self._workshop = workshop

    async def along(self, run: Run, call: Callable[[], T], lacking: Unseen | None = None) -> T:
        """Make a blocking call on a share by `run`, again whenever it lacked a look.

        `lacking` is what it is known to lack. Raises WorkerFailed, SourceError, OSError, and
        whatever the call does.
        """
        taken: list[UnseenFile] = []
        try:
            for _ in range(MOST_LOOKS):
                try:
                    if lacking is not None:
                        raise lacking
                    found: T = await run(call)
                except Unseen as unseen:
                    lacking = None
                    taken += [unseen] if isinstance(unseen, UnseenFile) else []
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
            case UnseenSheet(root=root, relative=relative):
                look = await self._sheet(run, root, relative)
                self.looks.remember_fresh(root, relative, look)
            case UnseenFile(root=root, relative=relative, largest_bytes=largest_bytes):
                look = await self.look(run, root, relative, largest_bytes)
                self.looks.remember_fresh(root, relative, look)

    async def look(
        self, run: Run, root: Path, relative: str, largest_bytes: int = files.LARGEST_BYTES
    ) -> Look:
        """Look at the file at a place. Raises WorkerFailed, SourceError, OSError.

        One that is too large to be read is known by what stands for it.
        """
        if is_text(relative):
            return await run(partial(look_at_text, root, relative))  # type: ignore[no-any-return]
        copy = partial(files.unnamed_copy, root, relative, self.folder, limit=largest_bytes)
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

    async def _sheet(self, run: Run, root: Path, relative: str) -> Look:
        copy = partial(files.unnamed_copy, root, relative, self.folder, limit=rows.MOST_BYTES)
        digest = sheets.place_digest(root, relative)
        try:
            file, content_hash, sighting = await run(copy)
        except files.SourceTooLarge:
            known_by, sighting = await run(partial(files.fingerprint, root, relative))
            return Look(known_by, sighting, NoSheet("it is larger than 16 MiB"), digest)
        with file:
            found: Sheet | NoSheet
            try:
                read = await read_rows(
                    self._workshop, file, self.folder, is_table=is_table(relative)
                )
                found = sheets.of(read)
            except rows.NoRows as error:
                found = NoSheet(str(error))
        look = Look(content_hash, sighting, found, digest)
        self.looks.remember_sheet(relative, look)
        return look

    async def _asked(self, file: BinaryIO, content_hash: str, sighting: Sighting) -> Look:
        try:
            answer = await described(self._workshop, file, sighting.size)
        except UnfitFile as error:
            return Look(content_hash, sighting, error.with_traceback(None))
        media = played(answer, sighting.size)
        if media is not None:
            return Look(content_hash, sighting, media)
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
        with tempfile.TemporaryFile(dir=self.folder, buffering=0) as file:
            file.write(content)
            said = await asked(self._workshop, "sidecar", file, len(content))
        told = Told(said["broken"], said["prompt"], said["texts"])
        self.looks.remember_sidecar(content, told)
