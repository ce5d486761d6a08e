"""ACCEPTED: the material goes to the service. Free, and harmless to repeat."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

from hotfolder.domain import events as ev
from hotfolder.domain import failures
from hotfolder.domain.errors import Held, OutputError, Refused, RemoteError
from hotfolder.domain.jobs import Job, Material
from hotfolder.journal import uploads
from hotfolder.kinds import formats
from hotfolder.pipeline.delays import READ_TIMEOUT_S
from hotfolder.pipeline.desk import Desk
from hotfolder.pipeline.source_metadata import KeptMetadata
from hotfolder.pipeline.step import Outcome
from hotfolder.pipeline.steps.preparing import CHANGED, Preparing, Ready, lacking_reference
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
        """Upload, unless a link to the same content is still good; references before the source.

        Jobs of one content take turns, so that the second of them finds the link of the first.
        Each link is kept as soon as there is one: what breaks off goes on where it was.
        """
        for reference in job.plan.references:
            async with self._turn(reference.upload_key):
                hindered = await self._find_or_upload_reference(job, reference)
            if hindered is not None:
                return hindered
        async with self._turn(job.upload_key):
            return await self._find_or_upload(job)

    def _turn(self, key: str) -> asyncio.Lock:
        return self._by_content.setdefault(key, asyncio.Lock())

    async def _find(self, key: str) -> ev.UploadLink | None:
        good_until = self._desk.later.clock() + LINK_MARGIN
        return await self._desk.journal.run(uploads.find, key, self._desk.client.site, good_until)

    async def _find_or_upload_reference(self, job: Job, reference: Material) -> Outcome | None:
        """Return why a reference is not there for the service, or None where it is."""
        if await self._find(reference.upload_key) is not None:
            return None
        wanted = reference.preparation
        ready = await (
            self._preparing.reference(job, reference, wanted)
            if wanted
            else self._read_reference(job, reference)
        )
        if isinstance(ready, ev.Event):
            return Outcome(ready)
        sent = await self._send(job, reference.upload_key, ready.content, ready.type)
        return sent if isinstance(sent, Outcome) else None

    async def _read_reference(self, job: Job, reference: Material) -> Ready | ev.Event:
        path = Path(reference.path)
        read = partial(files.read, path.parent, path.name, limit=reference.size)
        try:
            content = await self._desk.threads.run(job.watch, read, timeout_s=READ_TIMEOUT_S)
        except (OSError, files.SourceError) as error:
            return lacking_reference(failures.reference_missing(path.name, str(error)))
        kind = formats.sniff(content.data[:64])
        if kind is None or content.sha256 != reference.content_hash:
            return lacking_reference(failures.reference_missing(path.name, CHANGED))
        unsound = await self._preparing.unsound_reference(job, reference, content.data)
        return unsound or Ready(content.data, kind, "", b"")

    async def _find_or_upload(self, job: Job) -> Outcome:
        link = await self._find(job.upload_key)
        try:
            missing = await asyncio.to_thread(self._kept.missing, job)
            if link is not None and not missing:
                return Outcome(ev.Uploaded(link=link))
            ready = await self._ready(job, decode=link is None)
            if isinstance(ready, ev.Event):
                return Outcome(ready)
            await asyncio.to_thread(self._kept.keep, job, ready.kept)
        except OutputError as error:
            return self._desk.delays.spool_blocked(job, error)
        sent = link or await self._send(job, job.upload_key, ready.content, ready.type)
        if isinstance(sent, Outcome):
            return sent
        return Outcome(ev.Uploaded(link=sent, prepared=ready.done))

    async def keep_source(self, job: Job) -> None:
        """Keep what a job's results are to get back, though nothing is uploaded for it.

        Without its source, or room for this, they get back nothing, and are delivered all the same.
        """
        with suppress(OutputError):
            if await asyncio.to_thread(self._kept.missing, job):
                ready = await self._ready(job, decode=False)
                if isinstance(ready, Ready):
                    await asyncio.to_thread(self._kept.keep, job, ready.kept)

    async def _ready(self, job: Job, *, decode: bool) -> Ready | ev.Event:
        """Return what is sent of a source; with `decode` one sent as it is must be sound inside."""
        if job.plan.preparation is not None:
            return await self._preparing(job, job.plan.preparation)
        read = await self._read(job)
        if isinstance(read, ev.Event):
            return read
        kept = await self._preparing.kept(job, read.content, decode=decode)
        return kept if isinstance(kept, ev.Event) else replace(read, kept=kept)

    async def _read(self, job: Job) -> Ready | ev.Event:
        model = self._desk.catalog().find(job.plan.model)
        if model is None:
            return ev.GaveUp(failure=failures.WRONG_ENDPOINT)
        read = partial(files.read, Path(job.input_root), job.source, limit=model.max_bytes)
        try:
            content = await self._desk.threads.run(job.watch, read, timeout_s=READ_TIMEOUT_S)
        except (OSError, files.SourceError) as error:
            return self._desk.delays.source_failed(job, error)
        if content.sha256 != job.content_hash:
            return ev.SourceChanged()
        kind = formats.sniff(content.data[:64])
        if kind is None:
            return ev.GaveUp(failure=failures.NOT_A_PICTURE)
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
