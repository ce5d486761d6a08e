"""Entering in the journal what was found to be wanted: the jobs of a set, or the rows of a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import structlog

from hotfolder import config
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import State
from hotfolder.journal import acceptance
from hotfolder.journal.journal import Journal
from hotfolder.kinds.workshop.errors import WorkerFailed
from hotfolder.planning import collisions, examine, lines
from hotfolder.planning.looking import Looking
from hotfolder.planning.looks import Unseen
from hotfolder.tree import files
from hotfolder.tree.threads import PatientThread
from hotfolder.watching import rows

# Calls, for a path, and tells what kept the call from being done in place of what it returns.
Guarded = Callable[[str, Callable[[], examine.Verdict]], object]

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.watching")


class Accepting:
    """Enters jobs of one watch, whose number in the journal is `number`, and logs each."""

    def __init__(
        self,
        watch: config.Watch,
        number: int,
        journal: Journal,
        thread: PatientThread,
        looking: Looking,
        guarded: Guarded,
    ) -> None:
        self._watch = watch
        self._number = number
        self._journal = journal
        self._thread = thread
        self._looking = looking
        self._guarded = guarded

    async def accept(self, wanted: examine.Wanted, others: frozenset[str]) -> None:
        """Enter a set's jobs, `others` as in `acceptance.accept`. Raises JournalUnavailable."""
        output = str(self._watch.output)
        per_rule = self._watch.rules == "all"
        jobs = await self._journal.run(
            acceptance.accept,
            wanted.found,
            wanted.drafts,
            output,
            per_rule=per_rule,
            others=others,
        )
        for job in jobs:
            _tell(job)

    async def enter(self, many: rows.Many) -> bool:
        """Enter the rows of a file; returns whether it stayed the same meanwhile."""
        output, per_rule = str(self._watch.output), self._watch.rules == "all"
        plan = partial(self._planned, many)
        jobs = await rows.accept(self._journal, many, plan, output, per_rule=per_rule)
        for job in jobs or ():
            _tell(job)
        return jobs is not None

    async def _planned(self, many: rows.Many, listed: Sequence[str]) -> examine.Wanted | None:
        """Plan some rows of a file, on its share; None where it is not as it was."""
        path = many.found.first.path
        plan = partial(self._plan_rows, many, listed)

        def plan_or_raise() -> object:
            verdict = self._guarded(path, plan)
            if isinstance(verdict, Unseen):
                raise verdict
            return verdict

        try:
            verdict = await self._looking.along(self._thread.run, plan_or_raise)
        except (OSError, files.SourceError, WorkerFailed):
            return None
        return verdict if isinstance(verdict, examine.Wanted) else None

    def _plan_rows(self, many: rows.Many, listed: Sequence[str]) -> examine.Verdict:
        settled = many.found.first
        verdict = examine.examine(
            self._looking.looks,
            self._watch,
            self._number,
            settled.path,
            gave_time=True,
            at=self._journal.clock(),
            expected=settled.content_hash,
            only=listed,
        )
        if not isinstance(verdict, examine.Wanted):
            return verdict
        numbered = replace(verdict, drafts=lines.numbered(verdict.drafts, many.numbers))
        kept = collisions.without_collisions(self._journal, self._watch, numbered)
        return kept if isinstance(kept, examine.Wanted) else replace(numbered, drafts=())


def _tell(job: Job) -> None:
    """Log that a source became a job, and at once why it failed or waits."""
    log.info("job.accepted", **job.log_context(), state=job.state.value)
    if job.failure is not None and job.state is State.FAILED:
        log.warning("job.failed", **job.log_context(), **job.failure.log_context())
    elif job.failure is not None:
        log.info("job.waits", **job.log_context(), **job.failure.log_context())
