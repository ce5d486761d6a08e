"""What the parts tell and ask each other.

Each part is built with the calls it needs from here; they reach the other parts as soon as
these are built, and no one before.
"""

from __future__ import annotations

from hotfolder.composition.current_config import CurrentConfig
from hotfolder.composition.daemon_parts import Parts
from hotfolder.config import Config
from hotfolder.domain import events as ev
from hotfolder.domain.clock import Clock
from hotfolder.domain.jobs import Job
from hotfolder.journal import budgets, leaders
from hotfolder.journal.drafts import Draft
from hotfolder.planning.review import review
from hotfolder.watching.watcher import Watcher


class Bell:
    """Passes on between the `parts`, None until they are built."""

    def __init__(self, current: CurrentConfig, clock: Clock) -> None:
        self.parts: Parts | None = None
        self._current = current
        self._clock = clock

    def wake(self) -> None:
        """Let everything be looked at again: something may be due."""
        if self.parts:
            self.parts.runner.wake()
            self.parts.probing.stir()
            self.parts.originals.wake()

    def note_accepted(self) -> None:
        """Let new jobs be looked at."""
        if self.parts:
            self.parts.runner.wake()
            self.parts.originals.wake()

    def note_done(self) -> None:
        """Let the original of a job that is done be looked at."""
        if self.parts:
            self.parts.originals.wake()

    def note_heard(self) -> None:
        """Let doubts be looked at: a callback may have settled one."""
        if self.parts:
            self.parts.doubts.wake()

    async def note_answering(self) -> None:
        """Ask what could not be asked while the service was silent."""
        if self.parts:
            await self.parts.account.ask_limit()
            self.parts.pace.limit_to(self.parts.account.limit)
            await self.parts.account.ask_currency()

    async def put(self, wanted: Config) -> None:
        """Put a config into force: what is not asked for anew at each step is told here."""
        self._current.config = wanted
        if self.parts:
            self.parts.pace.limit_to(self.parts.account.limit)
            await self.parts.watches.follow(wanted.watch)
            await self.parts.journal.run(budgets.reconsider)
            await self.parts.journal.run(leaders.reconsider)
            self.note_accepted()

    def review(self, job: Job) -> ev.Event | Draft | None:
        """Look at a source again before its edit is paid; blocks. Raises OSError and RootGone."""
        watcher = self._watcher(job.watch)
        if watcher is None:
            reason = "the config has no such watch any more"
            return ev.Postponed(until=self._clock(), reason=reason, counts=False)
        return review(watcher.watch, watcher.number, job)

    def require_place(self, job: Job) -> None:
        """Raise RootGone or OSError where a job's source is missing with what holds it; blocks."""
        watcher = self._watcher(job.watch)
        if watcher is not None:
            watcher.require_place(job.source)

    def settling(self, watch: str, path: str) -> str | None:
        """Return why a file of a watch is not accepted yet, None = it is not on its way."""
        watcher = self._watcher(watch)
        return watcher.settling(path) if watcher else None

    def look_again(self, watch: str) -> None:
        """Let a watch's folder be looked at."""
        watcher = self._watcher(watch)
        if watcher:
            watcher.look_again()

    def _watcher(self, watch: str) -> Watcher | None:
        return self.parts.watches.watcher(watch) if self.parts else None
