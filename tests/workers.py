"""Workers for pictures that the tests of a process share: to start one takes the longest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotfolder.kinds.workshop.worker_process import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Sequence


class SharedWorkers:
    """Worker processes, kept warm from one studio to the next."""

    def __init__(self) -> None:
        self._idle: list[WorkerProcess] = []

    def open(self) -> SharedWorker:
        """Return a worker, a warm one if there is any that lives."""
        while True:
            try:
                worker = self._idle.pop()
            except IndexError:
                worker = WorkerProcess()
            if worker.program.poll() is None:
                return SharedWorker(worker, self._idle)
            worker.end()

    def end(self) -> None:
        """End them all."""
        while self._idle:
            self._idle.pop().end()


class SharedWorker:
    """A worker that is given back at its end, unless it is at work then or failed."""

    def __init__(self, worker: WorkerProcess, idle: list[WorkerProcess]) -> None:
        self._worker = worker
        self._idle = idle
        self._is_free = True
        self._is_over = False

    def ask(self, message: bytes, files: Sequence[int], deadline_s: float) -> object:
        """Do a task with open files and return the answer. Raises WorkerDied, WorkerSlow."""
        self._is_free = False
        answer = self._worker.ask(message, files, deadline_s)
        self._is_free = True
        return answer

    def end(self) -> None:
        """End, for this studio."""
        if self._is_over:
            return
        self._is_over = True
        if self._is_free:
            self._idle.append(self._worker)
        else:
            self._worker.end()


WORKERS: Final = SharedWorkers()
