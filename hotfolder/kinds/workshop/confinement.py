"""Takes everything from a process but the files that it has open already, for good.

Two locks of the kernel's, each of which holds where the other is missing: Landlock refuses every
file, a filter of seccomp every system call but those that decoding takes. Whatever runs in the
process afterwards opens, starts, signals and connects nothing, and neither does what it starts.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

NEWEST_LANDLOCK: Final = 6

_SET_DEATH_SIGNAL, _SET_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 1, 38, 22, 2
_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_ASK_VERSION = 1
# What each version of Landlock can refuse: on files, of the network, and of other processes.
_FILE_RIGHTS: Final[Mapping[int, int]] = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16, 6: 16}
_NETWORK, _NETWORK_SINCE = 0b11, 4
_SCOPED, _SCOPED_SINCE = 0b11, 6

# The calls that decoding takes, on x86_64 and on aarch64. None takes a path or another process.
_ALLOWED: Final[Mapping[str, tuple[int, int]]] = {
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "lseek": (8, 62),
    "close": (3, 57),
    "fstat": (5, 80),
    "mmap": (9, 222),
    "munmap": (11, 215),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    "futex": (202, 98),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "sysinfo": (99, 179),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "gettimeofday": (96, 169),
    "getrandom": (318, 278),
    "getpid": (39, 172),
    "getcwd": (79, 17),
    "gettid": (186, 178),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
_CLONE: Final = (56, 220)
_CLONE3: Final = 435
_A_THREAD: Final = 0x00010000
_MACHINES: Final[Mapping[str, tuple[int, int]]] = {
    "x86_64": (0, 0xC000003E),
    "aarch64": (1, 0xC00000B7),
}

# The words of the filter's language.
_LOAD, _IS, _HAS_BITS, _RETURN = 0x20, 0x15, 0x45, 0x06
_CALL_AT, _MACHINE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_ALLOW, _REFUSE, _UNKNOWN, _END = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """Which locks are on: Landlock's version (0 = this kernel has none), and the filter."""

    landlock: int
    filtered: bool


def confine(*, newest_landlock: int = NEWEST_LANDLOCK) -> Confinement:
    """Confine this process from now on, as far as the kernel can; return what holds.

    No Landlock newer than `newest_landlock` is used. The calling thread must be the only one.
    """
    _control(_SET_NO_NEW_PRIVILEGES, 1, 0)
    return Confinement(landlock=_lock_files(newest_landlock), filtered=_filter_calls())


def die_with_parent() -> None:
    """Have this process killed as soon as the one that forked it ends."""
    _control(_SET_DEATH_SIGNAL, signal.SIGKILL, 0)


def prepare() -> None:
    """Ask and write what `confine` needs, while it can be, and once for all children."""
    _rules(NEWEST_LANDLOCK)
    if platform.machine() in _MACHINES:
        _filter(*_MACHINES[platform.machine()])


def _lock_files(newest: int) -> int:
    version, refused = _rules(newest)
    if version < 1:
        return 0
    rules = _library().syscall(_CREATE_RULESET, refused, len(refused), 0)
    if rules < 0:
        return 0
    try:
        return version if _library().syscall(_RESTRICT_SELF, rules, 0) == 0 else 0
    finally:
        os.close(rules)


@cache
def _rules(newest: int) -> tuple[int, bytes]:
    """Return the version of Landlock to use (0 = there is none), and all that it can refuse."""
    version = min(_library().syscall(_CREATE_RULESET, None, 0, _ASK_VERSION), newest)
    if version < 1:
        return 0, b""
    refused = struct.pack(
        "=QQQ",
        (1 << _FILE_RIGHTS[version]) - 1,
        _NETWORK if version >= _NETWORK_SINCE else 0,
        _SCOPED if version >= _SCOPED_SINCE else 0,
    )
    # What an older kernel does not know must not be there, or be zero: both are fine.
    return version, refused


def _filter_calls() -> bool:
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return False
    described, _ = _filter(*machine)
    return _control(_SET_SECCOMP, _FILTER, described)


@cache
def _filter(column: int, machine: int) -> tuple[bytes, object]:
    """Return how the filter for a machine is described, and its program, which must stay there."""
    program = ctypes.create_string_buffer(_program(column, machine))
    steps = len(program) // struct.calcsize(_STEP)
    return struct.pack("@HP", steps, ctypes.addressof(program)), program


def _control(option: int, value: int, further: int | bytes) -> bool:
    return bool(_library().prctl(option, ctypes.c_ulong(value), further, 0, 0) == 0)


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


_STEP: Final = "=HBBI"


def _program(column: int, machine: int) -> bytes:
    """Write the filter for a machine: what is not named is refused like a forbidden file."""
    steps = [
        (_LOAD, 0, 0, _MACHINE_AT),
        (_IS, 1, 0, machine),
        (_RETURN, 0, 0, _END),
        (_LOAD, 0, 0, _CALL_AT),
    ]
    for numbers in _ALLOWED.values():
        steps += [(_IS, 0, 1, numbers[column]), (_RETURN, 0, 0, _ALLOW)]
    steps += [
        # Threads yes, processes no. What a thread is cannot be seen of the newer call: the C
        # library falls back to the older one.
        (_IS, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _UNKNOWN),
        (_IS, 0, 3, _CLONE[column]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_HAS_BITS, 0, 1, _A_THREAD),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack(_STEP, *each) for each in steps)
