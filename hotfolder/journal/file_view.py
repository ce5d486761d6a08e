"""A journal's file, read from beside the daemon that has it, or without one."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from hotfolder.domain.errors import JournalOlder
from hotfolder.journal import replacing
from hotfolder.journal.connection import FILE_NAME, damage_reported, migrations, open_reader
from hotfolder.journal.lock import is_locked


class FileView:
    """The file, open for somebody who only reads.

    With `any_version` one of an older program is taken, too. Raises FileNotFoundError where there
    is none yet, JournalDamaged, JournalReplaced, JournalNewer, JournalOlder.
    """

    def __init__(self, folder: Path, *, any_version: bool) -> None:
        self._path = folder / FILE_NAME
        if not any_version:
            replacing.check(folder)
        if not self._path.exists():
            raise FileNotFoundError(self._path)
        self.connection = open_reader(self._path, alone=not is_locked(folder))
        try:
            self._check_version(any_version=any_version)
        except BaseException:
            self.connection.close()
            raise

    def reported(self) -> AbstractContextManager[None]:
        """Turn SQLite's errors into the journal's."""
        return damage_reported(self._path)

    def is_had(self) -> bool:
        """Return whether a daemon has the journal now."""
        return is_locked(self._path.parent)

    def changes(self) -> int:
        """Return a number that is another after every commit of somebody else."""
        (number,) = self.connection.execute("PRAGMA data_version").fetchone()
        return int(number)

    def _check_version(self, *, any_version: bool) -> None:
        (version,) = self.connection.execute("PRAGMA user_version").fetchone()
        if not version:
            raise FileNotFoundError(self._path)  # made just now, and not yet laid out
        newest = len(migrations())
        if version < newest and not any_version:
            raise JournalOlder(
                f"the journal {self._path} was written by an older hotfolder (version {version}, "
                f"this program's is {newest}): start run or once, or start the daemon anew, which "
                f"brings it up to date and keeps a copy"
            )
