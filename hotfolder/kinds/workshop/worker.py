"""The other end of the workshop: one worker, which takes a task at a time from a socket.

Started as `python -m hotfolder.kinds.workshop.worker FD`. It looks at no file itself: for each task
it forks a child, which gets open files, gives up everything else (see `confinement`), answers and
ends, so that nothing of one customer's picture is there when the next one comes. A child may crash,
hang or be killed for its memory, and nothing but its worker dies of it.

To fork costs by what is mapped, which is ten times as much with all libraries as with Pillow alone.
So the first task that may take another has a second process forked, which loads them all and does
such tasks in children of its own.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import gc
import importlib
import json
import math
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from PIL import Image

from hotfolder.kinds import formats
from hotfolder.kinds.kind import NotProven
from hotfolder.kinds.workshop import confinement
from hotfolder.kinds.workshop.answers import (
    DISK_REFUSED,
    LARGEST_MESSAGE,
    MEMORY_LACK,
    UNEXPECTED,
)
from hotfolder.kinds.workshop.needs import HEAD_BYTES, SMALL, Making
from hotfolder.kinds.workshop.tasks import TASKS, Answer, OpenFile, Task, write
from hotfolder.kinds.workshop.warming import warm_up

# What libraries map besides a picture's own memory: themselves, thread stacks, arenas.
_SPARE_BYTES: Final = 256 * 1024 * 1024
_MOST_FILES: Final = 32
_MOST_GIVEN: Final = 6
_BY_THREADS: Final = frozenset({formats.PictureType.HEIC})
_LAST_CPU_S: Final = 2
_NICENESS: Final = 5
_SPARE_NICENESS: Final = 19
_FIRST_TO_GO: Final = "1000"
_OF_THE_DISK: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})

# Imported by tasks only when they are first needed, and too late then: see `needs`.
_LIBRARIES: Final = (
    *("pillow_heif", "rawpy", "PIL.AvifImagePlugin", "PIL.PsdImagePlugin", "c2pa"),
    # The further ones are imported by PyAV itself only when a file is open.
    *("av", "av.subtitles.codeccontext", "av.subtitles.stream", "av.subtitles.subtitle"),
)
_LATE_CODECS: Final = ("cp1252", "cp437", "utf-8-sig", "utf-16")

Confine = Callable[[], object]


def main(tasks: Mapping[str, Task] | None = None, confine: Confine = confinement.confine) -> None:
    """Have children do tasks until the other end is closed; `tasks` = these too, for tests.

    `confine` takes everything from a child that its task does not need.
    """
    with socket.socket(fileno=int(sys.argv[1])) as end:
        _be_modest()
        preload()
        Forking(end, {**TASKS, **(tasks or {})}, confine).serve()


def preload() -> None:
    """Import whatever a task with Pillow alone may need: a child can open no module any more."""
    Image.preinit()
    for name in _LATE_CODECS:
        codecs.lookup(name)
    confinement.prepare()
    warm_up()
    gc.collect()
    gc.freeze()  # what a child does not touch stays shared


def load_libraries() -> None:
    """Import all that is installed of the others, too."""
    for name in _LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()


def _be_modest() -> None:
    """Let everything else go first, and be the first to go; where the system allows that."""
    for modesty in (
        lambda: os.nice(_NICENESS),
        lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
        lambda: Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO, "ascii"),
    ):
        with contextlib.suppress(OSError, ValueError):
            modesty()


class Forking:
    """Has a child do each task that comes from a socket, and passes its answer on unread.

    It dies as a child did that died.
    """

    def __init__(self, end: socket.socket, tasks: Mapping[str, Task], confine: Confine) -> None:
        self._end = end
        self._tasks = tasks
        self._confine = confine
        self._has_libraries = False
        self._with_libraries: tuple[int, socket.socket] | None = None

    def serve(self) -> None:
        """Do so until the other end is closed."""
        while True:
            message, files, _, _ = socket.recv_fds(self._end, LARGEST_MESSAGE, _MOST_GIVEN)
            if not message:
                return
            order = json.loads(message)
            if order["every_library"] and not self._has_libraries:
                self._end.send(self._passed_on(message, files))
            else:
                self._end.send(self._answered_by_child(order, files))

    def _passed_on(self, message: bytes, files: list[int]) -> bytes:
        """Let the process with all libraries do a task."""
        self._with_libraries = self._with_libraries or self._forked(files)
        process, its_end = self._with_libraries
        with contextlib.suppress(OSError):  # it is gone: then there is no answer
            socket.send_fds(its_end, [message], files)
        _close(files)
        answer = its_end.recv(LARGEST_MESSAGE)
        if not answer:
            _end_as(process)
            sys.exit("it ended")
        return answer

    def _forked(self, files: list[int]) -> tuple[int, socket.socket]:
        """Fork the process with all libraries, which has nothing of the task's files."""
        ours, its_own = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        process = os.fork()
        if process:
            its_own.close()
            return process, ours
        try:
            confinement.die_with_parent()
            _close([ours.detach(), self._end.detach(), *files])
            load_libraries()
            self._end, self._has_libraries = its_own, True
            self.serve()
        except BaseException:  # noqa: BLE001  it must never come back from here
            os._exit(1)
        os._exit(0)

    def _answered_by_child(self, order: Mapping[str, Any], files: list[int]) -> bytes:
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            self._close_ends()
            os.close(reading)
            _work(self._tasks, self._confine, order, files, writing)
        _close([writing, *files])
        with open(reading, "rb") as pipe:  # noqa: PTH123  an open file of this process
            answer = pipe.read(LARGEST_MESSAGE + 1)
        if len(answer) > LARGEST_MESSAGE:
            sys.exit("a child says too much")  # and ends with this process
        _end_as(child)
        return answer

    def _close_ends(self) -> None:
        """Leave a child nobody to speak to."""
        self._end.close()
        if self._with_libraries is not None:
            self._with_libraries[1].close()


def _close(files: Sequence[int]) -> None:
    for each in files:
        os.close(each)


def _end_as(process: int) -> None:
    """Wait for a child's end, and end as it did where it failed."""
    _, status = os.waitpid(process, 0)
    if os.WIFSIGNALED(status):
        _die_of(os.WTERMSIG(status))
    if status:
        sys.exit(os.waitstatus_to_exitcode(status))


def _die_of(number: int) -> None:
    with contextlib.suppress(OSError):  # of SIGKILL
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _work(
    tasks: Mapping[str, Task],
    confine: Confine,
    order: Mapping[str, Any],
    files: list[int],
    writing: int,
) -> NoReturn:
    """Do a task as a process of its own, which has nothing but its files, and end."""
    try:
        confinement.die_with_parent()
        write(writing, json.dumps(_answer(tasks, confine, order, files)).encode())
    except BaseException:  # noqa: BLE001  a child must never come back from here
        os._exit(1)
    os._exit(0)


def _answer(
    tasks: Mapping[str, Task],
    confine: Confine,
    order: Mapping[str, Any],
    numbers: list[int],
) -> Answer:
    """Do a task within its limits; errors are answers, too."""
    try:
        files = [OpenFile.of(each) for each in numbers]
        signal.alarm(math.ceil(order["deadline_s"]) + 1)  # should the other end be gone by then
        if order["spare"]:
            os.nice(_SPARE_NICENESS)
        _limit(order, files)
        confine()
        if order["making"] is not None:
            found = tasks["look"](files, {})
            if Making.of(order["making"]).extent(found).memory_bytes > SMALL.memory_bytes:
                return {"larger": found}
        return tasks[order["task"]](files, order["order"])
    except (formats.UnfitFile, NotProven) as error:
        return _error(type(error).__name__, str(error))
    except MemoryError:
        return _error(MEMORY_LACK, "not enough memory")
    except Exception as error:  # noqa: BLE001  one place: whatever it is, it is told
        if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
            return _error(DISK_REFUSED, "the disk refuses", error.errno)
        return _error(UNEXPECTED, f"{type(error).__name__}: {error}")


def _error(kind: str, text: str, errno: int = 0) -> Answer:
    return {"error": kind, "text": text, "errno": errno}


def _limit(order: Mapping[str, Any], files: Sequence[OpenFile]) -> None:
    """Let this process take no more than its task does, for good.

    What it makes stands in its memory before it is written, so that bounds what it writes, too.
    """
    # A map of a file counts as memory, too.
    own_bytes = order["memory_bytes"] + sum(len(each.content) for each in files)
    with open("/proc/self/statm", "rb", buffering=0) as statm:  # noqa: PTH123  the cheapest way
        mapped_bytes = int(statm.read().split()[0]) * resource.getpagesize()
    cpu_s = math.ceil(order["cpu_s"])
    for limited, most in (
        (resource.RLIMIT_AS, mapped_bytes + own_bytes + _SPARE_BYTES),
        (resource.RLIMIT_FSIZE, own_bytes),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_NOFILE, _MOST_FILES),
        *(() if _takes_threads(files) else ((resource.RLIMIT_NPROC, 0),)),
    ):
        _, hard = resource.getrlimit(limited)
        wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
        # The kernel ends at once who is at a hard limit of time.
        grace = _LAST_CPU_S if limited == resource.RLIMIT_CPU else 0
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(limited, (wanted, wanted + grace))


def _takes_threads(files: Sequence[OpenFile]) -> bool:
    """Whether a picture's library begins threads, however few it is told to."""
    head = bytes(files[0].content[:HEAD_BYTES]) if files else b""
    return formats.sniff(head) in _BY_THREADS


if __name__ == "__main__":
    main()
