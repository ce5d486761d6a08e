"""Part of FINISHED: results proved whole, and given back what they lost.

Whatever is wrong with a picture, a paid result is delivered: then as the service made it, and that
is said. A full disk and what else is the machine's trouble is waited for. Beside each finished
result its raw form is kept until it is published.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, BinaryIO, Final

import structlog

from hotfolder.domain import events as ev
from hotfolder.domain import names
from hotfolder.domain.jobs import Job, Submit
from hotfolder.kinds.formats import PictureError, PictureType, sniff
from hotfolder.kinds.kind import Kind, NotProven, Proven
from hotfolder.kinds.workshop import results
from hotfolder.kinds.workshop.errors import DiskRefused, WorkerFailed, patience
from hotfolder.kinds.workshop.needs import HEAD_BYTES
from hotfolder.kinds.workshop.small_pictures import SmallPictures
from hotfolder.kinds.workshop.workshop import Workshop
from hotfolder.outputs.errors import OutputBlocked, OutputError, blocked
from hotfolder.outputs.spool import Part, Spool
from hotfolder.pipeline import signing
from hotfolder.pipeline.signing import NotSigned, Signing

UNPROVED_TRIES: Final = 6
ANYTHING: Final = {"said": False, "text": False}
_SIZE: Final = re.compile(rb'"width": (\d{1,7}), "height": (\d{1,7})}$')
_SIZE_BYTES: Final = 64

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.pipeline")


@dataclass(frozen=True, slots=True)
class _Opened:
    """Open files: a result as it came, finished, and what goes beside it."""

    raw: BinaryIO
    target: BinaryIO
    beside: BinaryIO


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A result that is finished: whose, which, its name in the spool, and how it came."""

    job: Job
    submit: Submit
    position: int
    name: str
    raw_kind: PictureType


class Finishing:
    """Proves, finishes and signs results in a workshop, between files of the spool.

    What it makes small of a picture that it proves is known by the name in the spool until the
    result is finished, and then by its content, if it still looks the same.

    `holds` says whether a result that cannot be signed waits instead of being published, `writer`
    who writes the prompts, "" = nobody is named.
    """

    def __init__(
        self,
        workshop: Workshop,
        spool: Spool,
        small: SmallPictures,
        *,
        signing: Signing,
        holds: Callable[[], bool],
        writer: Callable[[], str],
    ) -> None:
        self._writer = writer
        self._workshop = workshop
        self._spool = spool
        self._small = small
        self._signing = signing
        self._holds = holds

    @property
    def signs(self) -> bool:
        """Whether results are signed."""
        return self._signing.is_wanted()

    async def prove(self, job: Job, name: str, file: BinaryIO, order: Mapping[str, Any]) -> Proven:
        """Return what a result of a name in the spool proves to be, a picture to its last pixel.

        A worker that cannot tell raises WorkerFailed, for a while: then the first bytes decide,
        since the result is paid and its link does not live for long. Raises NotProven.
        """
        try:
            async with self._small.making(name, attempt=job.attempt) as small:
                return await results.prove(self._workshop, file.fileno(), order, small)
        except WorkerFailed as error:
            if job.attempt + 1 < patience(error, UNPROVED_TRIES):
                raise
            if order["said"]:
                return Proven(Kind.TEXT, "txt")
            kind = sniff(os.pread(file.fileno(), HEAD_BYTES, 0))
            if kind is None:
                raise NotProven(f"it cannot be looked at: {error}") from error
            log.warning("result.unproved", **job.log_context(), error=str(error))
            return Proven(Kind.PICTURE, kind.extension)

    async def at_once(
        self, job: Job, position: int, name: str, submit: Submit, part: Part
    ) -> ev.SpooledResult | None:
        """Prove and finish a download by one worker, and keep it under a name; its raw form, too.

        None where that has to go step by step: for what is no picture or too large for one, what
        is signed, and whatever a worker failed at. Raises NotProven, and OutputError once it is
        kept as it came, or cannot be.
        """
        with contextlib.ExitStack() as stack:
            raw = stack.enter_context(part.reopened())
            kind = sniff(os.pread(raw.fileno(), HEAD_BYTES, 0))
            is_large = part.size > results.LARGEST_PICTURE_BYTES
            if kind is None or is_large or self._signing.is_wanted():
                return None
            made = _Made(position=position, name=name, job=job, submit=submit, raw_kind=kind)
            try:
                opened = stack.enter_context(self._with(raw))
                async with self._small.making(names.raw_file(name), attempt=job.attempt) as small:
                    answer = await self._finish(made, opened, signed=False, proves=small)
            except (PictureError, WorkerFailed, OutputError):
                return None
            return await asyncio.to_thread(self._both_kept, made, opened, answer, part)

    def _both_kept(
        self, made: _Made, opened: _Opened, answer: Mapping[str, Any], part: Part
    ) -> ev.SpooledResult:
        part.commit(is_last=False)
        return self._taken(made, opened, answer, answer["notes"])

    async def finished(
        self, job: Job, position: int, name: str, submit: Submit, proven: Proven | None
    ) -> ev.SpooledResult:
        """Finish the raw result of a name in the spool, and keep it under that name.

        What is no picture is kept as it is, but for a signature. `proven` is what it has just
        proved to be, None where that is not known any more. Raises OutputError, NotProven,
        WorkerFailed where it could not be found out what the raw result is.
        """
        with contextlib.ExitStack() as stack:
            raw = stack.enter_context(self._opened(names.raw_file(name)))
            opened = stack.enter_context(self._with(raw))
            proven = proven or await self.prove(job, names.raw_file(name), raw, ANYTHING)
            if proven.kind is not Kind.PICTURE:
                return await self._unfinished(job, submit, (position, name, proven), opened)
            kind = PictureType(proven.ending)
            made = _Made(position=position, name=name, job=job, submit=submit, raw_kind=kind)
            try:
                return await self._made(made, opened)
            except DiskRefused as error:
                raise OutputBlocked(error.errno, self._spool.folder) from error

    async def _unfinished(
        self, job: Job, submit: Submit, came: tuple[int, str, Proven], opened: _Opened
    ) -> ev.SpooledResult:
        """Keep a result that is no picture as it came, signed where that is wanted."""
        position, name, proven = came
        keep = partial(self._as_it_came, position, name)
        if proven.kind is Kind.TEXT or not self._signing.is_wanted():
            return await asyncio.to_thread(keep, opened.raw, proven.ending)
        with self._spool.unnamed() as signed:
            try:
                await self._sign(job, submit, opened, signed, proven.ending)
            except NotSigned as error:
                if self._holds():
                    raise
                kept = await asyncio.to_thread(keep, opened.raw, proven.ending)
                log.warning("result.unsigned", **job.log_context(), error=str(error))
                return replace(kept, finished=f"not signed ({error})")
            kept = replace(await asyncio.to_thread(keep, signed, proven.ending), finished="signed")
        kept = await asyncio.to_thread(_with_raw, kept, opened.raw, proven.ending)
        return replace(kept, sealed=True, signed=True)

    async def _sign(
        self,
        job: Job,
        submit: Submit,
        opened: _Opened,
        signed: BinaryIO,
        ending: str,
        raw_ending: str = "",
    ) -> None:
        """Sign a finished result, or with no other ending the raw one. Raises as `sign` does."""
        result = signing.Result(
            finished=opened.target if raw_ending else opened.raw,
            ending=ending,
            raw=opened.raw,
            raw_ending=raw_ending or ending,
            signed=signed,
        )
        await self._signing.sign(job, submit, result)

    async def _made(self, made: _Made, opened: _Opened) -> ev.SpooledResult:
        """Finish a result, signed where that is wanted."""
        told: list[str] = []
        if self._signing.is_wanted():
            try:
                return await self._signed(made, opened)
            except NotSigned as error:
                if self._holds():
                    raise
                log.warning("result.unsigned", **made.job.log_context(), error=str(error))
                told = [f"not signed ({error})"]
        try:
            answer = await self._finish(made, opened, signed=False)
        except DiskRefused:
            raise
        except (PictureError, WorkerFailed) as error:
            self._raise_again(made.job, error)
            told.append(f"not finished ({error}): it is as the service made it")
            return await asyncio.to_thread(self._kept, made, opened.raw, made.raw_kind, told)
        told += answer["notes"]
        return await asyncio.to_thread(self._taken, made, opened, answer, told)

    async def _signed(self, made: _Made, opened: _Opened) -> ev.SpooledResult:
        """Finish a result and sign it. Raises NotSigned, WorkerFailed."""
        try:
            answer = await self._finish(made, opened, signed=True)
            kind = PictureType(answer["type"])
        except DiskRefused:
            raise
        except (PictureError, WorkerFailed) as error:
            self._raise_again(made.job, error)
            raise NotSigned(str(error)) from error
        raw_ending = made.raw_kind.extension
        told = [*answer["notes"], "signed"]
        with self._spool.unnamed() as signed:
            await self._sign(made.job, made.submit, opened, signed, kind.extension, raw_ending)
            await asyncio.to_thread(self._forget_unlike, made, answer)
            spooled = await asyncio.to_thread(self._kept, made, signed, kind, told)
        spooled = await asyncio.to_thread(self._with_companion, spooled, opened.beside)
        spooled = await asyncio.to_thread(_with_raw, spooled, opened.raw, raw_ending)
        return replace(spooled, sealed=True, signed=True)

    def _raise_again(self, job: Job, error: PictureError | WorkerFailed) -> None:
        """Raise what says more of the machine than of the picture, for a while."""
        if signing.may_pass(job, error):
            raise error
        log.warning("result.unfinished", **job.log_context(), error=str(error))

    async def _finish(
        self, made: _Made, opened: _Opened, *, signed: bool, proves: Sequence[int] | None = None
    ) -> dict[str, Any]:
        """Finish a result; proved first, and made small on the way, with files to `proves` it in.

        Raises PictureError, WorkerFailed, and where it is proved NotProven.
        """
        job = made.job
        preparation = job.original.preparation
        order = {
            "finish": asdict(job.plan.finish),
            "note": {**signing.noted(job, made.submit), "writer": self._writer() or None},
            "converted": preparation is not None and preparation.convert,
            "signed": signed,
        }
        for each in (opened.target, opened.beside):
            each.truncate(0)
            each.seek(0)
        with contextlib.ExitStack() as stack:
            files = [each.fileno() for each in (opened.raw, opened.target, opened.beside)]
            pixels = 0
            has_source = self._spool.exists(names.keepsake_file(job.root))
            if has_source:
                kept = stack.enter_context(self._opened(names.keepsake_file(job.root)))
                files.append(kept.fileno())
                pixels = _pixels(kept) if job.plan.finish.size == "source" else 0
            task = "finish"
            if proves is not None:
                task, order = "prove_and_finish", order | {"has_source": has_source}
                files += proves
            return await self._workshop.work_on(task, files, order, least_pixels=pixels)

    def _taken(
        self, made: _Made, opened: _Opened, answer: Mapping[str, Any], told: Sequence[str]
    ) -> ev.SpooledResult:
        """Keep what a worker finished, and what was made small of it only if that looks like it."""
        self._forget_unlike(made, answer)
        kept = self._kept(made, opened.target, PictureType(answer["type"]), told)
        kept = self._with_companion(kept, opened.beside)
        wanted = made.job.plan.finish
        if not (wanted.keep_raw or wanted.is_labelled or made.job.plan.then):
            return kept
        kept = _with_raw(kept, opened.raw, made.raw_kind.extension)
        return replace(kept, sealed=wanted.is_labelled)

    def _forget_unlike(self, made: _Made, answer: Mapping[str, Any]) -> None:
        if not answer["looks_the_same"]:
            self._small.forget(names.raw_file(made.name))

    def _kept(
        self, made: _Made, file: BinaryIO, kind: PictureType, told: Sequence[str]
    ) -> ev.SpooledResult:
        kept = self._as_it_came(made.position, made.name, file, kind.extension)
        return replace(kept, finished=", ".join(told))

    def _as_it_came(
        self, position: int, name: str, file: BinaryIO, ending: str
    ) -> ev.SpooledResult:
        spooled = self._spool.copy(name, file)
        self._small.rename(names.raw_file(name), spooled.sha256)
        return ev.SpooledResult(
            position=position,
            file=name,
            size=spooled.size,
            sha256=spooled.sha256,
            extension=ending,
        )

    def _with_companion(self, result: ev.SpooledResult, beside: BinaryIO) -> ev.SpooledResult:
        """Keep what goes beside a result, where there is something."""
        if not os.fstat(beside.fileno()).st_size:
            return result
        spooled = self._spool.copy(names.companion_file(result.file), beside)
        return replace(result, companion=spooled.sha256)

    @contextlib.contextmanager
    def _with(self, raw: BinaryIO) -> Iterator[_Opened]:
        """Open what a raw result is finished into."""
        with self._spool.unnamed() as target, self._spool.unnamed() as beside:
            yield _Opened(raw, target, beside)

    @contextlib.contextmanager
    def _opened(self, name: str) -> Iterator[BinaryIO]:
        path = self._spool.path(name)
        with blocked(path):
            file = path.open("rb", buffering=0)
        with file:
            yield file


def _with_raw(result: ev.SpooledResult, raw: BinaryIO, ending: str) -> ev.SpooledResult:
    """Note the result as the service made it, where that is another one."""
    with open(os.dup(raw.fileno()), "rb") as file:  # noqa: PTH123  an open file of this process
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256 == result.sha256:
        return result
    return replace(result, raw=sha256, raw_extension=ending)


def _pixels(kept: BinaryIO) -> int:
    """Return the size of a source, which stands last in what is kept of it; 0 where it does not.

    All else there is a stranger's, and parsed in workers only.
    """
    end_bytes = os.fstat(kept.fileno()).st_size
    end = os.pread(kept.fileno(), _SIZE_BYTES, max(0, end_bytes - _SIZE_BYTES))
    found = _SIZE.search(end)
    return int(found[1]) * int(found[2]) if found else 0
