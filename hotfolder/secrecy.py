"""Keeps what this process knows from every other one of the same user.

The key stands where a process's environment is kept from its start, readable under /proc, and in
its memory. Here the first is cleared, and the second closed to all but the system's administrator.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable, Mapping

_SET_DUMPABLE = 4


def hide_memory() -> None:
    """Let nobody of the same user read this process's memory, environment or open files."""
    ctypes.CDLL(None).prctl(_SET_DUMPABLE, ctypes.c_ulong(0), 0, 0, 0)


def withdraw(names: Iterable[str]) -> Mapping[str, str]:
    """Return the environment as it is, and take some names out of it, for programs started later.

    What stood under them is overwritten where the kernel shows it.
    """
    whole = dict(os.environ)
    library = ctypes.CDLL(None)
    library.getenv.restype = ctypes.c_void_p
    for name in names:
        if name in os.environ:
            place = library.getenv(os.fsencode(name))
            ctypes.memset(place, 0, len(os.fsencode(os.environ[name])))
            del os.environ[name]
    return whole
