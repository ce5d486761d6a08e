"""Opening the journal's file: pragmas, identity, migrations, damage, whole copies.

Pragmas: WAL with synchronous=FULL, so that what was committed is there after a power cut
(with NORMAL, hundreds of committed rows were lost when it was tried).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from hotfolder.domain.errors import (
    JournalDamaged,
    JournalError,
    JournalNewer,
    JournalUnavailable,
)
from hotfolder.journal import seal
from hotfolder.journal.engine import Place, Value
from hotfolder.journal.statements import shared

FILE_NAME = "journal.db"
APPLICATION_ID = 0x686F7466  # "hotf"
BUSY_TIMEOUT_S = 5.0
KEPT_STATEMENTS = 512  # compiled: more than there are queries


class FileConnection(sqlite3.Connection):
    """A connection to a journal's file; `statements` are the named ones as SQLite takes them."""

    statements: Mapping[str, str]
    place: Place | None = None

    def tuples(self, text: str, values: Mapping[str, Value], /) -> list[tuple[Any, ...]]:
        """Return all rows of a statement as plain tuples."""
        cursor = self.execute(text, values)
        cursor.row_factory = None
        return cursor.fetchall()


def sqlite_version() -> tuple[int, ...]:
    """Return the version of the SQLite that this Python came with."""
    return sqlite3.sqlite_version_info


@cache
def migrations() -> tuple[str, ...]:
    """Return the migrations' texts, oldest first; the n-th leads to version n.

    They are read once: every reader of the journal asks for them.
    """
    return tuple(migrations_in("migrations").values())


def migrations_in(folder: str) -> dict[str, str]:
    """Return the texts of a folder beside this by the names of their files, oldest first."""
    found = (Path(__file__).parent / folder).glob("[0-9][0-9][0-9][0-9]_*.sql")
    return {each.name: each.read_text("utf-8") for each in sorted(found)}


@cache
def schema() -> str:
    """Return what the migrations come to: a new journal begins with it, and runs none of them."""
    return Path(__file__).with_name("schema.sql").read_text("utf-8")


@contextmanager
def damage_reported(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into the journal's: broken files, and disks that do not serve."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise JournalUnavailable(f"the journal {path} cannot be used now: {error}") from error
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
        if code not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, what: str) -> JournalDamaged:
    return JournalDamaged(
        f"the journal {path} is damaged ({what}). Nothing was started, because an empty journal "
        f"would pay for every file again. Keep the file, then put the newest copy back: "
        f"hotfolder restore FILE (daily copies are in the folder backups beside it, or where "
        f"[backup] says). Without a backup try: sqlite3 {path} .recover | sqlite3 {path}.recovered"
    )


def make_private(path: Path) -> None:
    """Make an empty file for its owner alone, whatever new files here are otherwise; or leave it.

    SQLite takes it for a new database, and gives its companions the same rights.
    """
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
    with suppress(FileExistsError):
        os.close(os.open(path, flags, 0o600))


def open_writer(path: Path) -> FileConnection:
    """Open the one read-write connection, migrated and checked.

    Raises JournalDamaged, JournalNewer, JournalUnavailable, JournalError.
    """
    with suppress(OSError):  # SQLite itself says what is wrong
        make_private(path)
    with damage_reported(path):
        connection = _connect(f"{path.absolute().as_uri()}?mode=rwc")
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def open_reader(path: Path, *, alone: bool) -> FileConnection:
    """Open a read-only connection.

    `alone` says that no daemon runs: then, without a WAL beside it, the file is opened as
    immutable, since a reader who may not write the folder could not open it otherwise.
    """
    with damage_reported(path):
        connection = _connect(_read_only(path, alone=alone))
        try:
            connection.execute("PRAGMA query_only = ON")
            _check_version(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def snapshot(path: Path, target: Path, *, alone: bool) -> None:
    """Write what a journal holds at this moment into a new file, also while it is in use.

    `alone` is as in `open_reader`. Raises JournalDamaged, JournalNewer, JournalUnavailable.
    """
    with damage_reported(path), closing(_connect(_read_only(path, alone=alone))) as opened:
        _check_version(opened, path)
        make_private(target)
        opened.execute("VACUUM INTO ?", (str(target),))


def check_whole(path: Path, *, alone: bool) -> None:
    """Raise JournalDamaged or JournalNewer unless a file is a whole journal of ours.

    Every page, index and reference is looked at. `alone` is as in `open_reader`.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    with closing(open_reader(path, alone=alone)) as connection, damage_reported(path):
        if not _check_version(connection, path):
            raise JournalDamaged(f"{path} is not a journal of hotfolder: it is empty")
        (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            raise _damaged(path, verdict)


def fold(path: Path) -> None:
    """Fold a journal's write-ahead log into it, as far as its condition allows."""
    with (
        suppress(sqlite3.Error),
        closing(_connect(f"{path.absolute().as_uri()}?mode=rw")) as opened,
    ):
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _read_only(path: Path, *, alone: bool) -> str:
    immutable = alone and not path.with_name(path.name + "-wal").exists()
    return f"{path.absolute().as_uri()}?mode=ro" + ("&immutable=1" if immutable else "")


def _connect(uri: str) -> FileConnection:
    connection = sqlite3.connect(
        uri,
        uri=True,
        isolation_level=None,
        timeout=BUSY_TIMEOUT_S,
        check_same_thread=False,
        factory=FileConnection,
        cached_statements=KEPT_STATEMENTS,
    )
    connection.statements = shared()
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    version = _check_version(connection, path)
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise JournalError(f"{path}: SQLite cannot keep a write-ahead log here (mode {mode})")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA journal_size_limit = 67108864")
    steps = migrations()
    if version < len(steps) or not seal.holds(path):
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise _damaged(path, verdict)
    seal.remove(path)
    if 0 < version < len(steps):
        _keep_before_upgrade(path, version)
    if version < len(steps):
        _upgrade(connection, path, steps[version:] if version else [schema()], len(steps))


def _upgrade(connection: sqlite3.Connection, path: Path, left: Sequence[str], version: int) -> None:
    """Run what is left of the migrations, all of them or none.

    Tables that others refer to may be made anew meanwhile; every reference is looked at before it
    counts.
    """
    connection.execute("PRAGMA foreign_keys = OFF")
    text = "\n".join(left)
    connection.executescript(
        f"BEGIN IMMEDIATE;\n{text}\nPRAGMA application_id = {APPLICATION_ID};\n"
        f"PRAGMA user_version = {version};"
    )
    if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
        connection.execute("ROLLBACK")
        raise _damaged(path, "rows of it refer to others that are not there")
    connection.execute("COMMIT")
    connection.execute("PRAGMA foreign_keys = ON")


def _keep_before_upgrade(path: Path, version: int) -> None:
    """Copy the journal for a return to the older program, which refuses the migrated one."""
    kept = path.with_name(f"{FILE_NAME}.version-{version}")
    kept.unlink(missing_ok=True)
    snapshot(path, kept, alone=False)


def _check_version(connection: sqlite3.Connection, path: Path) -> int:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application != APPLICATION_ID and (tables or version):
        raise JournalDamaged(f"{path} is not a journal of hotfolder")
    if version > len(migrations()):
        raise JournalNewer(
            f"the journal {path} was written by a newer hotfolder (version {version}, this "
            f"program knows {len(migrations())}): install that one again"
        )
    return int(version)
