"""What the steps share: what one is, and what it comes to.

    ACCEPTED   uploading   the material to the service
    UPLOADED   intending   everything that can be known before money leaves, then the intent
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

from hotfolder.domain import events as ev
from hotfolder.domain import failures
from hotfolder.domain.clock import Clock
from hotfolder.domain.errors import Busy
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Job
from hotfolder.domain.measures import Measure, Observe
from hotfolder.domain.paid import NOT_SAID, Charge
from hotfolder.journal.budgets import Budget


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


def keeping_part(step: Step) -> Step:
    """Return a step that fails no job of which something is published, or goes on in a chain.

    It is done with that: whatever comes of its task then, only the rest of the results is lost.
    """

    async def step_keeping(job: Job) -> Outcome:
        outcome = await step(job)
        bad_end = _bad_end(outcome.event)
        if bad_end is None or not job.has_served:
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
