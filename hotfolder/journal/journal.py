"""The journal's owner: one thread, one read-write connection, one daemon.

Operations are functions of a Session. They queue up and run in the journal's thread, so that a
slow disk never stops the loop; those that wait together share one commit, each in a savepoint
of its own. A caller's answer comes after the commit is on the disk. Where several daemons share the
journal, what only looks waits for no other's commit; it may be begun anew.
"""

from __future__ import annotations

import asyncio
import queue
import secrets
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from hotfolder.clock import MACHINE_CLOCK
from hotfolder.domain.clock import Clock
from hotfolder.domain.errors import JournalDamaged, JournalError, JournalUnavailable
from hotfolder.domain.failpoints import Failpoint, no_failpoint
from hotfolder.domain.measures import Measure, Observe, unobserved
from hotfolder.domain.redaction import without_credentials
from hotfolder.domain.tokens import Random
from hotfolder.journal import stepping
from hotfolder.journal.engine import Connection, Value
from hotfolder.journal.lock import locked
from hotfolder.journal.looks import Looks, name_of
from hotfolder.journal.opening import opened
from hotfolder.journal.session import Redact, Session, to_ms
from hotfolder.threads import DaemonThreads, Pool

P = ParamSpec("P")
T = TypeVar("T")

_SHARED_COMMIT = 256


class _Operation:
    """A queued function with the answer that its caller waits for; `name` is the function's."""

    def __init__(self, name: str, run: Callable[[Session], Any]) -> None:
        self.name = name
        self.run = run
        self.answer: Future[Any] = Future()

    def tell(self, result: Any, failure: Exception | None) -> None:  # noqa: ANN401  any function's
        """Give the caller its answer."""
        if failure is None:
            self.answer.set_result(result)
        else:
            self.answer.set_exception(failure)


class Journal:
    """The record of the state directory `folder`. Open at most once per folder at a time.

    With a `url` it is in that database of PostgreSQL, which others write, too: `is_shared`; then
    `hand` tells what this one writes beside them in one folder, else it is "". `heard`
    is called, in any thread, when one of them changed what concerns this one.
    Raises JournalLocked when another process holds it, JournalDamaged, JournalNewer.
    `failpoint` is passed `commit.before` and `commit.after` of what changes anything, `observe` how
    long such a commit took; both in the journal's thread.

    `replaced` says what to do once the file was taken away or another put in its place, "" before
    that. No intent is stated then any more; what the journal knew is saved when it is closed.

    `trouble` says why the disk refuses commits since a while, "" while it takes them; `tell` is
    called with it, in the journal's thread, when that begins and ends. `redact` takes secrets out
    of all words that are kept for people.
    """

    def __init__(  # noqa: PLR0913  all but the first have defaults
        self,
        folder: Path,
        url: str = "",
        *,
        clock: Clock = MACHINE_CLOCK,
        random: Random = secrets.token_bytes,
        pool: Pool = DaemonThreads,
        failpoint: Failpoint = no_failpoint,
        observe: Observe = unobserved,
        tell: Callable[[str], None] = lambda _trouble: None,
        heard: Callable[[], None] = lambda: None,
        redact: Redact = without_credentials,
    ) -> None:
        self.folder = folder
        self._random = random
        self._failpoint = failpoint
        self._observe = observe
        self._tell = tell
        self._redact = redact
        with ExitStack() as opening:
            opening.enter_context(locked(folder))
            self._engine = opened(folder, url, heard)
            self.is_shared, self.hand = self._engine.is_shared, self._engine.hand
            opening.callback(self._connection.close)
            with self._engine.reported():
                self.clock = stepping.known(Session(self._connection, clock), clock)
            self._engine.settle()
            self._lock = opening.pop_all()
        self.replaced = ""
        self.trouble = ""
        self._looks = Looks()
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

    async def confirm(self) -> None:
        """Return where the journal is ours, right before what cannot be undone.

        Raises JournalUnavailable where it is not, or cannot be asked.
        """
        if self.is_shared and not await self._in_thread(self._engine.confirm):
            raise JournalUnavailable(f"{self._engine.name} is no longer ours for certain")

    async def answer_late(self, **values: Value) -> None:
        """Tell whoever follows its watch now of a task that a paid call from here made.

        Raises JournalUnavailable where the database is away.
        """
        values = {"now": to_ms(self.clock()), **values}
        await self._in_thread(lambda: self._engine.answer_late(values))

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
        run = lambda session: operation(session, *args, **kwargs)  # noqa: E731  of any operation
        queued = _Operation(name_of(operation), run)
        with self._gate:
            if self._closed:
                raise JournalError(f"{self._engine.name} is closed")
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
        if self.is_shared and not step:
            self._take_turns(batch)
        elif batch:
            self._commit_together(batch, step)

    def _take_turns(self, batch: Sequence[_Operation]) -> None:
        """Let what only looks wait for nobody, and what writes for its turn among the machines."""
        before, writing, after = self._looks.parted(batch)
        if writing := self._look_together(before) + writing:
            self._commit_together(writing, timedelta())
        if left := self._look_together(after):
            self._commit_together(left, timedelta())

    def _look_together(self, batch: Sequence[_Operation]) -> list[_Operation]:
        """Answer what only looks; returns what is left from where one wanted to write, or failed.

        That is begun anew, with what writes, and trouble is told there.
        """
        if not batch:
            return []
        left = deque(batch)
        with suppress(JournalError), self._engine.reported():
            self._engine.begin_look()
            session = self._session(timedelta())
            while left:
                answer = self._run_looking(session, left[0])
                if answer is None:
                    break
                left.popleft().tell(*answer)
        with suppress(JournalError), self._engine.reported():
            if self._connection.in_transaction:
                # Not undone, which would have the database forget what it has planned.
                self._connection.execute("COMMIT")
        return list(left)

    @property
    def _connection(self) -> Connection:
        return self._engine.connection

    async def _in_thread(self, ask: Callable[[], T]) -> T:
        """Ask the engine something between two transactions. Raises JournalUnavailable."""

        def asked() -> T:
            with self._engine.reported():
                return ask()

        return await asyncio.wrap_future(self._thread.submit(asked))

    def _end(self) -> None:
        self._engine.close(is_sound=self._is_sound)

    def _next_batch(self, most: int) -> list[_Operation]:
        batch: list[_Operation] = []
        while len(batch) < most and not self._queue.empty():
            item = self._queue.get()
            if item.answer.set_running_or_notify_cancel():
                batch.append(item)
        return batch

    def _commit_together(self, batch: list[_Operation], step: timedelta) -> None:
        try:
            with self._engine.reported():
                answers = self._transact(batch, step)
        except Exception as error:  # noqa: BLE001  every caller is told, none may hang
            self.clock.began -= step
            self._is_sound &= not isinstance(error, JournalDamaged)
            if isinstance(error, JournalUnavailable):
                self._note_trouble(str(error))
            for operation in batch:
                operation.answer.set_exception(error)
            return
        for operation, answer in zip(batch, answers, strict=True):
            operation.tell(*answer)

    def _transact(
        self, batch: list[_Operation], step: timedelta
    ) -> list[tuple[Any, Exception | None]]:
        self.replaced = self._engine.look(self.clock())
        try:
            self._engine.begin()
            session = self._session(step)
            before = self._connection.total_changes
            is_alone = len(batch) == 1 and not step
            run = self._run_alone if is_alone else self._run_one
            answers = [self._noted(run, session, operation) for operation in batch]
            if is_alone and answers[0][1] is not None:
                return answers
            if step or not (self.clock.kept or self._connection.total_changes == before):
                stepping.follow(session, self.clock, timedelta() if self.is_shared else step)
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
        self._engine.commit()
        self._observe(Measure.COMMIT, self.clock.awake_s() - began_s, "")
        self._note_trouble("")
        self._failpoint("commit.after")

    def _note_trouble(self, reason: str) -> None:
        is_news = bool(reason) != bool(self.trouble)
        self.trouble = reason
        if is_news:
            self._tell(reason)

    def _noted(
        self,
        run: Callable[[Session, _Operation], tuple[Any, Exception | None]],
        session: Session,
        operation: _Operation,
    ) -> tuple[Any, Exception | None]:
        """Run an operation, and note whether it only looked."""
        before = self._engine.tried
        answer = run(session, operation)
        self._looks.note(operation, wrote=self._engine.tried != before)
        return answer

    def _run_looking(
        self, session: Session, operation: _Operation
    ) -> tuple[Any, Exception | None] | None:
        """Run an operation that is to change nothing; None = it cannot be answered like that."""
        try:
            return operation.run(session), None
        except Exception as error:  # noqa: BLE001  its caller is told
            return (None, error) if self._engine.goes_on else None

    def _run_alone(self, session: Session, operation: _Operation) -> tuple[Any, Exception | None]:
        """Run the only operation of a transaction: where it fails, nothing of that is done."""
        try:
            return operation.run(session), None
        except Exception as error:
            if self._engine.is_its_own(error):
                raise
            self._connection.execute("ROLLBACK")
            return None, error

    def _run_one(self, session: Session, operation: _Operation) -> tuple[Any, Exception | None]:
        self._connection.execute("SAVEPOINT operation")
        try:
            result = operation.run(session)
        except Exception as error:
            if self._engine.is_its_own(error):
                raise
            self._connection.execute("ROLLBACK TO operation")
            self._connection.execute("RELEASE operation")
            return None, error
        self._connection.execute("RELEASE operation")
        return result, None
