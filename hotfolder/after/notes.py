"""Notes beside missing outputs: written and taken away as the journal says, and never in the way.

A note that cannot be written holds nothing up: it is tried again with the next look. No file but
our own is ever replaced or removed.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from hotfolder.bell import Bell, Ring
from hotfolder.domain import names
from hotfolder.domain.commands import Commands
from hotfolder.domain.errors import JournalUnavailable, OutputError
from hotfolder.journal import notes, noting
from hotfolder.journal.journal import Journal
from hotfolder.journal.notes import About, Folder, Kept
from hotfolder.journal.noting import Level, Wanted
from hotfolder.outputs import publish
from hotfolder.outputs.errors import NameTaken
from hotfolder.outputs.spool import Spool
from hotfolder.tree.threads import ShareThreads

LOOK_S: Final = 30.0
PAUSE_S: Final = 1.0
# A look that took long, of a journal with very many jobs, is not taken again soon.
PAUSE_FACTOR: Final = 20.0
# What waits for less goes on by itself most of the time.
PATIENCE_S: Final = 60.0
WRITE_TIMEOUT_S: Final = 20.0
MOST_NUMBERS: Final = 100

WantedNotes = Mapping[str, Level]

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.after")


class Notes:
    """Keeps the notes as the journal says.

    `wanted_by` tells what each watch of the config asks; `commands` are typed as these say.
    """

    def __init__(
        self,
        journal: Journal,
        spool: Spool,
        threads: ShareThreads,
        *,
        bell: Bell,
        wanted_by: Callable[[], WantedNotes],
        commands: Commands,
    ) -> None:
        self._journal = journal
        self._spool = spool
        self._threads = threads
        self._wanted_by = wanted_by
        self._commands = commands
        self._ear = bell.ear(Ring.CHANGED, Ring.MOVED, Ring.HELD)
        self._one_at_a_time = asyncio.Lock()

    async def run(self) -> None:
        """Look whenever something happened, and from time to time, until cancelled."""
        while True:
            self._ear.forget()
            began_s = self._journal.clock.awake_s()
            with suppress(JournalUnavailable):
                await self.tend()
            took_s = self._journal.clock.awake_s() - began_s
            await asyncio.sleep(max(PAUSE_S, PAUSE_FACTOR * took_s))  # a storm is one look
            await self._ear.hear(LOOK_S)

    async def finish(self) -> None:
        """Look once more at the end, but keep nobody waiting for a share that hangs.

        Nobody will look later: what waits is told at once.
        """
        with suppress(JournalUnavailable, TimeoutError):
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                await self.tend(patience_s=0.0)

    async def left(self) -> None:
        """Return once nothing is being written of what the config no longer asks for here."""
        async with self._one_at_a_time:
            pass

    async def tend(self, patience_s: float = PATIENCE_S) -> None:
        """Make the notes be as the journal says; what a share refuses is left for later.

        What waits is told once it has waited so long.
        """
        async with self._one_at_a_time:
            await self._tend(patience_s)

    async def _tend(self, patience_s: float) -> None:
        listed = await self._journal.run(noting.wanted, self._wanted_by(), patience_s)
        wanted = {
            each.about: replace(each, text=self._commands.completed(each.text)) for each in listed
        }
        kept = {each.about: each for each in await self._journal.run(notes.kept)}
        silent: set[str] = set()  # a share that refused is not asked again in this look
        for about, old in kept.items():
            if about not in wanted or _sha256(wanted[about]) != old.sha256:
                await self._unless_silent(silent, old.watch, partial(self._remove, old))
        for about, new in wanted.items():
            before = kept.get(about)
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
        await self._journal.run(notes.forget, kept.about)

    async def _write(self, wanted: Wanted) -> None:
        for number in range(1, MOST_NUMBERS):
            name = _name(wanted, number)
            await self._journal.run(notes.keep, wanted.about, name, _sha256(wanted))
            write = partial(self._put, wanted, name)
            try:
                await self._threads.run(wanted.watch, write, timeout_s=WRITE_TIMEOUT_S)
            except NameTaken:
                continue
            await self._journal.run(notes.mark_written, wanted.about)
            return

    def _put(self, wanted: Wanted, name: str) -> None:
        token = f"note-{_number(wanted.about)}"
        with self._spool.open_part(token) as part:
            part.write(_content(wanted))
            spooled = part.commit()
        try:
            publish.publish(
                spooled.path,
                spooled.sha256,
                Path(wanted.output_root),
                name,
                token=f"{token}{self._journal.hand}",
            )
        finally:
            self._spool.remove(token)


def _number(about: About) -> str:
    if isinstance(about, Folder):
        folder = f"{about.watch}\0{about.output_root}\0{about.folder}"
        return hashlib.sha256(os.fsencode(folder)).hexdigest()[:32]
    return str(about)


def _name(wanted: Wanted, number: int) -> str:
    stem = wanted.stem if number == 1 else names.numbered(wanted.stem, number)
    name = names.fit(stem, wanted.extension)
    return f"{wanted.output_folder}/{name}" if wanted.output_folder else name


def _content(wanted: Wanted) -> bytes:
    return wanted.text.encode(errors="backslashreplace")


def _sha256(wanted: Wanted) -> str:
    return hashlib.sha256(_content(wanted)).hexdigest()
