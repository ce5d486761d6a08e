"""After DONE: the original and its sidecars go to `_originals`, where the watch wants that.

What is to be moved is derived from the journal, again and again: a crash, a share that is away or
a file that someone has open only make it later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from hotfolder.bell import Bell, Ring
from hotfolder.domain.errors import JournalUnavailable, OutputError
from hotfolder.domain.failpoints import Failpoint, no_failpoint
from hotfolder.journal import originals as record
from hotfolder.journal.journal import Journal
from hotfolder.journal.originals import Original
from hotfolder.outputs import originals
from hotfolder.outputs.originals import OriginalChanged, OriginalGone
from hotfolder.tree.files import SourceError
from hotfolder.tree.threads import ShareThreads

RETRY_S: Final = 60.0
MOVE_TIMEOUT_S: Final = 600.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.after")


@dataclass(frozen=True, slots=True)
class Moving:
    """A watch whose originals are moved: its name, input and output.

    `sidecars` names the sidecars that go along with a source; it blocks.
    """

    watch: str
    root: Path
    output: Path
    sidecars: Callable[[str], list[str]]


class Originals:
    """Moves what is to be moved until cancelled. `moving` gives the watches that want it now."""

    def __init__(
        self,
        journal: Journal,
        threads: ShareThreads,
        *,
        bell: Bell,
        moving: Callable[[], Sequence[Moving]],
        failpoint: Failpoint = no_failpoint,
    ) -> None:
        self._journal = journal
        self._threads = threads
        self._moving = moving
        self._failpoint = failpoint
        self._ear = bell.ear(Ring.CHANGED, Ring.ACCEPTED, Ring.DONE)
        self._ear.ring()
        self._busy = False
        self._at = ""
        self._one_watch = asyncio.Lock()

    @property
    def idle(self) -> bool:
        """Whether all that can be moved was."""
        return not (self._busy or self._ear.rung)

    async def run(self) -> None:
        """Move originals without end."""
        while True:
            self._busy = True
            self._ear.forget()
            for watch in self._moving():
                async with self._one_watch:
                    self._at = watch.watch
                    with suppress(JournalUnavailable):
                        await self._move_all(watch)
            self._busy = False
            await self._ear.hear(RETRY_S)

    async def left(self, watch: str) -> None:
        """Return once nothing of a watch is being moved, of which nothing more is wanted here."""
        if self._at == watch:
            async with self._one_watch:
                pass

    async def _move_all(self, watch: Moving) -> None:
        after = 0
        while self._is_wanted(watch) and (
            found := await self._journal.run(record.pending, watch.watch, after)
        ):
            for each in found:
                if self._is_wanted(watch):
                    await self._move(watch, each)
            after = found[-1].source

    def _is_wanted(self, watch: Moving) -> bool:
        """Whether the config still wants it: a watch may be left to another machine meanwhile."""
        return any(each.watch == watch.watch for each in self._moving())

    async def _move(self, watch: Moving, original: Original) -> None:
        context = {"watch": watch.watch, "source": original.path}
        try:
            moved_to = await self._threads.run(
                watch.watch, partial(self._away, watch, original), timeout_s=MOVE_TIMEOUT_S
            )
        except (OutputError, OSError, SourceError) as error:
            reason = f"its original could not be moved: {error}"
            if await self._journal.run(record.not_moved, original, reason):
                log.warning("original.not_moved", **context, reason=str(error))
            return
        await self._journal.run(record.moved, original, moved_to)
        log.info("original.moved", **context, moved_to=moved_to)

    def _away(self, watch: Moving, original: Original) -> str | None:
        """Move an original and then its sidecars; blocks."""
        path = original.path
        try:
            moved_to: str | None = originals.move(
                watch.root,
                path,
                watch.output,
                path,
                sha256=original.sha256,
                failpoint=self._failpoint,
            )
        except OriginalGone:
            moved_to = originals.find(watch.output, path, original.sha256)
        if moved_to is not None:
            for each in watch.sidecars(path):
                with suppress(OriginalGone, OriginalChanged):
                    named = _named_alike(each, path, moved_to)
                    originals.move(watch.root, each, watch.output, named, failpoint=self._failpoint)
        return moved_to


def _named_alike(sidecar: str, path: str, moved_to: str) -> str:
    """Return a sidecar's name beside an original that was numbered; that of a set keeps its own."""
    wanted = moved_to.removeprefix(f"{originals.FOLDER}/")
    if sidecar.startswith(path):
        return wanted + sidecar.removeprefix(path)
    stem, new = path.rpartition(".")[0] or path, wanted.rpartition(".")[0] or wanted
    return new + sidecar.removeprefix(stem) if sidecar.startswith(stem) else sidecar
