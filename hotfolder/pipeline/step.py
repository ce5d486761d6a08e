"""What the steps share: an outcome, and how to say "later".

    ACCEPTED   uploading   the material to the service
    UPLOADED   submitting  everything that can be known before money leaves, then the intent
    SUBMITTING submitting  the paid call, once
    RUNNING    querying    how far is the task
    FINISHED   fetching    every result into the local spool
    FETCHED    publishing  every result under its final name

A step makes its call and returns one event; it decides no state. One that finds submitting to be
pointless for a whole scope says so by a hold beside its event.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from hotfolder.domain import events as ev
from hotfolder.domain import failures
from hotfolder.domain.clock import Clock
from hotfolder.domain.errors import Busy, Held, OutputError, RemoteError, RuleHold, TooSlow
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Job
from hotfolder.domain.measures import Measure, Observe
from hotfolder.domain.paid import NOT_SAID, Charge
from hotfolder.domain.retry import backoff_s
from hotfolder.journal import holds
from hotfolder.journal.budgets import Budget
from hotfolder.tree import files
from hotfolder.tree.threads import ShareThreads

Jitter = Callable[[], float]

READ_TIMEOUT_S: Final = 120.0
TOLD_AFTER: Final = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step came to: an event, perhaps a scope to hold and why, or how busy it is.

    `budgets` are those that an intent must keep to.
    """

    event: ev.Event
    hold: tuple[str, Failure] | None = None
    busy: Busy | None = None
    budgets: tuple[Budget, ...] = ()


Step = Callable[[Job], Awaitable[Outcome]]


def observed(step: Step, observe: Observe, clock: Clock) -> Step:
    """Return a step that tells how long it took, by the state it began in."""

    async def timed(job: Job) -> Outcome:
        began_s = clock.awake_s()
        try:
            return await step(job)
        finally:
            observe(Measure.STEP, clock.awake_s() - began_s, job.state.value)

    return timed


def output_is_silent() -> OutputError:
    """Return the error of an output folder that hangs."""
    return OutputError(
        "the output folder does not answer", hint="Check the network, the NAS and the mount."
    )


class Later:
    """Says when to try again. `jitter` is uniform in [0, 1)."""

    def __init__(self, clock: Clock, jitter: Jitter) -> None:
        self.clock = clock
        self.jitter = jitter

    def after(self, seconds: float) -> datetime:
        """Return the time in so many seconds."""
        return self.clock() + timedelta(seconds=seconds)

    def backoff(self, job: Job, before: int = 0) -> datetime:
        """Return when a job may be tried again after one more failed attempt.

        `before` counts those that failed before anything else was tried in between.
        """
        return self.after(backoff_s(before + job.attempt + 1, self.jitter()))

    def postponed(
        self, job: Job, reason: str, error: RemoteError | None = None, before: int = 0
    ) -> ev.Postponed:
        """Return the event of a failed attempt at something that may simply be tried again."""
        wait_s = error.after_s if isinstance(error, Busy) else None
        until = self.backoff(job, before) if wait_s is None else self.after(wait_s)
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
                return ev.GaveUp(failure=failures.SOURCE_TOO_LARGE)
            case files.RootGone() | OSError():
                return self.postponed(job, f"the source cannot be read: {files.in_words(error)}")
        return ev.SourceChanged()


def keeping_part(step: Step) -> Step:
    """Return a step that fails no job of which something is published: it is done with that.

    Whatever comes of its task then, only the rest of the results is lost.
    """

    async def step_keeping(job: Job) -> Outcome:
        outcome = await step(job)
        bad_end = _bad_end(outcome.event)
        if bad_end is None or not job.published:
            return outcome
        why, charge = bad_end
        failure = failures.in_part([each.position for each in job.missing], why)
        return Outcome(ev.EndedInPart(failure=failure, charge=charge))

    return step_keeping


def _bad_end(event: ev.Event) -> tuple[Failure, Charge] | None:
    """Return why, and charged how, an event ends a submitted job badly; None where it does not."""
    match event:
        case ev.RemoteFailed(failure=why, charge=charge):
            return why, charge
        case ev.GaveUp(failure=why) | ev.RemoteFailedInPassing(failure=why):
            return why, NOT_SAID
        case ev.RemoteCancelled(charge=charge):
            return failures.PAID_LOST, charge
        case ev.RemoteLost():
            return failures.PAID_LOST, NOT_SAID
    return None


def confirmed(
    step: Step, require_place: Callable[[Job], None], threads: ShareThreads, later: Later
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
            return Outcome(later.source_failed(job, error))
        return outcome

    return step_confirmed
