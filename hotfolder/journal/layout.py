"""The tables of a journal in PostgreSQL: made, brought up to date, or not for this program."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Final

from hotfolder.domain.errors import JournalError, JournalNewer, JournalOlder
from hotfolder.journal.connection import migrations

if TYPE_CHECKING:
    from hotfolder.journal.database import DatabaseConnection

OLDEST_SERVER: Final = 130000
_VERSION: Final = "schema_version"


def require_server(version: int) -> None:
    """Raise JournalError for a server that is too old."""
    if version < OLDEST_SERVER:
        raise JournalError(
            f"PostgreSQL {version // 10000} is too old for a journal: it takes "
            f"{OLDEST_SERVER // 10000} or newer"
        )


def lay_out(connection: DatabaseConnection, name: str) -> None:
    """Make the tables where there are none. Raises JournalNewer, JournalOlder."""
    connection.named("exclude")
    if _version(connection) == 0:
        schema = resources.files(__package__).joinpath("postgresql/schema.sql")
        connection.execute(schema.read_text("utf-8"))
        connection.named("set_meta", key=_VERSION, value=str(len(migrations())))
    connection.execute("COMMIT")
    check(connection, name, any_version=False)


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
            f"{newest})"
        )


def _version(connection: DatabaseConnection) -> int:
    if connection.execute("SELECT to_regclass('hotfolder.meta')").fetchone()[0] is None:
        return 0
    row = connection.named("get_meta", key=_VERSION).fetchone()
    return int(row["value"])
