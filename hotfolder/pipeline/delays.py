"""How a step says "later", and what a failure means for what comes next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from hotfolder.domain import events as ev
from hotfolder.domain import failures, file_failures
from hotfolder.domain.errors import Busy, Held, OutputError, RemoteError, RuleHold, TooSlow
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Job
from hotfolder.domain.retry import Later
from hotfolder.journal import holds
from hotfolder.pipeline.step import Outcome, Step
from hotfolder.tree import files
from hotfolder.tree.threads import ShareThreads

READ_TIMEOUT_S: Final = 120.0
TOLD_AFTER: Final = 5


def output_is_silent() -> OutputError:
    """Return the error of an output folder that hangs."""
    return OutputError(
        "the output folder does not answer", hint="Check the network, the NAS and the mount."
    )


@dataclass(frozen=True, slots=True)
class Delays:
    """Says in events that a step is to be tried again, and when."""

    later: Later

    def backoff(self, job: Job, before: int = 0) -> datetime:
        """Return when a job may be tried again after one more failed attempt.

        `before` counts those that failed before anything else was tried in between.
        """
        return self.later.backoff(before + job.attempt + 1)

    def postponed(
        self, job: Job, reason: str, error: RemoteError | None = None, before: int = 0
    ) -> ev.Postponed:
        """Return the event of a failed attempt at something that may simply be tried again."""
        wait_s = error.after_s if isinstance(error, Busy) else None
        until = self.backoff(job, before) if wait_s is None else self.later.after(wait_s)
        is_slow = isinstance(error, TooSlow)
        failure = failures.too_slow(reason) if is_slow else self.delayed(job, reason, before)
        return ev.Postponed(until=until, reason=reason, failure=failure)

    def delayed(self, job: Job, reason: str, before: int = 0) -> Failure | None:
        """Return why a job is late, once it was tried often enough for a person to wonder."""
        tried = before + job.attempt + 1
        return failures.delayed(tried, reason) if tried >= TOLD_AFTER else None

    def spool_blocked(self, job: Job, error: OutputError) -> Outcome:
        """Return the outcome of a step that could not write into the spool: nobody pays on."""
        failure = Failure(failures.SPOOL_BLOCKED, str(error), error.hint)
        return Outcome(self.postponed(job, str(error)), hold=(holds.ACCOUNT, failure))

    def held(self, job: Job, error: Held) -> tuple[str, Failure]:
        """Return the scope that an error holds, and why."""
        is_rule = isinstance(error, RuleHold)
        scope = holds.rule_scope(job.watch, job.plan.rule) if is_rule else holds.ACCOUNT
        return scope, error.failure

    def source_failed(self, job: Job, error: Exception) -> ev.Event:
        """Return what an error while reading a source means for a job not yet submitted."""
        match error:
            case files.SourceGone() | files.NotARegularFile():
                return ev.SourceGone()
            case files.SourceTooLarge():
                return ev.GaveUp(failure=file_failures.SOURCE_TOO_LARGE)
            case files.RootGone() | OSError():
                return self.postponed(job, f"the source cannot be read: {files.in_words(error)}")
        return ev.SourceChanged()


def confirmed(
    step: Step, require_place: Callable[[Job], None], threads: ShareThreads, delays: Delays
) -> Step:
    """Return a step that takes no source for gone while the disk or share it lay on is away.

    `require_place` raises OSError or RootGone where it is; it blocks.
    """

    async def step_confirmed(job: Job) -> Outcome:
        outcome = await step(job)
        if not isinstance(outcome.event, ev.SourceGone):
            return outcome
        try:
            look = partial(require_place, job)
            await threads.run(job.watch, look, timeout_s=READ_TIMEOUT_S)
        except (OSError, files.RootGone) as error:
            return Outcome(delays.source_failed(job, error))
        return outcome

    return step_confirmed
