"""Why no worker could do a task.

WorkerFailed
 +- WorkerDied     crashed
 |   +- WorkerKilled   was killed by somebody else: most often for want of the machine's memory
 +- WorkerSlow     took longer than its deadline, and was ended
 +- MemoryLack     needed more than the memory that it was given
 +- WorkshopBusy   was spare work, and gave way to other pictures for too long
 +- DiskRefused    could not write, or read, for a reason of the disk: errno says which
"""

from __future__ import annotations

import os
from typing import Final

KILLED_TRIES: Final = 20  # an hour and more


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
