"""Small pictures for whoever looks on: made in the confined workers, kept within a bound.

They are known by what they show, so the same picture is made small once. That is spare work for
the workshop: one at a time, and no picture that is edited waits for it. Sources are shown by no
other way. A share that hangs keeps none of the others dark.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from hotfolder.domain.errors import OutputError
from hotfolder.domain.jobs import Job, Result
from hotfolder.kinds.formats import EXTENSIONS, PictureError, PictureType, sniff
from hotfolder.kinds.workshop.workshop import WorkerFailed, Workshop
from hotfolder.outputs.target import opened_output
from hotfolder.page.behind import NotShown
from hotfolder.threads import DaemonThreads
from hotfolder.tree import files
from hotfolder.tree.threads import ShareThreads

FOLDER_NAME: Final = "thumbnails"
MOST_BYTES: Final = 300 * 1000 * 1000
KEPT_AFTER_SWEEP: Final = 0.8
READ_TIMEOUT_S: Final = 10.0
# A share that did not answer is not asked for each of its pictures.
SILENCE_S: Final = 20.0
SILENT: Final = "Its folder does not answer now."
HEAD_BYTES: Final = 64
_MOST_FAILURES: Final = 2000
_TYPES: Final = {
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "ogg": "audio/ogg",
    "m4a": "audio/mp4",
    "flac": "audio/flac",
    "txt": "text/plain; charset=utf-8",
}


class Thumbnails:
    """Shows pictures; `folder` is on the local disk, `spool` where results wait to be published."""

    def __init__(
        self, workshop: Workshop, threads: ShareThreads, folder: Path, spool: Path
    ) -> None:
        self._workshop = workshop
        self._threads = threads
        self._folder = folder
        self._spool = spool
        self._own = DaemonThreads(2, "thumbnails")
        self._reading: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._silent_until_s: dict[str, float] = {}
        self._failures: dict[str, str] = {}
        self._kept_bytes: int | None = None

    async def before(self, job: Job, side: int) -> bytes:
        """Return a small JPEG of a job's source. Raises NotShown."""
        copy = partial(_copy_source, job, self._folder)
        return await self._shown(f"{job.original.content_hash}-{side}", job.watch, copy, side)

    async def after(self, job: Job, position: int, side: int) -> bytes:
        """Return a small JPEG of a result. Raises NotShown."""
        result = _result(job, position)
        copy = partial(_copy_result, job, result, self._spool, self._folder)
        return await self._shown(f"{result.sha256}-{side}", job.watch, copy, side)

    async def opened(self, job: Job, position: int) -> tuple[int, str]:
        """Return a result's descriptor, which the caller closes, and its type. Raises NotShown."""
        result = _result(job, position)
        look = partial(_open_result, job, result, self._spool)
        with _reasons():
            return await self._threads.run(f"{job.watch}:page", look, timeout_s=READ_TIMEOUT_S)

    async def _shown(self, key: str, watch: str, copy: Callable[[], BinaryIO], side: int) -> bytes:
        loop, path = asyncio.get_running_loop(), self._folder / f"{key}.jpg"
        kept = await loop.run_in_executor(self._own, _read, path)
        if kept is not None:
            return kept
        async with self._reading[watch]:
            kept = await loop.run_in_executor(self._own, _read, path)
            if kept is not None:
                return kept
            self._require_hope(key, watch)
            try:
                with _reasons(), await self._copied(watch, copy) as source:
                    made = await self._made(source, side)
            except NotShown as error:
                self._remember(key, error)
                raise
            await loop.run_in_executor(self._own, self._keep, path, made)
            return made

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
        with tempfile.TemporaryFile(dir=self._folder) as target:
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

    def _keep(self, path: Path, content: bytes) -> None:
        """Keep a picture, and drop those that nobody looked at for longest; a full disk is fine."""
        with suppress(OSError):
            if self._kept_bytes is None:
                self._kept_bytes = sum(each.stat().st_size for each in _pictures(self._folder))
            temporary = path.with_suffix(".part")
            temporary.write_bytes(content)
            temporary.replace(path)
            self._kept_bytes += len(content)
            if self._kept_bytes > MOST_BYTES:
                self._kept_bytes = _swept(self._folder, int(MOST_BYTES * KEPT_AFTER_SWEEP))


@contextmanager
def _reasons() -> Iterator[None]:
    """Turn what may go wrong on the way to a picture into what a person is told."""
    try:
        yield
    except (PictureError, WorkerFailed) as error:
        raise NotShown(f"It cannot be shown: {error}.") from error
    except files.SourceError as error:
        raise NotShown("The picture is no longer where it was.") from error
    except (OutputError, OSError, RuntimeError) as error:  # the last where the daemon is ending
        raise NotShown(SILENT) from error


def _result(job: Job, position: int) -> Result:
    found = next((each for each in job.results if each.position == position), None)
    if found is None or found.sha256 is None:
        raise NotShown("There is no such result.")
    return found


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
    is_picture = any(extension in EXTENSIONS[each] for each in PictureType)
    if kind is not None:
        return kind.media_type
    return None if is_picture else _TYPES.get(extension, "application/octet-stream")


def _unnamed(folder: Path) -> BinaryIO:
    folder.mkdir(mode=0o700, exist_ok=True)
    return tempfile.TemporaryFile(dir=folder)


def _read(path: Path) -> bytes | None:
    """Return a kept picture, and note that it was looked at."""
    with suppress(OSError):
        content = path.read_bytes()
        os.utime(path)
        return content
    return None


def _pictures(folder: Path) -> list[Path]:
    return [each for each in folder.iterdir() if each.suffix == ".jpg"]


def _swept(folder: Path, most_bytes: int) -> int:
    """Drop the pictures that were looked at longest ago, and return what is left in bytes."""
    found = sorted(
        (each.stat().st_mtime_ns, each.stat().st_size, each) for each in _pictures(folder)
    )
    left = sum(size for _, size, _ in found)
    for _, size, path in found:
        if left <= most_bytes:
            break
        path.unlink(missing_ok=True)
        left -= size
    return left
