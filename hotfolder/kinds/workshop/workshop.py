"""Work on pictures in processes of their own, a few at a time and within a budget of memory.

A picture from anywhere may crash a decoder, hang it, or make it take all the memory there is.
Here that costs one worker and is told as an error:

    UnfitFile          what the worker says of the file itself
    NotProven          what it says of a result of any kind
    WorkerFailed
     +- WorkerDied     crashed
     |   +- WorkerKilled   was killed by somebody else: most often for want of the machine's memory
     +- WorkerSlow     took longer than its deadline, and was ended
     +- MemoryLack     needed more than the memory that it was given
     +- WorkshopBusy   was spare work, and gave way to other pictures for too long
     +- DiskRefused    could not write, or read, for a reason of the disk: errno says which

Workers are started when they are first needed and kept warm. A picture that takes more than the
whole budget is worked on while nothing else is. Spare work, on which only what somebody sees
hangs, takes neither room nor time from any other.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

from hotfolder.kinds import formats, media
from hotfolder.kinds.kind import EndsEarly, NotProven
from hotfolder.kinds.workshop import answers
from hotfolder.kinds.workshop.answers import (
    DISK_REFUSED,
    LARGEST_MESSAGE,
    MEMORY_LACK,
    UNEXPECTED,
    Answer,
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
from hotfolder.threads import DaemonThreads, Pool

PLACES: Final = 4
MEMORY_BYTES: Final = 1500 * 1024 * 1024
# Pieces of memory from this size on are given back to the system as soon as they are free.
GIVEN_BACK_BYTES: Final = 1024 * 1024
# Pictures that are worked on without a pause must not keep the page dark for ever.
SPARE_PATIENCE_S: Final = 10.0
SPARE_TRIES: Final = 5
KILLED_TRIES: Final = 20  # an hour and more
_KILLED: Final = frozenset({-signal.SIGKILL, -signal.SIGTERM})
_OUT_OF_TIME: Final = frozenset({-signal.SIGXCPU, -signal.SIGALRM})
_GONE_WITHIN_S: Final = 5.0

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


class WorkerFailed(Exception):
    """No worker could do the task; the text says what happened."""


class WorkerDied(WorkerFailed):
    """The worker crashed, or was killed."""


class WorkerKilled(WorkerDied):
    """Somebody killed the worker: the machine for want of memory, a person, or its own end."""


class WorkerSlow(WorkerFailed):
    """The worker took longer than its deadline."""


class MemoryLack(WorkerFailed):
    """The worker needed more memory than it was given."""


class WorkshopBusy(WorkerFailed):
    """Other pictures need all the room."""


class DiskRefused(WorkerFailed):
    """The disk refused the worker; errno says why."""

    def __init__(self, code: int) -> None:
        super().__init__(os.strerror(code))
        self.errno = code


def patience(error: Exception, tries: int) -> int:
    """Return how often work may fail before its picture is to blame: `tries`, but for killings."""
    return KILLED_TRIES if isinstance(error, WorkerKilled) else tries


class Worker(Protocol):
    """What does one task after the other."""

    def ask(self, message: bytes, files: Sequence[int], deadline_s: float) -> object:
        """Do a task with open files and return what is answered, whatever it be.

        Raises WorkerDied, WorkerSlow, BadAnswer.
        """

    def end(self) -> None:
        """End now."""


OpenWorker = Callable[[], Worker]


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


class WorkerProcess:
    """One worker process and the socket to it; `module` is what runs in it."""

    def __init__(self, module: str = "hotfolder.kinds.workshop.worker") -> None:
        self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            self.program = subprocess.Popen(  # noqa: S603  this program's own
                [sys.executable, "-P", "-m", module, str(other.fileno())],
                pass_fds=[other.fileno()],
                env=_environment(),
                cwd="/",  # a worker can tell where it stands
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the daemon
            )

    def ask(self, message: bytes, files: Sequence[int], deadline_s: float) -> object:
        """Send a task and wait for its answer. Raises WorkerDied, WorkerSlow, BadAnswer."""
        try:
            self._socket.settimeout(deadline_s)
            socket.send_fds(self._socket, [message], files)
            answer = self._socket.recv(LARGEST_MESSAGE)
        except TimeoutError:
            raise WorkerSlow(f"it took longer than {deadline_s:.0f} seconds") from None
        except OSError as error:
            raise self._death(f"the worker is gone: {error}") from error
        if not answer:
            raise self._death("the worker died of it")
        return answers.parsed(answer)

    def _death(self, said: str) -> WorkerFailed:
        """Return what the worker died of, `said` where nobody killed it."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self.program.wait(_GONE_WITHIN_S)
            if code in _KILLED:
                return WorkerKilled("the worker was killed, most likely for want of memory here")
            if code in _OUT_OF_TIME:
                return WorkerSlow("it took more work than any picture should")
        return WorkerDied(said)

    def end(self) -> None:
        """End the worker now; one that hangs in the kernel is not waited for."""
        self.program.kill()
        self._socket.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.program.wait(_GONE_WITHIN_S)


def _environment() -> dict[str, str]:
    """Return what a worker may know: nothing of keys. Its libraries need no threads.

    The C library reserves much address space for each arena, which counts as memory here, and
    would keep what a picture took a while ago.
    """
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    single = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MALLOC_ARENA_MAX")
    return {
        **kept,
        **dict.fromkeys(single, "1"),
        "MALLOC_MMAP_THRESHOLD_": str(GIVEN_BACK_BYTES),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),  # from where this program imports
    }
