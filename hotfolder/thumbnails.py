"""What the page shows of files: small pictures of sources and results, and results as they are.

What was not made small while it was edited is so when somebody asks. That is spare work for the
workshop: one at a time, and no picture that is edited waits for it. Sources are shown by no other
way. A share that hangs keeps none of the others dark.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from hotfolder.domain.errors import OutputError
from hotfolder.domain.jobs import Job, Result
from hotfolder.kinds.formats import PictureError, sniff
from hotfolder.kinds.kind import Kind, format_of, kind_named, kind_of
from hotfolder.kinds.workshop.errors import WorkerFailed
from hotfolder.kinds.workshop.small_pictures import SmallPictures
from hotfolder.kinds.workshop.workshop import Workshop
from hotfolder.outputs.target import opened_output
from hotfolder.page.behind import NoPicture, NotShown
from hotfolder.threads import DaemonThreads
from hotfolder.tree import files
from hotfolder.tree.threads import ShareThreads

T = TypeVar("T")

READ_TIMEOUT_S: Final = 10.0
# A share that did not answer is not asked for each of its pictures.
SILENCE_S: Final = 20.0
SILENT: Final = "Its folder does not answer now."
SOON_S: Final = 2.0
HEAD_BYTES: Final = 64
_MOST_FAILURES: Final = 2000
_OTHER: Final = "application/octet-stream"


class Thumbnails:
    """Shows pictures; `spool` is where results wait to be published."""

    def __init__(
        self, workshop: Workshop, threads: ShareThreads, small: SmallPictures, spool: Path
    ) -> None:
        self._workshop = workshop
        self._threads = threads
        self._small = small
        self._spool = spool
        self._own = DaemonThreads(2, "thumbnails")
        self._reading: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._silent_until_s: dict[str, float] = {}
        self._failures: dict[str, str] = {}

    async def before(self, job: Job, side: int) -> bytes:
        """Return a small JPEG of a job's source. Raises NotShown."""
        _require_picture(job.original.name)
        copy = partial(_copy_source, job, self._small.folder)
        return await self._shown(job.original.content_hash, job.watch, copy, side)

    async def after(self, job: Job, position: int, side: int) -> bytes:
        """Return a small JPEG of a result. Raises NotShown."""
        result, sha256 = _result(job, position)
        _require_picture(f"result.{result.extension}")
        copy = partial(_copy_result, job, result, self._spool, self._small.folder)
        return await self._shown(sha256, job.watch, copy, side)

    async def opened(self, job: Job, position: int) -> tuple[int, str]:
        """Return a result's descriptor, which the caller closes, and its type. Raises NotShown."""
        result, _ = _result(job, position)
        look = partial(_open_result, job, result, self._spool)
        with _reasons():
            return await self._threads.run(f"{job.watch}:page", look, timeout_s=READ_TIMEOUT_S)

    async def _shown(self, key: str, watch: str, copy: Callable[[], BinaryIO], side: int) -> bytes:
        await self._until_made(key)
        read = partial(self._apart, self._small.read, key, side)
        kept = await read()
        if kept is not None:
            return kept
        async with self._reading[watch]:
            kept = await read()
            if kept is not None:
                return kept
            self._require_hope(key, watch)
            try:
                with _reasons(), await self._copied(watch, copy) as source:
                    made = await self._made(source, side)
            except NotShown as error:
                self._remember(key, error)
                raise
            await self._apart(self._small.keep, key, side, made)
            return made

    async def _until_made(self, key: str) -> None:
        """Wait for whoever edits a picture just now, but no longer than a browser should."""
        try:
            async with asyncio.timeout(SOON_S):
                await self._small.until_made(key)
        except TimeoutError as error:
            raise NotShown("It is being worked on: look again in a moment.") from error

    async def _apart(self, call: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._own, call, *args)

    def _require_hope(self, key: str, watch: str) -> None:
        """Raise NotShown for what cannot be opened, and where nothing answered just now."""
        if key in self._failures:
            raise NotShown(self._failures[key])
        if asyncio.get_running_loop().time() < self._silent_until_s.get(watch, 0.0):
            raise NotShown(SILENT)

    async def _copied(self, watch: str, copy: Callable[[], BinaryIO]) -> BinaryIO:
        try:
            return await self._threads.run(f"{watch}:page", copy, timeout_s=READ_TIMEOUT_S)
        except TimeoutError:
            self._silent_until_s[watch] = asyncio.get_running_loop().time() + SILENCE_S
            raise

    async def _made(self, source: BinaryIO, side: int) -> bytes:
        with tempfile.TemporaryFile(dir=self._small.folder) as target:
            await self._workshop.work_on(
                "thumbnail",
                [source.fileno(), target.fileno()],
                {"side": side},
                most_pixels=side * side,
                spare=True,
            )
            target.seek(0)
            return target.read()

    def _remember(self, key: str, error: NotShown) -> None:
        if isinstance(error.__cause__, PictureError):
            while len(self._failures) >= _MOST_FAILURES:
                del self._failures[next(iter(self._failures))]
            self._failures[key] = str(error)


@contextmanager
def _reasons() -> Iterator[None]:
    """Turn what may go wrong on the way to a picture into what a person is told."""
    try:
        yield
    except (PictureError, WorkerFailed) as error:
        raise NotShown(f"It cannot be shown: {error}.") from error
    except files.SourceError as error:
        raise NotShown("The file is no longer where it was.") from error
    except (OutputError, OSError, RuntimeError) as error:  # the last where the daemon is ending
        raise NotShown(SILENT) from error


def _result(job: Job, position: int) -> tuple[Result, str]:
    """Return a result and the SHA-256 of its content."""
    found = next((each for each in job.results if each.position == position), None)
    if found is None or found.sha256 is None:
        raise NotShown("There is no such result.")
    return found, found.sha256


def _require_picture(name: str) -> None:
    """Raise NoPicture for a file whose name tells another kind."""
    ending = name.rpartition(".")[2].lower()
    kind = kind_named(name) or kind_of(ending)
    if kind not in (None, Kind.PICTURE):
        raise NoPicture(ending)


def _copy_source(job: Job, folder: Path) -> BinaryIO:
    with ExitStack() as unless_whole:
        copied = unless_whole.enter_context(_unnamed(folder))
        root = Path(job.input_root)
        sha256, _ = files.copy(root, job.source, copied.write, limit=files.LARGEST_BYTES)
        _require(sha256 == job.original.content_hash, job.source)
        copied.flush()
        unless_whole.pop_all()
    return copied


def _require(is_same: bool, what: str) -> None:  # noqa: FBT001  a comparison
    if not is_same:
        raise files.SourceChanged(what)


def _copy_result(job: Job, result: Result, spool: Path, folder: Path) -> BinaryIO:
    opened, _ = _open_result(job, result, spool)
    copied = _unnamed(folder)
    with os.fdopen(opened, "rb") as stream:
        while chunk := stream.read(1 << 20):
            copied.write(chunk)
    copied.flush()
    return copied


def _open_result(job: Job, result: Result, spool: Path) -> tuple[int, str]:
    """Open a result where it was published, or else in the spool; its bytes must be what it is."""
    opened = None
    if result.published_at is not None and result.output_name is not None:
        with opened_output(Path(job.output_root), result.output_name) as found:
            opened = None if found is None else os.dup(found)
    elif result.spool_file:
        opened = os.open(spool / Path(result.spool_file).name, os.O_RDONLY | os.O_CLOEXEC)
    if opened is None:
        raise files.SourceGone("result")
    media_type = _media_type(os.pread(opened, HEAD_BYTES, 0), result.extension or "")
    if media_type is None:
        os.close(opened)
        raise files.SourceChanged("result")
    return opened, media_type


def _media_type(head: bytes, extension: str) -> str | None:
    """Return what a file may be served as; None = it is not what its name says any more."""
    kind = sniff(head)
    if kind is not None:
        return kind.media_type
    named = format_of(extension)
    if named is not None and named.kind is Kind.PICTURE:
        return None
    return named.media_type if named is not None and named.shown else _OTHER


def _unnamed(folder: Path) -> BinaryIO:
    folder.mkdir(mode=0o700, exist_ok=True)
    return tempfile.TemporaryFile(dir=folder)
