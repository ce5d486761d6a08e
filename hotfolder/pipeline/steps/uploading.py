"""ACCEPTED: the material goes to the service. Free, and harmless to repeat."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final
from weakref import WeakValueDictionary

from hotfolder.domain import events as ev
from hotfolder.domain import failures
from hotfolder.domain.errors import Held, OutputError, Refused, RemoteError
from hotfolder.domain.jobs import Job
from hotfolder.journal import uploads
from hotfolder.kinds import formats
from hotfolder.pipeline.delays import READ_TIMEOUT_S
from hotfolder.pipeline.desk import Desk
from hotfolder.pipeline.material_file import MaterialFile
from hotfolder.pipeline.source_metadata import KeptMetadata
from hotfolder.pipeline.step import Outcome
from hotfolder.pipeline.steps.preparing import Preparing, Ready
from hotfolder.tree import files

LINK_MARGIN: Final = timedelta(hours=4)


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
        others = (each for each in job.materials if each != job.original)
        for each in (*others, job.original):
            async with self._turn(each.upload_key):
                outcome = await self._find_or_upload(MaterialFile.of(job, each))
            if not isinstance(outcome.event, ev.Uploaded):
                return outcome
        return outcome

    def _turn(self, key: str) -> asyncio.Lock:
        return self._by_content.setdefault(key, asyncio.Lock())

    async def _find(self, key: str) -> ev.UploadLink | None:
        good_until = self._desk.later.clock() + LINK_MARGIN
        return await self._desk.journal.run(uploads.find, key, self._desk.client.site, good_until)

    async def _find_or_upload(self, file: MaterialFile) -> Outcome:
        """Return that a material is there for the service, or why not."""
        job, material = file.job, file.material
        link = await self._find(material.upload_key)
        is_kept = material == job.original
        try:
            missing = is_kept and await asyncio.to_thread(self._kept.missing, job)
            if link is not None and not missing:
                return Outcome(ev.Uploaded(link=link))
            ready = await self._ready(file, decode=link is None)
            if isinstance(ready, ev.Event):
                return Outcome(ready)
            if is_kept:
                await asyncio.to_thread(self._kept.keep, job, ready.kept)
        except OutputError as error:
            return self._desk.delays.spool_blocked(job, error)
        sent = link or await self._send(job, material.upload_key, ready.content, ready.type)
        if isinstance(sent, Outcome):
            return sent
        return Outcome(ev.Uploaded(link=sent, prepared=ready.done))

    async def keep_source(self, job: Job) -> None:
        """Keep what a job's results are to get back, though nothing is uploaded for it.

        Without its source, or room for this, they get back nothing, and are delivered all the same.
        """
        with suppress(OutputError):
            if await asyncio.to_thread(self._kept.missing, job):
                ready = await self._ready(MaterialFile.of(job, job.original), decode=False)
                if isinstance(ready, Ready):
                    await asyncio.to_thread(self._kept.keep, job, ready.kept)

    async def _ready(self, file: MaterialFile, *, decode: bool) -> Ready | ev.Event:
        """Return what is sent of a file; with `decode` one sent as it is must be sound inside."""
        wanted = file.material.preparation
        if wanted is not None:
            return await self._preparing(file, wanted)
        read = await self._read(file)
        if isinstance(read, ev.Event):
            return read
        kept = await self._preparing.kept(file, read.content, decode=decode)
        return kept if isinstance(kept, ev.Event) else replace(read, kept=kept)

    async def _read(self, file: MaterialFile) -> Ready | ev.Event:
        limit = file.material.size
        if file.is_source:
            model = self._desk.catalog().find(file.job.plan.model)
            if model is None:
                return ev.GaveUp(failure=failures.WRONG_ENDPOINT)
            limit = model.max_bytes
        read = partial(files.read, file.root, file.relative, limit=limit)
        try:
            content = await self._desk.threads.run(file.job.watch, read, timeout_s=READ_TIMEOUT_S)
        except (OSError, files.SourceError) as error:
            return file.unreadable(error, self._desk.delays)
        if content.sha256 != file.material.content_hash:
            return file.changed()
        kind = formats.sniff(content.data[:64])
        if kind is None:
            return file.unknown()
        return Ready(content.data, kind, "", b"")

    async def _send(
        self, job: Job, key: str, content: bytes, kind: formats.PictureType
    ) -> ev.UploadLink | Outcome:
        """Upload a content and keep its link, which is found again by the key."""
        name = f"{key[:32]}.{kind.extension}"
        expires_at = self._desk.later.clock() + uploads.LINK_LIFE
        try:
            uploaded = await self._desk.client.upload(content, name, kind.media_type)
        except Refused as error:
            return Outcome(ev.GaveUp(failure=error.failure))
        except Held as error:
            later = ev.Postponed(until=self._desk.later.clock(), reason=str(error))
            return Outcome(later, hold=self._desk.delays.held(job, error))
        except RemoteError as error:
            return Outcome(self._desk.delays.postponed(job, str(error), error))
        link = ev.UploadLink(
            content_hash=key,
            site=self._desk.client.site,
            url=uploaded.url,
            file_name=uploaded.file_name,
            expires_at=expires_at,
        )
        await self._desk.journal.run(uploads.keep, link)
        return link
