"""Part of FINISHED: results proved whole, and given back what they lost.

Whatever is wrong with a picture, a paid result is delivered: then as the service made it, and that
is said. A full disk and what else is the machine's trouble is waited for. Beside each finished
result its raw form is kept until it is published.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, Final

import structlog

from hotfolder.domain import events as ev
from hotfolder.domain import names
from hotfolder.domain.jobs import Job, Submit
from hotfolder.kinds.formats import PictureError, PictureType, sniff
from hotfolder.kinds.picture.source_metadata import SourceMetadata
from hotfolder.kinds.workshop.workshop import (
    DiskRefused,
    MemoryLack,
    WorkerDied,
    WorkerFailed,
    WorkerSlow,
    Workshop,
    patience,
)
from hotfolder.outputs.errors import OutputBlocked, blocked
from hotfolder.outputs.spool import Spool

TRIES: Final = 3
UNPROVED_TRIES: Final = 6
HEAD_BYTES: Final = 64
CHUNK_BYTES: Final = 1024 * 1024

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.pipeline")


class Finishing:
    """Proves and finishes results in a workshop, between files of the spool."""

    def __init__(self, workshop: Workshop, spool: Spool) -> None:
        self._workshop = workshop
        self._spool = spool

    async def prove(self, job: Job, file: BinaryIO) -> PictureType:
        """Decode a result to its last pixel and return its type. Raises PictureError.

        A worker that cannot tell raises WorkerFailed, for a while: then the first bytes decide,
        since the result is paid and its link does not live for long.
        """
        try:
            answer = await self._workshop.work_on("prove", [file.fileno()], {})
        except WorkerFailed as error:
            kind = sniff(os.pread(file.fileno(), HEAD_BYTES, 0))
            if job.attempt + 1 < patience(error, UNPROVED_TRIES) or kind is None:
                raise
            log.warning("result.unproved", **job.log_context(), error=str(error))
            return kind
        return PictureType(answer["type"])

    async def finished(
        self, job: Job, position: int, name: str, submit: Submit
    ) -> ev.SpooledResult:
        """Finish the raw result of a name in the spool, and keep it under that name.

        Raises OutputError, PictureError where the raw result is no whole picture, WorkerFailed
        where that could not be found out.
        """
        raw = names.raw_file(name)
        with self._opened(raw) as file, self._unnamed() as target:
            kind = await self.prove(job, file)
            try:
                answer = await self._finish(job, file, target, submit)
            except DiskRefused as error:
                raise OutputBlocked(error.errno, self._spool.folder) from error
            except (PictureError, WorkerFailed) as error:
                unclear = isinstance(error, WorkerDied | WorkerSlow | MemoryLack)
                if job.attempt + 1 < patience(error, TRIES if unclear else 1):
                    raise  # this says more of the machine than of the picture
                log.warning("result.unfinished", **job.log_context(), error=str(error))
                told = f"not finished ({error}): it is as the service made it"
                return await self._kept(position, name, file, kind, told)
            done = ", ".join(answer["notes"])
            return await self._kept(position, name, target, PictureType(answer["type"]), done)

    async def _finish(
        self, job: Job, file: BinaryIO, target: BinaryIO, submit: Submit
    ) -> dict[str, Any]:
        preparation = job.plan.preparation
        order = {
            "finish": asdict(job.plan.finish),
            "note": _note(job, submit),
            "converted": preparation is not None and preparation.convert,
        }
        with contextlib.ExitStack() as stack:
            files = [file.fileno(), target.fileno()]
            pixels = 0
            if self._spool.exists(names.keepsake_file(job.id)):
                kept = stack.enter_context(self._opened(names.keepsake_file(job.id)))
                files.append(kept.fileno())
                pixels = _pixels(kept) if job.plan.finish.size == "source" else 0
            return await self._workshop.work_on("finish", files, order, least_pixels=pixels)

    async def _kept(
        self, position: int, name: str, file: BinaryIO, kind: PictureType, done: str
    ) -> ev.SpooledResult:
        return await asyncio.to_thread(self._copied, position, name, file, kind, done)

    def _copied(
        self, position: int, name: str, file: BinaryIO, kind: PictureType, done: str
    ) -> ev.SpooledResult:
        with self._spool.open_part(name) as part:
            file.seek(0)
            while chunk := file.read(CHUNK_BYTES):
                part.write(chunk)
            spooled = part.commit()
        return ev.SpooledResult(
            position=position,
            file=name,
            size=spooled.size,
            sha256=spooled.sha256,
            extension=kind.extension,
            finished=done,
        )

    @contextlib.contextmanager
    def _opened(self, name: str) -> Iterator[BinaryIO]:
        path = self._spool.path(name)
        with blocked(path):
            file = path.open("rb", buffering=0)
        with file:
            yield file

    @contextlib.contextmanager
    def _unnamed(self) -> Iterator[BinaryIO]:
        folder: Path = self._spool.path("x").parent
        with blocked(folder):
            file: Any = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115  given on
        with file:
            yield file


def _pixels(kept: BinaryIO) -> int:
    """Return the size of a source; 0 where its kept metadata is damaged."""
    try:
        of_source = SourceMetadata.decoded(kept.read())
    except ValueError:
        return 0
    return of_source.width * of_source.height


def _note(job: Job, submit: Submit) -> dict[str, str | None]:
    """Return what is noted of the edit; the same however often it is finished."""
    return {
        "model": job.plan.model,
        "task_id": submit.task_id or "",
        "at": submit.intent_at.isoformat(timespec="seconds"),
        "prompt": job.plan.prompt if job.plan.finish.prompt else None,
    }
