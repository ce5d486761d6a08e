"""What stands for a decoder that was broken into: it tries whatever an intruder would.

Runs as a worker, `python -m tests.intruder FD`, with tasks of its own.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hotfolder.kinds.workshop import worker
from hotfolder.kinds.workshop.tasks import Answer, OpenFile

_PTRACE_ATTACH = 16
_IO_URING_SETUP = 425
_NEW_USER = 0x10000000
_KEPT: list[str] = []


def _kill(process: int) -> None:
    os.kill(process, 0)


def _ptrace(process: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.ptrace(_PTRACE_ATTACH, process, None, None) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def _call(name: str, *arguments: object) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)


def _take_back_a_limit() -> None:
    most = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _connect(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)


def _attempts(daemon: int, secret: str, control: str) -> Mapping[str, Callable[[], Any]]:
    """Return what is tried: each must be refused."""
    return {
        "read a file": lambda: Path(secret).read_bytes(),
        "write a file": lambda: Path(secret).write_bytes(b""),
        "make a file": lambda: Path(secret).with_name("made").touch(),
        "list a folder": lambda: os.listdir("/"),  # noqa: PTH208
        "look at a file": lambda: os.stat(secret),  # noqa: PTH116
        "remove a file": lambda: os.unlink(secret),  # noqa: PTH108
        "rename a file": lambda: os.rename(secret, f"{secret}.2"),  # noqa: PTH104
        "the daemon's environment": lambda: Path(f"/proc/{daemon}/environ").read_bytes(),
        "the daemon's memory": lambda: os.open(f"/proc/{daemon}/mem", os.O_RDWR),
        "the daemon's files": lambda: os.listdir(f"/proc/{daemon}/fd"),  # noqa: PTH208
        "the worker's memory": lambda: os.open(f"/proc/{os.getpid()}/mem", os.O_RDWR),
        "a socket": lambda: socket.socket(socket.AF_INET).close(),
        "a pair of sockets": socket.socketpair,
        "the control socket": lambda: _connect(control),
        "start a program": lambda: subprocess.run([sys.executable, "-V"], check=True),
        "become a program": lambda: os.execv(sys.executable, ["python", "-V"]),  # noqa: S606
        "fork": os.fork,
        "a local socket": lambda: socket.socket(socket.AF_UNIX).close(),
        "a netlink socket": lambda: socket.socket(socket.AF_NETLINK).close(),
        "a file in memory": lambda: os.memfd_create("x"),
        "a pipe": os.pipe,
        "a copy of a descriptor": lambda: os.dup(0),
        "its own descriptors by their names": lambda: os.open("/proc/self/fd/0", os.O_RDONLY),
        "more memory than it may": _take_back_a_limit,
        "another process's memory": lambda: _call("process_vm_readv", daemon, None, 0, None, 0, 0),
        "io_uring": lambda: _call("syscall", _IO_URING_SETUP, 1, None),
        "a new namespace": lambda: _call("unshare", _NEW_USER),
        "kill the daemon": lambda: _kill(daemon),
        "trace the daemon": lambda: _ptrace(daemon),
    }


def _intrude(_files: Sequence[OpenFile], order: Mapping[str, Any]) -> Answer:
    """Try everything; answer what came of each attempt."""
    told = {}
    for name, attempt in _attempts(**order).items():
        try:
            attempt()
        except OSError as error:
            told[name] = type(error).__name__
        else:
            told[name] = "done"
    return {"told": told}


def _remember(_files: Sequence[OpenFile], order: Mapping[str, Any]) -> Answer:
    """Keep something for the next task; answer what the last ones left."""
    left = list(_KEPT)
    _KEPT.append(order["customer"])
    return {"left": left, "process": os.getpid()}


def _descriptors(_files: Sequence[OpenFile], _order: Mapping[str, Any]) -> Answer:
    """Answer how many descriptors are open here, whoever opened them."""
    return {"open": sum(map(_is_open, range(1000)))}


def _is_open(descriptor: int) -> bool:
    try:
        os.lseek(descriptor, 0, os.SEEK_CUR)
    except OSError as error:
        return error.errno != errno.EBADF
    return True


def _chatter(_files: Sequence[OpenFile], order: Mapping[str, Any]) -> Answer:
    """Answer far too much."""
    return {"text": "x" * order["length"]}


def _burn(_files: Sequence[OpenFile], _order: Mapping[str, Any]) -> Answer:
    """Work for ever."""
    while True:
        pass


if __name__ == "__main__":
    worker.main(
        {
            "intrude": _intrude,
            "remember": _remember,
            "chatter": _chatter,
            "descriptors": _descriptors,
            "burn": _burn,
        }
    )
