"""Part of ACCEPTED: a source that may not be sent as it is -> what is sent instead.

Works on a private copy, so that no worker hangs on a share or sees a file that changes; the copy
has no name and is gone with this program, whatever ends it.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

import structlog

from hotfolder import sources
from hotfolder.domain import events as ev
from hotfolder.domain import failures
from hotfolder.domain.events import WaitsFor
from hotfolder.domain.jobs import Job
from hotfolder.domain.preparation import Preparation
from hotfolder.imaging.picture import NoDecoder, PictureError, PictureType
from hotfolder.imaging.workshop import WorkerFailed, Workshop
from hotfolder.pipeline.steps import READ_TIMEOUT_S, Later
from hotfolder.pipeline.threads import ShareThreads

TRIES: Final = 3
# A share that gives less than this in a second counts as hanging.
SLOWEST_SHARE_BYTES: Final = 1024 * 1024

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.pipeline")


@dataclass(frozen=True, slots=True)
class Ready:
    """What is to be uploaded, its type, what was done to it (for people), and the keepsake."""

    content: bytes
    type: PictureType
    done: str
    kept: bytes


class Preparing:
    """Prepares sources in a workshop; copies are kept in `folder`, on the local disk."""

    def __init__(
        self, workshop: Workshop, folder: Path, threads: ShareThreads, later: Later
    ) -> None:
        self._workshop = workshop
        self._folder = folder
        self._threads = threads
        self._later = later

    async def __call__(self, job: Job, wanted: Preparation) -> Ready | ev.Event:
        """Return what is to be sent, or the event of a source that cannot be made fit."""
        try:
            source = await self._copied(job)
        except (OSError, sources.SourceError) as error:
            return self._later.source_failed(job, error)
        if source is None:
            return ev.SourceChanged()
        with source:
            try:
                return await self._prepared(job, source, wanted)
            except PictureError as error:
                return _unfit(error)
            except (WorkerFailed, OSError) as error:
                return self._failed(job, error)

    async def _copied(self, job: Job) -> BinaryIO | None:
        """Copy the source; None where it no longer has the job's content."""
        copy = partial(self._copy, Path(job.input_root), job.source, job.content_hash)
        size = max(each.size for each in job.materials)
        timeout_s = READ_TIMEOUT_S + size / SLOWEST_SHARE_BYTES
        return await self._threads.run(job.watch, copy, timeout_s=timeout_s)

    def _copy(self, root: Path, relative: str, content_hash: str) -> BinaryIO | None:
        # Made and closed in this thread: whoever gave it up must not close it under its writer.
        file = self._unnamed()
        try:
            sha256, _ = sources.copy(root, relative, file.write, limit=sources.LARGEST_BYTES)
        except BaseException:
            file.close()
            raise
        if sha256 == content_hash:
            return file
        file.close()
        return None

    def _unnamed(self) -> BinaryIO:
        file: Any = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115  given on
        return file  # type: ignore[no-any-return]

    async def _prepared(self, job: Job, source: BinaryIO, wanted: Preparation) -> Ready:
        with self._unnamed() as target, self._unnamed() as kept:
            files = [source.fileno(), target.fileno(), kept.fileno()]
            made = await self._workshop.work_on("prepare", files, asdict(wanted))
            content, of_source = _read(target), _read(kept)
        done = ", ".join(made["notes"])
        log.info("source.prepared", **job.log_context(), done=done, bytes=len(content))
        return Ready(content, PictureType(made["type"]), done, of_source)

    def _failed(self, job: Job, error: Exception) -> ev.Event:
        """Try again what says nothing of the picture for certain, but not for ever."""
        if job.attempt + 1 >= TRIES and isinstance(error, WorkerFailed):
            return ev.GaveUp(failure=failures.unprepared(str(error)))
        return self._later.postponed(job, f"the picture could not be prepared: {error}")


def _read(file: BinaryIO) -> bytes:
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)


def _unfit(error: PictureError) -> ev.Event:
    if isinstance(error, NoDecoder):
        told = f"{error.failure.message.rstrip('.')}: {error}."
        return ev.GaveUp(failure=replace(error.failure, message=told))
    if error.growing:
        return ev.Postponed(
            until=None,
            reason=error.failure.code,
            waits_for=WaitsFor.SOURCE,
            failure=error.failure,
        )
    return ev.GaveUp(failure=error.failure)
