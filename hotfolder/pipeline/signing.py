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
from hotfolder.credential import LONGEST_MESSAGE, Credential, CredentialProblem
from hotfolder.domain import events as ev
from hotfolder.domain import failures, names
from hotfolder.domain.failpoints import Failpoint, no_failpoint
from hotfolder.domain.jobs import Job, Submit
from hotfolder.domain.materials import own
from hotfolder.journal import holds
from hotfolder.kinds import provenance
from hotfolder.kinds.formats import PictureError
from hotfolder.kinds.workshop.errors import (
    DiskRefused,
    MemoryLack,
    WorkerDied,
    WorkerFailed,
    WorkerSlow,
    patience,
)
from hotfolder.kinds.workshop.workshop import Workshop
from hotfolder.outputs.spool import Spool
from hotfolder.pipeline.desk import Desk
from hotfolder.pipeline.ingredients import (
    BYTES_IN_A_SECOND,
    DEADLINE_S,
    SPARE_BYTES,
    TIMES,
    UNKNOWN,
    Ingredients,
    is_created,
    label_of,
)
from hotfolder.pipeline.step import Outcome, Step

TRIES: Final = 3


class NotSigned(WorkerFailed):
    """A result could not be signed, and waits for that; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A result that is to be signed: finished, as it came, and where the signed one goes.

    The endings are those of its kind, without the dot.
    """

    finished: BinaryIO
    ending: str
    raw: BinaryIO
    raw_ending: str
    signed: BinaryIO


class Signing:
    """Signs results in a workshop, by the `credential` in force, None = they are not signed.

    `credential` blocks, and raises CredentialProblem. `failpoint` is passed `sign.asked`, once a
    worker is about to get its signature, and `sign.after`.
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
        if result.ending not in provenance.SIGNED:
            kind = f"{result.ending.upper()} file"
            raise NotSigned(f"the library that signs knows no {kind}")
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
            theirs = stack.enter_context(_answering(self._sign_digest(credential), deadline_s))
            files = [*(each.fileno() for each in opened), theirs]
            kept = self._spool.path(names.ingredient_file(job.root))
            with contextlib.suppress(FileNotFoundError):
                files.append(stack.enter_context(kept.open("rb", buffering=0)).fileno())
            await self._workshop.work(
                "sign",
                files,
                _order(job, submit, result, credential),
                memory_bytes=SPARE_BYTES + TIMES * size,
                deadline_s=deadline_s,
            )

    def _sign_digest(self, credential: Credential) -> Callable[[bytes], bytes]:
        def sign(digest: bytes) -> bytes:
            self._failpoint("sign.asked")
            return credential.sign(digest)

        return sign


def may_pass(job: Job, error: Exception) -> bool:
    """Return whether an error says more of the machine than of a job's picture, for a while."""
    unclear = isinstance(error, WorkerDied | WorkerSlow | MemoryLack)
    return unclear and job.attempt + 1 < patience(error, TRIES)


def noted(job: Job, submit: Submit) -> dict[str, str | bool | None]:
    """Return what is noted of an edit in its results; the same however often it is finished."""
    return {
        "model": job.plan.model,
        "task_id": submit.task_id or "",
        "at": submit.intent_at.isoformat(timespec="seconds"),
        "prompt": job.plan.prompt if job.plan.finish.prompt else None,
        "created": is_created(job),
    }


def certified(
    then: Step, is_wanted: Callable[[], bool], credential: Callable[[], object], desk: Desk
) -> Step:
    """Return the step that takes the step `then` only where its results could be signed.

    `credential` blocks, and raises CredentialProblem where they are to be and could not: nothing is
    paid then.
    """

    async def certified_step(job: Job) -> Outcome:
        try:
            if is_wanted():
                await asyncio.to_thread(credential)
        except CredentialProblem as error:
            failure = failures.cannot_sign(str(error))
            later = ev.Postponed(until=desk.later.clock(), reason=str(error), failure=failure)
            return Outcome(later, hold=(holds.watch_scope(job.watch), failure))
        return await then(job)

    return certified_step


@contextlib.contextmanager
def _answering(sign: Callable[[bytes], bytes], deadline_s: float) -> Iterator[int]:
    """Sign one digest that comes through a channel, and no second; yields its other end."""
    ours, theirs = socket.socketpair()
    ours.settimeout(deadline_s)

    def answer() -> None:
        with contextlib.suppress(OSError, ValueError):
            ours.sendall(sign(_received(ours)))

    with ours, theirs:
        asyncio.get_running_loop().run_in_executor(None, answer)
        try:
            yield theirs.fileno()
        finally:
            with contextlib.suppress(OSError):
                ours.shutdown(socket.SHUT_RDWR)


def _received(channel: socket.socket) -> bytes:
    """Return the one message that is to be signed. Raises ValueError, OSError."""
    with channel.makefile("rb") as told:
        size = int.from_bytes(told.read(4), "big")
        if size > LONGEST_MESSAGE:
            raise ValueError(f"{size} bytes are no message to sign")
        return told.read(size)


def _order(job: Job, submit: Submit, result: Result, credential: Credential) -> dict[str, Any]:
    return {
        **noted(job, submit),
        "title": f"{Path(job.source).stem}.{result.ending}",
        "format": provenance.SIGNED[result.ending],
        "raw_format": provenance.SIGNED.get(result.raw_ending, UNKNOWN),
        "materials": [label_of(job, each) for each in own(job.materials)],
        "service": submit.site,
        "version": __version__,
        "algorithm": credential.algorithm,
        "chain": credential.chain,
    }
