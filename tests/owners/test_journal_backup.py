"""Copies of the journal: whole ones, refused ones, put back without losing what was there."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from hotfolder.domain.clock import utc_now
from hotfolder.domain.errors import (
    JournalDamaged,
    JournalLocked,
    JournalNewer,
    JournalUnavailable,
)
from hotfolder.domain.states import State
from hotfolder.journal import backup, connection, seal
from hotfolder.journal.connection import FILE_NAME
from hotfolder.journal.holds import holds
from hotfolder.journal.journal import Journal
from hotfolder.journal.reader import Reader
from tests.builders import Desk, StandingClock
from tests.mounting import mount

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def accepted(folder: Path, count: int) -> None:
    """Accept so many jobs and close the journal."""
    folder.mkdir(exist_ok=True)
    clock = StandingClock()
    with Journal(folder, clock=clock) as journal:
        desk = Desk(journal, clock)
        for number in range(count):
            desk.accept(f"p{number}.jpg", content=f"{number:04}")


def sources(path: Path) -> int:
    """Count the sources of a journal file, as SQLite alone reads it."""
    opened = sqlite3.connect(path)
    (count,) = opened.execute("SELECT count(*) FROM source").fetchone()
    opened.close()
    return int(count)


def test_a_copy_has_what_is_not_yet_in_the_file(tmp_path: Path) -> None:
    """What stands in the write-ahead log of a journal in use is in the copy."""
    state = tmp_path / "state"
    state.mkdir()
    clock = StandingClock()
    with Journal(state, clock=clock) as journal:
        desk = Desk(journal, clock)
        for number in range(7):
            desk.accept(f"p{number}.jpg", content=f"{number:04}")
        size = backup.take(state, tmp_path / "copy.db")
        assert size == (tmp_path / "copy.db").stat().st_size
    assert sources(tmp_path / "copy.db") == 7
    assert [each.name for each in tmp_path.iterdir()].count("copy.db") == 1
    assert not list(tmp_path.glob(".*"))


def test_a_copy_replaces_nothing(tmp_path: Path) -> None:
    """A file that stands at the copy's name is left as it is."""
    accepted(tmp_path / "state", 1)
    (tmp_path / "copy.db").write_text("precious")
    with pytest.raises(FileExistsError):
        backup.take(tmp_path / "state", tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "precious"


def test_a_full_disk_leaves_no_copy(tmp_path: Path) -> None:
    """A copy that does not fit is told as such and leaves nothing half-done."""
    accepted(tmp_path / "state", 300)
    small = tmp_path / "small"
    small.mkdir()
    mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small))
    try:
        with pytest.raises(JournalUnavailable):
            backup.take(tmp_path / "state", small / "copy.db")
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", small], check=True)


def test_daily_copies_are_kept_in_a_number(tmp_path: Path) -> None:
    """One copy a day, the newest few of them; what else lies there is left alone."""
    accepted(tmp_path / "state", 1)
    folder = tmp_path / "copies"
    folder.mkdir()
    (folder / "mine.db").write_text("precious")
    made = [
        backup.take_daily(tmp_path / "state", folder, NOON + timedelta(hours=6 * number), keep=2)
        for number in range(10)
    ]
    assert [each.name for each in made if each] == [
        f"journal-2026-11-{day}.db" for day in (22, 23, 24)
    ]
    assert sorted(each.name for each in folder.iterdir()) == [
        "journal-2026-11-23.db",
        "journal-2026-11-24.db",
        "mine.db",
    ]


def test_a_copy_of_a_day_to_come_takes_no_place(tmp_path: Path) -> None:
    """What a wrong clock dated ahead stays, and pushes none of the right ones out."""
    accepted(tmp_path / "state", 1)
    folder = tmp_path / "copies"
    for number in range(3):
        backup.take_daily(tmp_path / "state", folder, NOON + timedelta(days=1000 + number), keep=3)
    for number in range(4):
        assert backup.take_daily(tmp_path / "state", folder, NOON + timedelta(days=number), keep=3)
    now = NOON + timedelta(days=3)
    assert [each.name[8:-3] for each in backup.dailies(folder, now)] == [
        f"2026-11-{day}" for day in (23, 24, 25)
    ]
    assert len(list(folder.iterdir())) == 6


def test_what_was_there_is_kept(tmp_path: Path) -> None:
    """Putting a copy back keeps the former journal, with what a killed daemon left in its log."""
    state = tmp_path / "state"
    accepted(state, 2)
    backup.take(state, tmp_path / "copy.db")
    killed = f"""
import os, signal
from pathlib import Path
from tests.builders import Desk, StandingClock
from hotfolder.journal.journal import Journal
clock = StandingClock()
desk = Desk(Journal(Path({str(state)!r}), clock=clock), clock)
desk.accept("late.jpg", content="late")
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", killed], check=False)
    assert (state / f"{FILE_NAME}-wal").stat().st_size > 0
    watches, aside = backup.put_back(state, tmp_path / "copy.db", utc_now)
    assert watches == ["one", "two"]
    assert aside is not None
    assert sources(aside) == 3
    assert sources(state / FILE_NAME) == 2


def test_every_watch_is_held_from_the_first_moment(tmp_path: Path) -> None:
    """A journal put back submits nothing by itself, however often it is started."""
    accepted(tmp_path / "state", 1)
    backup.take(tmp_path / "state", tmp_path / "copy.db")
    backup.put_back(tmp_path / "state", tmp_path / "copy.db", utc_now)
    with Reader(tmp_path / "state") as reader:
        found = reader.read(holds)
    assert [(each.scope, each.failure.code, each.next_trial) for each in found] == [
        ("watch:one", "journal_restored", None),
        ("watch:two", "journal_restored", None),
    ]
    with Journal(tmp_path / "state") as journal:
        row = journal.run_blocking(lambda session: session.rows("jobs_in_state", state="accepted"))
    assert len(row) == 1


def test_a_copy_can_begin_a_state_folder(tmp_path: Path) -> None:
    """After the loss of a disk there is no journal to put aside."""
    accepted(tmp_path / "state", 3)
    backup.take(tmp_path / "state", tmp_path / "copy.db")
    (tmp_path / "new").mkdir()
    _, aside = backup.put_back(tmp_path / "new", tmp_path / "copy.db", utc_now)
    assert aside is None
    assert sources(tmp_path / "new" / FILE_NAME) == 3
    assert [each.name for each in (tmp_path / "new").iterdir()] == [FILE_NAME]


def test_a_running_daemon_keeps_its_journal(tmp_path: Path) -> None:
    """Nothing is put back under a daemon."""
    accepted(tmp_path / "state", 1)
    backup.take(tmp_path / "state", tmp_path / "copy.db")
    with Journal(tmp_path / "state"), pytest.raises(JournalLocked):
        backup.put_back(tmp_path / "state", tmp_path / "copy.db", utc_now)


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda whole: whole[: len(whole) // 2], JournalDamaged),
        (lambda whole: whole[:4096] + b"\xff" * 9000 + whole[13096:], JournalDamaged),
        (lambda _whole: b"", JournalDamaged),
        (lambda _whole: b"a shopping list", JournalDamaged),
        (lambda whole: whole[:60] + (999).to_bytes(4, "big") + whole[64:], JournalNewer),
    ],
    ids=["cut", "overwritten", "empty", "another file", "newer"],
)
def test_a_bad_copy_changes_nothing(
    tmp_path: Path, spoil: object, error: type[JournalDamaged]
) -> None:
    """What is no whole journal of this program is refused before anything is touched."""
    assert callable(spoil)
    state = tmp_path / "state"
    accepted(state, 5)
    backup.take(state, tmp_path / "copy.db")
    bad = tmp_path / "bad.db"
    bad.write_bytes(spoil((tmp_path / "copy.db").read_bytes()))
    with pytest.raises(error):
        backup.put_back(state, bad, utc_now)
    assert {each.name for each in state.iterdir()} == {FILE_NAME, FILE_NAME + seal.SUFFIX}
    assert sources(state / FILE_NAME) == 5


def test_a_damaged_journal_is_replaced_and_kept(tmp_path: Path) -> None:
    """The way out of a damaged journal: the last copy; what was damaged can still be examined."""
    state = tmp_path / "state"
    accepted(state, 5)
    backup.take(state, tmp_path / "copy.db")
    (state / FILE_NAME).write_bytes(b"\xff" * 50_000)
    with pytest.raises(JournalDamaged):
        Journal(state)
    _, aside = backup.put_back(state, tmp_path / "copy.db", utc_now)
    assert aside is not None
    assert aside.read_bytes() == b"\xff" * 50_000
    with Journal(state):
        assert sources(state / FILE_NAME) == 5


def test_an_upgrade_keeps_the_older_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a migration the journal is copied, so that the older program can be gone back to."""
    accepted(tmp_path, 2)
    steps = [*connection.migrations(), "CREATE TABLE novelty (a INTEGER) STRICT;"]
    version = len(steps) - 1
    with monkeypatch.context() as newer:
        newer.setattr(connection, "migrations", lambda: steps)
        Journal(tmp_path).close()
    with pytest.raises(JournalNewer):
        Journal(tmp_path)
    kept = tmp_path / f"{FILE_NAME}.version-{version}"
    assert sources(kept) == 2
    (tmp_path / FILE_NAME).unlink()
    kept.rename(tmp_path / FILE_NAME)
    with Reader(tmp_path) as reader:
        assert (
            len(reader.read(lambda session: session.rows("jobs_in_state", state=State.ACCEPTED)))
            == 2
        )
