"""Part of ACCEPTED: a source or reference that may not be sent as it is -> what is sent instead.

Works on a private copy, so that no worker hangs on a share or sees a file that changes; the copy
has no name and is gone with this program, whatever ends it.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, BinaryIO, Final

import structlog

from hotfolder.domain import events as ev
from hotfolder.domain import failures
from hotfolder.domain.preparation import Preparation
from hotfolder.kinds.formats import PictureError, PictureType
from hotfolder.kinds.workshop.workshop import (
    LEAST_S,
    LOOK_BYTES,
    DiskRefused,
    WorkerFailed,
    Workshop,
    patience,
)
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
    """What is to be uploaded, its type, what was done to it (for people), and the kept metadata."""

    content: bytes
    type: PictureType
    done: str
    kept: bytes


class Preparing:
    """Prepares pictures in a workshop; copies are kept in `folder`, on the local disk."""

    def __init__(self, desk: Desk, workshop: Workshop) -> None:
        self._desk = desk
        self._workshop = workshop
        self._hopeless: dict[str, PictureError] = {}

    async def __call__(self, file: MaterialFile, wanted: Preparation) -> Ready | ev.Event:
        """Return what is to be sent, or the event of a file that cannot be made fit.

        A reference that cannot be decoded is not tried again for every job that waits for it.
        """
        key = file.material.upload_key
        if key in self._hopeless:
            return file.unfit(self._hopeless[key])
        try:
            made = await self._made(file, wanted)
        except (OSError, files.SourceError) as error:
            return file.unreadable(error, self._desk.delays)
        except PictureError as error:
            return self._unfit(file, error)
        return made or file.changed()

    async def kept(self, file: MaterialFile, content: bytes, *, decode: bool) -> bytes | ev.Event:
        """Return what is to be kept of a picture that is sent as it is.

        With `decode` it is decoded first: the event of one that is damaged inside.
        """
        key = file.material.upload_key
        if key in self._hopeless:
            return file.unfit(self._hopeless[key])
        try:
            return await self._kept(content, decode=decode)
        except PictureError as error:
            return self._unfit(file, error)
        except (WorkerFailed, OSError) as error:
            return self._failed(file, error)

    async def _kept(self, content: bytes, *, decode: bool) -> bytes:
        """Return what is to be kept of a picture. Raises PictureError, WorkerFailed, OSError."""
        order = {"decode": decode}
        with self._unnamed() as file, self._unnamed() as kept:
            await asyncio.to_thread(file.write, content)
            files = [file.fileno(), kept.fileno()]
            if decode:
                await self._workshop.work_on("keep", files, order, most_pixels=0)
            else:
                await self._workshop.work(
                    "keep", files, order, memory_bytes=LOOK_BYTES, deadline_s=LEAST_S
                )
            return _read(kept)

    def _unfit(self, file: MaterialFile, error: PictureError) -> ev.Event:
        if not file.is_source:
            self._hopeless[file.material.upload_key] = error.with_traceback(None)
        return file.unfit(error)

    async def _made(self, file: MaterialFile, wanted: Preparation) -> Ready | ev.Event | None:
        """Return what is to be sent; None where the file is another by now.

        Raises OSError and SourceError where it cannot be read, PictureError.
        """
        source = await self._copied(file)
        if source is None:
            return None
        with source:
            try:
                return await self._prepared(file, source, wanted)
            except (WorkerFailed, OSError) as error:
                return self._failed(file, error)

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
        with self._unnamed() as target, self._unnamed() as kept:
            opened = [source.fileno(), target.fileno(), kept.fileno()]
            made = await self._workshop.work_on(
                "prepare", opened, asdict(wanted), most_pixels=wanted.most_pixels
            )
            content, of_source = _read(target), _read(kept)
        done = ", ".join(made["notes"])
        log.info(
            "source.prepared",
            **file.job.log_context(),
            file=file.relative,
            done=done,
            bytes=len(content),
        )
        return Ready(content, PictureType(made["type"]), done, of_source)

    def _failed(self, file: MaterialFile, error: Exception) -> ev.Event:
        """Try again what says nothing of the picture for certain, but not for ever."""
        of_disk = not isinstance(error, WorkerFailed) or isinstance(error, DiskRefused)
        if not of_disk and file.job.attempt + 1 >= patience(error, TRIES):
            return ev.GaveUp(failure=failures.unprepared(file.what, str(error)))
        reason = f"{file.what} could not be prepared: {error}"
        return self._desk.delays.postponed(file.job, reason)


def _read(file: BinaryIO) -> bytes:
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)
