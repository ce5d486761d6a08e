"""FINISHED: the results of a task into the local spool. After that the money is safe.

Each goes its own way: what can be had is kept, whatever becomes of the others.
"""

from __future__ import annotations

import asyncio
import re
from typing import Final

from hotfolder.domain import events as ev
from hotfolder.domain import failures, names
from hotfolder.domain.errors import OutputError, RemoteError, Unanswered
from hotfolder.domain.jobs import Job, Result, Submit
from hotfolder.journal import holds
from hotfolder.kinds import formats
from hotfolder.kinds.workshop.workshop import WorkerFailed
from hotfolder.outputs.spool import Part
from hotfolder.pipeline.desk import Desk
from hotfolder.pipeline.renewing import Renewing
from hotfolder.pipeline.signing import NotSigned
from hotfolder.pipeline.step import Outcome
from hotfolder.pipeline.steps.finishing import Finishing

LARGEST_PICTURE_BYTES: Final = 256 * 1024 * 1024  # held in memory to be proved whole
LARGEST_RESULT_BYTES: Final = 4 * 1024 * 1024 * 1024
TEXT_EXTENSION: Final = "txt"

_EXTENSION = re.compile(r"[a-z0-9]{1,5}")


class Fetching:
    """Downloads a job's results, proves that they are whole, and keeps them in the spool."""

    def __init__(self, desk: Desk, *, finishing: Finishing, renewing: Renewing) -> None:
        self._desk = desk
        self._finishing = finishing
        self._renewing = renewing

    async def __call__(self, job: Job) -> Outcome:
        """Return Fetched where anything came, else what follows."""
        submit = _submit(job)
        files: list[ev.SpooledResult] = []
        errors: list[OutputError | WorkerFailed | formats.PictureError | RemoteError] = []
        for each in job.missing:
            name = names.result_file(submit.id, each.position)
            try:
                files.append(await self.fetch(job, each, name, submit))
            except (OutputError, WorkerFailed, formats.PictureError, RemoteError) as error:
                errors.append(error)
        if errors and not files:
            return await self._failed(job, submit, errors[0])
        finished = "; ".join(dict.fromkeys(each.finished for each in files if each.finished))
        return Outcome(ev.Fetched(results=tuple(files), finished=finished))

    async def _failed(
        self,
        job: Job,
        submit: Submit,
        error: OutputError | WorkerFailed | formats.PictureError | RemoteError,
    ) -> Outcome:
        """Return what comes of an attempt by which nothing was fetched."""
        match error:
            case OutputError():
                return self._desk.delays.spool_blocked(job, error)
            case NotSigned():
                failure = failures.cannot_sign(str(error))
                later = self._desk.delays.postponed(job, f"not signed: {error}")
                return Outcome(later, hold=(holds.watch_scope(job.watch), failure))
            case WorkerFailed():
                reason = f"the result cannot be looked at: {error}"
                return Outcome(self._desk.delays.postponed(job, reason))
            case _:
                return Outcome(await self._renewing.after(job, submit, error))

    async def fetch(
        self, job: Job, result: Result | ev.RemoteResult, name: str, submit: Submit
    ) -> ev.SpooledResult:
        """Fetch one result of a submit into the spool, finished as the job wants it.

        Raises LinkGone, OutputError, PictureError, WorkerFailed, and other RemoteErrors.
        """
        raw = names.raw_file(name)
        if not self.finishes(job, result):
            return await self._download(job, result, name)
        if not await asyncio.to_thread(self._desk.spool.exists, raw):
            await self._download(job, result, raw)
        try:
            return await self.finish(job, result.position, name, submit)
        except formats.PictureError:
            await asyncio.to_thread(self._desk.spool.remove, raw)
            raise

    def finishes(self, job: Job, result: Result | ev.RemoteResult) -> bool:
        """Whether a result of a job is finished before it is published; a text never is."""
        if result.url is None or (job.plan.finish.is_nothing and not self._finishing.signs):
            return False
        return self._is_picture(job)

    async def finish(self, job: Job, position: int, name: str, submit: Submit) -> ev.SpooledResult:
        """Finish a raw result of the spool. Raises PictureError, WorkerFailed, OutputError."""
        return await self._finishing.finished(job, position, name, submit)

    async def _download(
        self, job: Job, result: Result | ev.RemoteResult, name: str
    ) -> ev.SpooledResult:
        part = await asyncio.to_thread(self._desk.spool.open_part, name)
        with part:
            if result.url is not None:
                limit = await self._most_bytes(job)
                await self._desk.client.download(result.url, part.write, limit=limit)
            else:
                await asyncio.to_thread(part.write, (result.text or "").encode())
            extension = await self._proven_extension(job, result, part)
            spooled = await asyncio.to_thread(part.commit)
        return ev.SpooledResult(
            position=result.position,
            file=name,
            size=spooled.size,
            sha256=spooled.sha256,
            extension=extension,
        )

    async def _most_bytes(self, job: Job) -> int:
        """Return how large a result may be: one without end must leave the disk room to work."""
        largest = LARGEST_PICTURE_BYTES if self._is_picture(job) else LARGEST_RESULT_BYTES
        return min(largest, await asyncio.to_thread(self._desk.spool.free_bytes) // 2)

    async def _proven_extension(
        self, job: Job, result: Result | ev.RemoteResult, part: Part
    ) -> str:
        """Return the extension of what was really downloaded; a picture must decode wholly."""
        if result.url is None:
            return TEXT_EXTENSION
        if self._is_picture(job):
            with part.reopened() as file:
                return (await self._finishing.prove(job, file)).extension
        if not part.size:
            raise Unanswered("the result is empty")
        stated = _EXTENSION.fullmatch(result.type)
        return stated[0] if stated else "bin"

    def _is_picture(self, job: Job) -> bool:
        model = self._desk.catalog().look_up(job.plan.model)
        return model is None or model.output == "image"


def _submit(job: Job) -> Submit:
    if job.submit is None:
        raise LookupError(f"job {job.id} was never submitted")
    return job.submit
