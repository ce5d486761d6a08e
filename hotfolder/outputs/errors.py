"""What can go wrong with outputs, in words for whoever stands beside the machine.

    OutputError
     +- OutputBlocked    the disk or share refuses: try again later, errno says why
     +- RootMissing      the output folder itself is not there: never created
     |   +- NotMounted   it is, but the share that was mounted there is not
     +- NameTaken        another file has the name: it stays, take another name
     +- SpoolLost        the spooled result is gone or damaged: fetch it again

`blocked` is the one place where an OSError becomes one of these.
"""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING

from hotfolder.domain import errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FULL = "The disk is full. Make room there; the result is kept and delivered then."
_READ_ONLY = "The disk or share is read-only. Make it writable, or mount it again."
_DENIED = "This program has no permission to write there. Check the folder's owner and rights."
_UNREACHABLE = "The share is not reachable. Check the network, the NAS and the mount."
_IN_USE = "Another program has the file open. Close it there; delivery is tried again."
_IN_THE_WAY = "A file or a link stands where a folder is needed. Move it away."
_OTHER = "The disk or share refused. If this lasts, look at the system's log."

_HINTS = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.ENOENT: _UNREACHABLE,
    errno.ESTALE: _UNREACHABLE,
    errno.EIO: _UNREACHABLE,
    errno.EHOSTDOWN: _UNREACHABLE,
    errno.EHOSTUNREACH: _UNREACHABLE,
    errno.ENETUNREACH: _UNREACHABLE,
    errno.ENOTCONN: _UNREACHABLE,
    errno.ETIMEDOUT: _UNREACHABLE,
    errno.EBUSY: _IN_USE,
    errno.ETXTBSY: _IN_USE,
    errno.ENOTDIR: _IN_THE_WAY,
    errno.ELOOP: _IN_THE_WAY,
    errno.EISDIR: _IN_THE_WAY,
}


class OutputError(errors.OutputError):
    """Why a result could not be stored; path is where, hint what a person can do."""

    def __init__(self, text: str, path: Path, hint: str) -> None:
        super().__init__(text, hint=hint)
        self.path = path


class OutputBlocked(OutputError):
    """The operating system refused; errno says why. Passing: the result is kept."""

    def __init__(self, code: int, path: Path) -> None:
        super().__init__(
            f"{os.fspath(path)!a}: {os.strerror(code)}", path, _HINTS.get(code, _OTHER)
        )
        self.errno = code


class RootMissing(OutputError):
    """The output folder is not there; it may be a share that is not mounted."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{os.fspath(path)!a} is missing", path, _UNREACHABLE)


class NotMounted(RootMissing):
    """Only the bare folder is there in which a share was mounted before."""

    def __init__(self, path: Path) -> None:
        OutputError.__init__(
            self,
            f"nothing is mounted at {os.fspath(path)!a}, where a disk or share was before",
            path,
            "Mount it again. If the outputs are to stay in the bare folder: "
            "`hotfolder release WATCH`.",
        )


class NameTaken(OutputError):
    """Another file stands at the name; it was left as it is."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{os.fspath(path)!a} is another file",
            path,
            "The result gets another name; nothing was overwritten.",
        )


class SpoolLost(OutputError):
    """The spooled result is missing, or its content is not what was stored."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{os.fspath(path)!a} is gone or damaged",
            path,
            "The result is fetched from the service again; nothing is paid again.",
        )


@contextlib.contextmanager
def blocked(path: Path) -> Iterator[None]:
    """Translate every OSError of the block to OutputBlocked at a path."""
    try:
        yield
    except OSError as error:
        raise OutputBlocked(error.errno or errno.EIO, path) from error
