"""Part of ACCEPTED: a source or reference -> an open file of what is sent of it.

Works on a private copy, so that nothing hangs on a share or sees a file that changes; the copy
has no name and is gone with this program, whatever ends it.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, BinaryIO, Final

import structlog

from hotfolder.domain import events as ev
from hotfolder.domain import file_failures
from hotfolder.domain.preparation import Preparation
from hotfolder.kinds.formats import PictureType, UnfitFile, sniff
from hotfolder.kinds.workshop.errors import DiskRefused, WorkerFailed, patience
from hotfolder.kinds.workshop.looks import look_at_played
from hotfolder.kinds.workshop.needs import HEAD_BYTES, LEAST_S, LOOK_BYTES
from hotfolder.kinds.workshop.workshop import Workshop
from hotfolder.pipeline.delays import READ_TIMEOUT_S
from hotfolder.pipeline.desk import Desk
from hotfolder.pipeline.material_file import MaterialFile
from hotfolder.tree import files

TRIES: Final = 3
# A share that gives less than this in a second counts as hanging.
SLOWEST_SHARE_BYTES: Final = 1024 * 1024

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.pipeline")


@dataclass(frozen=True, slots=True)
class Ready:
    """What is to be uploaded: an open file, which is closed by whoever uploads it, and its type.

    `done` is what was done to it, for people; `kept` is the metadata that results are to get back.
    """

    file: BinaryIO
    extension: str
    media_type: str
    done: str
    kept: bytes


class Preparing:
    """Makes files ready in a workshop, and small ones of pictures that people look at meanwhile.

    Copies are kept in the spool's folder.
    """

    def __init__(self, desk: Desk, workshop: Workshop) -> None:
        self._desk = desk
        self._workshop = workshop
        self._hopeless: dict[str, UnfitFile] = {}

    async def __call__(self, file: MaterialFile, *, decode: bool) -> Ready | ev.Event:
        """Return what is to be sent, or the event of a file that cannot be made fit.

        With `decode` a picture that is sent as it is is decoded first. A reference that cannot be
        is not tried again for every job that waits for it.
        """
        key = file.material.upload_key
        if key in self._hopeless:
            return file.unfit(self._hopeless[key])
        try:
            made = await self._made(file, decode=decode)
        except (OSError, files.SourceError) as error:
            return file.unreadable(error, self._desk.delays)
        except UnfitFile as error:
            return self._unfit(file, error)
        return made or file.changed()

    def _unfit(self, file: MaterialFile, error: UnfitFile) -> ev.Event:
        if not file.is_source:
            self._hopeless[file.material.upload_key] = error.with_traceback(None)
        return file.unfit(error)

    async def _made(self, file: MaterialFile, *, decode: bool) -> Ready | ev.Event | None:
        """Return what is to be sent; None where the file is another by now.

        Raises OSError and SourceError where it cannot be read, UnfitFile.
        """
        source = await self._copied(file)
        if source is None:
            return None
        wanted = file.material.preparation
        with contextlib.ExitStack() as stack:
            stack.enter_context(source)
            try:
                if wanted is not None:
                    return await self._prepared(file, source, wanted)
                made = await self._as_it_is(file, source, decode=decode)
            except (WorkerFailed, OSError) as error:
                return self._failed(file, error)
            stack.pop_all()  # the file goes on with what is made
            return made

    async def _as_it_is(self, file: MaterialFile, source: BinaryIO, *, decode: bool) -> Ready:
        """Return a file that is sent byte for byte. Raises UnfitFile, WorkerFailed, OSError."""
        head = os.pread(source.fileno(), HEAD_BYTES, 0)
        kind = sniff(head)
        if kind is None:
            played = await look_at_played(self._workshop, source)
            return Ready(source, played.ending, played.media_type, "", b"")
        with self._unnamed() as kept:
            opened, order = [source.fileno(), kept.fileno()], {"decode": decode}
            if decode:
                async with self._making_small(file) as small:
                    await self._workshop.work_on("keep", [*opened, *small], order, most_pixels=0)
            else:
                await self._workshop.work(
                    "keep", opened, order, memory_bytes=LOOK_BYTES, deadline_s=LEAST_S
                )
            return Ready(source, kind.extension, kind.media_type, "", _read(kept))

    def _making_small(self, file: MaterialFile) -> AbstractAsyncContextManager[list[int]]:
        if file.material != file.job.original:
            return contextlib.nullcontext([])
        return self._desk.small.making(file.material.content_hash, attempt=file.job.attempt)

    async def _copied(self, file: MaterialFile) -> BinaryIO | None:
        """Copy a file; None where it no longer has the content that is wanted."""
        timeout_s = READ_TIMEOUT_S + file.material.size / SLOWEST_SHARE_BYTES
        return await self._desk.threads.run(
            file.job.watch, partial(self._copy, file), timeout_s=timeout_s
        )

    def _copy(self, file: MaterialFile) -> BinaryIO | None:
        copy, sha256, _ = files.unnamed_copy(
            file.root, file.relative, self._desk.spool.folder, limit=files.LARGEST_BYTES
        )
        if sha256 == file.material.content_hash:
            return copy
        copy.close()
        return None

    def _unnamed(self) -> BinaryIO:
        file: Any = tempfile.TemporaryFile(dir=self._desk.spool.folder, buffering=0)  # noqa: SIM115  given on
        return file  # type: ignore[no-any-return]

    async def _prepared(self, file: MaterialFile, source: BinaryIO, wanted: Preparation) -> Ready:
        with contextlib.ExitStack() as stack, self._unnamed() as kept:
            target = stack.enter_context(self._unnamed())
            opened = [source.fileno(), target.fileno(), kept.fileno()]
            async with self._making_small(file) as small:
                made = await self._workshop.work_on(
                    "prepare", [*opened, *small], asdict(wanted), most_pixels=wanted.most_pixels
                )
            of_source = _read(kept)
            stack.pop_all()
        done = ", ".join(made["notes"])
        log.info(
            "source.prepared",
            **file.job.log_context(),
            file=file.relative,
            done=done,
            bytes=os.fstat(target.fileno()).st_size,
        )
        kind = PictureType(made["type"])
        return Ready(target, kind.extension, kind.media_type, done, of_source)

    def _failed(self, file: MaterialFile, error: Exception) -> ev.Event:
        """Try again what says nothing of the picture for certain, but not for ever."""
        of_disk = not isinstance(error, WorkerFailed) or isinstance(error, DiskRefused)
        if not of_disk and file.job.attempt + 1 >= patience(error, TRIES):
            return ev.GaveUp(failure=file_failures.unprepared(file.what, str(error)))
        reason = f"{file.what} could not be prepared: {error}"
        return self._desk.delays.postponed(file.job, reason)


def _read(file: BinaryIO) -> bytes:
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)
