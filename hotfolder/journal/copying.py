"""Copying a journal from its file into a database of PostgreSQL that has none yet.

Both know the same then, and only one may go on: so every watch is held in both, until somebody
releases it in the one that is used from then on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hotfolder.domain.clock import Now
from hotfolder.domain.errors import JournalError
from hotfolder.journal import holds, opening, roots
from hotfolder.journal.connection import FILE_NAME, FileConnection, open_writer
from hotfolder.journal.lock import locked
from hotfolder.journal.session import Session

if TYPE_CHECKING:
    from hotfolder.journal.database import DatabaseConnection

TABLES: Final = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*'"
USED: Final = """
SELECT EXISTS (SELECT 1 FROM watch) OR EXISTS (
    SELECT 1 FROM seat
    WHERE until > clock_timestamp() AND place <> current_setting('hotfolder.place')
) AS used
"""
ROWS: Final = "SELECT {} FROM {} ORDER BY 1"
EMPTIED: Final = ("DELETE FROM {table}", "DELETE FROM {table} WHERE key <> 'schema_version'")
TRIGGERS: Final = "ALTER TABLE {table} {how} TRIGGER USER"
NEXT_NUMBER: Final = """
SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))
WHERE EXISTS (SELECT 1 FROM {table}) AND pg_get_serial_sequence('{table}', 'id') IS NOT NULL
"""


def copy(folder: Path, url: str, clock: Now) -> list[str]:
    """Copy the journal in a state directory into the database of a url; returns its watches.

    Raises JournalLocked while a daemon runs, FileNotFoundError without a journal, JournalError
    where the database has one that is in use, or a daemon that is about to use it. Nothing is left
    there then.
    """
    path = folder / FILE_NAME
    if not path.exists():
        raise FileNotFoundError(path)
    with ExitStack() as closers:
        closers.enter_context(locked(folder))
        source = closers.enter_context(closing(open_writer(path)))
        target = opening.database(folder, url)
        closers.callback(target.close, is_sound=True)
        with target.reported():
            target.begin()
            if target.connection.execute(USED).fetchone()["used"]:
                raise JournalError(
                    f"{target.name} is in use: copy into a database of its own (createdb)"
                )
            _fill(source, target.connection)
            copied = Session(target.connection, clock)
            roots.distrust(copied)
            holds.forget_machines(copied)
            target.commit()
        return roots.distrust(Session(source, clock))


def _fill(source: FileConnection, target: DatabaseConnection) -> None:
    tables = list(_in_order(source))
    for table in tables:
        target.execute(TRIGGERS.format(table=table, how="DISABLE"))
    for table in reversed(tables):
        target.execute(EMPTIED[table == "meta"].format(table=table))
    for table in tables:
        columns = _columns(source, table)
        target.fill(table, columns, source.execute(ROWS.format(", ".join(columns), table)))
        if "id" in columns:
            target.execute(NEXT_NUMBER.format(table=table))
    for table in tables:
        target.execute(TRIGGERS.format(table=table, how="ENABLE"))


def _in_order(source: FileConnection) -> Iterator[str]:
    """Yield the tables, each after those that it refers to."""
    left = {row[0]: _referred(source, row[0]) for row in source.execute(TABLES)}
    while left:
        ready = sorted(name for name, wanted in left.items() if not wanted & left.keys())
        yield from ready
        for each in ready:
            del left[each]


def _referred(source: FileConnection, table: str) -> set[str]:
    rows: Any = source.execute(f"PRAGMA foreign_key_list({table})")
    return {row["table"] for row in rows} - {table}


def _columns(source: FileConnection, table: str) -> list[str]:
    rows: Any = source.execute(f"PRAGMA table_info({table})")
    return [row["name"] for row in rows]
