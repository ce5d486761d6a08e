"""FINISHED: the results of a task into the local spool. After that the money is safe.

Each goes its own way: what can be had is kept, whatever becomes of the others. What proves to be no
result, or no whole one, is set aside in the spool for a person to look at.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from hotfolder.domain import events as ev
from hotfolder.domain import failures, names
from hotfolder.domain.errors import OutputError, RemoteError, Unanswered
from hotfolder.domain.jobs import Job, Result, Submit
from hotfolder.journal import holds
from hotfolder.kinds.kind import BY_OUTPUT, ENDINGS, Kind, NotProven, Proven, kind_of
from hotfolder.kinds.workshop.errors import WorkerFailed
from hotfolder.kinds.workshop.results import LARGEST_PICTURE_BYTES
from hotfolder.outputs.spool import Part
from hotfolder.pipeline.desk import Desk
from hotfolder.pipeline.renewing import Renewing, Unusable
from hotfolder.pipeline.signing import NotSigned
from hotfolder.pipeline.step import Outcome
from hotfolder.pipeline.steps.finishing import Finishing

LARGEST_TEXT_BYTES: Final = 256 * 1024
LARGEST_RESULT_BYTES: Final = 4 * 1024 * 1024 * 1024

FetchError = OutputError | WorkerFailed | Unusable | RemoteError


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
        errors: list[FetchError] = []
        for each in job.missing:
            name = names.result_file(submit.id, each.position)
            try:
                files.append(await self.fetch(job, each, name, submit))
            except (OutputError, WorkerFailed, Unusable, RemoteError) as error:
                errors.append(error)
        if errors and not files:
            return await self._failed(job, submit, errors[0])
        return Outcome(ev.Fetched(results=tuple(files), finished=done_to(files)))

    async def _failed(self, job: Job, submit: Submit, error: FetchError) -> Outcome:
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

        Raises LinkGone, OutputError, Unusable, WorkerFailed, and other RemoteErrors.
        """
        try:
            fetched = await self._fetched(job, result, name, submit)
        except NotProven as error:
            kept = await asyncio.to_thread(self._set_aside, name)
            raise Unusable(str(error), kept) from error
        await asyncio.to_thread(self._desk.spool.empty, [names.unusable_file(name)])
        return fetched

    async def _fetched(
        self, job: Job, result: Result | ev.RemoteResult, name: str, submit: Submit
    ) -> ev.SpooledResult:
        """Fetch as `fetch` does; where NotProven is raised, what came stands in the spool."""
        raw = names.raw_file(name)
        if not self.finishes(job, result):
            async with self._downloaded(job, result, name) as part:
                came, _ = await self._kept(job, result, name, part)
            await asyncio.to_thread(self._desk.small.rename, name, came.sha256)
            return came
        proven = None
        if not await asyncio.to_thread(self._desk.spool.exists, raw):
            async with self._downloaded(job, result, raw) as part:
                async with _keeping_what_came(part):
                    finished = await self._finishing.at_once(
                        job, result.position, name, submit, part
                    )
                if finished is not None:
                    return finished
                came, proven = await self._kept(job, result, raw, part)
            if not self._is_finished(came.extension):
                await asyncio.to_thread(self._desk.spool.rename, raw, name)
                return replace(came, file=name)
        return await self.finish(job, result.position, name, submit, proven)

    def _set_aside(self, name: str) -> Path:
        """Keep what came of a result where nothing takes it for one; return where that is."""
        kept = names.unusable_file(name)
        for each in (name, names.raw_file(name)):
            if self._desk.spool.exists(each):
                self._desk.spool.rename(each, kept)
        return self._desk.spool.path(kept)

    def finishes(self, job: Job, result: Result | ev.RemoteResult) -> bool:
        """Whether a result is finished before it is published, if it is of such a kind."""
        if result.url is None or (job.plan.finish.is_nothing and not self._finishing.signs):
            return False
        known = result.extension if isinstance(result, Result) else None
        return known is None or self._is_finished(known)

    def _is_finished(self, ending: str) -> bool:
        """Whether files of an ending are: pictures, and all but texts where results are signed."""
        kind = kind_of(ending)
        return kind is Kind.PICTURE or (self._finishing.signs and kind is not Kind.TEXT)

    async def finish(
        self, job: Job, position: int, name: str, submit: Submit, proven: Proven | None = None
    ) -> ev.SpooledResult:
        """Finish a raw result of the spool, `proven` = what it is. Raises as `finished` does."""
        return await self._finishing.finished(job, position, name, submit, proven)

    @asynccontextmanager
    async def _downloaded(
        self, job: Job, result: Result | ev.RemoteResult, name: str
    ) -> AsyncIterator[Part]:
        """Download a result into a part of the spool, which is dropped unless it is committed."""
        part, free_bytes = await asyncio.to_thread(self._begun, name)
        with part:
            if result.url is not None:
                limit = self._most_bytes(job, free_bytes)
                await self._desk.client.download(result.url, part.write, limit=limit)
            else:
                await asyncio.to_thread(part.write, (result.text or "").encode())
            yield part

    def _begun(self, name: str) -> tuple[Part, int]:
        return self._desk.spool.open_part(name), self._desk.spool.free_bytes()

    async def _kept(
        self, job: Job, result: Result | ev.RemoteResult, name: str, part: Part
    ) -> tuple[ev.SpooledResult, Proven]:
        """Tell what a download is, and keep it; where NotProven is raised it is kept, too."""
        async with _keeping_what_came(part):
            proven = await self._proven(job, result, name, part)
        is_filed_text = proven.kind is Kind.TEXT and result.url is not None
        text = await asyncio.to_thread(_text, part) if is_filed_text else None
        spooled = await asyncio.to_thread(part.commit)
        came = ev.SpooledResult(
            position=result.position,
            file=name,
            size=spooled.size,
            sha256=spooled.sha256,
            extension=proven.ending,
            finished=self._remark(job, result, proven.kind),
            text=text,
        )
        return came, proven

    def _most_bytes(self, job: Job, free_bytes: int) -> int:
        """Return how large a result may be: one without end must leave the disk room to work."""
        makes_pictures = self._made(job) is Kind.PICTURE
        largest = LARGEST_PICTURE_BYTES if makes_pictures else LARGEST_RESULT_BYTES
        return min(largest, free_bytes // 2)

    async def _proven(
        self, job: Job, result: Result | ev.RemoteResult, name: str, part: Part
    ) -> Proven:
        """Return what really came, whatever the service calls it."""
        if not part.size:
            raise Unanswered("the result is empty")
        names_text = result.type in ENDINGS[Kind.TEXT]
        order: dict[str, Any] = {
            "said": result.url is None,
            "text": names_text or self._made(job) is Kind.TEXT,
        }
        with part.reopened() as file:
            return await self._finishing.prove(job, name, file, order)

    def _remark(self, job: Job, result: Result | ev.RemoteResult, kind: Kind) -> str:
        """Return what is noted of a first result that is of another kind than its model's."""
        made = self._made(job)
        is_other = result.position == 1 and result.url is not None and kind is not made
        return f"it is a {kind}, where {job.plan.model} makes a {made}" if is_other else ""

    def _made(self, job: Job) -> Kind:
        """Return what kind of result a job's model makes, by the catalog's word."""
        model = self._desk.catalog().look_up(job.plan.model)
        return Kind.PICTURE if model is None else BY_OUTPUT[model.output]


@asynccontextmanager
async def _keeping_what_came(part: Part) -> AsyncIterator[None]:
    """Commit a part of which the block says that it is NotProven: a person may look at it."""
    try:
        yield
    except NotProven:
        await asyncio.to_thread(part.commit)
        raise


def _text(part: Part) -> str | None:
    """Return what a text says that came as a file, for jobs that follow; None for a long one."""
    if part.size > LARGEST_TEXT_BYTES:
        return None
    with part.reopened() as file:
        return file.read().decode("utf-8", "replace")


def done_to(files: Iterable[ev.SpooledResult]) -> str:
    """Return what was done to results after they came, each thing once."""
    return "; ".join(dict.fromkeys(each.finished for each in files if each.finished))


def _submit(job: Job) -> Submit:
    if job.submit is None:
        raise LookupError(f"job {job.id} was never submitted")
    return job.submit
