"""Publishes results: the only writer of users' folders (the marker of a watch apart).

A final name never holds partial content, and no existing file is overwritten but one that an
earlier edit of the same source wrote, where the owner said so. The result
is copied from the spool to a hidden temporary in the target's own folder, synced, renamed
without replacing, and the folder synced. The temporary's name is the same at every
attempt, so a crash leaves at most one, and the next attempt removes it. A crash between
the rename and the journal's commit is met by the next attempt finding its own work. Of several
machines each has temporaries of its own, and one that was cut off never names what another is
still writing.

How a target's folder is reached stands in `target`.
"""

from __future__ import annotations

import contextlib
import enum
import hashlib
import os
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hotfolder.domain.sightings import Sighting
from hotfolder.outputs import disk
from hotfolder.outputs.access import UNCHANGED, Access
from hotfolder.outputs.errors import NameTaken, SpoolLost, blocked
from hotfolder.outputs.target import FILE, opened_output, parts_of, target_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

CHUNK_BYTES: Final = 1024 * 1024

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Published(enum.StrEnum):
    """How a result came to stand at its name."""

    NEW = "new"
    ALREADY = "already"


def publish(
    spool_file: Path,
    sha256: str,
    root: Path,
    relative: str,
    *,
    token: str,
    mounted: bool = False,
    replaces: Collection[str] = (),
    access: Access = UNCHANGED,
) -> Published:
    """Put a spooled result at a name below root, and make it durable there.

    sha256 is the result's hash in hex; relative the target's path below root with "/";
    token, letters and digits, names the temporary and is the same for every attempt of
    one result. mounted says that root must be the place of a mount, since a bare mount point
    would hide what is written there; replaces are the hashes of what may be replaced;
    access is how files and new folders are left. Returns ALREADY where the very same
    content stands there.

    Raises NameTaken where anything else stands there, RootMissing, SpoolLost where the
    spool no longer has that content, OutputBlocked where the file system refuses, and
    ValueError for a path or token that could lead elsewhere. (semantics, "Once stored,
    always delivered")
    """
    *folders, name = parts_of(relative)
    temporary = _temporary_name(token)
    target = root / relative
    with (
        _spooled(spool_file, sha256) as result,
        blocked(target),
        target_folder(root, folders, access, mounted=mounted) as folder,
    ):
        disk.unlink(folder, temporary)
        earlier = _look_at_earlier(folder, name, set(replaces) - {sha256})
        if earlier is None and _is_there(folder, name, result, target):
            return Published.ALREADY
        with _removed_on_failure(folder, temporary):
            _copy(result, folder, temporary, access)
            try:
                _put_in_place(folder, temporary, name, earlier)
            except FileExistsError:
                # Just now, by another program; or by us, and NFS lost the first answer.
                disk.unlink(folder, temporary)
                if not _is_there(folder, name, result, target):
                    raise
                return Published.ALREADY
        disk.sync(folder)
    return Published.NEW


def sweep(root: Path, relative: str, tokens: Collection[str]) -> None:
    """Remove the temporaries that others left who wrote the same result before; blocks.

    Raises RootMissing and OutputBlocked.
    """
    *folders, _name = parts_of(relative)
    with blocked(root / relative), target_folder(root, folders) as folder:
        for each in tokens:
            disk.unlink(folder, _temporary_name(each))


def remove(root: Path, relative: str, sha256: str) -> bool:
    """Remove a file of ours, if it still holds what was written; returns whether it was there.

    Raises RootMissing and OutputBlocked.
    """
    *folders, name = parts_of(relative)
    with opened_output(root, relative) as file:
        if file is None:
            return False
    with blocked(root / relative), target_folder(root, folders) as folder:
        if _hash(folder, name) != sha256:
            return False
        disk.unlink(folder, name)
        disk.sync(folder)
    return True


@dataclass(frozen=True)
class _Result:
    """The opened spool file, and the SHA-256 in hex that it was stored with."""

    file: int
    path: Path
    sha256: str

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return os.fstat(self.file).st_size

    def read_all(self) -> Iterator[bytes]:
        """Yield its content piece by piece; raises SpoolLost at the end if it is damaged."""
        seen = hashlib.sha256()
        # Trouble with the spool must not look like trouble with the share.
        with blocked(self.path):
            os.lseek(self.file, 0, os.SEEK_SET)
        while chunk := self._read():
            seen.update(chunk)
            yield chunk
        if seen.hexdigest() != self.sha256:
            raise SpoolLost(self.path)

    def _read(self) -> bytes:
        """Read the next piece."""
        with blocked(self.path):
            return os.read(self.file, CHUNK_BYTES)


@contextlib.contextmanager
def _spooled(spool_file: Path, sha256: str) -> Iterator[_Result]:
    """Open the spooled result; raises SpoolLost where it is missing."""
    with contextlib.ExitStack() as stack:
        with blocked(spool_file):
            try:
                file = stack.enter_context(disk.opened(spool_file, FILE))
            except FileNotFoundError as error:
                raise SpoolLost(spool_file) from error
        yield _Result(file, spool_file, sha256)


def _look_at_earlier(folder: int, name: str, replaces: Collection[str]) -> Sighting | None:
    """Return what stands at a name if its content is one of those that may be replaced."""
    if not replaces:
        return None
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode) or _hash(folder, name) not in replaces:
        return None
    return Sighting.of(status)


def _is_there(folder: int, name: str, result: _Result, target: Path) -> bool:
    """Whether the result stands at its name already, made durable if so.

    Raises NameTaken for anything else that stands there.
    """
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    if not _is_same(folder, name, status, result):
        # Only a whole result may judge: a damaged one differs from its own publication.
        for _ in result.read_all():
            pass
        raise NameTaken(target)
    disk.sync(folder)
    return True


def _is_same(folder: int, name: str, status: os.stat_result, result: _Result) -> bool:
    """Whether a name holds the result's very content, made durable if so."""
    if not stat.S_ISREG(status.st_mode) or status.st_size != result.size:
        return False
    with disk.opened(name, FILE, folder) as file:
        with os.fdopen(file, "rb", closefd=False) as stream:
            same = hashlib.file_digest(stream, "sha256").hexdigest() == result.sha256
        if same:
            # The crash that left it here may have come before this was done.
            disk.sync(file)
    return same


def _hash(folder: int, name: str) -> str:
    with disk.opened(name, FILE, folder) as file, os.fdopen(file, "rb", closefd=False) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _copy(result: _Result, folder: int, temporary: str, access: Access) -> None:
    """Copy the result to the temporary and make its content durable.

    Raises SpoolLost where what was copied does not have the hash.
    """
    file = disk.create(folder, temporary, 0o666)
    # Closing is part of writing: NFS and SMB report a full disk only then.
    with os.fdopen(file, "wb", buffering=0):
        for chunk in result.read_all():
            disk.write_all(file, chunk)
        access.give_to_file(file)
        os.fsync(file)


def _put_in_place(folder: int, temporary: str, name: str, earlier: Sighting | None) -> None:
    """Rename the temporary, over an earlier output only if that is still as it was seen."""
    if earlier is not None:
        with contextlib.suppress(FileNotFoundError):
            if Sighting.of(os.stat(name, dir_fd=folder, follow_symlinks=False)) == earlier:
                return os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    return disk.rename_without_replacing(folder, temporary, name)


@contextlib.contextmanager
def _removed_on_failure(folder: int, temporary: str) -> Iterator[None]:
    """Remove the temporary if anything leaves the block, and let the first error stand."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            disk.unlink(folder, temporary)
        raise


def _temporary_name(token: str) -> str:
    """Name the hidden temporary; raises ValueError for a token that is no plain word."""
    if not _TOKEN.fullmatch(token):
        raise ValueError(f"not a token: {token!a}")
    return f".hotfolder-{token}.part"
