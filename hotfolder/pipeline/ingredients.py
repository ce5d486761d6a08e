"""What manifests are to tell of sources, kept until results come: they may be gone by then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

import structlog

from hotfolder.domain import names
from hotfolder.domain.errors import OutputError
from hotfolder.domain.jobs import Job
from hotfolder.kinds.formats import PictureError
from hotfolder.kinds.workshop.workshop import WorkerFailed, Workshop
from hotfolder.pipeline.delays import READ_TIMEOUT_S
from hotfolder.pipeline.desk import Desk
from hotfolder.pipeline.step import Outcome, Step
from hotfolder.tree import files

# What the library takes besides a file itself, several times over.
SPARE_BYTES: Final = 64 * 1024 * 1024
TIMES: Final = 4
DEADLINE_S: Final = 60.0
BYTES_IN_A_SECOND: Final = 5_000_000

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.pipeline")


class Ingredients:
    """Keeps one small file for each job in the spool, where `is_wanted` says so."""

    def __init__(self, desk: Desk, workshop: Workshop, is_wanted: Callable[[], bool]) -> None:
        self._desk = desk
        self._workshop = workshop
        self._is_wanted = is_wanted

    def before(self, then: Step) -> Step:
        """Return the step that keeps what is told of a job's source, then takes the step `then`."""

        async def kept(job: Job) -> Outcome:
            await self.keep(job)
            return await then(job)

        return kept

    async def keep(self, job: Job) -> None:
        """Keep what is told of a job's source; without it the job goes on all the same."""
        name = names.ingredient_file(job.id)
        try:
            if self._is_wanted() and not await asyncio.to_thread(self._desk.spool.exists, name):
                with self._desk.spool.unnamed() as target:
                    await self._make(job, target)
                    await asyncio.to_thread(self._desk.spool.copy, name, target)
        except (OSError, TimeoutError, files.SourceError, OutputError) as error:
            log.warning("ingredient.lacking", **job.log_context(), error=str(error))
        except (WorkerFailed, PictureError) as error:
            log.warning("ingredient.unreadable", **job.log_context(), error=str(error))

    async def _make(self, job: Job, target: BinaryIO) -> None:
        root, folder = Path(job.input_root), self._desk.spool.folder
        read = partial(files.unnamed_copy, root, job.source, folder, limit=files.LARGEST_BYTES)
        copy, sha256, sighting = await self._desk.threads.run(
            job.watch, read, timeout_s=READ_TIMEOUT_S
        )
        with copy:
            if sha256 != job.original.content_hash:
                raise files.SourceError("it is another one by now")
            await self._workshop.work(
                "ingredient",
                [copy.fileno(), target.fileno()],
                {"title": Path(job.source).name, "format": "application/octet-stream"},
                memory_bytes=SPARE_BYTES + TIMES * sighting.size,
                deadline_s=DEADLINE_S + sighting.size / BYTES_IN_A_SECOND,
            )
