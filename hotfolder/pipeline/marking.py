"""Marks put into output folders before anything is sent, and looked for at the start.

A journal that is put back from an older copy does not know what was paid since. The mark that
stands in its outputs is none of its own then: nothing is sent, and every watch waits for a person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from hotfolder.domain.errors import HotfolderError, JournalUnavailable, OutputError
from hotfolder.domain.failpoints import Failpoint
from hotfolder.domain.failures import OUTPUT_BLOCKED, RESTORED, Failure
from hotfolder.domain.jobs import Job
from hotfolder.journal import marks
from hotfolder.journal.journal import Journal
from hotfolder.outputs import mark_file
from hotfolder.pipeline.delays import output_is_silent
from hotfolder.threads import unattended
from hotfolder.tree.threads import ShareThreads

MARK_TIMEOUT_S: Final = 5.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.pipeline")


class Unmarked(HotfolderError):
    """The output folder does not bear the mark of an intent, so that nothing may be sent for it.

    `failure` says why its watch is to be held, None where it may simply be tried again.
    """

    def __init__(self, reason: str, failure: Failure | None = None) -> None:
        super().__init__(reason)
        self.failure = failure


@dataclass(slots=True)
class _Root:
    """One output root: what is to be put there, what stands there, and the one writer at work.

    `wanted` is the newest intent's number and mark; `vouched` is the number up to which the mark
    that stands there, `known`, speaks for the intents. `silent`: the writer was waited for in vain.
    """

    wanted: tuple[int, str] = (0, "")
    vouched: int = 0
    known: str | None = None
    writer: asyncio.Task[None] | None = None
    silent: bool = False


class Marking:
    """Puts marks, one writer for each output root; who waits together shares one.

    An answer is waited for `timeout_s` seconds. `failpoint` is passed `mark.before` and `.after`.
    """

    def __init__(
        self, journal: Journal, threads: ShareThreads, *, timeout_s: float, failpoint: Failpoint
    ) -> None:
        self._journal = journal
        self._threads = threads
        self._timeout_s = timeout_s
        self._failpoint = failpoint
        self._roots: dict[str, _Root] = {}

    def is_silent(self, output_root: str) -> bool:
        """Return whether an output root did not answer in time, and has not since."""
        root = self._roots.get(output_root)
        return root is not None and root.silent

    async def look(self) -> None:
        """Look at every output root for a mark that the journal does not know.

        One that is not there or does not answer is looked at again before anything is sent.
        """
        roots = await self._journal.run(marks.output_roots)
        looks = [asyncio.create_task(self._look(each)) for each in roots]
        if not looks:
            return
        answered, hung = await asyncio.wait(looks, timeout=self._timeout_s)
        for each in hung:
            each.cancel()
        for each in answered:
            each.result()

    async def _look(self, output_root: str) -> None:
        place = await self._journal.run(marks.place, output_root)
        look = partial(mark_file.read, Path(output_root), place.journal)
        with suppress(OutputError, Unmarked):
            stands = await self._threads.begin(output_root, look)
            if stands is not None:
                await self._judged(output_root, stands)

    async def put(self, job: Job) -> None:
        """Return once the root of a job's outputs bears the mark of its intent, or a later one's.

        Raises Unmarked where it refuses, does not answer in time, or bears a stranger's.
        """
        if job.submit is None:
            raise LookupError(f"job {job.id} was never submitted")
        root = self._roots.setdefault(job.output_root, _Root())
        root.wanted = max(root.wanted, (job.submit.id, job.submit.mark))
        try:
            async with asyncio.timeout(self._timeout_s):
                while root.vouched < job.submit.id:
                    await asyncio.shield(self._writer(job.output_root, root))
        except TimeoutError:
            root.silent = True
            raise Unmarked(str(output_is_silent())) from None
        except OutputError as error:
            failure = Failure(OUTPUT_BLOCKED, str(error), error.hint)
            raise Unmarked(str(error), failure) from error
        except JournalUnavailable as error:
            raise Unmarked(str(error)) from error

    def _writer(self, output_root: str, root: _Root) -> asyncio.Task[None]:
        if root.writer is None:
            root.writer = unattended(asyncio.create_task(self._write(output_root, root)))
        return root.writer

    async def _write(self, output_root: str, root: _Root) -> None:
        try:
            await self._vouch(output_root, root)
        finally:
            root.writer, root.silent = None, False

    async def _vouch(self, output_root: str, root: _Root) -> None:
        number, mark = root.wanted
        place = await self._journal.run(marks.place, output_root)
        while root.vouched < number:
            put = self._put(output_root, place, mark, root.known)
            stranger = await self._threads.begin(output_root, put)
            if stranger is None:
                root.known, root.vouched = mark, number
            else:
                root.known, root.vouched = stranger, await self._judged(output_root, stranger)

    def _put(
        self, output_root: str, place: marks.Place, mark: str, known: str | None
    ) -> Callable[[], str | None]:
        def put() -> str | None:
            self._failpoint("mark.before")
            root = Path(output_root)
            found = mark_file.replace(
                root,
                place.journal,
                mark,
                known=known,
                mounted=place.mounted,
                hand=self._journal.hand,
            )
            self._failpoint("mark.after")
            return found

        return put

    async def _judged(self, output_root: str, mark: str) -> int:
        """Return the number of the intent that a mark belongs to. Raises Unmarked."""
        number = await self._journal.run(marks.judge, mark)
        if number is None:
            log.error("journal.outrun", output=output_root, hint=RESTORED.hint)
            raise Unmarked(RESTORED.message)
        return number
