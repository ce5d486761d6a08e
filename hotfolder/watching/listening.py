"""Listening to a watch's folder: where that works, as long as it works, proven by a self-test.

Where the kernel hears nothing (network shares, FUSE), or has no room left, the folder or the part
of it is scanned at a short interval instead. Listening that broke is begun anew within seconds.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hotfolder import config
from hotfolder.domain.clock import Clock
from hotfolder.threads import DaemonThreads, Pool
from hotfolder.tree import mounts
from hotfolder.tree.mounts import Mount
from hotfolder.tree.threads import PatientThread
from hotfolder.watching.hints import Hints
from hotfolder.watching.inotify import LIMIT_FILE, HintSource, Told
from hotfolder.watching.watch_status import WatchStatus

SELF_TEST_S: Final = 5.0
TESTED_AGAIN_S: Final = 3600.0
RESTARTED_AFTER_S: Final = 2.0
PROBE: Final = ".hotfolder-probe"

_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC

Listen = Callable[[Path, Told], HintSource]


@dataclass(frozen=True, slots=True)
class Reach:
    """How a watch's folder is reached: `listen` opens a source of hints, `pool` threads."""

    listen: Listen
    pool: Pool = DaemonThreads


class Listening:
    """Keeps one hint source for a watch alive and passes its hints on.

    `listen` opens a source. Nothing here raises OSError: what does not work is scanned.
    """

    def __init__(
        self,
        watch: config.Watch,
        status: WatchStatus,
        hints: Hints,
        thread: PatientThread,
        listen: Listen,
        clock: Clock,
    ) -> None:
        self._watch = watch
        self._standing = status
        self._hints = hints
        self._thread = thread
        self._listen = listen
        self._clock = clock
        self._source: HintSource | None = None
        self._mounted: list[Mount] | None = None
        self._remote: tuple[str, ...] = ()
        self._unfollowed: set[str] = set()
        self._next_try_s = 0.0
        self._probed = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    @property
    def scanned_parts(self) -> list[str]:
        """The folders that must be scanned often although the rest is listened to."""
        return sorted({*self._remote, *self._unfollowed}) if self._source else []

    def enter(self, folder: str) -> None:
        """Follow a folder that a walk is about to list; called in the watch's thread."""
        source = self._source
        if source is None or _inside(folder, self._remote):
            return
        if source.follow(folder):
            self._unfollowed.discard(folder)
        else:
            self._unfollowed.add(folder)

    def forget(self, folder: str) -> None:
        """Forget a folder that is not there any more."""
        self._unfollowed.discard(folder)

    def stop(self) -> None:
        """Listen no longer."""
        if self._source is not None:
            self._source.stop()
            self._source = None
        self._unfollowed.clear()
        self._next_try_s = 0.0

    async def ensure(self) -> bool:
        """Begin, test or mend the listening if that is due.

        Returns whether it began anew: then everything has to be walked, to be followed.
        """
        mounted = await self._thread.run(self._look)
        if mounted != self._mounted:  # a share may have come or gone, over or below the root
            self._mounted = mounted
            self.stop()
        broken = self._source is not None and not self._source.alive
        if broken:
            self._standing.trouble("events", "events stopped coming: they are begun anew")
            await self._standing.note()
            self.stop()
            self._next_try_s = self._clock.awake_s() + RESTARTED_AFTER_S
        if self._clock.awake_s() < self._next_try_s:
            return False
        self._next_try_s = self._clock.awake_s() + TESTED_AGAIN_S
        return await self._begin(mounted)

    def tell_limit(self) -> None:
        """Say once that the kernel has no room to follow every folder, or that it has again."""
        self._standing.trouble("limit", _limit_reached() if self._unfollowed else None)

    # -- what the source tells, in its own thread

    def add(self, relative: str) -> None:
        """Pass on a hint, unless it is the self-test's."""
        if relative == PROBE:
            self._loop.call_soon_threadsafe(self._probed.set)
        else:
            self._hints.add(relative)

    def lose(self) -> None:
        """Pass on that hints were lost."""
        self._hints.lose()

    # -- beginning

    async def _begin(self, mounted: list[Mount]) -> bool:
        anew = self._source is None
        own, *inside = mounted
        reason = await self._thread.run(lambda: self._open(own, inside))
        if self._source is not None and reason is None:
            reason = await self._self_test()
        if reason is not None:
            self.stop()
            self._next_try_s = self._clock.awake_s() + TESTED_AGAIN_S
        self._standing.trouble("events", reason)
        self._standing.detect = "events" if self._source else "scan"
        return anew and self._source is not None

    def _look(self) -> list[Mount]:
        return mounts.around(mounts.mounted(), os.path.realpath(self._watch.input))

    def _open(self, own: Mount, inside: list[Mount]) -> str | None:
        """Open the source if there is none; returns why it cannot be, where it should."""
        root = os.path.realpath(self._watch.input)
        remote = (os.path.relpath(each.place, root) for each in inside if each.remote)
        self._remote = tuple(sorted(remote))
        forced = self._watch.detect == "events"
        if self._source or self._watch.detect == "scan" or (own.remote and not forced):
            return None
        try:
            source = self._listen(self._watch.input, self)
        except OSError as error:
            return f"no events ({error.strerror}): scanning instead"
        self._source = source
        return None if source.follow("") else _limit_reached()

    async def _self_test(self) -> str | None:
        """Touch a hidden file and wait for its event; returns why events cannot be relied on."""
        self._probed.clear()
        place = self._watch.input / PROBE
        try:
            await self._thread.run(lambda: os.close(os.open(place, _NEW_FILE, 0o600)))
        except OSError as error:
            if self._watch.detect == "events":
                return None
            return f"events cannot be tested here ({error.strerror}): scanning instead"
        try:
            async with asyncio.timeout(SELF_TEST_S):
                await self._probed.wait()
        except TimeoutError:
            return f"no event came within {SELF_TEST_S:.0f} s of a change: scanning instead"
        finally:
            await self._thread.run(lambda: place.unlink(missing_ok=True))
        return None


def _inside(folder: str, parts: tuple[str, ...]) -> bool:
    return any(folder == each or folder.startswith(f"{each}/") for each in parts)


def _limit_reached() -> str:
    limit = int(LIMIT_FILE.read_text())
    return (
        f"the system's limit of {limit} followed folders is reached, so some are only scanned: "
        f"raise it with sysctl fs.inotify.max_user_watches={4 * limit}"
    )
