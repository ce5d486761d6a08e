"""The walks of a watch that are under way, done in slices so that other work comes in between.

A file that a long scan finds at its beginning is accepted while the scan goes on. Walks of single
folders, which hints ask for, go before the scan of everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hotfolder.domain.clock import Clock
from hotfolder.tree.threads import PatientThread
from hotfolder.watching.finding import Finder

EVERYTHING: Final = ""


@dataclass(slots=True)
class _Walk:
    folder: str
    found: Iterator[list[str]]
    spent_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """What a slice of a folder's walk found, whether it was the last, and the seconds so far."""

    folder: str
    found: list[str]
    ended: bool
    spent_s: float


class Walks:
    """Walks folders in a watch's thread, each from its beginning after it was asked for.

    `failed` is the folder whose walk failed last.
    """

    def __init__(self, finder: Finder, thread: PatientThread, clock: Clock) -> None:
        self.failed = EVERYTHING
        self._finder = finder
        self._thread = thread
        self._clock = clock
        self._asked: dict[str, None] = {}
        self._under_way: dict[bool, _Walk] = {}  # by whether it is of everything

    @property
    def idle(self) -> bool:
        """Whether there is nothing to walk."""
        return not self._asked and not self._under_way

    def ask(self, *folders: str) -> None:
        """Walk some folders, relative to the root; EVERYTHING is the root."""
        self._asked |= dict.fromkeys(folders)

    def give_up(self) -> None:
        """Forget all walks."""
        self._asked.clear()
        self._under_way.clear()

    async def step(self) -> Step:
        """Do a slice of the walk whose turn it is.

        Raises what ended the walk: OSError and RootGone where its folder cannot be listed.
        """
        walk = self._turn()
        began_s = self._clock.awake_s()
        try:
            found = await self._thread.run(lambda: next(walk.found, None))
        except BaseException:
            self._end(walk)
            self.failed = walk.folder
            raise
        walk.spent_s += self._clock.awake_s() - began_s
        if found is None:
            self._end(walk)
        return Step(walk.folder, found or [], found is None, walk.spent_s)

    def _turn(self) -> _Walk:
        part = next((each for each in self._asked if each != EVERYTHING), None)
        of_everything = False not in self._under_way and part is None
        if of_everything not in self._under_way:
            folder = EVERYTHING if part is None else part
            del self._asked[folder]
            self._under_way[of_everything] = _Walk(folder, self._finder.walk(folder))
        return self._under_way[of_everything]

    def _end(self, walk: _Walk) -> None:
        self._under_way.pop(walk.folder == EVERYTHING, None)
