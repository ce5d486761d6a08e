"""The journal's owner: one thread, one lock, shared commits, readers, crashes, broken files."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from hotfolder.domain.errors import (
    JournalDamaged,
    JournalError,
    JournalLocked,
    JournalNewer,
    JournalUnavailable,
)
from hotfolder.journal import lock, seal
from hotfolder.journal.connection import FILE_NAME
from hotfolder.journal.journal import Journal
from hotfolder.journal.lock import is_locked
from hotfolder.journal.reader import Reader
from tests.mounting import mount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hotfolder.journal.session import Session

    Put = Callable[[Session, str], object]

MEBIBYTE = 1024 * 1024


def put(session: Session, key: str, value: str = "x") -> str:
    """Keep a fact."""
    session.change("set_meta", key=key, value=value)
    return key


def get(session: Session, key: str) -> str | None:
    """Return a fact."""
    row = session.row("get_meta", key=key)
    return None if row is None else str(row["value"])


def put_and_fail(session: Session, key: str) -> None:
    """Keep a fact, and think better of it."""
    put(session, key)
    raise ValueError(key)


def put_null(session: Session, key: str) -> None:
    """Break a constraint."""
    put(session, key)
    session.change("set_meta", key=key, value=None)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """Give a fresh journal."""
    with Journal(tmp_path) as made:
        yield made


class Gate:
    """A failpoint that counts commits and can hold the first one up."""

    def __init__(self) -> None:
        self.passed: list[str] = []
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, name: str) -> None:
        """Stop at the first commit until opened."""
        self.passed.append(name)
        self.reached.set()
        assert self.opened.wait(10)


async def test_an_operation_returns_its_result(journal: Journal) -> None:
    """Operations run in the journal's thread and return what they find."""
    assert await journal.run(put, "a", value="1") == "a"
    assert await journal.run(get, "a") == "1"
    here = threading.current_thread().name
    assert await journal.run(lambda _: threading.current_thread().name) == "journal" != here


async def test_concurrent_operations_share_commits(tmp_path: Path) -> None:
    """What waits together is committed together: a hundred operations, two commits."""
    gate = Gate()
    with Journal(tmp_path, failpoint=gate) as journal:
        first = asyncio.ensure_future(journal.run(put, "first"))
        await asyncio.to_thread(gate.reached.wait, 10)
        others = [asyncio.ensure_future(journal.run(put, str(each))) for each in range(100)]
        await asyncio.sleep(0)
        gate.opened.set()
        assert await asyncio.gather(first, *others) == ["first", *map(str, range(100))]
    assert gate.passed == ["commit.before", "commit.after"] * 2


@pytest.mark.parametrize("bad", [put_and_fail, put_null])
async def test_an_error_concerns_its_own_operation(tmp_path: Path, bad: Put) -> None:
    """An operation that raises undoes its own changes, and none of those that it shares with."""
    gate = Gate()
    with Journal(tmp_path, failpoint=gate) as journal:
        runs: list[tuple[str, Put]] = [("0", put), ("a", put), ("b", bad), ("c", put)]
        wanted = [asyncio.ensure_future(journal.run(run, key)) for key, run in runs]
        await asyncio.sleep(0)
        gate.opened.set()
        answers = await asyncio.gather(*wanted, return_exceptions=True)
        kept = [await journal.run(get, key) for key in "abc"]
    assert isinstance(answers[2], ValueError | sqlite3.IntegrityError)
    assert [answers[0], answers[1], answers[3]] == ["0", "a", "c"]
    assert kept == ["x", None, "x"]


async def test_a_cancelled_wait_does_not_break_the_journal(tmp_path: Path) -> None:
    """An operation whose caller has gone before it began is not run; the next one is."""
    gate = Gate()
    with Journal(tmp_path, failpoint=gate) as journal:
        first = asyncio.ensure_future(journal.run(put, "first"))
        await asyncio.to_thread(gate.reached.wait, 10)
        gone = asyncio.ensure_future(journal.run(put, "gone"))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        gate.opened.set()
        assert await first == "first"
        assert await journal.run(get, "gone") is None


async def test_a_closed_journal_says_so(tmp_path: Path) -> None:
    """After closing, an operation raises instead of waiting for ever; closing twice is fine."""
    journal = Journal(tmp_path)
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        await journal.run(get, "a")
    with pytest.raises(JournalError, match="closed"):
        journal.run_blocking(get, "a")


async def test_closing_commits_what_is_queued(tmp_path: Path) -> None:
    """Everything that was handed over before closing is in the file, and the log is folded in."""
    journal = Journal(tmp_path)
    waiting = [asyncio.ensure_future(journal.run(put, str(each))) for each in range(50)]
    await asyncio.sleep(0)
    await asyncio.to_thread(journal.close)
    assert len(await asyncio.gather(*waiting)) == 50
    assert sorted(snapshot(tmp_path)) == [FILE_NAME, FILE_NAME + seal.SUFFIX]
    with Reader(tmp_path) as reader:
        assert reader.read(get, "49") == "x"


# -- one daemon


def test_a_second_daemon_is_refused(journal: Journal) -> None:
    """One journal, one daemon; afterwards the next one may."""
    folder = journal.folder
    with pytest.raises(JournalLocked, match="another hotfolder"):
        Journal(folder)
    assert is_locked(folder)
    journal.close()
    assert not is_locked(folder)
    Journal(folder).close()


@pytest.mark.parametrize("name", [FILE_NAME, lock.OLDER_NAME])
def test_no_file_that_is_removed_lets_a_second_daemon_in(tmp_path: Path, name: str) -> None:
    """The lock is on the folder: what lies in it may be deleted."""
    (tmp_path / lock.OLDER_NAME).touch()
    with Journal(tmp_path):
        (tmp_path / name).unlink()
        assert is_locked(tmp_path)
        with pytest.raises(JournalLocked):
            Journal(tmp_path)


def test_a_daemon_of_an_older_program_is_respected(tmp_path: Path) -> None:
    """It holds a file instead, which every older program has left there."""
    with (tmp_path / lock.OLDER_NAME).open("w") as older:
        fcntl.flock(older, fcntl.LOCK_EX)
        assert is_locked(tmp_path)
        with pytest.raises(JournalLocked):
            Journal(tmp_path)
    with (
        Journal(tmp_path),
        (tmp_path / lock.OLDER_NAME).open() as older,
        pytest.raises(BlockingIOError),
    ):
        fcntl.flock(older, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_looking_whether_a_daemon_runs_does_not_keep_one_from_starting(tmp_path: Path) -> None:
    """`status` in a loop never makes a starting daemon believe that there is another."""
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            is_locked(tmp_path)

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for each in lookers:
        each.start()
    try:
        for _ in range(20):
            Journal(tmp_path).close()
    finally:
        done.set()
        for each in lookers:
            each.join()


def test_no_folder_is_not_locked(tmp_path: Path) -> None:
    """Where there never was a journal nobody holds it, and there is nothing to read."""
    assert not is_locked(tmp_path)
    with pytest.raises(FileNotFoundError):
        Reader(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_lock_ends_with_the_process(tmp_path: Path) -> None:
    """A killed daemon leaves no lock behind, and everything it had acknowledged."""
    acknowledged = killed_after(tmp_path, 30)
    assert not is_locked(tmp_path)
    with Reader(tmp_path) as reader:
        assert reader.read(get, acknowledged[-1]) == "x"
    with Journal(tmp_path) as journal:
        assert [key for key in acknowledged if journal.run_blocking(get, key) is None] == []


WRITER = """
import sys
from pathlib import Path
from hotfolder.journal.journal import Journal
journal = Journal(Path(sys.argv[1]))
for number in range(10**9):
    journal.run_blocking(lambda s: s.change("set_meta", key=str(number), value="x"))
    print(number, flush=True)
"""


def killed_after(folder: Path, count: int) -> list[str]:
    """Let a process commit in a loop, kill it, and return all that it had acknowledged."""
    command = [sys.executable, "-c", WRITER, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline().strip() for _ in range(count)]
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.read().split("\n")[:-1]
    assert writer.returncode == -signal.SIGKILL
    return lines


# -- reading beside the daemon


def test_a_reader_sees_what_is_committed(journal: Journal) -> None:
    """A reader beside the daemon sees every commit, and one look is one snapshot."""
    with Reader(journal.folder) as reader:
        assert reader.read(get, "a") is None
        journal.run_blocking(put, "a")
        assert reader.read(get, "a") == "x"

        def look_twice(session: Session) -> list[str | None]:
            before = get(session, "b")
            journal.run_blocking(put, "b")
            return [before, get(session, "b")]

        assert reader.read(look_twice) == [None, None]
        assert reader.read(get, "b") == "x"


def test_a_reader_cannot_write(journal: Journal) -> None:
    """There is one read-write connection only."""
    with Reader(journal.folder) as reader, pytest.raises(JournalError, match="readonly"):
        reader.read(put, "a")
    assert journal.run_blocking(get, "a") is None


def test_a_reader_alone_leaves_no_trace(tmp_path: Path) -> None:
    """Without a daemon a reader changes nothing in the folder."""
    with Journal(tmp_path) as journal:
        journal.run_blocking(put, "a")
    before = snapshot(tmp_path)
    with Reader(tmp_path) as reader:
        assert reader.read(get, "a") == "x"
    assert snapshot(tmp_path) == before


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder with their contents."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of one MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount("-t", "tmpfs", "-o", "size=1m", "hotfolder-test", str(folder))
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_reader_needs_no_right_to_write(small_disk: Path) -> None:
    """A journal in a folder that this user may not write can be read without a daemon."""
    with Journal(small_disk) as journal:
        journal.run_blocking(put, "a")
    mount("-o", "remount,ro", str(small_disk))
    with Reader(small_disk) as reader:
        assert reader.read(get, "a") == "x"


# -- disks that do not serve


def test_a_full_disk_refuses_the_commit_and_serves_again(small_disk: Path) -> None:
    """On a full disk nothing of a commit happens; with room made the same operation works."""
    big = "x" * MEBIBYTE
    with Journal(small_disk) as journal:
        journal.run_blocking(put, "before")
        for _ in range(2):
            with pytest.raises(JournalUnavailable, match="full"):
                journal.run_blocking(put, "big", big)
        assert journal.run_blocking(get, "big") is None
        assert journal.run_blocking(put, "after") == "after"
        mount("-o", "remount,size=16m", str(small_disk))
        journal.run_blocking(put, "big", big)
    with Reader(small_disk) as reader:
        assert [reader.read(get, key) for key in ("before", "after", "big")] == ["x", "x", big]


def test_a_full_disk_does_not_keep_the_journal_from_closing(small_disk: Path) -> None:
    """Closing on a full disk ends, and the next start finds everything."""
    with Journal(small_disk) as journal:
        journal.run_blocking(put, "a", "y" * 100_000)
        filler = small_disk / "filler"
        with pytest.raises(OSError, match="No space"):
            filler.write_bytes(b"f" * MEBIBYTE)
    filler.unlink(missing_ok=True)
    with Journal(small_disk) as journal:
        assert journal.run_blocking(get, "a") == "y" * 100_000


def test_a_disk_that_takes_nothing_is_said_at_start(small_disk: Path) -> None:
    """A folder in which no journal can be made gives the journal's own error."""
    mount("-o", "remount,size=4k", str(small_disk))
    with pytest.raises(JournalUnavailable):
        Journal(small_disk)
    assert not is_locked(small_disk)


# -- files that are not a journal of ours


def made(folder: Path, value: int = 1000) -> Path:
    """Make a journal of 200 facts of so many bytes and return its file."""
    with Journal(folder) as journal:
        journal.run_blocking(
            lambda session: [put(session, str(key), "x" * value) for key in range(200)]
        )
    return folder / FILE_NAME


def spoil_pages(path: Path) -> None:
    """Overwrite the middle of a file."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xa5" * (size // 4))


def spoil_a_page(path: Path) -> None:
    """Overwrite a page in the middle of a file, which opening it does not meet."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(b"\xa5" * 4096)


def spoil_header(path: Path) -> None:
    """Overwrite the beginning of a file."""
    with path.open("r+b") as file:
        file.write(b"not a database at all")


def cut(path: Path) -> None:
    """Cut a file in half."""
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize("spoil", [spoil_pages, spoil_header, cut])
def test_a_damaged_journal_is_refused_untouched(tmp_path: Path, spoil: object) -> None:
    """A broken file starts nothing, says how to recover, and stays as it is."""
    assert callable(spoil)
    path = made(tmp_path)
    spoil(path)
    before = snapshot(tmp_path)
    with pytest.raises(JournalDamaged) as caught:
        Journal(tmp_path)
    for word in (str(path), "damaged", "backup", ".recover", "pay for every file again"):
        assert word in str(caught.value)
    assert snapshot(tmp_path) == before
    assert not is_locked(tmp_path)


def test_only_the_very_file_that_was_closed_is_not_looked_through(tmp_path: Path) -> None:
    """One that was written to since it was closed is; so is one that was not closed in order."""
    path = made(tmp_path, value=30_000)
    closed = path.stat()
    spoil_a_page(path)
    with pytest.raises(JournalDamaged):
        Journal(tmp_path)
    os.utime(path, ns=(closed.st_atime_ns, closed.st_mtime_ns))
    with Journal(tmp_path):
        killed = tmp_path / "killed"
        shutil.copytree(tmp_path, killed)  # copies keep their times
    with pytest.raises(JournalDamaged):
        Journal(killed)


def test_a_journal_whose_damage_was_met_is_looked_through(tmp_path: Path) -> None:
    """Who closes it knew that it cannot be trusted."""
    path = made(tmp_path, value=30_000)
    with Journal(tmp_path) as journal:
        spoil_pages(path)
        with pytest.raises(JournalDamaged):
            journal.run_blocking(lambda session: [get(session, str(key)) for key in range(200)])
    with pytest.raises(JournalDamaged):
        Journal(tmp_path)


def test_damage_found_while_running_is_called_damage(tmp_path: Path) -> None:
    """A page that turns out broken in the middle of the work is no ordinary error."""
    path = made(tmp_path, value=30_000)  # more than SQLite keeps in memory
    with Journal(tmp_path) as journal:
        spoil_pages(path)
        with pytest.raises(JournalDamaged, match="recover"):
            journal.run_blocking(lambda session: [get(session, str(key)) for key in range(200)])


def test_damage_found_by_a_reader_is_called_damage(tmp_path: Path) -> None:
    """The command line reports a broken journal as the daemon does."""
    spoil_header(made(tmp_path))
    with pytest.raises(JournalDamaged, match="recover"):
        Reader(tmp_path)


@pytest.mark.parametrize("opener", [Journal, Reader])
def test_a_newer_journal_is_refused_untouched(tmp_path: Path, opener: type[Journal]) -> None:
    """A journal of a newer program is left alone, and the program to install is named."""
    path = made(tmp_path)
    change(path, "PRAGMA user_version = 99")
    before = snapshot(tmp_path)
    with pytest.raises(JournalNewer, match="version 99"):
        opener(tmp_path)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("opener", [Journal, Reader])
def test_another_programs_file_is_refused_untouched(tmp_path: Path, opener: type[Journal]) -> None:
    """A database that is not ours is never written to."""
    path = tmp_path / FILE_NAME
    change(path, "CREATE TABLE theirs (a)")
    before = snapshot(tmp_path)
    with pytest.raises(JournalDamaged, match="not a journal"):
        opener(tmp_path)
    assert snapshot(tmp_path) == before


def change(path: Path, statement: str) -> None:
    """Change a file from outside."""
    outside = sqlite3.connect(path)
    outside.execute(statement)
    outside.commit()
    outside.close()


def test_a_file_that_is_empty_is_no_journal_to_read(tmp_path: Path) -> None:
    """A start that was cut off before its first page leaves a file that is no journal yet."""
    (tmp_path / FILE_NAME).touch()
    with pytest.raises(FileNotFoundError):
        Reader(tmp_path)
    Journal(tmp_path).close()
