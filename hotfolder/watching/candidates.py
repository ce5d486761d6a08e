"""The files of a watch that are on their way to being accepted, each looked at until it settles."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from hotfolder import config
from hotfolder.bell import Bell, Ring
from hotfolder.domain.errors import JournalUnavailable, OutputError
from hotfolder.domain.jobs import Job
from hotfolder.domain.sightings import Sighting
from hotfolder.domain.states import State
from hotfolder.journal import acceptance, aside, sightings
from hotfolder.journal.drafts import Draft, Settled
from hotfolder.journal.journal import Journal
from hotfolder.kinds.workshop.workshop import WorkerFailed
from hotfolder.planning import collisions, examine, moved_from, sidecar
from hotfolder.planning.looking import Looking
from hotfolder.planning.looks import Unseen
from hotfolder.tree import files, mounts
from hotfolder.tree.threads import PatientThread
from hotfolder.watching.settle import Settling

EXAMINED_TOGETHER: Final = 16

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.watching")


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """The file or its share refuses to be read; it must be looked at again later."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Troubling:
    """No worker could tell what the file shows; each try may take long, and all others wait."""

    reason: str


_Verdict = examine.Verdict | _Unreadable | _Troubling | Unseen | None


class Candidates:
    """Looks at files in the watch's thread until they are accepted, or turn out to be no sources.

    `number` is the watch's number in the journal. With `single_scan` only a file's own time says
    how long it has been left alone.
    """

    def __init__(
        self,
        watch: config.Watch,
        number: int,
        journal: Journal,
        thread: PatientThread,
        looking: Looking,
        *,
        bell: Bell,
        single_scan: bool = False,
    ) -> None:
        self._watch = watch
        self._number = number
        self._journal = journal
        self._thread = thread
        self._looking = looking
        self._bell = bell
        self._single_scan = single_scan
        self._clock_s = journal.clock.awake_s
        self._settling: dict[str, Settling] = {}

    @property
    def progress(self) -> tuple[int, float]:
        """What stays the same while nothing comes of what is on its way."""
        changed = (each.changed_s for each in self._settling.values())
        return len(self._settling), max(changed, default=0.0)

    @property
    def next_look_s(self) -> float:
        """When the next of them is to be looked at, in monotonic seconds."""
        return min((each.next_look_s for each in self._settling.values()), default=float("inf"))

    def __len__(self) -> int:
        return len(self._settling)

    def add(self, paths: Iterable[str]) -> None:
        """Take in paths; those already on their way stay as they are."""
        for path in paths:
            if path not in self._settling:
                now_s = self._clock_s()
                self._settling[path] = Settling(self._watch.settle, now_s, now_s, now_s)

    def reason(self, path: str) -> str | None:
        """Return why a path is not accepted yet, if it is on its way."""
        candidate = self._settling.get(path)
        if candidate is None:
            return None
        left_s = candidate.left_s(self._clock_s())
        return f"{candidate.reason}, {left_s:.1f} s to go" if left_s else candidate.reason

    async def look(self) -> bool:
        """Look at those whose time has come; returns whether one of them could not be read."""
        now_s = self._clock_s()
        due = [path for path, each in self._settling.items() if each.next_look_s <= now_s]
        unreadable = [
            await self._look_at(due[at : at + EXAMINED_TOGETHER])
            for at in range(0, len(due), EXAMINED_TOGETHER)
        ]
        return any(unreadable)

    async def _look_at(self, paths: list[str]) -> bool:
        judged = await self._thread.run(lambda: [self._judged(path) for path in paths])
        known = await asyncio.gather(*map(self._looked_at, paths, judged))
        verdicts = await self._thread.run(lambda: list(map(self._placed, known)))
        await asyncio.gather(*map(self._settle, paths, verdicts))
        self._bell.ring(Ring.ACCEPTED)
        return any(isinstance(verdict, _Unreadable) for verdict in verdicts)

    def _judged(self, path: str) -> _Verdict:
        return self._guarded(path, lambda: self._judge(path))

    def _placed(self, verdict: _Verdict) -> _Verdict:
        """Say where a source was before, and whether its output's name is taken."""
        if not isinstance(verdict, examine.Wanted | examine.Unwanted):
            return verdict
        return self._guarded(
            verdict.settled.path,
            lambda: collisions.without_collisions(
                self._journal,
                self._watch,
                moved_from.trace(self._journal, self._watch.input, verdict),
            ),
        )

    async def _looked_at(self, path: str, verdict: _Verdict) -> _Verdict:
        """Have workers look at what a verdict lacks; while none can tell, no source is taken."""
        if not isinstance(verdict, Unseen):
            return verdict
        again = partial(self._judged_again, path)
        try:
            return await self._looking.along(self._thread.run, again, lacking=verdict)
        except files.SourceError:
            return examine.NotYet("still changing")
        except WorkerFailed as error:
            return _Troubling(f"it cannot be looked at: {error}")
        except OSError as error:
            return examine.NotYet(f"it cannot be looked at: {error}")

    def _judged_again(self, path: str) -> _Verdict:
        verdict = self._judged(path)
        if isinstance(verdict, Unseen):
            raise verdict
        return verdict

    def _guarded(self, path: str, call: Callable[[], _Verdict]) -> _Verdict:
        """Look at a candidate: one that cannot be read keeps no other from being accepted."""
        try:
            return call()
        except Unseen as unseen:
            return unseen
        except JournalUnavailable:
            raise
        except (OSError, files.RootGone) as error:
            return _Unreadable(f"cannot be read: {files.in_words(error)}")
        except OutputError as error:
            return _Unreadable(f"the output folder cannot be looked at: {error}")
        except Exception as error:
            log.exception("source.crashed", watch=self._watch.name, source=path)
            return _Unreadable(f"something unexpected happened: {error}")

    def _judge(self, path: str) -> examine.Verdict | None:
        """Look at a candidate in the thread; None = not quiet for long enough yet."""
        candidate = self._settling[path]
        now_s = self._clock_s()
        try:
            sighting = files.look(self._watch.input, path)
            beside = sidecar.beside(self._watch.input, path)
        except files.SourceGone:
            return examine.Gone()
        except files.NotARegularFile as error:
            return examine.Dropped(str(error))
        if not candidate.look((sighting, beside), sighting.size, now_s):
            return None
        if self._must_wait(candidate, path, sighting, beside, now_s):
            return None
        return self._examined(path, sighting, gave_time=candidate.gave_time(now_s))

    def _must_wait(
        self,
        candidate: Settling,
        path: str,
        sighting: Sighting,
        beside: sidecar.Beside,
        now_s: float,
    ) -> bool:
        if candidate.trusts_lease(now_s) and self._is_being_written(path, sighting):
            candidate.later("a program still has it open for writing", now_s)
            return True
        if self._may_get_a_sidecar(beside, candidate, now_s):
            candidate.next_look_s = candidate.first_seen_s + self._watch.sidecar_wait
            candidate.reason = "waiting a moment for a sidecar"
            return True
        return False

    def _examined(self, path: str, seen: Sighting, *, gave_time: bool) -> examine.Verdict:
        """Read a quiet file; one that is no longer as it was `seen` is not quiet after all."""
        verdict = examine.examine(
            self._looking.looks,
            self._watch,
            self._number,
            path,
            gave_time=gave_time,
            at=self._journal.clock(),
            awaits_parts=self._awaits_parts,
        )
        match verdict:
            case examine.Wanted(settled=settled) | examine.Unwanted(settled=settled):
                if settled.sighting != seen:
                    return examine.NotYet("still changing")
        return verdict

    def _awaits_parts(self, settled: Settled) -> bool:
        """Whether a file was changed too lately for its list of parts to be a stale one."""
        now_s = self._journal.clock().timestamp()
        written_s = settled.sighting.mtime_ns / 1e9
        changes_s = [written_s] if written_s <= now_s else []  # else from a clock that is wrong
        if not self._single_scan:
            seen_at = self._journal.run_blocking(sightings.seen_at, settled)
            changes_s.append(seen_at.timestamp() if seen_at else now_s)
        return now_s - max(changes_s, default=now_s) < self._watch.orphan_after

    def _is_being_written(self, path: str, sighting: Sighting) -> bool:
        """Whether the kernel knows a writer: over a network it would know only some of them."""
        if not mounts.is_local(sighting.device):
            return False
        return bool(files.is_being_written(self._watch.input, path))

    def _may_get_a_sidecar(self, beside: sidecar.Beside, candidate: Settling, now_s: float) -> bool:
        waits = self._watch.sidecar == "optional" and beside.sidecar is None
        return waits and now_s - candidate.first_seen_s < self._watch.sidecar_wait

    async def _settle(self, path: str, verdict: _Verdict) -> None:
        match verdict:
            case None:
                return
            case examine.NotYet(reason=reason):
                self._settling[path].later(reason, self._clock_s())
                return
            case _Unreadable(reason=reason):
                await self._set_aside(path, reason)
                self._settling[path].later(reason, self._clock_s())
                return
            case _Troubling(reason=reason):
                await self._set_aside(path, reason)
                self._settling[path].rest(reason, self._clock_s())
                return
            case examine.Wanted(settled=settled, drafts=drafts):
                await self._accept(settled, drafts)
            case examine.Unwanted(settled=settled, reason=reason):
                await self._journal.run(acceptance.skip, settled, reason)
                log.info("source.skipped", watch=self._watch.name, source=path, reason=reason)
            case examine.Gone():
                await self._journal.run(aside.forget, self._number, [path])
            case examine.Dropped():
                pass
        del self._settling[path]

    async def _set_aside(self, path: str, reason: str) -> None:
        """Say once, and keep, why a file cannot be looked at."""
        if self._settling[path].reason != reason:
            log.warning("source.unreadable", source=path, watch=self._watch.name, reason=reason)
            await self._journal.run(aside.put, self._number, path, "waiting", reason)

    async def _accept(self, settled: Settled, drafts: tuple[Draft, ...]) -> None:
        output = str(self._watch.output)
        per_rule = self._watch.rules == "all"
        jobs = await self._journal.run(
            acceptance.accept, settled, drafts, output, per_rule=per_rule
        )
        for job in jobs:
            _tell(job)


def _tell(job: Job) -> None:
    """Log that a source became a job, and at once why it failed or waits."""
    log.info("job.accepted", **job.log_context(), state=job.state.value)
    if job.failure is not None and job.state is State.FAILED:
        log.warning("job.failed", **job.log_context(), **job.failure.log_context())
    elif job.failure is not None:
        log.info("job.waits", **job.log_context(), **job.failure.log_context())
