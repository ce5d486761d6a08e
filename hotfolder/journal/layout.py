"""The tables of a journal in PostgreSQL: made, brought up to date, or not for this program.

A layout has the number of the file's: migration 40 leads to version 40 in both, under the same name
here and there. Where only one of them has something to change, the other's says so.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from hotfolder.domain.errors import JournalError, JournalNewer, JournalOlder
from hotfolder.journal.connection import migrations, migrations_in

if TYPE_CHECKING:
    from hotfolder.journal.database import DatabaseConnection

OLDEST_SERVER: Final = 130000
FIRST: Final = 33  # before that layout there was no journal in PostgreSQL
_VERSION: Final = "schema_version"

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.journal")


def require_server(version: int) -> None:
    """Raise JournalError for a server that is too old."""
    if version < OLDEST_SERVER:
        raise JournalError(
            f"PostgreSQL {version // 10000} is too old for a journal: it takes "
            f"{OLDEST_SERVER // 10000} or newer"
        )


@cache
def later_migrations() -> tuple[str, ...]:
    """Return the migrations of a journal in PostgreSQL: the n-th leads to version FIRST + n."""
    return tuple(migrations_in("postgresql/migrations").values())


def lay_out(connection: DatabaseConnection, name: str) -> None:
    """Make the tables, or bring them up to date: all of it or nothing, and by one daemon alone.

    Raises JournalNewer, and JournalOlder while an older program works on them.
    """
    connection.named("exclude")
    version, newest = _version(connection), len(migrations())
    is_older = FIRST <= version < newest
    if is_older:
        _bring_up_to_date(connection, name, version)
    elif not version:
        connection.execute(_schema())
    if is_older or not version:
        connection.named("set_meta", key=_VERSION, value=str(newest))
    connection.execute("COMMIT")
    check(connection, name, any_version=False)
    if is_older:
        log.warning("journal.upgraded", journal=name, before=version, version=newest)


def check(connection: DatabaseConnection, name: str, *, any_version: bool) -> None:
    """Raise FileNotFoundError where there are no tables, JournalNewer, JournalOlder."""
    version, newest = _version(connection), len(migrations())
    if not version:
        raise FileNotFoundError(name)
    if version > newest:
        raise JournalNewer(
            f"{name} was written by a newer hotfolder (version {version}, this program knows "
            f"{newest}): install that one here, too"
        )
    if version < newest and not any_version:
        raise JournalOlder(
            f"{name} was written by an older hotfolder (version {version}, this program's is "
            f"{newest}): stop that on every machine, then start this one, which brings it up to "
            f"date"
        )


def _bring_up_to_date(connection: DatabaseConnection, name: str, version: int) -> None:
    """Run what is left of the migrations; whoever had a seat never writes again.

    Only what has long stood there is asked of the older tables: see `older_at_work`.
    """
    at_work = [row["machine"] for row in connection.named("older_at_work").fetchall()]
    if at_work:
        raise JournalOlder(
            f"{name} is still worked on by an older hotfolder on {', '.join(at_work)}: stop it "
            f"there and install this one, too. Then this one brings the tables up to date"
        )
    for text in later_migrations()[version - FIRST :]:
        connection.execute(text)
    connection.named("bury_all")


def _schema() -> str:
    return (Path(__file__).parent / "postgresql" / "schema.sql").read_text("utf-8")


def _version(connection: DatabaseConnection) -> int:
    if connection.execute("SELECT to_regclass('hotfolder.meta')").fetchone()[0] is None:
        return 0
    row = connection.named("get_meta", key=_VERSION).fetchone()
    return int(row["value"])
