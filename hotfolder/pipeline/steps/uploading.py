"""ACCEPTED: the material goes to the service. Free, and harmless to repeat."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

from hotfolder.domain import chain_failures, loras
from hotfolder.domain import events as ev
from hotfolder.domain.errors import Held, OutputError, Refused, RemoteError
from hotfolder.domain.jobs import Job
from hotfolder.domain.loras import Lora
from hotfolder.domain.materials import Material
from hotfolder.journal import uploads
from hotfolder.pipeline.desk import Desk
from hotfolder.pipeline.material_file import MaterialFile, lacking
from hotfolder.pipeline.source_metadata import KeptMetadata
from hotfolder.pipeline.step import Outcome
from hotfolder.pipeline.steps.preparing import Preparing, Ready
from hotfolder.runninghub import older
from hotfolder.runninghub.catalog import Model

# After so long it is made sure once more that the service has a LoRA, which is free.
LORA_LIFE: Final = timedelta(days=7)
LINK_MARGIN: Final = timedelta(hours=4)


def is_of_use(model: Model | None, link: ev.UploadLink) -> bool:
    """Whether a model can be told an upload by its link; the nodes of a run want its name."""
    return model is None or model.run is None or bool(link.file_name)


class Uploading:
    """Uploads a job's material and says where it can be read."""

    def __init__(self, desk: Desk, *, preparing: Preparing, source_metadata: KeptMetadata) -> None:
        self._desk = desk
        self._by_content: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._preparing = preparing
        self._kept = source_metadata

    async def __call__(self, job: Job) -> Outcome:
        """Upload, unless a link to the same content is still good; the original last.

        Jobs of one content take turns, so that the second of them finds the link of the first.
        Each link is kept as soon as there is one: what breaks off goes on where it was.
        """
        last = [job.original] if job.original in job.uploaded else []
        others = (each for each in job.uploaded if each != job.original)
        outcome = Outcome(ev.Uploaded(link=None))
        for each in (*others, *last):
            async with self._turn(each.upload_key):
                outcome = await self._find_or_upload(self._file(job, each))
            if not isinstance(outcome.event, ev.Uploaded):
                return outcome
        for lora in loras.used(job.plan.params).values():
            async with self._turn(lora.key):
                refused = await self._put(job, lora)
            if refused is not None:
                return refused
        return outcome

    def _file(self, job: Job, material: Material) -> MaterialFile:
        return MaterialFile.of(job, material, self._desk.spool.folder)

    def _turn(self, key: str) -> asyncio.Lock:
        return self._by_content.setdefault(key, asyncio.Lock())

    async def _find(self, job: Job, key: str) -> ev.UploadLink | None:
        good_until = self._desk.later.clock() + LINK_MARGIN
        site = self._desk.client.site
        found = await self._desk.journal.run(uploads.find, key, site, good_until)
        model = self._desk.catalog().find(job.plan.model)
        return found if found and is_of_use(model, found) else None

    async def _find_or_upload(self, file: MaterialFile) -> Outcome:
        """Return that a material is there for the service, or why not."""
        job, material = file.job, file.material
        link = await self._find(job, material.upload_key)
        is_kept = material == job.original
        try:
            if link is not None and not (is_kept and await self._is_missing(job)):
                return Outcome(ev.Uploaded(link=link))
            ready = await self._preparing(file, decode=link is None)
            if isinstance(ready, ev.Event):
                return Outcome(ready)
            with ready.file:
                if is_kept:
                    await asyncio.to_thread(self._kept.keep, job, ready.kept)
                sent = link or await self._send(job, material.upload_key, ready)
        except OutputError as error:
            return self._desk.delays.spool_blocked(job, error)
        if isinstance(sent, Outcome):
            return sent
        return Outcome(ev.Uploaded(link=sent, prepared=ready.done))

    async def _is_missing(self, job: Job) -> bool:
        """Whether what a job's results are to get back is still to be kept."""
        return await asyncio.to_thread(self._kept.missing, job)

    async def _put(self, job: Job, lora: Lora) -> Outcome | None:
        """Upload a LoRA unless the service has it; returns why it could not be."""
        if await self._find(job, lora.key) is not None:
            return None
        path = Path(lora.path)
        try:
            name = await older.lora(self._desk.client, path, lora.md5)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            return Outcome(lacking(chain_failures.lora_missing(path.name, why)))
        except RemoteError as error:
            return self._not_taken(job, error)
        expires_at = self._desk.later.clock() + LORA_LIFE
        site = self._desk.client.site
        link = ev.UploadLink(
            content_hash=lora.key, site=site, url=name, file_name=name, expires_at=expires_at
        )
        await self._desk.journal.run(uploads.keep, link)
        return None

    def _not_taken(self, job: Job, error: RemoteError) -> Outcome:
        """Return what becomes of a job whose upload the service did not take."""
        match error:
            case Refused():
                return Outcome(ev.GaveUp(failure=error.failure))
            case Held():
                later = ev.Postponed(until=self._desk.later.clock(), reason=str(error))
                return Outcome(later, hold=self._desk.delays.held(job, error))
            case _:
                return Outcome(self._desk.delays.postponed(job, str(error), error))

    async def keep_source(self, job: Job) -> None:
        """Keep what a job's results are to get back, though nothing is uploaded for it.

        Without its source, or room for this, they get back nothing, and are delivered all the same.
        """
        with suppress(OutputError):
            is_kept = not job.original.is_text
            if is_kept and await self._is_missing(job):
                ready = await self._preparing(self._file(job, job.original), decode=False)
                if isinstance(ready, Ready):
                    with ready.file:
                        await asyncio.to_thread(self._kept.keep, job, ready.kept)

    async def _send(self, job: Job, key: str, ready: Ready) -> ev.UploadLink | Outcome:
        """Upload a file and keep its link, which is found again by the key."""
        name = f"{key[:32]}.{ready.extension}"
        expires_at = self._desk.later.clock() + uploads.LINK_LIFE
        try:
            uploaded = await self._desk.client.upload(ready.file, name, ready.media_type)
        except RemoteError as error:
            return self._not_taken(job, error)
        link = ev.UploadLink(
            content_hash=key,
            site=self._desk.client.site,
            url=uploaded.url,
            file_name=uploaded.file_name,
            expires_at=expires_at,
        )
        await self._desk.journal.run(uploads.keep, link)
        return link
