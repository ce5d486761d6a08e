"""Daemons to be killed: each runs a service until nothing goes on, or dies at a given point.

    python -m tests.end_to_end.driver EDGES

takes seconds by name as a JSON object, and reads orders, one JSON list
a line: [CONFIG] or [CONFIG, POINT, N], and with a decision as a fourth
this is made on job 1 in place of the daemon's work. Each is worked on in a forked
process of its own, since starting Python takes longer than the work. With POINT and N that
process kills itself at the N-th passing of the failure point. Answers the exit code on a line.

The workers for pictures are this process's own, lent to one daemon after the other: to start them
takes most of a daemon's life. `tests.end_to_end.daemon` kills daemons with workers of their own.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import SecretStr

from hotfolder import config
from hotfolder.account.doubts import CALLBACK_PATIENCE_S
from hotfolder.composition import Environment
from hotfolder.domain.failpoints import Failpoint, no_failpoint
from hotfolder.domain.states import Decision
from hotfolder.journal import reviews
from hotfolder.journal.journal import Journal
from hotfolder.kinds.workshop.errors import WorkerFailed
from hotfolder.kinds.workshop.worker_process import WorkerProcess
from hotfolder.runninghub.patience import Patience
from hotfolder.service import Service
from tests.studio import KEY, LIMIT_S, EagerPolls

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO

    from hotfolder.kinds.workshop.worker_process import Worker

WORKERS = 2  # more are opened where they are needed
ASK_S = 60.0


class LentWorker:
    """A worker that outlives the daemon it is lent to."""

    def __init__(self, worker: WorkerProcess) -> None:
        self._worker = worker

    def ask(self, message: bytes, files: Sequence[int], deadline_s: float) -> object:
        """Do a task with open files and return the answer. Raises WorkerDied, WorkerSlow."""
        return self._worker.ask(message, files, deadline_s)

    def end(self) -> None:
        """End, for this daemon."""


class Lending:
    """The workers of this process; each daemon gets them all."""

    def __init__(self) -> None:
        self._idle = [WorkerProcess() for _ in range(WORKERS)]

    def open(self) -> Worker:
        """Return a worker, as a daemon opens one; only its own copy of this object knows of it."""
        return LentWorker(self._idle.pop()) if self._idle else WorkerProcess()

    def take_back(self) -> None:
        """Replace the workers that a daemon has left at work."""
        for number, worker in enumerate(self._idle):
            if not _is_idle(worker):
                worker.end()
                self._idle[number] = WorkerProcess()

    def end(self) -> None:
        """End them all."""
        for each in self._idle:
            each.end()


def _is_idle(worker: WorkerProcess) -> bool:
    """Whether the next answer is to the next question: one without a task is refused."""
    try:
        answer = worker.ask(b'{"every_library": false}', [], ASK_S)
    except WorkerFailed:
        return False
    return isinstance(answer, dict) and "KeyError" in str(answer.get("text"))


def killing(point: str, number: int) -> Failpoint:
    """Return a failure point that ends this process at the `number`-th passing of `point`."""
    left = number
    gate = threading.Lock()

    def pass_by(name: str) -> None:
        nonlocal left
        if name != point:
            return
        with gate:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    return pass_by


async def _work(
    path: Path, failpoint: Failpoint, seconds: dict[str, float], lending: Lending
) -> None:
    read = config.read(path, {})
    assert read.config is not None, read.problems
    environment = Environment(
        jitter=lambda: 0.0,
        schedule=EagerPolls(confirm_after_s=0.05),
        failpoint=failpoint,
        patience=Patience(submit_s=seconds["submit_s"]),
        callback_patience_s=seconds["callback_patience_s"],
        open_worker=lending.open,
    )
    await Service(read.config, SecretStr(KEY), environment).once(asyncio.Event(), timeout_s=LIMIT_S)


async def _decide(path: Path, failpoint: Failpoint, decision: str) -> None:
    read = config.read(path, {})
    assert read.config is not None, read.problems
    with Journal(read.config.state_dir, failpoint=failpoint) as journal:
        decide = partial(reviews.decide, decision=Decision(decision), by="ann", delay=timedelta())
        await journal.run(decide, [1])


def _forked(
    seconds: dict[str, float],
    lending: Lending,
    path: str,
    point: str = "",
    number: int = 0,
    decision: str = "",
) -> int:
    """Work on an order in a process of its own and return how it ended."""
    child = os.fork()
    if child:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code:
            lending.take_back()
        return code
    try:
        os.dup2(2, 1)
        failpoint = killing(point, number) if point else no_failpoint
        work = _decide(Path(path), failpoint, decision) if decision else None
        asyncio.run(work or _work(Path(path), failpoint, seconds, lending))
    except BaseException:  # noqa: BLE001  the parent is told by the exit code
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


class Driver:
    """The parent of the daemons, as tests use it."""

    def __init__(
        self,
        log: Path,
        *,
        submit_s: float = 120.0,
        callback_patience_s: float = CALLBACK_PATIENCE_S,
    ) -> None:
        seconds = {"submit_s": submit_s, "callback_patience_s": callback_patience_s}
        self._log = log.open("wb")
        command = [sys.executable, "-m", "tests.end_to_end.driver", json.dumps(seconds)]
        pipe = subprocess.PIPE
        self._parent = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=self._log)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._parent:
            _open(self._parent.stdin).close()
        self._log.close()

    def once(self, path: Path, *failpoint: object) -> int:
        """Run a daemon over a config until nothing goes on by itself; return how it ended."""
        stdin = _open(self._parent.stdin)
        stdin.write(json.dumps([str(path), *failpoint]).encode() + b"\n")
        stdin.flush()
        return int(_open(self._parent.stdout).readline())


def _open(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


if __name__ == "__main__":
    lent = Lending()
    for line in sys.stdin:
        print(_forked(json.loads(sys.argv[1]), lent, *json.loads(line)), flush=True)  # noqa: T201  the answer
    lent.end()
