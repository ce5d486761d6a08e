"""A journal in a database of PostgreSQL, which several machines reach.

Each daemon that writes has a seat. Transactions that write follow one another over all machines, so
that whatever is decided in one holds for all; each asks first whether its seat is still good.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg import errors, sql
from psycopg.pq import TransactionStatus
from psycopg.types.string import StrDumper

from hotfolder.domain.errors import JournalTakenOver, JournalUnavailable
from hotfolder.journal import layout, leases
from hotfolder.journal.database_values import NoRows, adapted, given, rows_of
from hotfolder.journal.engine import Place, Value
from hotfolder.journal.seat import Seat
from hotfolder.journal.statements import is_one, of_postgresql

CONNECT_TIMEOUT_S: Final = 5
NOBODY: Final = -1
UNSURE_S: Final = 15.0
UNSURE_LOOK_S: Final = 0.5
# What is begun and not gone on with ends by itself: a machine that hangs must keep nobody out.
SETTINGS: Final = {
    "search_path": "hotfolder",
    "synchronous_commit": "on",
    "default_transaction_isolation": "read committed",
    "idle_in_transaction_session_timeout": "5s",
    "lock_timeout": "10s",
    "timezone": "UTC",
    "jit": "off",
}
_OF_OPERATIONS: Final = (psycopg.IntegrityError, psycopg.ProgrammingError, psycopg.DataError)
_CHANGES: Final = frozenset({"INSERT", "UPDATE", "DELETE"})


class DatabaseConnection:
    """A connection that speaks the named statements as PostgreSQL takes them.

    `place` is the state directory that it belongs to, `epoch` its seat: NOBODY only reads. `tried`
    counts the statements that change something, or might have. Raises what psycopg raises.
    """

    def __init__(self, url: str, place: Place, epoch: int = NOBODY) -> None:
        self.place = place
        self.statements = of_postgresql()
        self.total_changes = 0
        self.tried = 0
        self._raw: psycopg.Connection[Any] = psycopg.connect(
            url,
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT_S,
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            tcp_user_timeout=10_000,
            fallback_application_name="hotfolder",
            prepare_threshold=0,
            row_factory=rows_of,
        )
        self._raw.prepared_max = None
        # A text is a text wherever it stands: "0.10" next to a cast must not become a number.
        self._raw.adapters.register_dumper(str, StrDumper)
        try:
            layout.require_server(self._raw.info.server_version)
            own = {
                "hotfolder.place": place.id,
                "hotfolder.machine": place.machine,
                "hotfolder.start": place.start,
            }
            for name, value in {**SETTINGS, **own}.items():
                self._set(name, value)
            self.be(epoch)
        except BaseException:
            self._raw.close()
            raise

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction was begun on a connection that is still there."""
        idle = TransactionStatus.IDLE, TransactionStatus.UNKNOWN
        return not self.is_lost and self._raw.info.transaction_status not in idle

    @property
    def is_lost(self) -> bool:
        """Whether the server is no longer reached by it."""
        return self._raw.closed

    @property
    def goes_on(self) -> bool:
        """Whether a transaction was begun in which nothing has failed."""
        return self._raw.info.transaction_status == TransactionStatus.INTRANS

    def execute(self, text: str, values: Mapping[str, Value] | None = None, /) -> Any:  # noqa: ANN401  psycopg's cursor
        """Run one statement; where there are several, the cursor stands at the last."""
        # PostgreSQL prepares, and so plans, one statement alone.
        kind = psycopg.Cursor if is_one(text) else psycopg.ClientCursor
        cursor = kind(self._raw).execute(text, given(text, values) if values else values)
        while cursor.nextset():
            pass
        if (cursor.statusmessage or "").partition(" ")[0] in _CHANGES:
            self.total_changes += max(0, cursor.rowcount)
            self.tried += 1
        return cursor if cursor.description else NoRows(cursor.rowcount)

    def tuples(self, text: str, values: Mapping[str, Value], /) -> list[tuple[Any, ...]]:
        """Return all rows of a statement as plain tuples."""
        return [tuple(row) for row in self.execute(text, values).fetchall()]

    def named(self, name: str, /, **values: Value) -> Any:  # noqa: ANN401  psycopg's cursor
        """Run a named statement."""
        return self.execute(self.statements[name], values)

    def fill(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> int:
        """Put rows into a table, quickly; returns how many there were."""
        into = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        count = 0
        with self._raw.cursor() as cursor, cursor.copy(into) as copy:
            for row in rows:
                copy.write_row([adapted(each) for each in row])
                count += 1
        return count

    def be(self, epoch: int) -> None:
        """Speak for a seat from now on.

        Whoever writes asks the same for months, and triggers do for every row: each statement is
        planned once, for whatever values. Who only reads asks once, of as much as there is.
        """
        self._set("hotfolder.epoch", str(epoch))
        self._set("plan_cache_mode", "auto" if epoch == NOBODY else "force_generic_plan")

    def heard(self, within_s: float) -> list[str]:
        """Return who said something to others, waiting at most so many seconds for it."""
        return [each.payload for each in self._raw.notifies(timeout=within_s, stop_after=1)]

    def close(self) -> None:
        """Close it; what was begun is undone."""
        self._raw.close()

    def _set(self, name: str, value: str) -> None:
        self._raw.execute("SELECT set_config(%s, %s, FALSE)", (name, value))


class JournalDatabase:
    """The database, open for a daemon that has a seat.

    `heard` is called, in a thread of its own, when another daemon changed what concerns this one.
    Raises JournalNewer, JournalUnavailable, JournalError.
    """

    is_shared = True

    def __init__(self, url: str, place: Place, heard: Callable[[], None] = lambda: None) -> None:
        self._url = url
        self._place = place
        self.name = f"the journal {said(url)}"
        self.hand = leases.hand_of(place.id)
        with self.reported():
            self.connection = DatabaseConnection(url, place)
            try:
                layout.lay_out(self.connection, self.name)
                self._seat = Seat(place, self.name, self._connect, heard)
                self._seat.take(self.connection)
            except BaseException:
                self.connection.close()
                raise

    def settle(self) -> None:
        """Keep the seat from now on."""
        self._seat.keep()

    @contextmanager
    def reported(self) -> Iterator[None]:
        """Turn what is PostgreSQL's own trouble into the journal's."""
        with reported(self.name):
            yield

    def look(self, now: datetime) -> str:  # noqa: ARG002  a file's
        """Return nothing: who lost the seat may not even begin."""
        return ""

    def begin(self) -> None:
        """Begin a transaction that may write. Raises JournalTakenOver, JournalUnavailable."""
        if self.connection.is_lost:
            self.connection = self._connect()
            self._seat.renew(self.connection)
        self._seat.require()
        found = self.connection.named("begin", epoch=self._seat.epoch).fetchone()
        if found is None or not found["holds"]:
            self.connection.execute("ROLLBACK")
            self._seat.renew(self.connection)
            raise JournalUnavailable(f"{self.name}: this machine did not answer for a moment")

    def begin_look(self) -> None:
        """Begin one that only reads. Raises JournalTakenOver, and what psycopg raises."""
        self._seat.require()
        self.connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    @property
    def goes_on(self) -> bool:
        """Whether a transaction was begun in which nothing has failed."""
        return self.connection.goes_on

    @property
    def tried(self) -> int:
        """How many statements may have changed something by this connection."""
        return self.connection.tried

    def commit(self) -> None:
        """Commit. Where its answer is lost, the server is asked what became of it.

        Raises JournalUnavailable where nothing of it happened, JournalTakenOver where nobody says.
        """
        number = self.connection.execute("SELECT CAST(pg_current_xact_id() AS TEXT)").fetchone()[0]
        try:
            self.connection.execute("COMMIT")
        except psycopg.OperationalError as error:
            if not self.connection.is_lost:
                raise
            if not self._was_kept(number):
                raise JournalUnavailable(f"{self.name} did not take it: {_line(error)}") from error

    def confirm(self) -> bool:
        """Return whether we may write for long enough to begin what cannot be undone."""
        if self.connection.is_lost:
            return False
        return self.connection.named("is_ours", epoch=self._seat.epoch).fetchone() is not None

    def answer_late(self, values: Mapping[str, Value]) -> None:
        """Tell whoever follows its watch now of a task that a paid call of ours made."""
        connection = self._connect()
        try:
            connection.named("answer_late", place=self._place.id, **values)
        finally:
            connection.close()

    def is_its_own(self, error: Exception) -> bool:
        """Return whether PostgreSQL failed, rather than one operation: then nothing is kept."""
        return isinstance(error, psycopg.Error) and not isinstance(error, _OF_OPERATIONS)

    def close(self, *, is_sound: bool) -> None:  # noqa: ARG002  a file's
        """Give the seat back and close the connection."""
        self._seat.stop()
        with suppress(psycopg.Error):
            if not self.connection.is_lost:
                self._seat.give_back(self.connection)
        self.connection.close()

    def _connect(self) -> DatabaseConnection:
        return DatabaseConnection(self._url, self._place, self._seat.epoch)

    def _was_kept(self, number: str) -> bool:
        """Ask what became of a transaction, for as long as the seat may last."""
        until_s = time.monotonic() + UNSURE_S
        while time.monotonic() < until_s:
            with suppress(psycopg.OperationalError):
                self.connection = self._connect()
                self._seat.renew(self.connection)
                found = self.connection.execute(
                    "SELECT pg_xact_status(CAST(%(number)s AS xid8)) AS became", {"number": number}
                ).fetchone()
                if found["became"] != "in progress":
                    return bool(found["became"] == "committed")
            time.sleep(UNSURE_LOOK_S)
        self._seat.lose(
            f"{self.name} was lost in the middle of a commit, and did not come back in time to say "
            f"whether it was kept. Start hotfolder again: it goes by what is there"
        )
        raise JournalTakenOver(self._seat.lost)


class DatabaseView:
    """The database, open for somebody who only reads.

    Raises FileNotFoundError where there is no journal yet, JournalNewer, JournalOlder,
    JournalUnavailable.
    """

    def __init__(self, url: str, place: Place, *, any_version: bool) -> None:
        self._name = f"the journal {said(url)}"
        with self.reported():
            self.connection = DatabaseConnection(url, place)
            try:
                self.connection.execute(
                    "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, "
                    "READ ONLY"
                )
                layout.check(self.connection, self._name, any_version=any_version)
            except BaseException:
                self.connection.close()
                raise

    @contextmanager
    def reported(self) -> Iterator[None]:
        """Turn PostgreSQL's trouble into the journal's."""
        with reported(self._name):
            yield

    def is_had(self) -> bool:
        """Return whether a daemon works on it now, on whatever machine."""
        return self.connection.named("any_seat").fetchone() is not None

    def changes(self) -> int:
        """Return a number that is another after every commit of somebody else."""
        found = self.connection.execute("SELECT hashtext(CAST(pg_current_snapshot() AS TEXT))")
        return int(found.fetchone()[0])


@contextmanager
def reported(name: str) -> Iterator[None]:
    """Turn what is PostgreSQL's own trouble into JournalUnavailable, with what to do."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InternalError) as error:
        raise JournalUnavailable(f"{name} cannot be used now: {_advice(error)}") from error
    except (psycopg.ProgrammingError, psycopg.NotSupportedError) as error:  # or a table changed
        raise JournalUnavailable(f"{name} cannot be used: {_line(error)}") from error


def said(url: str) -> str:
    """Return the address of a journal for people: without a password."""
    parts = psycopg.conninfo.conninfo_to_dict(url)
    host = parts.get("host") or parts.get("hostaddr") or "this machine"
    return f"{parts.get('dbname', 'hotfolder')} of PostgreSQL on {host}"


def _advice(error: psycopg.Error) -> str:
    match error:
        case errors.DiskFull():
            return "the disk of its server is full: make room there"
        case errors.ReadOnlySqlTransaction():
            return "its server only reads (it is a standby, or was set so): use the one that writes"
        case errors.AdminShutdown() | errors.CannotConnectNow() | errors.CrashShutdown():
            return "its server is stopping or starting: nothing to do but wait"
        case errors.TooManyConnections():
            return "its server takes no more connections: raise max_connections there"
    return _line(error)


def _line(error: psycopg.Error) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
