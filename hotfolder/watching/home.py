"""Whether the folder of a watch is there and is the one that was watched before."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Final

from hotfolder import config
from hotfolder.journal import roots
from hotfolder.journal.journal import Journal
from hotfolder.journal.roots import Marker
from hotfolder.tree import mounts
from hotfolder.tree.mounts import Mount
from hotfolder.tree.threads import PatientThread
from hotfolder.watching import root
from hotfolder.watching.root import Root

MARKER_RENEWED_S: Final = 60.0


class Claims:
    """Which watch of the journal is followed under which name, so that no two are taken for one."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self._numbers: dict[str, int] = {}

    def taken(self, name: str) -> frozenset[int]:
        """Return the numbers that are followed under other names."""
        return frozenset(number for other, number in self._numbers.items() if other != name)

    def claim(self, name: str, number: int) -> None:
        """Follow a watch under a name."""
        self._numbers[name] = number

    def leave(self, name: str) -> None:
        """Follow nothing under a name."""
        self._numbers.pop(name, None)


class Home:
    """Recognises a watch's root, and notices when something else stands in its place.

    `stranger` says why a folder that is there is not the one.
    """

    def __init__(
        self,
        watch: config.Watch,
        journal: Journal,
        thread: PatientThread,
        claims: Claims,
    ) -> None:
        self.stranger: str | None = None
        self._watch = watch
        self._journal = journal
        self._thread = thread
        self._claims = claims
        self._identity: tuple[int, int] | None = None
        self._renew_s = 0.0
        self._inside: set[str] = set()

    @property
    def recognised(self) -> bool:
        """Whether the root was there when it was last looked at."""
        return self._identity is not None

    def is_there(self) -> bool:
        """Return whether the root that was recognised is there now; blocks. Raises OSError."""
        return self._identity is not None and root.is_still(self._watch.input, self._identity)

    def away(self) -> Callable[[str], bool]:
        """Return what says of a path whether it lies on a disk or share that is not mounted now.

        That is one inside the root that was mounted since this start, or that the fstab names.
        Blocks.
        """
        mounted, own = mounts.mounted(), os.path.realpath(self._watch.input)
        missing = self._inside - self._note_mounts(mounted)
        missing |= set(mounts.unmounted(mounted, root.FSTAB))
        places = tuple(f"{each}/" for each in missing)
        return lambda relative: f"{own}/{relative}".startswith(places)

    def _note_mounts(self, mounted: list[Mount]) -> set[str]:
        _, *inside = mounts.around(mounted, os.path.realpath(self._watch.input))
        now = {each.place for each in inside}
        self._inside |= now
        return now

    def leave(self) -> None:
        """Forget that it was there."""
        self._identity = None
        self._claims.leave(self._watch.name)

    async def check(self) -> int | None:
        """Look at the root; returns the watch's number if it was recognised anew.

        Raises OSError or RootGone where it is not there, JournalUnavailable.
        """
        if self._journal.clock.awake_s() < self._renew_s and await self._thread.run(self.is_there):
            return None
        seen = await self._thread.run(self._look)
        name = self._watch.name
        try:
            async with self._claims.lock:
                taken = self._claims.taken(name)
                known = await self._journal.run(
                    roots.recognise, name, seen.marker, seen.place, taken
                )
                self._claims.claim(name, known.watch)
        except roots.Stranger as stranger:
            self.leave()
            self.stranger = str(stranger)
            return None
        self.stranger = None
        anew = self._identity != seen.identity
        self._identity = seen.identity
        self._renew_s = self._journal.clock.awake_s() + MARKER_RENEWED_S
        if known.marker != seen.marker:
            await self._thread.run(lambda: self._mark(known.marker))
        return known.watch if anew else None

    def _look(self) -> Root:
        mounted = mounts.mounted()
        self._note_mounts(mounted)
        return root.look(self._watch.input, mounted)

    def _mark(self, marker: Marker) -> None:
        root.write(self._watch.input, marker)
