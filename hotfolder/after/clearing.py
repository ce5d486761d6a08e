"""What a job that is done leaves in the spool, and needs no longer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from hotfolder.domain import names
from hotfolder.domain.jobs import Job
from hotfolder.journal import recovery
from hotfolder.journal.journal import Journal
from hotfolder.outputs.spool import Spool

Clear = Callable[[Job], Awaitable[None]]


def clearing(spool: Spool, journal: Journal) -> Clear:
    """Return what empties the spool after a job; what a crash leaves is swept at the next start.

    What goes on in a chain is kept, for as long as somebody may want a step of it made anew.
    """

    async def clear(job: Job) -> None:
        handed_on = {each.spool_file for each in job.results if each.is_taken}
        spooled = {each.spool_file for each in job.results} - handed_on - {None}
        files = list(_with_their_own(each for each in spooled if each is not None))
        if job.place is not None:
            files += _with_their_own(await journal.run(recovery.followed_files))
        elif not job.missing and not job.plan.then:
            files += [names.keepsake_file(job.id), names.ingredient_file(job.id)]
        await asyncio.to_thread(spool.empty, files)

    return clear


def _with_their_own(spooled: Iterable[str]) -> Iterable[str]:
    for each in spooled:
        yield from (each, names.raw_file(each), names.companion_file(each))
