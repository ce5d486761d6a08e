"""One worker: a process that opens what strangers send, and the socket to it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from hotfolder.kinds.workshop import answers
from hotfolder.kinds.workshop.answers import LARGEST_MESSAGE
from hotfolder.kinds.workshop.errors import WorkerDied, WorkerFailed, WorkerKilled, WorkerSlow

# Pieces of memory from this size on are given back to the system as soon as they are free.
GIVEN_BACK_BYTES: Final = 1024 * 1024
_KILLED: Final = frozenset({-signal.SIGKILL, -signal.SIGTERM})
_OUT_OF_TIME: Final = frozenset({-signal.SIGXCPU, -signal.SIGALRM})
_GONE_WITHIN_S: Final = 5.0


class Worker(Protocol):
    """What does one task after the other."""

    def ask(self, message: bytes, files: Sequence[int], deadline_s: float) -> object:
        """Do a task with open files and return what is answered, whatever it be.

        Raises WorkerDied, WorkerSlow, BadAnswer.
        """

    def end(self) -> None:
        """End now."""


OpenWorker = Callable[[], Worker]


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
