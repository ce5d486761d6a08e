"""FINISHED: every result of a task into the local spool. After that the money is safe."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from hotfolder.domain import events as ev
from hotfolder.domain import failures
from hotfolder.domain.errors import LinkGone, OutputError, RemoteError, Unanswered
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Job, Result
from hotfolder.imaging import inspect, picture
from hotfolder.journal import holds
from hotfolder.outputs.spool import Part, Spool
from hotfolder.pipeline.steps import Later, Outcome
from hotfolder.runninghub import catalog
from hotfolder.runninghub.client import Client

LARGEST_RESULT_BYTES: Final = 512 * 1024 * 1024
BROKEN_TRIES: Final = 8
TEXT_EXTENSION: Final = "txt"

_EXTENSION = re.compile(r"[a-z0-9]{1,5}")


class Fetching:
    """Downloads a job's results, proves that they are whole, and keeps them in the spool."""

    def __init__(self, client: Client, spool: Spool, later: Later) -> None:
        self._client = client
        self._spool = spool
        self._later = later

    async def __call__(self, job: Job) -> Outcome:
        """Return Fetched, LinksExpired, or when to try again."""
        try:
            files = [await self._fetch(job, result) for result in job.results]
        except LinkGone:
            return Outcome(self._links_gone(job))
        except OutputError as error:
            failure = Failure(failures.SPOOL_BLOCKED, str(error), error.hint)
            return Outcome(self._later.postponed(job, str(error)), hold=(holds.ACCOUNT, failure))
        except (picture.PictureError, RemoteError) as error:
            if job.attempt + 1 >= BROKEN_TRIES and isinstance(error, picture.PictureError):
                return Outcome(ev.GaveUp(failure=failures.RESULT_UNREADABLE))
            return Outcome(self._later.postponed(job, f"the result is not whole: {error}"))
        return Outcome(ev.Fetched(results=tuple(files)))

    def _links_gone(self, job: Job) -> ev.Event:
        if job.submit is not None and job.submit.links_expired:
            return ev.GaveUp(failure=failures.PAID_LOST)
        return ev.LinksExpired()

    async def _fetch(self, job: Job, result: Result) -> ev.SpooledResult:
        name = f"{job.submit.id if job.submit else 0}-{result.position}"
        part = await asyncio.to_thread(self._spool.open_part, name)
        with part:
            if result.url is not None:
                await self._client.download(result.url, part.write, limit=LARGEST_RESULT_BYTES)
            else:
                await asyncio.to_thread(part.write, (result.text or "").encode())
            extension = await asyncio.to_thread(self._proven_extension, job, result, part)
            spooled = await asyncio.to_thread(part.commit)
        return ev.SpooledResult(
            position=result.position,
            file=name,
            size=spooled.size,
            sha256=spooled.sha256,
            extension=extension,
        )

    def _proven_extension(self, job: Job, result: Result, part: Part) -> str:
        """Return the extension of what was really downloaded; a picture must decode wholly."""
        if result.url is None:
            return TEXT_EXTENSION
        model = catalog.find(job.plan.model)
        if model is None or model.output == "image":
            return inspect.decode(part.content()).type.extension
        if not part.size:
            raise Unanswered("the result is empty")
        stated = _EXTENSION.fullmatch(result.type)
        return stated[0] if stated else "bin"
