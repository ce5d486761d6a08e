"""Signs results, as the very last that is done to them.

A worker builds the manifest, which takes reading strangers'. It has no key: for each result it may
ask once, through a channel of its own, for a signature over a digest.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from hotfolder import __version__
from hotfolder.credential import Credential, CredentialProblem
from hotfolder.domain import events as ev
from hotfolder.domain import failures, names
from hotfolder.domain.failpoints import Failpoint, no_failpoint
from hotfolder.domain.jobs import Job, Submit
from hotfolder.journal import holds
from hotfolder.kinds.formats import PictureError, PictureType
from hotfolder.kinds.workshop.workshop import (
    DiskRefused,
    MemoryLack,
    WorkerDied,
    WorkerFailed,
    WorkerSlow,
    Workshop,
    patience,
)
from hotfolder.outputs.spool import Spool
from hotfolder.pipeline.desk import Desk
from hotfolder.pipeline.ingredients import (
    BYTES_IN_A_SECOND,
    DEADLINE_S,
    SPARE_BYTES,
    TIMES,
    Ingredients,
)
from hotfolder.pipeline.step import Outcome, Step

TRIES: Final = 3
LONGEST_DIGEST: Final = 64


class NotSigned(WorkerFailed):
    """A result could not be signed, and waits for that; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A result that is to be signed: finished, as it came, and where the signed one goes."""

    finished: BinaryIO
    kind: PictureType
    raw: BinaryIO
    raw_kind: PictureType
    signed: BinaryIO


class Signing:
    """Signs results in a workshop, by the `credential` in force, None = they are not signed.

    `credential` blocks, and raises CredentialProblem. `failpoint` is passed `sign.after`.
    """

    def __init__(
        self,
        workshop: Workshop,
        spool: Spool,
        *,
        ingredients: Ingredients,
        credential: Callable[[], Credential | None],
        is_wanted: Callable[[], bool],
        failpoint: Failpoint = no_failpoint,
    ) -> None:
        self._failpoint = failpoint
        self._workshop = workshop
        self._spool = spool
        self._ingredients = ingredients
        self._credential = credential
        self.is_wanted = is_wanted

    async def sign(self, job: Job, submit: Submit, result: Result) -> None:
        """Sign a result. Raises NotSigned for good, WorkerFailed for now."""
        try:
            credential = await asyncio.to_thread(self._credential)
        except CredentialProblem as error:
            raise NotSigned(str(error)) from error
        if credential is None:
            raise NotSigned("the config names no certificate any more")
        await self._ingredients.keep(job)
        try:
            await self._sign(job, submit, result, credential)
        except DiskRefused:
            raise
        except (WorkerFailed, PictureError) as error:
            if may_pass(job, error):
                raise
            raise NotSigned(str(error)) from error
        self._failpoint("sign.after")

    async def _sign(self, job: Job, submit: Submit, result: Result, credential: Credential) -> None:
        opened = [result.finished, result.signed, result.raw]
        size = sum(os.fstat(each.fileno()).st_size for each in opened)
        deadline_s = DEADLINE_S + size / BYTES_IN_A_SECOND
        with contextlib.ExitStack() as stack:
            theirs = stack.enter_context(_answering(credential, deadline_s))
            files = [*(each.fileno() for each in opened), theirs]
            kept = self._spool.path(names.ingredient_file(job.id))
            with contextlib.suppress(FileNotFoundError):
                files.append(stack.enter_context(kept.open("rb", buffering=0)).fileno())
            await self._workshop.work(
                "sign",
                files,
                _order(job, submit, result, credential),
                memory_bytes=SPARE_BYTES + TIMES * size,
                deadline_s=deadline_s,
            )


def may_pass(job: Job, error: Exception) -> bool:
    """Return whether an error says more of the machine than of a job's picture, for a while."""
    unclear = isinstance(error, WorkerDied | WorkerSlow | MemoryLack)
    return unclear and job.attempt + 1 < patience(error, TRIES)


def noted(job: Job, submit: Submit) -> dict[str, str | None]:
    """Return what is noted of an edit in its results; the same however often it is finished."""
    return {
        "model": job.plan.model,
        "task_id": submit.task_id or "",
        "at": submit.intent_at.isoformat(timespec="seconds"),
        "prompt": job.plan.prompt if job.plan.finish.prompt else None,
    }


def certified(then: Step, credential: Callable[[], object], desk: Desk) -> Step:
    """Return the step that takes the step `then` only where its results could be signed.

    `credential` blocks, and raises CredentialProblem where they could not: nothing is paid then.
    """

    async def certified_step(job: Job) -> Outcome:
        try:
            await asyncio.to_thread(credential)
        except CredentialProblem as error:
            failure = failures.cannot_sign(str(error))
            later = ev.Postponed(until=desk.later.clock(), reason=str(error), failure=failure)
            return Outcome(later, hold=(holds.watch_scope(job.watch), failure))
        return await then(job)

    return certified_step


@contextlib.contextmanager
def _answering(credential: Credential, deadline_s: float) -> Iterator[int]:
    """Sign one digest that comes through a channel, and no second; yields its other end."""
    ours, theirs = socket.socketpair()
    ours.settimeout(deadline_s)

    def answer() -> None:
        with contextlib.suppress(OSError, ValueError):
            ours.sendall(credential.sign(ours.recv(LONGEST_DIGEST)))

    with ours, theirs:
        asyncio.get_running_loop().run_in_executor(None, answer)
        try:
            yield theirs.fileno()
        finally:
            with contextlib.suppress(OSError):
                ours.shutdown(socket.SHUT_RDWR)


def _order(job: Job, submit: Submit, result: Result, credential: Credential) -> dict[str, Any]:
    return {
        **noted(job, submit),
        "title": f"{Path(job.source).stem}.{result.kind.extension}",
        "format": result.kind.media_type,
        "raw_format": result.raw_kind.media_type,
        "service": submit.site,
        "version": __version__,
        "algorithm": credential.algorithm,
        "chain": credential.chain,
    }
