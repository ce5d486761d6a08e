"""ACCEPTED and UPLOADED: is the same edit made already? Asked before anything is sent or paid.

Of the jobs with one work key one leads and goes on; the others come here to wait for it. Its
result is taken from the spool, else from the leader's output if nobody has changed it since, else
from the service, which is free. Where nothing is left of what was paid, a follower waits for a
person: it never pays by itself.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from hotfolder.domain import chance, failures, names, previous
from hotfolder.domain import events as ev
from hotfolder.domain.errors import LinkForbidden, LinkGone, OutputError, RemoteError
from hotfolder.domain.jobs import Job, Result, Submit
from hotfolder.domain.materials import Material, own
from hotfolder.domain.preparation import upload_key
from hotfolder.domain.states import State, WaitsFor
from hotfolder.journal import leaders
from hotfolder.journal.rows import existing_job
from hotfolder.kinds.kind import NotProven
from hotfolder.kinds.workshop.errors import WorkerFailed
from hotfolder.outputs import reuse
from hotfolder.outputs.spool import Spooled
from hotfolder.pipeline.delays import output_is_silent
from hotfolder.pipeline.desk import Desk
from hotfolder.pipeline.renewing import LINK_TRIES, Unusable
from hotfolder.pipeline.step import Outcome, Step
from hotfolder.pipeline.steps.fetching import Fetching, done_to
from hotfolder.runninghub import nodes, payload
from hotfolder.runninghub.catalog import Catalog

COPY_TIMEOUT_S: Final = 60.0


def work_key(catalog: Catalog, job: Job) -> str | None:
    """Return what stands for content, model and resolved payload; None = made anew each time.

    Each of several variants is another edit, whatever chance gave it.
    """
    variant = job.plan.variant
    if job.plan.drawn and variant is None:
        return None
    if previous.asks(job.plan.prompt, job.plan.params):
        return None  # what it is to send is not known yet
    model = catalog.find(job.plan.model)
    sent = [each for each in own(job.materials) if not each.is_read]
    if model is None or any(each.parameter not in model.params for each in sent):
        return None  # in the latter case its plan is made anew before it is paid
    files = payload.files((each.parameter, _pixels_of(each)) for each in sent)
    params = chance.undrawn(job.plan).params
    body = payload.compose(model, job.plan.prompt, params, files).body
    if is_random(body):
        return None
    several = [variant] if variant is not None and variant > 1 else []
    work = json.dumps([model.endpoint, body, *several, *nodes.own(model)], sort_keys=True)
    return hashlib.sha256(work.encode()).hexdigest()


def _pixels_of(material: Material) -> str:
    """Return what stands for the pixels of a file that is sent, whatever is left out with them."""
    preparation, identity = material.preparation, material.identity
    is_converted = preparation is not None and preparation.convert
    return upload_key(identity, preparation) if is_converted else identity


def is_random(body: dict[str, object]) -> bool:
    """Return whether a payload asks for chance: a seed below zero means another each time."""
    seed = body.get("seed")
    return isinstance(seed, int | float) and seed < 0


class Reusing:
    """Gives a job the result of the same edit, or lets it go on with the step `then`.

    `fetching` fetches what a free query names. `work_key` says what an edit is known by again;
    `keep_source` takes from a job's own source what its results are to get back.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        fetching: Fetching,
        work_key: Callable[[Job], str | None],
        keep_source: Callable[[Job], Awaitable[None]],
    ) -> None:
        self._desk = desk
        self._fetching = fetching
        self._work_key = work_key
        self._keep_source = keep_source

    def before(self, then: Step) -> Step:
        """Return the step that reuses where it can, and takes the step `then` where it cannot."""

        async def reuse_or(job: Job) -> Outcome:
            number = await self._desk.journal.run(leaders.take_part, job.id, self._work_key(job))
            if number is not None:
                leader = await self._desk.journal.run(existing_job, number)
                outcome = await self._follow(job, leader)
                lost = ev.GaveUp(failure=failures.leader_lost(leader.id))
                return outcome or Outcome(lost)
            if job.leader is None and number is None:
                return await then(job)
            # No hold covers who follows: now that it goes on alone, it is claimed as others are.
            alone = ev.Postponed(
                until=self._desk.later.clock(), reason="goes on alone", counts=False
            )
            return Outcome(alone)

        return reuse_or

    def again(self, then: Step) -> Step:
        """Return the step for what runs: a reused result that was lost is looked for once more.

        It never pays: a job that had its result once is paid for only when a person says so.
        """

        async def find_or(job: Job) -> Outcome:
            if not job.reused or job.leader is None:
                return await then(job)
            leader = await self._desk.journal.run(existing_job, job.leader)
            gave_up = leader.state in (State.FAILED, State.CANCELLED)
            outcome = None if gave_up else await self._follow(job, leader)
            if outcome is None:
                failed = ev.RemoteFailed(failure=failures.REUSED_LOST, ended_by_service=False)
                return Outcome(failed)
            if isinstance(outcome.event, ev.Postponed) and outcome.event.until is None:
                return Outcome(self._desk.delays.postponed(job, outcome.event.reason))
            return outcome

        return find_or

    async def _follow(self, job: Job, leader: Job) -> Outcome | None:
        """Return what comes of following; None = nothing is left of the leader's result."""
        try:
            return await self._take(job, leader)
        except WorkerFailed as error:
            return Outcome(
                self._desk.delays.postponed(job, f"the result cannot be finished: {error}")
            )

    async def _take(self, job: Job, leader: Job) -> Outcome | None:
        if leader.state is State.CANCELLED:  # at the service, which charged it all the same
            return None
        wanted = _wanted(job, leader)
        if not wanted:
            return None if leader.state is State.DONE else self._wait(leader)
        out_of_reach: OutputError | None = None
        await self._keep_source(job)
        leader = await self._desk.journal.run(existing_job, leader.id)  # it may have gone on
        try:
            files = await self._copy_all(job, leader, wanted)
        except OutputError as error:
            files, out_of_reach = [], error
        if not files and leader.state is State.FETCHED:  # it will miss its spool and fetch anew
            return Outcome(self._desk.delays.postponed(job, "the result is being fetched again"))
        try:
            files = files or await self._ask(job, leader, wanted)
        except OutputError as error:
            out_of_reach = error
        except (RemoteError, Unusable) as error:
            if not _is_final(job, error):
                remote = error if isinstance(error, RemoteError) else None
                return Outcome(self._desk.delays.postponed(job, str(error), remote))
        if not files and out_of_reach is None:
            files = _handed_on(job, leader, wanted)
        if files:
            reused = ev.Reused(leader=leader.id, results=tuple(files), finished=done_to(files))
            return Outcome(reused)
        return self._blocked(job, leader, out_of_reach) if out_of_reach else None

    def _wait(self, leader: Job) -> Outcome:
        reason = f"job {leader.id} makes the same edit"
        waits_for = WaitsFor.LEADER
        return Outcome(ev.Postponed(until=None, reason=reason, waits_for=waits_for, counts=False))

    def _blocked(self, job: Job, leader: Job, error: OutputError) -> Outcome:
        """Wait for what holds the result rather than pay for it a second time."""
        failure = failures.result_out_of_reach(leader.id, str(error), error.hint)
        until = self._desk.delays.backoff(job)
        return Outcome(ev.Postponed(until=until, reason=str(error), failure=failure))

    async def _copy_all(
        self, job: Job, leader: Job, wanted: Sequence[Result]
    ) -> list[ev.SpooledResult]:
        """Copy the results that are here; empty unless every one is, and is whole."""
        try:
            files = [await self._copy(job, leader, each) for each in wanted]
        except NotProven:
            return []
        found = [each for each in files if each is not None]
        return found if len(found) == len(files) else []

    async def _copy(self, job: Job, leader: Job, result: Result) -> ev.SpooledResult | None:
        """Copy a result from the spool, else from where it was published."""
        name = _spool_name(job, result.position)
        if self._fetching.finishes(job, result):
            raw, hands_on = names.raw_file(name), bool(job.plan.then)
            if await self._copy_to(raw, leader, result, as_made=hands_on) is None:
                return None
            return await self._fetching.finish(job, result.position, name, _paid(leader))
        copied = await self._copy_to(name, leader, result)
        if copied is None:
            return None
        return ev.SpooledResult(
            position=result.position,
            file=name,
            size=copied.size,
            sha256=copied.sha256,
            extension=result.extension or "bin",
        )

    async def _copy_to(
        self, name: str, leader: Job, result: Result, *, as_made: bool = False
    ) -> Spooled | None:
        """Copy what is left of a result; of one that is sealed only what the service made.

        With `as_made` that of any other, too, where it is known.
        """
        as_made = result.sealed or (as_made and result.raw is not None)
        sha256 = result.raw if as_made else result.sha256
        if sha256 is None:
            return None
        copied: Spooled | None = None
        if result.spool_file is not None:
            spooled = names.raw_file(result.spool_file) if as_made else result.spool_file
            copied = await asyncio.to_thread(
                reuse.from_spool, self._desk.spool, spooled, sha256, name
            )
        if copied is None and result.published_at is not None and result.output_name is not None:
            at = result.output_name
            if as_made:
                at = names.untouched(at, result.raw_extension or "bin")
            copied = await self._from_share(leader, at, sha256, name)
        return copied

    async def _from_share(self, leader: Job, at: str, sha256: str, name: str) -> Spooled | None:
        watch, root = leader.watch, Path(leader.output_root)
        copy = partial(reuse.from_output, self._desk.spool, root, at, sha256, name)
        try:
            return await self._desk.threads.run(watch, copy, timeout_s=COPY_TIMEOUT_S)
        except TimeoutError:
            raise output_is_silent() from None

    async def _ask(self, job: Job, leader: Job, wanted: Sequence[Result]) -> list[ev.SpooledResult]:
        """Fetch results of the leader's task once more; empty where the service has none."""
        submit = leader.submit
        if submit is None or submit.task_id is None or submit.site != self._desk.client.site:
            return []
        report = await self._desk.client.query(submit.task_id)
        handed_out = [each.position for each in report.results]
        if handed_out != [each.position for each in leader.results]:
            raise LinkGone("the service no longer hands these results out")
        positions = {result.position for result in wanted}
        named = [
            (each, _spool_name(job, each.position))
            for each in report.results
            if each.position in positions
        ]
        try:
            return [await self._fetching.fetch(job, each, name, submit) for each, name in named]
        except Unusable:
            aside = [names.unusable_file(name) for _, name in named]
            await asyncio.to_thread(self._desk.spool.empty, aside)
            raise


def _wanted(job: Job, leader: Job) -> list[Result]:
    """Return what a leader has of its results and a job that follows it has not."""
    has = {each.position for each in job.results} if job.state is State.RUNNING else set()
    has -= {each.position for each in job.missing}
    return [each for each in leader.results if each.sha256 and each.position not in has]


def _handed_on(job: Job, leader: Job, wanted: Sequence[Result]) -> list[ev.SpooledResult]:
    """Return results that only went on and are kept no longer, by what they were.

    What followed with them may be here still: the jobs after this one know it by their hashes.
    """
    only_went_on = {each.position for each in leader.hands_on}
    goes_on = bool(job.plan.then) and not job.plan.publish and job.state is not State.RUNNING
    if not goes_on or not only_went_on.issuperset(each.position for each in wanted):
        return []
    return [
        ev.SpooledResult(
            position=each.position,
            file=_spool_name(job, each.position),
            size=each.size or 0,
            sha256=each.sha256 or "",
            extension=each.extension or "bin",
            raw=each.raw,
            raw_extension=each.raw_extension,
            text=each.text,
        )
        for each in wanted
    ]


def _paid(leader: Job) -> Submit:
    if leader.submit is None:
        raise LookupError(f"job {leader.id} leads and was never submitted")
    return leader.submit


def _is_final(job: Job, error: Exception) -> bool:
    """Whether a result is lost for good: said several times, and not for a reason of our own."""
    is_gone = isinstance(error, LinkGone | Unusable) and not isinstance(error, LinkForbidden)
    return is_gone and job.attempt + 1 >= LINK_TRIES


def _spool_name(job: Job, position: int) -> str:
    return f"reused-{job.id}-{position}"
