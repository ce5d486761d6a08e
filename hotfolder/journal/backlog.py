"""Sources that are held back because they stood there before their watch, or its rules, did.

They are known by name and size only: neither hashed nor accepted. `held` ones wait for a person,
`unwanted` ones were left out by one. Both count as the same file until their size changes: a
share that comes back with other times and numbers must not let thousands of them go.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from hotfolder.domain.failures import (
    BACKLOG,
    OTHER_JOURNAL,
    OUTPUT_BLOCKED,
    RESTORED,
    Failure,
    backlog_for,
    opened_at_last,
)
from hotfolder.domain.file_failures import CHANGED_UNKNOWN, NO_DECODER
from hotfolder.domain.sightings import Sighting
from hotfolder.journal import holds, places, roots
from hotfolder.journal.drafts import Settled
from hotfolder.journal.engine import Row
from hotfolder.journal.session import Session
from hotfolder.journal.sightings import HELD_BACK, Known

TOGETHER: Final = 1000
# How it begins why a file of many texts is held, and what is known of one that was released.
MANY_ROWS: Final = "rows:"
RELEASED: Final = "rows: released"

# The journal does not know what was paid under these: everything new waits for a person.
DISTRUSTED: Final[Mapping[str, Failure]] = {each.code: each for each in (RESTORED, OTHER_JOURNAL)}


@dataclass(frozen=True, slots=True)
class Standing:
    """A source that stood there; `estimate` is what its jobs are expected to cost, if known."""

    path: str
    seen: Known
    estimate: Decimal | None


@dataclass(frozen=True, slots=True)
class Since:
    """What a watch took when it was last looked at whole, and whether its journal is trusted.

    `eligible` None = it never was; `held` says whether sources of it are held back, `why` for which
    reason they are, or would be.
    """

    eligible: str | None
    held: bool
    distrusted: bool
    why: Failure


def scope(watch: str) -> str:
    """Return the scope of what is held back of a watch; its jobs are not under it."""
    return f"backlog:{watch}"


def since(session: Session, watch: int) -> Since:
    """Return what a watch took so far."""
    (row,) = session.rows("eligibility", watch=watch)
    distrust = _distrust(session, row["name"])
    found = holds.cause(session, scope(row["name"]), BACKLOG.code)
    return Since(
        eligible=row["eligible"],
        held=found is not None,
        distrusted=distrust is not None,
        why=found or distrust or BACKLOG,
    )


def stop(session: Session, name: str, why: Failure = BACKLOG) -> Failure:
    """Hold what is held back of a watch, and return why.

    Where its journal is not trusted that is the reason, however few they are.
    """
    why = _distrust(session, name) or why
    holds.stop(session, scope(name), why)
    return why


def _distrust(session: Session, name: str) -> Failure | None:
    """Return why the journal of a watch is not trusted, None where it is."""
    of_watch = holds.watch_scope(name)
    held = (each for each in DISTRUSTED.values() if holds.cause(session, of_watch, each.code))
    return next(map(backlog_for, held), None)


def hold_back(session: Session, watch: int, found: Iterable[Standing]) -> Failure:
    """Enter sources as held back, and return why they are."""
    (row,) = session.rows("eligibility", watch=watch)
    why = stop(session, row["name"])
    for each in found:
        session.change(
            "hold_source",
            watch=watch,
            path=os.fsencode(each.path),
            size=each.seen[0],
            mtime_ns=each.seen[1],
            inode=each.seen[2],
            beside=HELD_BACK,
            reason=why.message,
            estimate=None if each.estimate is None else str(each.estimate),
        )
    return why


def hold_changed(session: Session, settled: Settled) -> None:
    """Hold a source back whose bytes are others now, while nobody can tell whether it is another.

    One that was held back, or left out, stays so.
    """
    sighting = settled.sighting
    session.change(
        "hold_changed",
        watch=settled.watch,
        path=os.fsencode(settled.path),
        size=sighting.size,
        mtime_ns=str(sighting.mtime_ns),
        inode=str(sighting.inode),
        beside=HELD_BACK,
        reason=CHANGED_UNKNOWN.message,
    )
    if session.row("held_here", watch=settled.watch) is not None:
        (row,) = session.rows("eligibility", watch=settled.watch)
        stop(session, row["name"])


def undecoded(session: Session, watch: int) -> list[tuple[int, str]]:
    """Return the sources, as (number, path), that failed because nothing here opens them."""
    rows = session.rows("undecoded_sources", watch=watch, code=NO_DECODER.code)
    return [(row["id"], os.fsdecode(row["path"])) for row in rows]


def look_again(session: Session, numbers: Iterable[int]) -> None:
    """Let the next look take sources for new ones, whose failed jobs are then tried again."""
    for number in numbers:
        session.change("forget_place", source=number)


def hold_undecoded(session: Session, watch: int, numbers: Iterable[int]) -> Failure:
    """Hold sources back that could be opened at last, until a person lets them go; returns why."""
    (row,) = session.rows("eligibility", watch=watch)
    why = stop(session, row["name"], opened_at_last())
    for number in numbers:
        session.change("hold_undecoded", source=number, beside=HELD_BACK, reason=why.message)
    return why


def looked_at_whole(session: Session, watch: int, eligible: str) -> None:
    """Keep what a watch takes: all that it takes and that stood there is known now."""
    session.change("keep_eligibility", watch=watch, eligible=eligible)


def held_paths(session: Session, watch: int, after: int) -> list[tuple[int, str]]:
    """Return the next sources that are held back, at most TOGETHER, as (number, path)."""
    rows = session.rows("held_sources", watch=watch, after=after, limit=TOGETHER)
    return [(row["id"], os.fsdecode(row["path"])) for row in rows]


def forget(session: Session, numbers: Iterable[int]) -> None:
    """Forget held sources that nobody takes any more."""
    for number in numbers:
        session.change("forget_held", source=number)


def release(session: Session, name: str, *, skip: bool = False) -> list[str]:
    """Let what is held back of a watch go, or leave it out; returns what was done, in words.

    Holds of a journal that was not trusted go as well, and folders that stand where others were
    before are taken for them; another input is then looked at as a new one.
    """
    done: list[str] = []
    for row in session.rows("watches"):  # none before the watch's first start
        if row["name"] == name:
            done += [*_take_input(session, row), *_take_output(session, row)]
    if skip:
        reason = f"left out by release --skip on {session.now.astimezone():%Y-%m-%d %H:%M}"
        count = session.change("leave_held_out", name=name, reason=reason)
    else:
        count = session.change("let_rows_go", name=name, rows=f"{MANY_ROWS}*", released=RELEASED)
        count += session.change("let_held_go", name=name)
        count += session.change("let_changed_go", name=name)
    holds.drop(session, scope(name), BACKLOG.code)
    dropped = [holds.drop(session, holds.watch_scope(name), code) for code in DISTRUSTED]
    if any(dropped):
        roots.trust(session)
        done.append("what the journal may not know of is submitted from now on")
    if count or not done:
        files = "1 file is" if count == 1 else f"{count or 'no'} files are"
        done.append(
            f"{files} {'left out' if skip else 'let go'}{'' if count else ': none is held'}"
        )
    return done


def _take_input(session: Session, row: Row) -> Iterator[str]:
    if not row["online"] and row["reason"] == roots.NOT_THE_SAME:
        roots.forget(session, row["name"])
        session.change("keep_eligibility", watch=row["id"], eligible=None)
        yield "the folder that stands there now is its input"


def _take_output(session: Session, row: Row) -> Iterator[str]:
    scope, output_root = holds.watch_scope(row["name"]), os.fsdecode(row["output_root"])
    is_refused = session.row("is_held", scope=scope, code=OUTPUT_BLOCKED)
    if is_refused and places.was_mounted(session, output_root):
        places.forget(session, output_root)
        yield "its output folder is used whatever is mounted there"


def alike(session: Session, watch: int, path: str, sighting: Sighting) -> list[str]:
    """Return the paths of sources held back or left out that may have been moved to a path.

    A move keeps size and time, and the name or the inode.
    """
    rows = session.rows(
        "backlog_alike", watch=watch, size=sighting.size, mtime_ns=str(sighting.mtime_ns)
    )
    name, inode = os.fsencode(path).rpartition(b"/")[2], str(sighting.inode)
    return [
        os.fsdecode(row["path"])
        for row in rows
        if row["path"].rpartition(b"/")[2] == name or row["inode"] == inode
    ]


def move(session: Session, watch: int, old: str, new: str, sighting: Sighting) -> bool:
    """Let a source that is held back or left out stay so at its new path.

    Returns whether it does: not where something else is known of that path.
    """
    moved = session.change(
        "move_held",
        watch=watch,
        old=os.fsencode(old),
        new=os.fsencode(new),
        inode=str(sighting.inode),
    )
    return moved > 0
