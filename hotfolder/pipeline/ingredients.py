"""What manifests are to tell of sources and references, kept until results come.

They may be gone by then.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from functools import partial
from typing import BinaryIO, Final

import structlog

from hotfolder.domain import names
from hotfolder.domain.errors import OutputError
from hotfolder.domain.jobs import Job
from hotfolder.domain.materials import Material, Origin, own
from hotfolder.kinds import provenance
from hotfolder.kinds.formats import PictureError
from hotfolder.kinds.workshop.errors import WorkerFailed
from hotfolder.kinds.workshop.workshop import Workshop
from hotfolder.pipeline.delays import READ_TIMEOUT_S
from hotfolder.pipeline.desk import Desk
from hotfolder.pipeline.material_file import MaterialFile
from hotfolder.pipeline.step import Outcome, Step
from hotfolder.tree import files

# What the library takes besides a file itself, several times over.
SPARE_BYTES: Final = 64 * 1024 * 1024
TIMES: Final = 4
DEADLINE_S: Final = 60.0
BYTES_IN_A_SECOND: Final = 5_000_000
# What is remembered of references: how many, and the largest.
MOST_KEPT: Final = 32
MOST_KEPT_BYTES: Final = 128 * 1024
UNKNOWN: Final = "application/octet-stream"
_CREATES: Final = "text-to-"  # in the names of models that make from words, be it by a picture

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.pipeline")


class Ingredients:
    """Keeps one small file for each job in the spool, where `is_wanted` says so."""

    def __init__(self, desk: Desk, workshop: Workshop, is_wanted: Callable[[], bool]) -> None:
        self._desk = desk
        self._workshop = workshop
        self._is_wanted = is_wanted
        self._of_references: dict[tuple[str, str, str], bytes] = {}

    def before(self, then: Step) -> Step:
        """Return the step that keeps what is told of a job's source, then takes the step `then`."""

        async def kept(job: Job) -> Outcome:
            await self.keep(job)
            return await then(job)

        return kept

    async def keep(self, job: Job) -> None:
        """Keep what is told of what a job sends; without it the job goes on all the same.

        What follows in a chain has what was kept for its root.
        """
        if job.place is not None:
            return
        name = names.ingredient_file(job.id)
        try:
            is_wanted = self._is_wanted() and not job.original.is_text
            if is_wanted and not await asyncio.to_thread(self._desk.spool.exists, name):
                with self._desk.spool.unnamed() as target:
                    for each in own(job.materials)[: provenance.MOST_INGREDIENTS]:
                        await self._make_or_lack(job, each, target)
                    if target.tell():
                        await asyncio.to_thread(self._desk.spool.copy, name, target)
        except (OSError, OutputError) as error:
            log.warning("ingredient.lacking", **job.log_context(), error=str(error))

    async def _make_or_lack(self, job: Job, material: Material, target: BinaryIO) -> None:
        whole = target.tell()
        known = material.content_hash, label_of(job, material), material.name
        try:
            if known in self._of_references:
                target.write(self._of_references[known])
                return
            await self._make(job, material, target)
            if material.origin is Origin.REFERENCE:
                self._remember(known, os.pread(target.fileno(), MOST_KEPT_BYTES + 1, whole))
        except (OSError, TimeoutError, files.SourceError) as error:
            log.warning("ingredient.lacking", **job.log_context(), error=str(error))
        except (WorkerFailed, PictureError) as error:
            log.warning("ingredient.unreadable", **job.log_context(), error=str(error))
            target.truncate(whole)
            target.seek(whole)

    def _remember(self, known: tuple[str, str, str], kept: bytes) -> None:
        """Keep what is told of a reference: many jobs may have it."""
        if len(kept) <= MOST_KEPT_BYTES:
            self._of_references = dict([*self._of_references.items(), (known, kept)][-MOST_KEPT:])

    async def _make(self, job: Job, material: Material, target: BinaryIO) -> None:
        folder = self._desk.spool.folder
        file = MaterialFile.of(job, material, folder)
        root, relative = file.root, file.relative
        read = partial(files.unnamed_copy, root, relative, folder, limit=files.LARGEST_BYTES)
        copy, sha256, sighting = await self._desk.threads.run(
            job.watch, read, timeout_s=READ_TIMEOUT_S
        )
        with copy:
            if sha256 != material.content_hash:
                raise files.SourceError("it is another one by now")
            ending = material.name.rpartition(".")[2].lower()
            order = {
                "title": material.name,
                "format": provenance.SIGNED.get(ending, UNKNOWN),  # of what is no picture
                "label": label_of(job, material),
            }
            await self._workshop.work(
                "ingredient",
                [copy.fileno(), target.fileno()],
                order,
                memory_bytes=SPARE_BYTES + TIMES * sighting.size + target.tell(),
                deadline_s=DEADLINE_S + sighting.size / BYTES_IN_A_SECOND,
            )


def is_created(job: Job) -> bool:
    """Whether a job's results are new pictures, whatever was given along with the words."""
    return not job.members or _CREATES in job.plan.model


def label_of(job: Job, material: Material) -> str:
    """Return what a material is called in a manifest: the same bytes at its place the same."""
    if material.origin is Origin.SOURCE and material.position == 1:
        return provenance.INPUT if is_created(job) else provenance.SOURCE
    return f"{material.position}-{material.content_hash[:16]}"
