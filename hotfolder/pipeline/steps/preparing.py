"""Part of ACCEPTED: a source or reference that may not be sent as it is -> what is sent instead.

Works on a private copy, so that no worker hangs on a share or sees a file that changes; the copy
has no name and is gone with this program, whatever ends it.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

import structlog

from hotfolder.domain import events as ev
from hotfolder.domain import failures
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Job, Material
from hotfolder.domain.preparation import Preparation
from hotfolder.domain.states import WaitsFor
from hotfolder.kinds.formats import NoDecoder, PictureError, PictureType
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
from hotfolder.tree import files

TRIES: Final = 3
# A share that gives less than this in a second counts as hanging.
SLOWEST_SHARE_BYTES: Final = 1024 * 1024
CHANGED: Final = "it was changed just now"

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.pipeline")


@dataclass(frozen=True, slots=True)
class Ready:
    """What is to be uploaded, its type, what was done to it (for people), and the kept metadata."""

    content: bytes
    type: PictureType
    done: str
    kept: bytes


@dataclass(frozen=True, slots=True)
class _Original:
    """A file that is to be prepared, how it is called, and what it must still be."""

    what: str
    root: Path
    relative: str
    content_hash: str
    size: int


class Preparing:
    """Prepares pictures in a workshop; copies are kept in `folder`, on the local disk."""

    def __init__(self, desk: Desk, workshop: Workshop) -> None:
        self._desk = desk
        self._workshop = workshop
        self._hopeless: dict[str, Failure] = {}

    async def __call__(self, job: Job, wanted: Preparation) -> Ready | ev.Event:
        """Return what is to be sent, or the event of a source that cannot be made fit."""
        size = max(each.size for each in job.materials)
        root = Path(job.input_root)
        original = _Original("The picture", root, job.source, job.content_hash, size)
        try:
            made = await self._made(job, original, wanted)
        except (OSError, files.SourceError) as error:
            return self._desk.delays.source_failed(job, error)
        except PictureError as error:
            return _unfit(error)
        return made or ev.SourceChanged()

    async def kept(self, job: Job, content: bytes, *, decode: bool) -> bytes | ev.Event:
        """Return what is to be kept of a picture that is sent as it is.

        With `decode` it is decoded first: the event of one that is damaged inside.
        """
        try:
            return await self._kept(content, decode=decode)
        except PictureError as error:
            return _unfit(error)
        except (WorkerFailed, OSError) as error:
            return self._failed(job, "The picture", error)

    async def unsound_reference(
        self, job: Job, reference: Material, content: bytes
    ) -> ev.Event | None:
        """Return the event of a reference that is damaged inside; None = it is sound."""
        name, key = Path(reference.path).name, reference.upload_key
        try:
            if key not in self._hopeless:
                await self._kept(content, decode=True)
        except PictureError as error:
            self._hopeless[key] = _told(error)
        except (WorkerFailed, OSError) as error:
            return self._failed(job, f"The reference {name}", error)
        if key not in self._hopeless:
            return None
        return lacking_reference(failures.reference_broken(name, self._hopeless[key]))

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

    async def reference(
        self, job: Job, reference: Material, wanted: Preparation
    ) -> Ready | ev.Event:
        """Return what is to be sent, or the event of a reference that cannot be made fit.

        One that cannot be decoded is not tried again for every picture that waits for it.
        """
        path, key = Path(reference.path), reference.upload_key
        if key in self._hopeless:
            return lacking_reference(failures.reference_broken(path.name, self._hopeless[key]))
        original = _Original(
            f"The reference {path.name}",
            path.parent,
            path.name,
            reference.content_hash,
            reference.size,
        )
        try:
            made = await self._made(job, original, wanted)
        except (OSError, files.SourceError) as error:
            return lacking_reference(failures.reference_missing(path.name, str(error)))
        except PictureError as error:
            self._hopeless[key] = _told(error)
            return lacking_reference(failures.reference_broken(path.name, self._hopeless[key]))
        return made or lacking_reference(failures.reference_missing(path.name, CHANGED))

    async def _made(
        self, job: Job, original: _Original, wanted: Preparation
    ) -> Ready | ev.Event | None:
        """Return what is to be sent; None where the file is another by now.

        Raises OSError and SourceError where it cannot be read, PictureError.
        """
        source = await self._copied(job.watch, original)
        if source is None:
            return None
        with source:
            try:
                return await self._prepared(job, original, source, wanted)
            except (WorkerFailed, OSError) as error:
                return self._failed(job, original.what, error)

    async def _copied(self, watch: str, original: _Original) -> BinaryIO | None:
        """Copy a file; None where it no longer has the content that is wanted."""
        timeout_s = READ_TIMEOUT_S + original.size / SLOWEST_SHARE_BYTES
        return await self._desk.threads.run(
            watch, partial(self._copy, original), timeout_s=timeout_s
        )

    def _copy(self, original: _Original) -> BinaryIO | None:
        # Made and closed in this thread: whoever gave it up must not close it under its writer.
        file = self._unnamed()
        try:
            sha256, _ = files.copy(
                original.root, original.relative, file.write, limit=files.LARGEST_BYTES
            )
        except BaseException:
            file.close()
            raise
        if sha256 == original.content_hash:
            return file
        file.close()
        return None

    def _unnamed(self) -> BinaryIO:
        file: Any = tempfile.TemporaryFile(dir=self._desk.spool.folder, buffering=0)  # noqa: SIM115  given on
        return file  # type: ignore[no-any-return]

    async def _prepared(
        self, job: Job, original: _Original, source: BinaryIO, wanted: Preparation
    ) -> Ready:
        with self._unnamed() as target, self._unnamed() as kept:
            files = [source.fileno(), target.fileno(), kept.fileno()]
            made = await self._workshop.work_on(
                "prepare", files, asdict(wanted), most_pixels=wanted.most_pixels
            )
            content, of_source = _read(target), _read(kept)
        done = ", ".join(made["notes"])
        log.info(
            "source.prepared",
            **job.log_context(),
            file=original.relative,
            done=done,
            bytes=len(content),
        )
        return Ready(content, PictureType(made["type"]), done, of_source)

    def _failed(self, job: Job, what: str, error: Exception) -> ev.Event:
        """Try again what says nothing of the picture for certain, but not for ever."""
        of_disk = not isinstance(error, WorkerFailed) or isinstance(error, DiskRefused)
        if not of_disk and job.attempt + 1 >= patience(error, TRIES):
            return ev.GaveUp(failure=failures.unprepared(what, str(error)))
        return self._desk.delays.postponed(job, f"{what} could not be prepared: {error}")


def _read(file: BinaryIO) -> bytes:
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)


def _unfit(error: PictureError) -> ev.Event:
    if error.growing:
        return ev.Postponed(
            until=None,
            reason=error.failure.code,
            waits_for=WaitsFor.SOURCE,
            failure=error.failure,
        )
    return ev.GaveUp(failure=_told(error))


def _told(error: PictureError) -> Failure:
    if not isinstance(error, NoDecoder):
        return error.failure
    return replace(error.failure, message=f"{error.failure.message.rstrip('.')}: {error}.")


def lacking_reference(failure: Failure) -> ev.Event:
    """Wait until the plan is made anew, which the next scan does."""
    return ev.Postponed(
        until=None, reason=failure.code, waits_for=WaitsFor.SIDECAR, failure=failure
    )
