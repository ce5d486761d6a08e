"""What is dropped on the page: staged on the local disk, planned, and put into its watch.

Nothing is sent from here; the watch takes it like any other file.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final

from hotfolder.config import Config, Watch
from hotfolder.domain import money
from hotfolder.domain.errors import OperatorError
from hotfolder.domain.materials import reasons
from hotfolder.domain.texts import TEXT_ENDING
from hotfolder.journal.drafts import FIRST_SLOT, Draft
from hotfolder.kinds.workshop.errors import WorkerFailed
from hotfolder.outputs import dropping
from hotfolder.outputs.errors import OutputError
from hotfolder.page.behind import Planned, PlannedEdit
from hotfolder.planning import grouping, naming, preview, speaking
from hotfolder.planning.looks import Looks
from hotfolder.threads import DaemonThreads
from hotfolder.tree import files
from hotfolder.tree.threads import ShareThreads

FOLDER_NAME: Final = "drops"
MOST_FILES: Final = 200
MOST_BYTES: Final = 2 * 1000 * 1000 * 1000
LIFE_S: Final = 3600.0
LOOK_TIMEOUT_S: Final = 20.0
LONGEST_NAME_BYTES: Final = 200
MEGABYTE: Final = 1000 * 1000
_LARGEST_FOLDER_FILE: Final = 64 * 1024


Along = Callable[[str, Callable[[Looks], preview.Preview]], Awaitable[preview.Preview]]


@dataclass
class _Staged:
    """A file that was dropped and waits for its word."""

    watch: str
    name: str
    folder: Path
    owner: str
    at_s: float
    size: int = 0
    is_whole: bool = False

    @property
    def path(self) -> Path:
        """Where it is kept."""
        return self.folder / self.name


@dataclass
class Drops:
    """Takes dropped files in; `folder` is on the local disk and emptied at the start.

    `along` plans a file of a watch, having it looked at by workers. It works in
    the page's loop, with threads of its own: a large drop delays nothing.
    """

    config: Callable[[], Config]
    folder: Path
    now: Callable[[], datetime]
    along: Along
    threads: ShareThreads = field(default_factory=ShareThreads)
    _staged: dict[str, _Staged] = field(default_factory=dict)
    _own: DaemonThreads = field(default_factory=lambda: DaemonThreads(1, "drops"))

    def __post_init__(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    async def places(self) -> list[str]:
        """Return the watches that may be dropped into."""
        found = []
        for watch in self.config().watch:
            look = partial(os.access, watch.input, os.W_OK | os.X_OK)
            with suppress(OSError, RuntimeError):
                if await self.threads.run(f"{watch.name}:page", look, timeout_s=1.0):
                    found.append(watch.name)
        return found

    async def begin(self, owner: str, watch: str, name: str) -> str:
        """Begin to take a file in and return its number. Raises OperatorError."""
        plain = _plain(name)
        ignored = naming.why_ignored(self._watch(watch), plain)
        if ignored:
            raise OperatorError(f"{plain} is not taken: {ignored}")
        self._clear()
        if len(self._staged) >= MOST_FILES:
            raise OperatorError(f"{MOST_FILES} files wait already: send or discard them first")
        number = secrets.token_hex(8)
        staged = _Staged(watch, plain, self.folder / number, owner, time.monotonic())
        await self._apart(staged.folder.mkdir, 0o700, True)
        self._staged[number] = staged
        return number

    async def write(self, number: str, chunk: bytes) -> None:
        """Take a part of a file in. Raises OperatorError where there is no room."""
        staged = self._staged[number]
        staged.size += len(chunk)
        if sum(each.size for each in self._staged.values()) > MOST_BYTES:
            raise OperatorError("there is no room for it: send or discard what waits first")
        await self._apart(self._append, staged.path, chunk)

    def _append(self, path: Path, chunk: bytes) -> None:
        left = shutil.disk_usage(self.folder).free - self.config().limits.min_free_mb * MEGABYTE
        if len(chunk) > left:
            raise OperatorError("the disk that it would be kept on is full")
        with path.open("ab") as file:
            file.write(chunk)

    async def end(self, number: str) -> None:
        """Say that a file came whole."""
        self._staged[number].is_whole = True

    async def discard(self, number: str) -> None:
        """Forget a file."""
        staged = self._staged.pop(number, None)
        if staged is not None:
            await self._apart(shutil.rmtree, staged.folder, True)

    async def _apart(self, call: Callable[..., object], *args: object) -> None:
        await asyncio.get_running_loop().run_in_executor(self._own, call, *args)

    async def plan(self, owner: str, numbers: list[str], prompt: str) -> list[Planned]:
        """Return what each file would get; those that make one edit together tell it once."""
        planned: list[Planned] = []
        told: dict[tuple[str, str], str] = {}
        dropped = self._of(owner, numbers)
        for number, staged in dropped:
            beside = [each for _, each in dropped if each.watch == staged.watch]
            found = await self._found(staged, beside, prompt)
            key = (staged.watch, found.found.key if found.found else number)
            planned.append(_told(number, staged.name, found, told.setdefault(key, staged.name)))
        return planned

    async def send(self, owner: str, numbers: list[str], prompt: str) -> list[str]:
        """Put files into their watches and return what to tell, a line each."""
        lines = []
        for number, staged in self._of(owner, numbers):
            watch = self._watch(staged.watch)
            put = partial(
                dropping.drop,
                watch.input,
                staged.name,
                staged.path,
                prompt if prompt and watch.sidecar != "none" else None,
                number,
            )
            try:
                name = await self.threads.run(
                    f"{staged.watch}:page", put, timeout_s=LOOK_TIMEOUT_S * 3
                )
            except (OutputError, OSError, ValueError) as error:
                lines.append(f"{staged.name} could not be put into {staged.watch}: {error}")
                continue
            await self.discard(number)
            lines.append(f"{name} is in {staged.watch}: its edit appears in the gallery")
        return lines

    def close(self) -> None:
        """Begin nothing more."""
        self.threads.close()
        self._own.shutdown(wait=False)

    def _of(self, owner: str, numbers: list[str]) -> list[tuple[str, _Staged]]:
        found = ((number, self._staged.get(number)) for number in dict.fromkeys(numbers))
        return [
            (number, staged)
            for number, staged in found
            if staged is not None and staged.owner == owner and staged.is_whole
        ]

    async def _found(self, staged: _Staged, beside: list[_Staged], prompt: str) -> preview.Preview:
        watch = self._watch(staged.watch)
        others = beside if grouping.any_groups(watch) else []
        look = partial(_looked, watch, staged, others, prompt, self.now())
        try:
            return await self.along(staged.watch, look)
        except (OSError, WorkerFailed, files.SourceError) as error:
            return preview.Preview(staged.watch, staged.name, reason=str(error))

    def _watch(self, name: str) -> Watch:
        watch = self.config().watch_named(name)
        if watch is None:
            raise OperatorError("there is no such watch")
        return watch

    def _clear(self) -> None:
        """Forget what nobody came back for."""
        now_s = time.monotonic()
        for number, staged in list(self._staged.items()):
            if now_s - staged.at_s > LIFE_S:
                del self._staged[number]
                shutil.rmtree(staged.folder, ignore_errors=True)


def _plain(name: str) -> str:
    """Return a file name that leads nowhere else. Raises OperatorError."""
    is_plain = name.isprintable() and not {"/", "\\"} & set(name) and not name.startswith(".")
    if not is_plain or not name or len(os.fsencode(name)) > LONGEST_NAME_BYTES:
        raise OperatorError("that is not a plain file name")
    return name


def _looked(
    watch: Watch, staged: _Staged, others: list[_Staged], prompt: str, at: datetime, looks: Looks
) -> preview.Preview:
    """Plan a staged file with its prompt, the others, and what speaks for the whole folder."""
    kept = {staged.name, *(each.name for each in others)}
    for path in staged.folder.iterdir():
        if path.name not in kept:
            path.unlink()
    for each in others:
        with suppress(FileExistsError):
            os.link(each.path, staged.folder / each.name)
    if prompt and watch.sidecar != "none":
        staged.path.with_name(f"{staged.name}{TEXT_ENDING}").write_text(prompt, "utf-8")
    for name in speaking.FOLDER_FILES:
        with suppress(OSError), (watch.input / name).open("rb") as file:
            (staged.folder / name).write_bytes(file.read(_LARGEST_FOLDER_FILE))
    of_staged = watch.model_copy(update={"input": staged.folder})
    return preview.of_source(looks, of_staged, staged.name, at)


def _told(number: str, name: str, found: preview.Preview, told_by: str) -> Planned:
    if told_by != name:
        return Planned(
            number=number,
            name=name,
            watch=found.watch,
            edits=[],
            reason=found.reason,
            amount=Decimal(0),
            currency=None,
            goes_with=told_by,
        )
    drafts: tuple[Draft, ...] = found.drafts
    times = Counter(draft.plan.rule for draft in drafts)
    failures = [draft.failure for draft in drafts if draft.failure is not None]
    reason = found.reason
    if reason is None and failures:
        reason = f"{failures[0].message} {failures[0].hint}"
    return Planned(
        number=number,
        name=name,
        watch=found.watch,
        edits=[
            PlannedEdit(draft.plan, reasons(draft.sources), times[draft.plan.rule])
            for draft in drafts
            if draft.slot == FIRST_SLOT
        ],
        reason=reason,
        amount=money.total(each.whole_price for each in drafts) if drafts else None,
        currency=drafts[0].estimate.currency if drafts else None,
    )
