"""FETCHED: every result under its final name. An unreachable share only makes it wait.

What a person rejected goes the same way, to a folder of its own: it is paid for, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from hotfolder.domain import events as ev
from hotfolder.domain import failures, names
from hotfolder.domain.errors import OutputError
from hotfolder.domain.failpoints import Failpoint, no_failpoint
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import Job, Result
from hotfolder.domain.states import Decision
from hotfolder.journal import holds, leases, places, reservations
from hotfolder.journal.reservations import Earlier
from hotfolder.journal.session import Session
from hotfolder.kinds.kind import Kind, kind_of
from hotfolder.outputs import publish
from hotfolder.outputs.access import Access
from hotfolder.outputs.errors import NameTaken, SpoolLost
from hotfolder.pipeline.delays import output_is_silent
from hotfolder.pipeline.desk import Desk
from hotfolder.pipeline.step import Outcome

PUBLISH_TIMEOUT_S: Final = 60.0
REST_LOOK_S: Final = 2.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.pipeline")


class Publishing:
    """Publishes a job's spooled results but for those that go on in a chain.

    What is missing of them is not waited for.

    `access` says how its outputs are left. `failpoint` is passed `publish.before` and
    `.after`, and `.beside` after each file that goes beside a result.
    """

    def __init__(
        self, desk: Desk, *, access: Callable[[Job], Access], failpoint: Failpoint = no_failpoint
    ) -> None:
        self._desk = desk
        self._under_way: dict[int, asyncio.Future[object]] = {}
        self._access = access
        self._failpoint = failpoint

    async def __call__(self, job: Job) -> Outcome:
        """Return Published, Rejected, PublishedInPart, SpoolLost, or when to try again."""
        missing = [each.position for each in job.missing]
        left = {*missing, *(each.position for each in job.hands_on)}
        try:
            for result in job.results:
                if result.published_at is None and result.position not in left:
                    await self._publish(job, result)
        except SpoolLost:
            return Outcome(ev.SpoolLost())
        except OutputError as error:
            failure = Failure(failures.OUTPUT_BLOCKED, str(error), error.hint)
            later = ev.Postponed(
                until=self._desk.delays.backoff(job), reason=str(error), failure=failure
            )
            return Outcome(later, hold=(holds.watch_scope(job.watch), failure))
        if missing:
            until = self._desk.later.after(REST_LOOK_S)
            return Outcome(ev.PublishedInPart(until=until, failure=failures.awaited(missing)))
        decided = job.decided
        if decided is not None and decided.is_rejected:
            return Outcome(ev.Rejected(redo=decided.decision is Decision.REDO))
        return Outcome(ev.Published())

    async def _publish(self, job: Job, result: Result) -> None:
        place = await self._desk.journal.run(_place, job, result, result.output_name)
        while True:
            try:
                await self._put_in_thread(job, result, place)
            except NameTaken:
                place = await self._desk.journal.run(_place, job, result, None, place.name)
            else:
                break
        await self._desk.journal.run(reservations.mark_published, result.id)
        log.info("output.published", **job.log_context(), output=place.name)

    async def _put_in_thread(self, job: Job, result: Result, place: _Place) -> None:
        """Write one result; a write that hangs is waited for again later, never doubled."""
        begun = self._under_way.get(result.id)
        if begun is None:
            begun = self._desk.threads.begin(job.watch, self._put(job, result, place))
            self._under_way[result.id] = begun
        done, _ = await asyncio.wait({begun}, timeout=PUBLISH_TIMEOUT_S)
        if not done:
            raise output_is_silent()
        del self._under_way[result.id]
        begun.result()

    def _put(self, job: Job, result: Result, place: _Place) -> Callable[[], object]:
        name, earlier = place.name, place.earlier
        file, sha256 = _fetched(job, result)
        # First what goes beside it: whoever finds the result finds that, too.
        beside = list(_beside(job, file, result, name))
        result_itself = _Placed(file, sha256, name, f"{job.id}-{result.id}")

        def put_one(each: _Placed) -> None:
            publish.publish(
                self._desk.spool.path(each.file),
                each.sha256,
                Path(job.output_root),
                each.name,
                token=f"{each.token}{self._desk.journal.hand}",
                mounted=place.mounted,
                replaces=earlier.hashes,
                access=self._access(job),
            )
            if place.hands:
                left = [f"{each.token}{hand}" for hand in place.hands]
                publish.sweep(Path(job.output_root), each.name, left)

        def put() -> None:
            self._failpoint("publish.before")
            try:
                for each in beside:
                    put_one(each)
                    self._failpoint("publish.beside")
                put_one(result_itself)
            except NameTaken:
                for each in beside:  # it goes where the result goes
                    publish.remove(Path(job.output_root), each.name, each.sha256)
                raise
            kept = {each.name for each in beside}
            for path, written in earlier.beside:
                if path not in kept:
                    publish.remove(Path(job.output_root), path, written)
            self._failpoint("publish.after")

        return put


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """The name of a result, what may be replaced there, and whether the root was a mount's.

    `hands` are those of other machines, whose temporaries may be left there.
    """

    name: str
    earlier: Earlier
    mounted: bool
    hands: Collection[str]


def _place(
    session: Session, job: Job, result: Result, name: str | None, after: str | None = None
) -> _Place:
    """Return where a result goes, with a name reserved for it if it has none, behind `after`."""
    if name is None:
        ending, number = result.extension or "bin", _number(job, result)
        name = reservations.name_result(session, job, result.position, ending, after, number)
    earlier = Earlier()
    if not result.is_rejected:
        earlier = reservations.replaceable(session, job.id, name)
    return _Place(
        name=name,
        earlier=earlier,
        mounted=places.was_mounted(session, job.output_root),
        hands=leases.hands_before(session, job.id),
    )


@dataclass(frozen=True, slots=True)
class _Placed:
    """A file of the spool, its hash, its name in the output folder, and its temporary's token."""

    file: str
    sha256: str
    name: str
    token: str


def _number(job: Job, result: Result) -> int:
    """Return which of its kind a result is: a film and its last frame have one stem.

    A text is numbered among all: beside a picture of its stem it would be taken for a sidecar.
    """
    kind = kind_of(result.extension)
    if kind in (None, Kind.TEXT):
        return result.position
    earlier = (kind_of(each.extension) for each in job.results if each.position < result.position)
    return 1 + sum(each in (None, Kind.TEXT, kind) for each in earlier)


def _beside(job: Job, file: str, result: Result, name: str) -> Iterator[_Placed]:
    if result.companion is not None:
        companion = names.companion_file(file)
        at = names.companion(name)
        yield _Placed(companion, result.companion, at, f"{job.id}-{result.id}-xmp")
    if result.raw is not None and job.plan.finish.keep_raw and not result.is_rejected:
        untouched = names.untouched(name, result.raw_extension or "bin")
        raw = names.raw_file(file)
        yield _Placed(raw, result.raw, untouched, f"{job.id}-{result.id}-raw")


def _fetched(job: Job, result: Result) -> tuple[str, str]:
    """Return where a result stands in the spool, and its hash."""
    if result.spool_file is None or result.sha256 is None:
        raise LookupError(f"result {result.id} of job {job.id} was never fetched")
    return result.spool_file, result.sha256
