"""The journal: whether it is there, whole, and not from the future."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from hotfolder.checkup.findings import CLOCK_TOLERANCE, MEGABYTE, Finding, Findings, Verdict
from hotfolder.config import Config
from hotfolder.domain.clock import utc_now
from hotfolder.domain.errors import HotfolderError, JournalNewer, JournalOlder
from hotfolder.housekeeping import newest_backup
from hotfolder.journal import connection, counts, reading
from hotfolder.journal.journal import Journal
from hotfolder.journal.lock import is_locked
from hotfolder.journal.reader import Reader


def journal(wanted: Config) -> Findings:
    """Yield how it is with the journal."""
    if wanted.journal.url:
        yield from _database(wanted)
        return
    path = wanted.state_dir / connection.FILE_NAME
    try:
        if not path.exists():
            yield _none_yet(wanted)
            return
        running = is_locked(wanted.state_dir)
        connection.check_whole(path, alone=not running)
        with Reader(wanted.state_dir, wanted.journal.url) as reader:
            newest = reader.read(reading.newest_time)
            miscounted = reader.read(counts.differences)
    except PermissionError:
        yield Finding(Verdict.NOTE, "journal", "belongs to another user", f"sudo -u {_owner(path)}")
        return
    except JournalOlder as error:
        yield Finding(Verdict.NOTE, "journal", str(error), "start hotfolder")
        return
    except JournalNewer as error:
        yield Finding(Verdict.BAD, "journal", str(error), "install the newer hotfolder again")
        return
    except HotfolderError as error:
        copy = newest_backup(wanted, utc_now())
        advice = f"hotfolder restore {quote(str(copy)) if copy else 'FILE, if you have a copy'}"
        yield Finding(Verdict.BAD, "journal", str(error), advice)
        return
    daemon = "a daemon uses it" if running else "no daemon runs"
    size_mb = path.stat().st_size / MEGABYTE
    yield Finding(Verdict.OK, "journal", f"whole, {size_mb:,.1f} MB, {daemon}")
    if miscounted:
        yield _counted_anew(wanted.state_dir, miscounted, running=running)
    if newest is not None and newest > utc_now() + CLOCK_TOLERANCE:
        yield Finding(
            Verdict.BAD,
            "clock",
            f"the journal's newest entry is of {newest:%Y-%m-%d %H:%M} UTC, which is yet to come",
            "set the clock right (timedatectl set-ntp true)",
        )


def _none_yet(wanted: Config) -> Finding:
    copy = newest_backup(wanted, utc_now())
    if copy is None:
        return Finding(Verdict.OK, "journal", "there is none yet")
    words = f"there is none in {wanted.state_dir}, and there are copies of one"
    return Finding(Verdict.BAD, "journal", words, f"hotfolder restore {quote(str(copy))}")


def _database(wanted: Config) -> Findings:
    try:
        with Reader(wanted.state_dir, wanted.journal.url) as reader:
            miscounted = reader.read(counts.differences)
    except FileNotFoundError:
        yield Finding(Verdict.OK, "journal", "there is none yet in the database")
        return
    except HotfolderError as error:
        yield Finding(
            Verdict.BAD, "journal", str(error), "psql shows whether the server is reached"
        )
        return
    said = f"{miscounted} files were not counted as what they are" if miscounted else "whole"
    yield Finding(Verdict.BAD if miscounted else Verdict.OK, "journal", f"in PostgreSQL, {said}")


def _counted_anew(folder: Path, wrong: int, *, running: bool) -> Finding:
    """Count all files anew, unless a daemon has the journal."""
    said = f"{wrong} files were not counted as what they are"
    if running:
        return Finding(Verdict.BAD, "counts", said, "stop hotfolder, and run doctor once more")
    with Journal(folder) as opened:
        opened.run_blocking(counts.rebuild)
    return Finding(Verdict.NOTE, "counts", f"{said}; all are counted anew now")


def _owner(path: Path) -> str:
    try:
        return path.parent.owner()
    except (OSError, KeyError):
        return "its owner"
