"""Reads users' source files: the only module that opens them.

A watched folder is written by others, so nothing in it is trusted. Every folder on the
way is opened by itself, relative to the one above and without following links; nothing
is read before the opened file proved to be a regular one (a FIFO would hang the thread);
and what was read counts only if the file was the same before and after.

It writes nothing but private copies, knows no picture formats and waits for nothing. Relative
paths are str as `os.fsdecode` gives them, with "/" between the parts. Errors:

    SourceError
     +- SourceGone        no such file now, while its root is there
     +- RootGone          the root itself is missing: says nothing about the source
     +- SourceChanged     written while it was read: look again later
     +- SourceTooLarge    above the caller's limit
     +- NotARegularFile   a link, folder, FIFO, socket or device, or a link on the way
     +- OutsideRoot       absolute, or with "..": never opened

Every other OSError (EIO, ESTALE, EACCES, ...) passes through as it is.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import io
import os
import signal
import stat
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hotfolder.domain.sightings import Sighting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from io import BufferedReader
    from pathlib import Path
    from typing import BinaryIO

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# No picture is larger; a disk image by a picture's name is.
LARGEST_BYTES = 4 * 1024 * 1024 * 1024
# What `fingerprint` reads of a file's beginning and end.
END_BYTES = 1024 * 1024

_CHUNK_BYTES = 1024 * 1024
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class SourceError(Exception):
    """Why a source could not be read; the text names the source."""


class SourceGone(SourceError):
    """No file stands at this path now."""


class RootGone(SourceError):
    """The watched folder itself is missing (unmounted?); its sources may well exist."""


class SourceChanged(SourceError):
    """The file was written, or is held by its writer, while it was read."""


class SourceTooLarge(SourceError):
    """The file is larger than its caller wants to read; both numbers are bytes."""

    def __init__(self, relative: str, size: int, limit: int) -> None:
        super().__init__(f"{relative!a} has {size} bytes, more than the {limit} allowed")
        self.size = size
        self.limit = limit


class NotARegularFile(SourceError):
    """The path is, or leads through, something other than plain folders and a plain file."""


class OutsideRoot(SourceError):
    """The path does not stay below its root, or is no path at all."""


def in_words(error: OSError | SourceError) -> str:
    """Return what a person is told of an error: in the system's words and with the place."""
    if isinstance(error, SourceError) or error.strerror is None:
        return str(error)
    place = f" ({os.fsdecode(error.filename)!a})" if isinstance(error.filename, str | bytes) else ""
    return f"{error.strerror}{place}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """A source's whole content, its SHA-256 in hex, and the sighting it was read at."""

    data: bytes
    sha256: str
    sighting: Sighting


def look(root: Path, relative: str) -> Sighting:
    """Observe a source without opening it.

    Raises SourceGone, RootGone, NotARegularFile, OutsideRoot, or the OSError that is left.
    """
    with _parent(root, relative) as (folder, name):
        return Sighting.of(_status(folder, name, relative))


def is_gone(root: Path, relative: str) -> bool:
    """Return whether nothing stands at a path while its root is there. Raises RootGone, OSError."""
    try:
        look(root, relative)
    except SourceGone:
        return True
    except SourceError as error:
        if isinstance(error, RootGone):
            raise
    return False


def is_listed(root: Path, relative: str) -> bool:
    """Return whether a folder lists a name byte for byte. Raises RootGone, OSError.

    A share that ignores case or composition finds a file by other names than its own, too.
    """
    try:
        with _parent(root, relative) as (folder, name), os.scandir(folder) as entries:
            return any(entry.name == name for entry in entries)
    except (SourceGone, NotARegularFile):
        return False


def is_being_written(root: Path, relative: str) -> bool | None:
    """Return whether some program has a source open for writing; None = the kernel cannot tell.

    Asked by taking a read lease and dropping it at once. Over NFS and SMB, and for another
    user's file, there is no answer. Raises as `look` does.
    """
    with _opened(root, relative) as (file, _):
        try:
            # A writer who comes in between is told by a signal; SIGIO, the usual one, would end
            # this program, while SIGURG does nothing where nobody asked for it.
            fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except OSError as error:
            return True if error.errno == errno.EAGAIN else None
    return False


def look_among(root: Path, folder: str, names: Sequence[str]) -> list[tuple[str, Sighting]]:
    """Observe those of some names in one folder ("" = the root) that are regular files.

    A folder that is not there has none. Raises RootGone, or the OSError that is left.
    """
    found: list[tuple[str, Sighting]] = []
    with (
        contextlib.suppress(SourceGone, NotARegularFile),
        _parent(root, f"{folder}/{names[0]}" if folder else names[0]) as (opened, _),
    ):
        for name in names:
            with contextlib.suppress(SourceGone, NotARegularFile), _no_name_too_long():
                found.append((name, Sighting.of(_status(opened, name, name))))
    return found


@contextlib.contextmanager
def _no_name_too_long() -> Iterator[None]:
    """Take a name longer than names can be for one that is not there."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        raise SourceGone(str(error)) from error


def read(root: Path, relative: str, *, limit: int) -> Content:
    """Read a source of at most limit bytes whole.

    Raises SourceTooLarge before reading anything, SourceChanged where the file was not
    the same before and after (rclone's rule against a growing source), and as `look` does.
    """
    with _opened(root, relative) as (file, before):
        if before.size > limit:
            raise SourceTooLarge(relative, before.size, limit)
        # One byte more than expected, so that growth shows without reading on.
        data = file.read(before.size + 1)
        _refuse_change(file, before, len(data), relative)
    return Content(data=data, sha256=hashlib.sha256(data).hexdigest(), sighting=before)


def copy(
    root: Path, relative: str, write: Callable[[bytes], object], *, limit: int
) -> tuple[str, Sighting]:
    """Hand a source of at most limit bytes on piece by piece; give SHA-256 and sighting.

    What was handed on counts only if this returns. Raises as `read` does.
    """
    seen = hashlib.sha256()
    with _opened(root, relative) as (file, before):
        if before.size > limit:
            raise SourceTooLarge(relative, before.size, limit)
        while chunk := file.read(_CHUNK_BYTES):
            seen.update(chunk)
            write(chunk)
        _refuse_change(file, before, file.tell(), relative)
    return seen.hexdigest(), before


class _Unnamed(io.FileIO):
    """A file that is closed, too, when a thread brings it to somebody who waits no longer."""

    def __del__(self) -> None:
        self.close()


def unnamed_copy(
    root: Path, relative: str, folder: Path | None, *, limit: int
) -> tuple[BinaryIO, str, Sighting]:
    """Copy a source into a file of `folder` that is gone when it is closed; else as `copy`.

    To be called in the thread of the share: whoever gives that up closes no file under its writer.
    """
    with tempfile.TemporaryFile(dir=folder, buffering=0) as made:
        file: Any = _Unnamed(os.dup(made.fileno()), "r+b")
    try:
        found = copy(root, relative, file.write, limit=limit)
    except BaseException:
        file.close()
        raise
    return file, *found


def digest(root: Path, relative: str) -> tuple[str, Sighting]:
    """Give a source's SHA-256 in hex and its sighting, in little memory.

    Raises as `read` does, except that there is no limit.
    """
    with _opened(root, relative) as (file, before):
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        _refuse_change(file, before, file.tell(), relative)
    return sha256, before


def fingerprint(root: Path, relative: str) -> tuple[str, Sighting]:
    """Give what stands for a source too large to be read, in hex, and its sighting.

    It is a SHA-256 of its size, its beginning and its end, and no file's own. Raises as `look`.
    """
    with _opened(root, relative) as (file, before):
        seen = hashlib.sha256(b"unread %d\0" % before.size)
        seen.update(file.read(END_BYTES))
        file.seek(max(0, before.size - END_BYTES))
        seen.update(file.read(END_BYTES))
    return seen.hexdigest(), before


def _refuse_change(file: BufferedReader, before: Sighting, seen: int, relative: str) -> None:
    """Raise SourceChanged unless the open file is as before and all its bytes were seen."""
    if seen != before.size or Sighting.of(os.fstat(file.fileno())) != before:
        raise SourceChanged(f"{relative!a} changed while it was read")


@contextlib.contextmanager
def _opened(root: Path, relative: str) -> Iterator[tuple[BufferedReader, Sighting]]:
    """Open a source for reading once it proved, opened, to be a regular file."""
    with _parent(root, relative) as (folder, name):
        # Before opening, so that no device is opened; and after, as it may be swapped.
        _status(folder, name, relative)
        descriptor = _open_file(folder, name, relative)
    with contextlib.ExitStack() as opened:
        opened.callback(os.close, descriptor)
        status = os.fstat(descriptor)
        _require_regular(status, relative)
        file = opened.enter_context(os.fdopen(descriptor, "rb", closefd=False))
        yield file, Sighting.of(status)


def _open_file(folder: int, name: str, relative: str) -> int:
    """Open the last part of the path; a file swapped for something else is refused."""
    try:
        return os.open(name, _FILE, dir_fd=folder)
    except FileNotFoundError as error:
        raise SourceGone(f"{relative!a} is gone") from error
    except BlockingIOError as error:
        # Its writer holds a lease (Samba's oplocks), which our opening is now breaking.
        raise SourceChanged(f"{relative!a} is held open by its writer") from error
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENXIO}:
            raise NotARegularFile(f"{relative!a} is not a regular file") from error
        raise


@contextlib.contextmanager
def _parent(root: Path, relative: str) -> Iterator[tuple[int, str]]:
    """Open the folder that holds a source, part by part below root; give it and the name."""
    *folders, name = _parts(relative)
    with contextlib.ExitStack() as opened:
        folder = _open_root(root)
        opened.callback(os.close, folder)
        for part in folders:
            folder = _open_folder(part, folder, relative)
            opened.callback(os.close, folder)
        yield folder, name


def _open_root(root: Path) -> int:
    """Open the root, which the owner configured and which alone may be a link."""
    try:
        return os.open(root, _FOLDER)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RootGone(f"{os.fspath(root)!a} is missing") from error


def _open_folder(name: str, parent: int, relative: str) -> int:
    """Open one folder on the way, which must not be a link."""
    try:
        return os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=parent)
    except FileNotFoundError as error:
        raise SourceGone(f"{relative!a} is gone") from error
    except NotADirectoryError as error:
        # Linux says ENOTDIR for a link as well. Gone may cancel a job; a link must not.
        if _is_link(name, parent):
            raise NotARegularFile(f"a link stands in the way of {relative!a}") from error
        raise SourceGone(f"{relative!a} is gone") from error


def _is_link(name: str, parent: int) -> bool:
    """Whether a link stands at a name now."""
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


def _status(folder: int, name: str, relative: str) -> os.stat_result:
    """Stat a name without following links; raises unless a regular file stands there."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError as error:
        raise SourceGone(f"{relative!a} is gone") from error
    _require_regular(status, relative)
    return status


def _require_regular(status: os.stat_result, relative: str) -> None:
    """Raise NotARegularFile for anything that could hang, lead away or never end."""
    if not stat.S_ISREG(status.st_mode):
        raise NotARegularFile(f"{relative!a} is not a regular file")


def _parts(relative: str) -> list[str]:
    """Split a relative path; raises OutsideRoot for one that could lead elsewhere."""
    parts = relative.split("/")
    if "\0" in relative or not {"", ".", ".."}.isdisjoint(parts):
        raise OutsideRoot(f"{relative!a} is not a path below its folder")
    return parts
