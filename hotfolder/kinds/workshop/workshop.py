"""Work on pictures in processes of their own, a few at a time and within a budget of memory.

A picture from anywhere may crash a decoder, hang it, or make it take all the memory there is.
Here that costs one worker and is told as a WorkerFailed; what a worker says of the file itself is
an UnfitFile, and what it says of a result of any kind a NotProven.

Workers are started when they are first needed and kept warm. A picture that takes more than the
whole budget is worked on while nothing else is. Spare work, on which only what somebody sees
hangs, takes neither room nor time from any other.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from hotfolder.kinds import formats, media
from hotfolder.kinds.kind import EndsEarly, NotProven
from hotfolder.kinds.workshop import answers
from hotfolder.kinds.workshop.answers import (
    DISK_REFUSED,
    MEMORY_LACK,
    UNEXPECTED,
    Answer,
)
from hotfolder.kinds.workshop.errors import (
    DiskRefused,
    MemoryLack,
    WorkerDied,
    WorkerFailed,
    WorkshopBusy,
)
from hotfolder.kinds.workshop.needs import (
    HEAD_BYTES,
    LEAST_S,
    LOOK_BYTES,
    SMALL,
    Extent,
    Making,
    every_library,
)
from hotfolder.kinds.workshop.room import NoRoom, Room, Spare
from hotfolder.kinds.workshop.worker_process import OpenWorker, Worker, WorkerProcess
from hotfolder.threads import DaemonThreads, Pool

PLACES: Final = 4
MEMORY_BYTES: Final = 1500 * 1024 * 1024
# Pictures that are worked on without a pause must not keep the page dark for ever.
SPARE_PATIENCE_S: Final = 10.0
SPARE_TRIES: Final = 5

_ERRORS: Final[Mapping[str, type[formats.UnfitFile | NotProven]]] = {
    each.__name__: each
    for each in (
        formats.EmptyPicture,
        formats.NotAPicture,
        formats.TruncatedPicture,
        formats.UnwrittenPicture,
        formats.MissingParts,
        formats.BrokenPicture,
        formats.DamagedPicture,
        formats.TooManyPixels,
        formats.NoDecoder,
        formats.CannotFit,
        media.CutShort,
        media.NotPlayable,
        NotProven,
        EndsEarly,
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A task with its open files, and how long it may take."""

    task: str
    message: bytes
    files: list[int]
    deadline_s: float
    may_be_larger: bool
    spare: Spare | None


class Workshop:
    """Up to `places` workers, which together get `memory_bytes` at a time."""

    def __init__(
        self,
        *,
        places: int = PLACES,
        memory_bytes: int = MEMORY_BYTES,
        pool: Pool = DaemonThreads,
        open_worker: OpenWorker | None = None,
    ) -> None:
        self._room = Room(memory_bytes)
        self._threads = pool(places, "workshop")
        self._spare_threads = pool(1, "spare-work")
        self._open_worker = open_worker or WorkerProcess
        self._idle: list[Worker] = []
        self._all: set[Worker] = set()
        self._closed = False

    async def work(
        self,
        task: str,
        files: Sequence[int],
        order: Mapping[str, Any],
        *,
        memory_bytes: int,
        deadline_s: float,
        cpu_s: float | None = None,
        spare: bool = False,
        making: Making | None = None,
    ) -> Answer:
        """Let a worker do a task of `tasks.TASKS` with open files; return its answer.

        `memory_bytes` is what the task is expected to take, `cpu_s` the most seconds of a
        processor, None = all until its deadline. `spare` work begins while nothing else is worked
        on, anew where others came to need its room. With `making` the task is done with a small
        picture only, and of another its look is told as "larger". Raises UnfitFile, NotProven,
        WorkerFailed.
        """
        head = os.pread(files[0], HEAD_BYTES, 0) if files else b""
        message = {
            "task": task,
            "order": dict(order),
            "memory_bytes": 2 * memory_bytes,
            "deadline_s": deadline_s,
            "cpu_s": deadline_s if cpu_s is None else cpu_s,
            "spare": spare,
            "every_library": every_library(task, head),
            "making": making and making.encoded(),
        }
        call = partial(
            _Call,
            task=task,
            message=json.dumps(message).encode(),
            deadline_s=deadline_s,
            may_be_larger=making is not None,
        )
        ask = partial(self._asked, call, files)
        if spare:
            answer = await self._spared(memory_bytes, ask)
        else:
            async with self._room.taken(memory_bytes):
                answer = await ask(self._threads, None)
        if "error" not in answer:
            return answer
        if answer["error"] == MEMORY_LACK:
            raise MemoryLack("it needs more memory than pictures of its size should")
        if answer["error"] == DISK_REFUSED:
            raise DiskRefused(answer["errno"])
        if answer["error"] == UNEXPECTED:
            raise WorkerFailed(answer["text"])
        raise _ERRORS.get(answer["error"], formats.BrokenPicture)(answer["text"])

    async def work_on(
        self,
        task: str,
        files: Sequence[int],
        order: Mapping[str, Any],
        *,
        least_pixels: int = 0,
        most_pixels: int | None = None,
        spare: bool = False,
    ) -> Answer:
        """Let a worker do a task with the picture in the first file, as long and large as it needs.

        What is made of it has the picture's own size, or at least and at most so many pixels. It
        is tried with what a small picture takes. Raises as `work` does, before anything is decoded
        where the picture is not whole.
        """
        making = Making(least_pixels, most_pixels)
        extent_work = partial(self._work_within, task, files, order, spare=spare)
        answer = await extent_work(SMALL, making=making)
        if "larger" in answer:
            answer = await extent_work(making.extent(answer["larger"]))
        return answer

    async def _work_within(
        self,
        task: str,
        files: Sequence[int],
        order: Mapping[str, Any],
        extent: Extent,
        *,
        spare: bool,
        making: Making | None = None,
    ) -> Answer:
        return await self.work(
            task,
            files,
            order,
            memory_bytes=extent.memory_bytes,
            deadline_s=extent.deadline_s,
            spare=spare,
            making=making,
        )

    async def unconfined(self) -> tuple[str, ...]:
        """Return what a worker can do that none must: nothing where the kernel's locks hold.

        Raises WorkerFailed.
        """
        answer = await self.work("locks", [], {}, memory_bytes=LOOK_BYTES, deadline_s=LEAST_S)
        return tuple(answer["open"])

    def close(self) -> None:
        """End every worker, whatever it is doing."""
        self._closed = True
        for each in list(self._all):
            each.end()
        for threads in (self._threads, self._spare_threads):
            threads.shutdown(wait=False, cancel_futures=True)

    async def _spared(
        self, memory_bytes: int, ask: Callable[[Executor, Spare], Awaitable[Answer]]
    ) -> Answer:
        """Do spare work, from its beginning again whenever it had to give way."""
        for _ in range(SPARE_TRIES):
            try:
                async with self._room.spare(memory_bytes, SPARE_PATIENCE_S) as spare:
                    try:
                        return await ask(self._spare_threads, spare)
                    except WorkerDied:
                        if not spare.gave_way:
                            raise
            except NoRoom:
                break
        raise WorkshopBusy("other pictures are worked on; look again later")

    async def _asked(
        self,
        call: Callable[..., _Call],
        files: Sequence[int],
        threads: Executor,
        spare: Spare | None,
    ) -> Answer:
        # Copies: whoever is cancelled closes its files, while the thread goes on.
        copies = [os.dup(each) for each in files]
        begun = threads.submit(self._do, call(files=copies, spare=spare))
        begun.add_done_callback(partial(_close_if_cancelled, copies))
        return await asyncio.wrap_future(begun)

    def _do(self, call: _Call) -> Answer:
        try:
            worker = self._idle.pop() if self._idle else self._started()
            try:
                self._require_room(call.spare, worker)
                asked = worker.ask(call.message, call.files, call.deadline_s)
                answer = answers.checked(call.task, asked, may_be_larger=call.may_be_larger)
            except answers.BadAnswer as error:
                self._end(worker)
                raise WorkerDied(f"a worker's answer makes no sense: {error}") from error
            except BaseException:
                self._end(worker)
                raise
        finally:
            for each in call.files:
                os.close(each)
        if self._closed or (call.spare is not None and not call.spare.over()):
            self._end(worker)
        else:
            self._idle.append(worker)
        return answer

    def _require_room(self, spare: Spare | None, worker: Worker) -> None:
        if spare is not None and not spare.begin(partial(self._threads.submit, worker.end)):
            raise WorkerDied("other pictures need its room")

    def _started(self) -> Worker:
        if self._closed:
            raise WorkerDied("the program is stopping")
        worker = self._open_worker()
        self._all.add(worker)
        return worker

    def _end(self, worker: Worker) -> None:
        worker.end()
        self._all.discard(worker)


def _close_if_cancelled(files: Sequence[int], begun: Future[Answer]) -> None:
    """Close the copies of a task that never began."""
    if begun.cancelled():
        for each in files:
            os.close(each)
