"""What an operator may do to jobs, and the Unix socket that carries it to the daemon.

One module for every face: a wish is a small JSON object, the answer `{"ok": true, "lines": […]}`
or `{"ok": false, "error": "…"}`. Without a daemon the command line takes the lock and grants the
wish itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from hotfolder import config, sources
from hotfolder.domain import events as ev
from hotfolder.domain.errors import HotfolderError, OperatorError, RemoteError
from hotfolder.domain.failures import PAUSED
from hotfolder.domain.jobs import Job
from hotfolder.domain.states import BEFORE_INTENT, State
from hotfolder.intake.staleness import today
from hotfolder.journal import (
    acceptance,
    backlog,
    budgets,
    holds,
    loops,
    reading,
    staleness,
    transitions,
)
from hotfolder.journal.holds import Hold
from hotfolder.journal.journal import Journal
from hotfolder.runninghub.client import Client
from hotfolder.runninghub.wire import TaskStatus

SOCKET_NAME: Final = "control.sock"
BY_OPERATOR: Final = "operator"
LARGEST_WISH_BYTES: Final = 1024 * 1024
ANSWER_TIMEOUT_S: Final = 150.0

Settling = Callable[[str, str], str | None]
WatchNamed = Callable[[str], config.Watch | None]

Look = Callable[[], Awaitable[None]]

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.control")


async def _no_look() -> None:
    pass


class _Wish(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Retry(_Wish):
    """Failed jobs again, or with `changed` stale ones; `jobs` empty = all of them."""

    jobs: list[int]
    pay_again: bool = False
    changed: bool = False


class Resolve(_Wish):
    """Settle a job in doubt in exactly one of three ways."""

    job: int
    task_id: str | None = None
    resend: bool = False
    abandon: bool = False


class Cancel(_Wish):
    """Give jobs up."""

    jobs: list[int]


class Pause(_Wish):
    """Stop submitting for a watch, or for all; Resume lets it go on."""

    watch: str | None = None


class Resume(Pause):
    """Let go on what was paused, and try at once whatever else is held."""


class Release(_Wish):
    """Let go what stood there before its watch did, or leave it out."""

    watch: str
    skip: bool = False


class Ask(_Wish):
    """Why a file is not accepted yet."""

    watch: str
    path: str


class Control:
    """Grants operators' wishes.

    `wake` is called when jobs may be due; `settling` says of a watch and path why it is not
    accepted yet; `look` looks at the account, with the key as it now stands; `look_again` has a
    watch's folder looked at; `watch` gives the config's watch of a name. Without a `client`
    nothing can be asked of the service.
    """

    def __init__(
        self,
        journal: Journal,
        client: Client | None,
        *,
        wake: Callable[[], None] = lambda: None,
        settling: Settling = lambda _watch, _path: None,
        look: Look = _no_look,
        look_again: Callable[[str], None] = lambda _watch: None,
        watch: WatchNamed = lambda _name: None,
    ) -> None:
        self._journal = journal
        self._client = client
        self._wake = wake
        self._settling = settling
        self._look = look
        self._look_again = look_again
        self._watch = watch

    async def grant(self, action: str, wish: dict[str, Any]) -> list[str]:
        """Do what is wished and return what to tell the operator, a line each.

        Raises OperatorError where it cannot be done.
        """
        try:
            match action:
                case "retry":
                    lines = await self.retry(Retry.model_validate(wish))
                case "resolve":
                    lines = [await self.resolve(Resolve.model_validate(wish))]
                case "cancel":
                    lines = await self.cancel(Cancel.model_validate(wish))
                case "pause":
                    lines = [await self.pause(Pause.model_validate(wish))]
                case "resume":
                    lines = await self.resume(Resume.model_validate(wish))
                case "release":
                    lines = await self.release(Release.model_validate(wish))
                case "settling":
                    ask = Ask.model_validate(wish)
                    reason = self._settling(ask.watch, ask.path)
                    lines = [reason] if reason else []
                case _:
                    raise OperatorError(f"there is no action {action}")
        except ValidationError as error:
            raise OperatorError(f"{action}: {error.errors()[0]['msg']}") from error
        self._wake()
        return lines

    # -- retry

    async def retry(self, wish: Retry) -> list[str]:
        """Work on failed jobs again: results that were paid are fetched, else it is submitted.

        Either all that was wished is done, or it is refused before anything is.
        """
        if wish.changed:
            return await self._redo(wish)
        if wish.jobs:
            jobs = [await self._job(each) for each in dict.fromkeys(wish.jobs)]
        else:
            jobs = await self._journal.run(reading.jobs, state=State.FAILED)
        for job in jobs:
            self._check_retry(job, pay_again=wish.pay_again)
        return [await self._retry(job, pay_again=wish.pay_again) for job in jobs]

    def _check_retry(self, job: Job, *, pay_again: bool) -> None:
        if job.state is State.FAILED or (job.state is State.DONE and pay_again):
            return
        hint = "; --pay-again makes it anew" if job.state is State.DONE else ""
        raise OperatorError(f"job {job.id} is {job.state.value}, not failed{hint}")

    async def _redo(self, wish: Retry) -> list[str]:
        """Make stale jobs anew by what their sidecars and rules say today; that pays."""
        if wish.pay_again:
            raise OperatorError("--changed pays already; leave --pay-again out")
        if wish.jobs:
            jobs = [await self._job(each) for each in dict.fromkeys(wish.jobs)]
        else:
            jobs = await self._journal.run(staleness.done)
        for job in jobs:
            if not (job.state is State.DONE and job.stale):
                raise OperatorError(f"job {job.id} is {job.state.value}, not done and stale")
        return [await self._redo_one(job) for job in jobs]

    async def _redo_one(self, job: Job) -> str:
        watch = self._watch(job.watch)
        try:
            draft = await asyncio.to_thread(today, watch, job) if watch else None
            if draft is None or draft.failure is not None:
                why = draft.failure.message if draft and draft.failure else "no rule takes it now"
                return f"job {job.id} was left alone: {why}"
            fresh = await self._journal.run(acceptance.repeat, job.id, draft)
        except (acceptance.StillOpen, OSError, sources.SourceError) as error:
            return f"job {job.id} was left alone: {error}"
        return f"job {job.id} is made anew by today's prompt as job {fresh.id}"

    async def _retry(self, job: Job, *, pay_again: bool) -> str:
        if job.state is State.DONE:
            try:
                fresh = await self._journal.run(acceptance.repeat, job.id)
            except acceptance.StillOpen as error:
                return f"job {job.id} was left alone: {error}"
            return f"job {job.id} is done; it is made and paid anew as job {fresh.id}"
        if job.was_paid and not pay_again:
            await self._apply(job, ev.Requeried(by=BY_OPERATOR))
            return f"job {job.id}: its result is asked for again, which is free"
        await self._apply(job, ev.Retried(by=BY_OPERATOR, anew=pay_again))
        return f"job {job.id}: is submitted again"

    # -- resolve

    async def resolve(self, wish: Resolve) -> str:
        """Settle a job in doubt."""
        job = await self._job(wish.job)
        ways = sum((wish.task_id is not None, wish.resend, wish.abandon))
        if ways != 1:
            raise OperatorError("say exactly one of --task-id, --resend and --abandon")
        if job.state is not State.IN_DOUBT:
            raise OperatorError(f"job {job.id} is {job.state.value}, not in doubt")
        if wish.task_id is not None:
            return await self._found(job, wish.task_id.strip())
        if wish.resend:
            await self._apply(job, ev.ResendApproved(by=BY_OPERATOR))
            return f"job {job.id}: is submitted again"
        await self._apply(job, ev.Cancelled(by=BY_OPERATOR))
        return f"job {job.id}: given up; if it was charged, that is not known here"

    async def _found(self, job: Job, task_id: str) -> str:
        owner = await self._journal.run(reading.task_owner, task_id)
        if owner is not None and owner != job.id:
            raise OperatorError(f"task {task_id} belongs to job {owner}")
        try:
            report = await self._service().query(task_id)
        except RemoteError as error:
            raise OperatorError(f"the service could not be asked for the task: {error}") from error
        if report.status is TaskStatus.DENIED:
            raise OperatorError(f"the service does not know a task {task_id}")
        await self._apply(job, ev.TaskFound(task_id=task_id, by=BY_OPERATOR))
        return f"job {job.id}: is task {task_id}; it is followed from here"

    # -- cancel

    async def cancel(self, wish: Cancel) -> list[str]:
        """Give jobs up, as far as that is still possible.

        Either all that was wished is tried, or it is refused before anything is.
        """
        jobs = [await self._job(each) for each in dict.fromkeys(wish.jobs)]
        for job in jobs:
            if job.state not in BEFORE_INTENT | {State.RUNNING}:
                raise OperatorError(_why_not_cancelled(job))
        return [await self._cancel(job) for job in jobs]

    async def _cancel(self, job: Job) -> str:
        if job.state is State.RUNNING:
            return await self._cancel_remotely(job)
        await self._apply(job, ev.Cancelled(by=BY_OPERATOR))
        return f"job {job.id}: cancelled; nothing was paid"

    async def _cancel_remotely(self, job: Job) -> str:
        task_id = (job.submit.task_id if job.submit else None) or ""
        try:
            taken = await self._service().cancel(task_id)
        except RemoteError as error:
            raise OperatorError(f"the service could not be asked to cancel: {error}") from error
        if not taken:
            raise OperatorError(f"the service does not cancel job {job.id}; it goes on")
        return f"job {job.id}: the service was asked to cancel; what it then says counts"

    # -- pause, resume

    async def pause(self, wish: Pause) -> str:
        """Stop uploading and submitting until resume; what is submitted goes on."""
        scope, words = await self._scope(wish.watch)
        is_new = await self._journal.run(holds.stop, scope, PAUSED)
        log.warning("operator.paused", scope=scope)
        return f"{words} is paused" + ("" if is_new else " already")

    async def resume(self, wish: Resume) -> list[str]:
        """Let go on what was paused by hand, and have the account's holds tried at once."""
        scope, words = await self._scope(wish.watch)
        was_paused = await self._journal.run(holds.drop, scope, PAUSED.code)
        await self._look()
        await self._journal.run(loops.let_go, wish.watch)
        await self._journal.run(budgets.reconsider)
        for each in dict.fromkeys((scope, holds.ACCOUNT)):
            await self._journal.run(holds.try_now, each)
        log.info("operator.resumed", scope=scope)
        first = f"{words} goes on" if was_paused else f"{words} was not paused"
        left = await self._journal.run(holds.holds)
        return [first, *(_still_held(each) for each in left)]

    async def _scope(self, watch: str | None) -> tuple[str, str]:
        if watch is None:
            return holds.ACCOUNT, "submitting"
        if watch not in {row.name for row in await self._journal.run(reading.watches)}:
            raise OperatorError(f"there is no watch {watch}")
        return holds.watch_scope(watch), f"watch {watch}"

    # -- release

    async def release(self, wish: Release) -> list[str]:
        """Let go what is held back of a watch, or leave it out."""
        await self._scope(wish.watch)
        done = await self._journal.run(backlog.release, wish.watch, skip=wish.skip)
        log.info("operator.released", watch=wish.watch, done=done, skip=wish.skip)
        if not wish.skip:
            self._look_again(wish.watch)
        return [f"watch {wish.watch}: {each}" for each in done]

    def _service(self) -> Client:
        if self._client is None:
            raise OperatorError("this has to ask the service, and there is no API key")
        return self._client

    async def _job(self, job_id: int) -> Job:
        try:
            return await self._journal.run(transitions.existing_job, job_id)
        except LookupError:
            raise OperatorError(f"there is no job {job_id}") from None

    async def _apply(self, job: Job, event: ev.Event) -> None:
        try:
            await self._journal.run(transitions.apply, job.id, event, expected=job.state)
        except transitions.StateMoved as error:
            raise OperatorError(f"{error}: try again") from error
        log.info("operator.acted", **job.log_context(), event_name=type(event).__name__)


def _still_held(hold: Hold) -> str:
    is_tried = hold.next_trial is not None and hold.scope == holds.ACCOUNT
    what = "it is tried at once" if is_tried else hold.failure.hint
    return f"{hold.scope} is held: {hold.failure.message} {what}"


def _why_not_cancelled(job: Job) -> str:
    match job.state:
        case State.SUBMITTING:
            return f"job {job.id} is just being sent: try again"
        case State.IN_DOUBT:
            return f"job {job.id} is in doubt: use resolve {job.id} --abandon"
        case State.FINISHED | State.FETCHED:
            return f"job {job.id} is edited and paid; its result is being delivered"
    return f"job {job.id} is {job.state.value} already"


# -- the socket


@contextlib.contextmanager
def _socket_path(folder: Path) -> Iterator[str]:
    """Give a short spelling of the socket's path: the kernel takes 108 bytes at most."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{handle}/{SOCKET_NAME}"
    finally:
        os.close(handle)


async def serve(control: Control, folder: Path) -> asyncio.Server:
    """Listen for wishes in the state directory; only its owner and root are heard."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    (folder / SOCKET_NAME).unlink(missing_ok=True)
    with _socket_path(folder) as path:
        listener.bind(path)
    (folder / SOCKET_NAME).chmod(0o600)

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answer = await _answer(control, reader, writer)
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        except (ConnectionError, ValueError):
            log.info("control.broken_off")
        finally:
            writer.close()

    return await asyncio.start_unix_server(hear, sock=listener, limit=LARGEST_WISH_BYTES)


async def _answer(
    control: Control, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> dict[str, Any]:
    if _peer(writer) not in (0, os.geteuid()):
        return {"ok": False, "error": "only the daemon's own user may do this"}
    try:
        wish = json.loads(await reader.readline())
        action = str(wish.pop("action"))
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError):
        return {"ok": False, "error": "this is not a wish"}
    try:
        return {"ok": True, "lines": await control.grant(action, wish)}
    except HotfolderError as error:
        return {"ok": False, "error": str(error)}


def _peer(writer: asyncio.StreamWriter) -> int:
    connection: socket.socket = writer.get_extra_info("socket")
    size = struct.calcsize("3i")
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    user: int = struct.unpack("3i", credentials)[1]
    return user


def send(folder: Path, action: str, wish: dict[str, Any]) -> list[str]:
    """Ask the daemon of a state directory; blocks until it answers.

    Raises ConnectionError or FileNotFoundError where none listens, OperatorError where it
    cannot be done.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_TIMEOUT_S)
        with _socket_path(folder) as path:
            connection.connect(path)
        connection.sendall(json.dumps({"action": action, **wish}).encode() + b"\n")
        with connection.makefile("rb") as stream:
            line = stream.readline()
    if not line:
        raise ConnectionError("the daemon gave no answer")
    answer = json.loads(line)
    if not answer["ok"]:
        raise OperatorError(answer["error"])
    return list(answer["lines"])
