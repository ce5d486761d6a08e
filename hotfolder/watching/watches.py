"""The watches that are followed: a watcher for each, replaced when the config changes.

The jobs are not touched by that: what is submitted goes on by its own snapshot, and what is not
is looked at with the config that then holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from hotfolder import config
from hotfolder.bell import Bell
from hotfolder.domain import events as ev
from hotfolder.domain.jobs import Job
from hotfolder.journal import acceptance, holds
from hotfolder.journal.drafts import Draft
from hotfolder.journal.journal import Journal
from hotfolder.planning import following
from hotfolder.planning.looking import Looking, Run
from hotfolder.planning.review import review
from hotfolder.watching.home import Claims
from hotfolder.watching.listening import Reach
from hotfolder.watching.watcher import Watcher


@dataclass(frozen=True, slots=True)
class _Followed:
    watcher: Watcher
    task: asyncio.Task[None]


class Watches:
    """Follows watches until stopped.

    `backlog` says how many sources may be let go at once that stood there before; `looking` has
    files looked at; with `single_scan` what comes after the first scan is left alone.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        bell: Bell,
        backlog: Callable[[], int],
        looking: Looking,
        reach: Reach,
        single_scan: bool = False,
    ) -> None:
        self._journal = journal
        self._backlog = backlog
        self._looking = looking
        self._bell = bell
        self._reach = reach
        self._single_scan = single_scan
        self._claims = Claims()
        self._followed: dict[str, _Followed] = {}
        self._dead: asyncio.Queue[asyncio.Task[None]] = asyncio.Queue()

    @property
    def watchers(self) -> list[Watcher]:
        """The watchers of the watches that are followed now."""
        return [each.watcher for each in self._followed.values()]

    async def review(self, job: Job, run: Run) -> ev.Event | Draft | None:
        """Look at a source again before its edit is paid; `run` makes a blocking call on its share.

        Raises WorkerFailed, OSError and RootGone.
        """
        watcher = self._watcher(job.watch)
        if watcher is None:
            reason = "the config has no such watch any more"
            return ev.Postponed(until=self._journal.clock(), reason=reason, counts=False)
        looks, folder = self._looking.looks, self._looking.folder
        if job.place is not None and folder is not None:
            look = partial(following.review, looks, watcher.watch, folder, job)
        else:
            look = partial(review, looks, watcher.watch, watcher.number, job)
        return await self._looking.along(run, look)

    def require_place(self, job: Job) -> None:
        """Raise RootGone or OSError where a job's source is missing with what holds it; blocks."""
        watcher = self._watcher(job.watch)
        if watcher is not None:
            watcher.require_place(job.source)

    def settling(self, watch: str, path: str) -> str | None:
        """Return why a file of a watch is not accepted yet, None = it is not on its way."""
        watcher = self._watcher(watch)
        return watcher.settling(path) if watcher else None

    def scan(self, watch: str) -> None:
        """Have a watch's folder scanned soon."""
        watcher = self._watcher(watch)
        if watcher:
            watcher.look_again()

    async def follow(self, wanted: Sequence[config.Watch], others: Collection[str] = ()) -> None:
        """Follow exactly these watches; one that stays as it was is not disturbed.

        What is not yet submitted of any other watch is held, but of `others`, which other machines
        see to. Raises JournalUnavailable; doing it again then goes on where it stopped.
        """
        await self._journal.run(holds.hold_removed, {*others, *(each.name for each in wanted)})
        await self._stop(
            name for name, each in self._followed.items() if each.watcher.watch not in wanted
        )
        for watch in wanted:
            if watch.name not in self._followed:
                await self._start(watch)

    async def run(self) -> None:
        """Return or raise as soon as a watcher ends by itself, which is a bug."""
        (await self._dead.get()).result()

    async def stop(self) -> None:
        """Follow nothing any more."""
        await self._stop(self._followed)

    async def _start(self, watch: config.Watch) -> None:
        number = await self._journal.run(
            acceptance.register_watch, watch.name, str(watch.input), str(watch.output)
        )
        watcher = Watcher(
            watch,
            number,
            self._journal,
            bell=self._bell,
            backlog=self._backlog,
            claims=self._claims,
            looking=self._looking,
            reach=self._reach,
            single_scan=self._single_scan,
        )
        task = asyncio.create_task(watcher.run())
        task.add_done_callback(self._note_end)
        self._followed[watch.name] = _Followed(watcher, task)

    async def _stop(self, names: Iterable[str]) -> None:
        ended = [self._followed.pop(name).task for name in list(names)]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)

    def _watcher(self, watch: str) -> Watcher | None:
        found = self._followed.get(watch)
        return found.watcher if found else None

    def _note_end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self._dead.put_nowait(task)
