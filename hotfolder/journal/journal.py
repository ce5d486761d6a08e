"""The journal's owner: one thread, one read-write connection, one daemon.

Operations are functions of a Session. They queue up and run in the journal's thread, so that a
slow disk never stops the loop; those that wait together share one commit, each in a savepoint
of its own. A caller's answer comes after the commit is on the disk.
"""

from __future__ import annotations

import asyncio
import queue
import secrets
import sqlite3
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import structlog

from hotfolder.clock import MACHINE_CLOCK
from hotfolder.domain.clock import Clock
from hotfolder.domain.errors import JournalDamaged, JournalError, JournalUnavailable
from hotfolder.domain.failpoints import Failpoint, no_failpoint
from hotfolder.domain.measures import Measure, Observe, unobserved
from hotfolder.domain.redaction import without_credentials
from hotfolder.domain.tokens import Random
from hotfolder.journal import replacing, seal, stepping
from hotfolder.journal.connection import FILE_NAME, damage_reported, make_private, open_writer
from hotfolder.journal.lock import locked
from hotfolder.journal.session import Redact, Session
from hotfolder.threads import DaemonThreads, Pool

P = ParamSpec("P")
T = TypeVar("T")

_SHARED_COMMIT = 256

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.journal")


class _Operation:
    """A queued function with the answer that its caller waits for."""

    def __init__(self, run: Callable[[Session], Any]) -> None:
        self.run = run
        self.answer: Future[Any] = Future()


class Journal:
    """The SQLite record in `folder`. Open at most once per folder at a time.

    Raises JournalLocked when another process holds it, JournalDamaged, JournalNewer.
    `failpoint` is passed `commit.before` and `commit.after` of what changes anything, `observe` how
    long such a commit took; both in the journal's thread.

    `replaced` says what to do once the file was taken away or another put in its place, "" before
    that. No intent is stated then any more; what the journal knew is saved when it is closed.

    `trouble` says why the disk refuses commits since a while, "" while it takes them; `tell` is
    called with it, in the journal's thread, when that begins and ends. `redact` takes secrets out
    of all words that are kept for people.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock: Clock = MACHINE_CLOCK,
        random: Random = secrets.token_bytes,
        pool: Pool = DaemonThreads,
        failpoint: Failpoint = no_failpoint,
        observe: Observe = unobserved,
        tell: Callable[[str], None] = lambda _trouble: None,
        redact: Redact = without_credentials,
    ) -> None:
        self.path = folder / FILE_NAME
        self._random = random
        self._failpoint = failpoint
        self._observe = observe
        self._tell = tell
        self._redact = redact
        with ExitStack() as opening:
            opening.enter_context(locked(folder))
            self._connection = open_writer(self.path)
            opening.callback(self._connection.close)
            with damage_reported(self.path):
                self.clock = stepping.known(Session(self._connection, clock), clock)
            replacing.settle(folder)
            self._lock = opening.pop_all()
        self._identity = replacing.identity(self.path)
        self._saved: Path | None = None
        self.replaced = ""
        self.trouble = ""
        self._is_sound = True
        self._closed = False
        self._gate = threading.Lock()
        self._queue: queue.SimpleQueue[_Operation] = queue.SimpleQueue()
        self._thread = pool(1, "journal")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def run(
        self, operation: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run an operation in the journal's thread and return its result once committed.

        Raises what the operation raises (its changes are undone), or JournalUnavailable when
        the disk would not take the commit (nothing of it happened).
        """
        queued, _ = self._enqueue(operation, *args, **kwargs)
        return await asyncio.wrap_future(queued)

    def run_blocking(
        self, operation: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run an operation from a thread that has no loop."""
        queued, turn = self._enqueue(operation, *args, **kwargs)
        turn.result()
        return queued.result()

    def close(self) -> None:
        """Commit what is queued, fold the log into the file and give the lock back."""
        with self._gate:
            if self._closed:
                return
            self._closed = True
        self._thread.submit(self._end).result()
        self._thread.shutdown()
        self._lock.close()

    def _enqueue(
        self, operation: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> tuple[Future[T], Future[None]]:
        """Return the answer to come, and the turn of the thread after which it is there."""
        queued = _Operation(lambda session: operation(session, *args, **kwargs))
        with self._gate:
            if self._closed:
                raise JournalError(f"the journal {self.path} is closed")
            self._queue.put(queued)
            return queued.answer, self._thread.submit(self._take_turn)

    def _take_turn(self) -> None:
        """Commit what is queued; what comes meanwhile has a turn of its own.

        The clock follows the wall's between two turns: all that was reckoned by it before is then
        in the first, and moved along.
        """
        with self._gate:
            step = self.clock.step()
            batch = self._next_batch(sys.maxsize if step else _SHARED_COMMIT)
            self.clock.began += step if batch else timedelta()
        if batch:
            self._commit_together(batch, step)

    def _end(self) -> None:
        with suppress(sqlite3.Error):
            if self._saved is not None:
                make_private(self._saved)
                self._connection.execute("VACUUM INTO ?", (str(self._saved),))
        is_folded = False
        with suppress(sqlite3.Error):  # a full disk: the log stays and is read at the next start
            (was_busy, *_) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            is_folded = not was_busy
        self._connection.close()
        if is_folded and self._is_sound and not self.replaced:
            seal.put(self.path)

    def _next_batch(self, most: int) -> list[_Operation]:
        batch: list[_Operation] = []
        while len(batch) < most and not self._queue.empty():
            item = self._queue.get()
            if item.answer.set_running_or_notify_cancel():
                batch.append(item)
        return batch

    def _commit_together(self, batch: list[_Operation], step: timedelta) -> None:
        try:
            with damage_reported(self.path):
                answers = self._transact(batch, step)
        except Exception as error:  # noqa: BLE001  every caller is told, none may hang
            self.clock.began -= step
            unavailable = JournalUnavailable(f"the journal {self.path} cannot be written: {error}")
            reason = unavailable if isinstance(error, sqlite3.Error) else error
            self._is_sound &= not isinstance(reason, JournalDamaged)
            if isinstance(reason, JournalUnavailable):
                self._note_trouble(str(reason))
            for operation in batch:
                operation.answer.set_exception(reason)
            return
        for operation, (result, failure) in zip(batch, answers, strict=True):
            if failure is None:
                operation.answer.set_result(result)
            else:
                operation.answer.set_exception(failure)

    def _look(self) -> None:
        if self.replaced or replacing.identity(self.path) == self._identity:
            return
        self._saved = replacing.saved_path(self.path, self.clock())
        self.replaced = replacing.note(self.path, self._saved)
        log.error("journal.replaced", error=self.replaced)

    def _transact(
        self, batch: list[_Operation], step: timedelta
    ) -> list[tuple[Any, Exception | None]]:
        self._look()
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            session = self._session(step)
            before = self._connection.total_changes
            answers = [self._run_one(session, operation) for operation in batch]
            if step or not (self.clock.kept or self._connection.total_changes == before):
                stepping.follow(session, self.clock, step)
            if self._connection.total_changes == before:
                self._connection.execute("COMMIT")
            else:
                self._commit_changes()
                self.clock.kept = True
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        return answers

    def _session(self, step: timedelta) -> Session:
        """Return a session by the clock as it was before a step."""
        return Session(
            self._connection,
            lambda: self.clock() - step,
            self._random,
            elapsed_s=self.clock.elapsed_s(),
            replaced=self.replaced,
            redact=self._redact,
        )

    def _commit_changes(self) -> None:
        self._failpoint("commit.before")
        began_s = self.clock.awake_s()
        self._connection.execute("COMMIT")
        self._observe(Measure.COMMIT, self.clock.awake_s() - began_s, "")
        self._note_trouble("")
        self._failpoint("commit.after")

    def _note_trouble(self, reason: str) -> None:
        is_news = bool(reason) != bool(self.trouble)
        self.trouble = reason
        if is_news:
            self._tell(reason)

    def _run_one(self, session: Session, operation: _Operation) -> tuple[Any, Exception | None]:
        self._connection.execute("SAVEPOINT operation")
        try:
            result = operation.run(session)
        except Exception as error:
            if _is_the_disks(error):
                raise
            self._connection.execute("ROLLBACK TO operation")
            self._connection.execute("RELEASE operation")
            return None, error
        self._connection.execute("RELEASE operation")
        return result, None


def _is_the_disks(error: Exception) -> bool:
    """Return whether SQLite failed, rather than one operation: then nothing is committed."""
    own = sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.DataError
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, own)
