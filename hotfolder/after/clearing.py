"""What a job that is done leaves in the spool, and needs no longer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from hotfolder.domain import names
from hotfolder.domain.jobs import Job
from hotfolder.outputs.spool import Spool

Clear = Callable[[Job], Awaitable[None]]


def clearing(spool: Spool) -> Clear:
    """Return what empties the spool after a job; what a crash leaves is swept at the next start."""

    async def clear(job: Job) -> None:
        spooled = [each.spool_file for each in job.results if each.spool_file is not None]
        spooled += [
            kept(each) for each in spooled for kept in (names.raw_file, names.companion_file)
        ]
        if not job.missing:
            spooled += [names.keepsake_file(job.id), names.ingredient_file(job.id)]
        await asyncio.to_thread(spool.empty, spooled)

    return clear
