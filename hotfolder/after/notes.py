"""Notes beside missing outputs: written and taken away as the journal says, and never in the way.

A note that cannot be written holds nothing up: it is tried again with the next look. No file but
our own is ever replaced or removed.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, Literal

import structlog

from hotfolder.bell import Bell, Ring
from hotfolder.domain import names
from hotfolder.domain.errors import JournalUnavailable, OutputError
from hotfolder.journal import notes
from hotfolder.journal.journal import Journal
from hotfolder.journal.notes import Kept, Wanted
from hotfolder.outputs import publish
from hotfolder.outputs.errors import NameTaken
from hotfolder.outputs.spool import Spool
from hotfolder.tree.threads import ShareThreads

LOOK_S: Final = 60.0
PAUSE_S: Final = 1.0
WRITE_TIMEOUT_S: Final = 20.0
MOST_NUMBERS: Final = 100

WantedNotes = Mapping[str, Literal["none", "failures", "all"]]

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.after")


class Notes:
    """Keeps the notes as the journal says. `wanted_by` tells what each watch of the config asks."""

    def __init__(
        self,
        journal: Journal,
        spool: Spool,
        threads: ShareThreads,
        *,
        bell: Bell,
        wanted_by: Callable[[], WantedNotes],
    ) -> None:
        self._journal = journal
        self._spool = spool
        self._threads = threads
        self._wanted_by = wanted_by
        self._ear = bell.ear(Ring.CHANGED, Ring.MOVED, Ring.HELD)
        self._one_at_a_time = asyncio.Lock()

    async def run(self) -> None:
        """Look whenever something happened, and from time to time, until cancelled."""
        while True:
            self._ear.forget()
            with suppress(JournalUnavailable):
                await self.tend()
            await asyncio.sleep(PAUSE_S)  # a storm of events is one look
            await self._ear.hear(LOOK_S)

    async def finish(self) -> None:
        """Look once more at the end, but keep nobody waiting for a share that hangs."""
        with suppress(JournalUnavailable, TimeoutError):
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                await self.tend()

    async def tend(self) -> None:
        """Make the notes be as the journal says; what a share refuses is left for later."""
        async with self._one_at_a_time:
            await self._tend()

    async def _tend(self) -> None:
        wanted_by = self._wanted_by()
        failures = {watch for watch, wanted in wanted_by.items() if wanted == "failures"}
        all_ = {watch for watch, wanted in wanted_by.items() if wanted == "all"}
        wanted = {
            each.note.job: each
            for each in await self._journal.run(notes.wanted, failures=failures, all_=all_)
        }
        kept = {each.job: each for each in await self._journal.run(notes.kept)}
        silent: set[str] = set()  # a share that refused is not asked again in this look
        for job, old in kept.items():
            if job not in wanted or _sha256(wanted[job]) != old.sha256:
                await self._unless_silent(silent, old.watch, partial(self._remove, old))
        for job, new in wanted.items():
            before = kept.get(job)
            if before is None or not before.written or before.sha256 != _sha256(new):
                await self._unless_silent(silent, new.watch, partial(self._write, new))

    async def _unless_silent(
        self, silent: set[str], watch: str, work: Callable[[], Awaitable[None]]
    ) -> None:
        if watch in silent:
            return
        try:
            await work()
        except (OutputError, TimeoutError) as error:
            silent.add(watch)
            log.info("note.postponed", watch=watch, reason=str(error))

    async def _remove(self, kept: Kept) -> None:
        remove = partial(publish.remove, Path(kept.output_root), kept.name, kept.sha256)
        await self._threads.run(kept.watch, remove, timeout_s=WRITE_TIMEOUT_S)
        await self._journal.run(notes.forget, kept.job)

    async def _write(self, wanted: Wanted) -> None:
        for number in range(1, MOST_NUMBERS):
            name = _name(wanted, number)
            await self._journal.run(notes.keep, wanted.note.job, name, _sha256(wanted))
            write = partial(self._put, wanted, name)
            try:
                await self._threads.run(wanted.watch, write, timeout_s=WRITE_TIMEOUT_S)
            except NameTaken:
                continue
            await self._journal.run(notes.mark_written, wanted.note.job)
            return

    def _put(self, wanted: Wanted, name: str) -> None:
        token = f"note-{wanted.note.job}"
        with self._spool.open_part(token) as part:
            part.write(_content(wanted))
            spooled = part.commit()
        try:
            publish.publish(
                spooled.path, spooled.sha256, Path(wanted.output_root), name, token=token
            )
        finally:
            self._spool.remove(token)


def _name(wanted: Wanted, number: int) -> str:
    note = wanted.note
    stem = note.name if number == 1 else names.numbered(note.name, number)
    name = names.fit(stem, note.extension)
    return f"{wanted.output_folder}/{name}" if wanted.output_folder else name


def _content(wanted: Wanted) -> bytes:
    return wanted.note.text.encode(errors="backslashreplace")


def _sha256(wanted: Wanted) -> str:
    return hashlib.sha256(_content(wanted)).hexdigest()
