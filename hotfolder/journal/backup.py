"""Copies of the journal: taken while it is in use, and put back.

A copy is one whole file of one moment; a plain copy of the live file would lack what still stands
in its write-ahead log. A copy put back knows nothing of what was paid after it was taken. So
nothing that was not yet submitted goes on by itself: every watch is held, from the first moment
at which the copy is the journal.
"""

from __future__ import annotations

import os
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from hotfolder.domain.clock import Now
from hotfolder.journal import replacing, roots
from hotfolder.journal.connection import FILE_NAME, check_whole, fold, open_writer, snapshot
from hotfolder.journal.durable import sync
from hotfolder.journal.lock import is_locked, locked
from hotfolder.journal.session import Session

DAILY_NAME: Final = "journal-{day}.db"
DAILY_GLOB: Final = "journal-????-??-??.db"
_COMPANIONS: Final = ("-wal", "-shm")


def take(folder: Path, target: Path) -> int:
    """Copy the journal in `folder` to a new file, also while a daemon writes it.

    Returns the copy's size in bytes. It is whole, checked and on the disk when it gets its name.
    Raises FileExistsError where the target is there, FileNotFoundError without a journal or
    without the target's folder, JournalDamaged, JournalUnavailable where the disk is full.
    """
    path = folder / FILE_NAME
    if not path.exists():
        raise FileNotFoundError(path)
    if os.path.lexists(target):
        raise FileExistsError(target)
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    try:
        snapshot(path, part, alone=not is_locked(folder))
        check_whole(part, alone=True)
        sync(part)
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    sync(target.parent)
    return target.stat().st_size


def take_daily(folder: Path, backups: Path, now: datetime, keep: int) -> Path | None:
    """Take the copy of a day unless it is there, and remove all but the newest `keep`.

    Returns the new copy. `now` is the owner's time. Raises as `take` does.
    """
    backups.mkdir(mode=0o700, parents=True, exist_ok=True)
    sync(backups.parent)
    target = backups / DAILY_NAME.format(day=now.date().isoformat())
    if target.exists():
        return None
    take(folder, target)
    for old in dailies(backups, now)[:-keep]:
        old.unlink(missing_ok=True)
    return target


def dailies(backups: Path, now: datetime) -> list[Path]:
    """Return the copies of days up to the owner's `now`, oldest first.

    One of a day to come was named by a clock that was wrong: it must neither count as the newest
    nor take the place of those that follow.
    """
    newest = DAILY_NAME.format(day=now.date().isoformat())
    return sorted(each for each in backups.glob(DAILY_GLOB) if each.name <= newest)


def put_back(folder: Path, copy: Path, clock: Now) -> tuple[list[str], Path | None]:
    """Make a copy the journal in `folder`, with every watch held.

    Returns the watches' names, and where the former journal was put aside, if there was one.
    Raises JournalLocked while a daemon runs, JournalDamaged or JournalNewer for a copy that cannot
    be used; nothing is changed then. Stopped at any moment, it leaves the one journal or the other.
    """
    path = folder / FILE_NAME
    with locked(folder):
        check_whole(copy, alone=True)
        part = path.with_name(f"{FILE_NAME}.part")
        _discard(part)
        snapshot(copy, part, alone=True)
        watches = _hold_all(part, clock)
        sync(part)
        aside = _kept_aside(path, clock) if path.exists() else None
        sync(folder)  # the former log is gone for certain before another journal takes its place
        part.replace(path)
        replacing.settle(folder)
        sync(folder)
    return watches, aside


def _hold_all(path: Path, clock: Now) -> list[str]:
    with closing(open_writer(path)) as connection:
        names = roots.distrust(Session(connection, clock))
    fold(path)
    return names


def _kept_aside(path: Path, clock: Now) -> Path:
    """Give the former journal a second name, so that its own can be taken in one step.

    Its log is folded in first: a log must never stand beside another journal, and the former one
    must be whole until it is replaced. That of a damaged one is kept aside, too.
    """
    aside = path.with_name(f"{FILE_NAME}.before-{clock():%Y%m%d-%H%M%S}")
    fold(path)
    os.link(path, aside)
    for each in _COMPANIONS:
        if path.with_name(path.name + each).exists():
            path.with_name(path.name + each).rename(aside.with_name(aside.name + each))
    return aside


def _discard(path: Path) -> None:
    for each in ("", *_COMPANIONS):
        path.with_name(path.name + each).unlink(missing_ok=True)
