"""The loop that claims due jobs, takes one step with each, and applies its event.

It waits on work, due time or stop. The set of jobs being worked on lives in memory; everything
else is in the journal, so that losing this process loses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from hotfolder.account.pace import Pacing
from hotfolder.after.clearing import Clear
from hotfolder.bell import Bell, Ring
from hotfolder.domain import events as ev
from hotfolder.domain import failures
from hotfolder.domain.errors import JournalTakenOver, JournalUnavailable
from hotfolder.domain.jobs import Job
from hotfolder.domain.retry import JOURNAL_WAIT_S
from hotfolder.domain.states import BEFORE_INTENT, State
from hotfolder.journal import budgets, claims
from hotfolder.journal.budgets import Budget
from hotfolder.journal.journal import Journal
from hotfolder.journal.session import Session
from hotfolder.pipeline.delays import Delays
from hotfolder.pipeline.outcome import PLACE_LOOK_S, Committing, Shared
from hotfolder.pipeline.step import Outcome, Step
from hotfolder.pipeline.trials import Trials

UPLOADS_AT_ONCE: Final = 4
QUERIES_AT_ONCE: Final = 16
FETCHES_AT_ONCE: Final = 4
PUBLISHES_AT_ONCE: Final = 4
LEAST_UPLOADED_AHEAD: Final = 8
INTERNAL_TRIES: Final = 5
IDLE_LOOK_S: Final = 60.0

PLACES: Final[Mapping[State, int]] = {
    State.ACCEPTED: UPLOADS_AT_ONCE,
    State.RUNNING: QUERIES_AT_ONCE,
    State.FINISHED: FETCHES_AT_ONCE,
    State.FETCHED: PUBLISHES_AT_ONCE,
}
# What failed the last time may take its whole time once more: some places are kept from it.
PLACES_AGAIN: Final = {state: places * 3 // 4 for state, places in PLACES.items()}

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.pipeline")


class Runner:
    """Works on jobs until stopped.

    `steps` is the step of each state, `hurry` what breaks off a submit under way. `clear` clears up
    after a job that is done; `budgets` are those that may be charged.
    """

    def __init__(
        self,
        journal: Journal,
        steps: Mapping[State, Step],
        *,
        pacing: Pacing,
        delays: Delays,
        hurry: asyncio.Event,
        bell: Bell,
        clear: Clear,
        budgets: Callable[[], Sequence[Budget]],
    ) -> None:
        self._journal = journal
        self._steps = steps
        self._pace = pacing.pace
        self._rate = pacing.rate
        self._durations = pacing.durations
        self._delays = delays
        self._later = delays.later
        self._hurry = hurry
        self._bell = bell
        self._clear = clear
        self._shared = Shared(pacing.shared, pacing.durations.doubt_s)
        self._committing = Committing(journal, bell, hurry, self._shared)
        self._budgets = budgets
        self._trials = Trials()
        self._busy: dict[int, State] = {}
        self._again: set[int] = set()
        self._working: dict[int, asyncio.Task[None]] = {}
        self._watches: dict[int, str] = {}
        self._ear = bell.ear(Ring.CHANGED, Ring.DUE, Ring.ACCEPTED)
        self._lacks_place = False
        self._stopping = False
        self._death: BaseException | None = None

    @property
    def idle(self) -> bool:
        """Whether no step is under way."""
        return not self._busy

    async def run(self) -> None:
        """Claim and work until `drain` or cancellation."""
        while not self._stopping:
            self._raise_death()
            self._ear.forget()
            self._lacks_place = False
            try:
                due_in_s = await self._claim()
            except JournalUnavailable:
                due_in_s = JOURNAL_WAIT_S
            await self._wait(due_in_s)

    async def left(self, watch: str) -> None:
        """Return once nothing of a watch is under way; the journal lets no more of it begin."""
        while steps := [self._working[job] for job, of in self._watches.items() if of == watch]:
            await asyncio.wait(steps)

    async def drain(self, grace_s: float) -> None:
        """Claim nothing new and let what runs finish, at most `grace_s` seconds.

        A submit still unanswered then is broken off and its doubt committed.
        """
        self._stopping = True
        self._ear.ring()
        if self._working:
            await asyncio.wait(self._working.values(), timeout=grace_s)
        self._hurry.set()
        for job, task in self._working.items():
            if self._busy[job] is not State.SUBMITTING:
                task.cancel()
        if self._working:
            await asyncio.wait(self._working.values())
        self._raise_death()

    # -- claiming

    async def _claim(self) -> float | None:
        ahead = max(LEAST_UPLOADED_AHEAD, 2 * self._pace.window)
        look = partial(
            _claim,
            room=self._room(),
            busy=frozenset(self._busy),
            ahead=ahead,
            again=self._room_again(),
            limits=self._budgets(),
            shared=self._shared,
        )
        seen = await self._journal.run(look)
        for scope in seen.lifted:
            log.info("hold.lifted", scope=scope)
        if self._stopping:  # since this claim was asked for: `drain` knows only what had begun
            return None
        self._lacks_place = seen.lacks_place
        now_s = self._later.clock.elapsed_s()
        for each in seen.found:
            may_try = self._trials.may_try(each, self._busy)
            if may_try and self._rate.take(each.job.state, now_s):
                self._trials.began(each)
                self._start(each.job)
        return seen.due_in_s

    def _room(self) -> dict[State, int]:
        """Return how many steps of each state may begin; what is paid for comes first."""
        now_s = self._later.clock.elapsed_s()
        working = list(self._busy.values())
        room = {State.UPLOADED: self._pace.room(now_s)}
        room |= {state: places - working.count(state) for state, places in PLACES.items()}
        return {state: self._rate.room(state, now_s, places) for state, places in room.items()}

    def _room_again(self) -> dict[State, int]:
        """Return how many of these steps may be those of jobs that failed the last time."""
        working = [self._busy[job] for job in self._again]
        return {state: places - working.count(state) for state, places in PLACES_AGAIN.items()}

    def _start(self, job: Job) -> None:
        self._busy[job.id] = job.state
        if job.attempt:
            self._again.add(job.id)
        if job.state is State.UPLOADED:
            self._pace.started(job.id)
        task = asyncio.create_task(self._work_on(job))
        self._working[job.id] = task
        self._watches[job.id] = job.watch
        task.add_done_callback(self._note_death)

    def _note_death(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self._death = task.exception()
            self._ear.ring()

    def _raise_death(self) -> None:
        """End the service loudly when work on a job died of something that no step may raise."""
        if self._death is not None:
            raise self._death

    async def _wait(self, due_in_s: float | None) -> None:
        waits_s = [IDLE_LOOK_S if due_in_s is None else min(IDLE_LOOK_S, due_in_s)]
        now_s = self._later.clock.elapsed_s()
        resume = self._pace.resumes_s(now_s), self._rate.resumes_s(now_s)
        waits_s += [each - now_s for each in resume if each is not None]
        if self._lacks_place:
            await self._until_place(now_s + min(waits_s))
        else:
            await self._ear.hear(max(0.0, min(waits_s)))

    async def _until_place(self, until_s: float) -> None:
        """Wait for a ring, or a free place of the account that is shared: others tell of none."""
        while (left_s := until_s - self._later.clock.elapsed_s()) > 0:
            await self._ear.hear(min(PLACE_LOOK_S, left_s))
            if self._ear.rung or await self._is_place_free():
                return

    async def _is_place_free(self) -> bool:
        with suppress(JournalUnavailable):
            return await self._journal.run(self._shared.free, 1) > 0
        return True  # a claim meets it, too

    # -- working

    async def _work_on(self, job: Job) -> None:
        try:
            job = await self._step(job)
            if job.state is State.SUBMITTING:
                await self._step(job)
        finally:
            self._busy.pop(job.id, None)
            self._again.discard(job.id)
            self._working.pop(job.id, None)
            self._watches.pop(job.id, None)
            self._trials.ended(job)
            self._ear.ring()

    async def _step(self, job: Job) -> Job:
        outcome = await self._outcome(job)
        if isinstance(outcome.event, ev.SubmitIntended):
            if self._stopping:
                self._pace.ended(job.id)
                return job
            self._busy[job.id] = State.SUBMITTING
        moved = await self._committing.commit(job, outcome, self._trials.of(job))
        if moved is None:
            self._pace.ended(job.id)
            return job
        self._note_pace(job, moved, outcome)
        self._bell.ring(Ring.MOVED)
        if moved.state is State.DONE:
            await self._clear(moved)
            self._bell.ring(Ring.DONE)
        return moved

    async def _outcome(self, job: Job) -> Outcome:
        """Take the step of the job's state: the one place where any exception is caught."""
        try:
            return await self._steps[job.state](job)
        except JournalUnavailable as error:
            return Outcome(
                ev.Postponed(
                    until=self._later.after(JOURNAL_WAIT_S), reason=str(error), counts=False
                )
            )
        except JournalTakenOver:
            raise
        except Exception as error:
            log.exception("step.crashed", **job.log_context(), state=job.state.value)
            return Outcome(self._crashed(job, error))

    def _crashed(self, job: Job, error: Exception) -> ev.Event:
        if job.state is State.SUBMITTING:
            return ev.SubmitUnanswered(reason=f"{type(error).__name__} while submitting")
        if job.state in BEFORE_INTENT and job.attempt + 1 >= INTERNAL_TRIES:
            return ev.GaveUp(failure=failures.INTERNAL)
        return ev.Postponed(
            until=self._delays.backoff(job),
            reason=f"{type(error).__name__}: {error}",
            failure=failures.INTERNAL,
        )

    def _note_pace(self, before: Job, job: Job, outcome: Outcome) -> None:
        now_s = self._later.clock.elapsed_s()
        busy = outcome.busy
        if busy is not None:
            refuse = self._pace.full if busy.limit else self._pace.throttled
            refuse(job.id, now_s, busy.after_s)
            self._bell.ring(Ring.REFUSED)
        elif job.state is State.IN_DOUBT:
            self._pace.doubted(job.id, now_s + self._durations.doubt_s(job.plan.model))
        elif job.state is State.RUNNING:
            if before.state is State.SUBMITTING:
                self._pace.accepted(job.id)
        elif job.state not in (State.SUBMITTING, State.RUNNING):
            self._pace.ended(job.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What was claimed, and in how many seconds the next job is due, None where none is.

    `lifted` are the scopes that were let go; with `lacks_place` a job could be submitted, had those
    who share the journal a place left at the service.
    """

    found: list[claims.Claim]
    due_in_s: float | None
    lifted: list[str]
    lacks_place: bool


def _claim(
    session: Session,
    *,
    room: Mapping[State, int],
    busy: frozenset[int],
    ahead: int,
    again: Mapping[State, int],
    limits: Sequence[Budget],
    shared: Shared,
) -> _Seen:
    """Claim what may be worked on, after letting go what a budget has room for again.

    Nothing is claimed for an intent that would find no place in the account.
    """
    lifted = budgets.let_go(session, limits)
    wanted = room[State.UPLOADED]
    free = shared.free(session, wanted)
    found, next_due = claims.claim(session, {**room, State.UPLOADED: free}, busy, ahead, again)
    return _Seen(
        found=found,
        due_in_s=None if next_due is None else (next_due - session.now).total_seconds(),
        lifted=lifted,
        lacks_place=free < wanted and claims.is_any_ready(session),
    )
