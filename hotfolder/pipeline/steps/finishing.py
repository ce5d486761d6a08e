"""Part of FINISHED: results proved whole, and given back what they lost.

Whatever is wrong with a picture, a paid result is delivered: then as the service made it, and that
is said. A full disk and what else is the machine's trouble is waited for. Beside each finished
result its raw form is kept until it is published.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, BinaryIO, Final

import structlog

from hotfolder.domain import events as ev
from hotfolder.domain import names
from hotfolder.domain.jobs import Job, Submit
from hotfolder.kinds.formats import PictureError, PictureType, sniff
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
from hotfolder.outputs.spool import Spool, Spooled

TRIES: Final = 3
UNPROVED_TRIES: Final = 6
HEAD_BYTES: Final = 64
CHUNK_BYTES: Final = 1024 * 1024
_SIZE: Final = re.compile(rb'"width": (\d{1,7}), "height": (\d{1,7})}$')
_SIZE_BYTES: Final = 64

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
        with self._opened(raw) as file, self._unnamed() as target, self._unnamed() as beside:
            kind = await self.prove(job, file)
            try:
                answer = await self._finish(job, (file, target, beside), submit)
            except DiskRefused as error:
                raise OutputBlocked(error.errno, self._spool.folder) from error
            except (PictureError, WorkerFailed) as error:
                unclear = isinstance(error, WorkerDied | WorkerSlow | MemoryLack)
                if job.attempt + 1 < patience(error, TRIES if unclear else 1):
                    raise  # this says more of the machine than of the picture
                log.warning("result.unfinished", **job.log_context(), error=str(error))
                told = f"not finished ({error}): it is as the service made it"
                return await asyncio.to_thread(self._kept, position, name, file, kind, told)
            told = ", ".join(answer["notes"])
            made = PictureType(answer["type"])
            spooled = await asyncio.to_thread(self._kept, position, name, target, made, told)
            spooled = await asyncio.to_thread(self._with_companion, spooled, beside)
            if not job.plan.finish.keep_raw:
                return spooled
            return await asyncio.to_thread(_with_raw, spooled, file, kind)

    async def _finish(self, job: Job, opened: Sequence[BinaryIO], submit: Submit) -> dict[str, Any]:
        """Finish the first of three files into the second; the third is for what goes beside it."""
        preparation = job.plan.preparation
        order = {
            "finish": asdict(job.plan.finish),
            "note": _note(job, submit),
            "converted": preparation is not None and preparation.convert,
        }
        with contextlib.ExitStack() as stack:
            files = [each.fileno() for each in opened]
            pixels = 0
            if self._spool.exists(names.keepsake_file(job.id)):
                kept = stack.enter_context(self._opened(names.keepsake_file(job.id)))
                files.append(kept.fileno())
                pixels = _pixels(kept) if job.plan.finish.size == "source" else 0
            return await self._workshop.work_on("finish", files, order, least_pixels=pixels)

    def _kept(
        self, position: int, name: str, file: BinaryIO, kind: PictureType, done: str
    ) -> ev.SpooledResult:
        spooled = self._copied(name, file)
        return ev.SpooledResult(
            position=position,
            file=name,
            size=spooled.size,
            sha256=spooled.sha256,
            extension=kind.extension,
            finished=done,
        )

    def _with_companion(self, result: ev.SpooledResult, beside: BinaryIO) -> ev.SpooledResult:
        """Keep what goes beside a result, where there is something."""
        if not os.fstat(beside.fileno()).st_size:
            return result
        return replace(
            result, companion=self._copied(names.companion_file(result.file), beside).sha256
        )

    def _copied(self, name: str, file: BinaryIO) -> Spooled:
        with self._spool.open_part(name) as part:
            file.seek(0)
            while chunk := file.read(CHUNK_BYTES):
                part.write(chunk)
            return part.commit()

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


def _with_raw(result: ev.SpooledResult, raw: BinaryIO, kind: PictureType) -> ev.SpooledResult:
    """Note the result as the service made it, where that is another one."""
    with open(os.dup(raw.fileno()), "rb") as file:  # noqa: PTH123  an open file of this process
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256 == result.sha256:
        return result
    return replace(result, raw=sha256, raw_extension=kind.extension)


def _pixels(kept: BinaryIO) -> int:
    """Return the size of a source, which stands last in what is kept of it; 0 where it does not.

    All else there is a stranger's, and parsed in workers only.
    """
    end_bytes = os.fstat(kept.fileno()).st_size
    end = os.pread(kept.fileno(), _SIZE_BYTES, max(0, end_bytes - _SIZE_BYTES))
    found = _SIZE.search(end)
    return int(found[1]) * int(found[2]) if found else 0


def _note(job: Job, submit: Submit) -> dict[str, str | None]:
    """Return what is noted of the edit; the same however often it is finished."""
    return {
        "model": job.plan.model,
        "task_id": submit.task_id or "",
        "at": submit.intent_at.isoformat(timespec="seconds"),
        "prompt": job.plan.prompt if job.plan.finish.prompt else None,
    }
