"""Which notes there should be: derived from jobs, holds and files, the same after a crash.

A file has a note of its own, beside its missing output. A folder that would have more than
MOST_IN_A_FOLDER has one note for all; what concerns files without a job is told in one note in
the watch's output folder. However many files there are, only so many are looked at.
"""

from __future__ import annotations

import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from hotfolder.domain import notes as words
from hotfolder.domain.failures import Failure
from hotfolder.domain.notes import MOST_NAMED, FolderNote, Group, Kind, Note
from hotfolder.domain.states import State
from hotfolder.journal import counts
from hotfolder.journal.drafts import NO_RULE_HOLDS, SAID_SKIP
from hotfolder.journal.notes import About, Folder
from hotfolder.journal.session import Session, to_ms

MOST_IN_A_FOLDER: Final = 20
LOOKED_AT: Final = 2000

Level = Literal["none", "failures", "waiting", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A note that there should be, and where; `stem` and `extension` make its name."""

    about: About
    watch: str
    output_root: str
    output_folder: str
    stem: str
    extension: str
    text: str


@dataclass(frozen=True, slots=True)
class _Job:
    folder: Folder
    note: Note


def wanted(session: Session, levels: Mapping[str, Level], patience_s: float = 0.0) -> list[Wanted]:
    """Return the notes that watches of these names want; what waits is told after `patience_s`.

    Only the newest job of a source and rule has something to say.
    """
    before = to_ms(session.now - timedelta(seconds=patience_s))
    known = {row["name"]: row for row in session.rows("watches")}
    return [
        note
        for watch, level in levels.items()
        if level != "none" and watch in known
        for note in _of_watch(session, known[watch], level, before)
    ]


def _of_watch(session: Session, watch: sqlite3.Row, level: Level, before: int) -> Iterator[Wanted]:
    root = Folder(watch["id"], os.fsdecode(watch["output_root"]), "")
    jobs = _jobs(session, watch, level, before)
    groups: defaultdict[Folder, list[Group]] = defaultdict(list)
    if len(jobs) > LOOKED_AT:
        groups[root] += _crowd(session, watch["name"])
        jobs = []
    if level != "failures":
        groups[root] += _without_job(session, watch["name"], before)
    by_folder: defaultdict[Folder, list[Note]] = defaultdict(list)
    for each in jobs:
        by_folder[each.folder].append(each.note)
    for folder, listed in by_folder.items():
        if len(listed) > MOST_IN_A_FOLDER:
            groups[folder] += _together(listed)
        else:
            yield from (_beside(watch["name"], folder, note) for note in listed)
    for folder, told in groups.items():
        if told:
            yield _of_folder(watch["name"], folder, FolderNote(tuple(told)))


def _jobs(session: Session, watch: sqlite3.Row, level: Level, before: int) -> list[_Job]:
    name, limit = watch["name"], LOOKED_AT + 1
    rows = session.rows("failures_to_note", watch=name, limit=limit)
    if level != "failures":
        doubts = level == "all"
        rows += session.rows(
            "waits_to_note", watch=name, before=before, doubts=int(doubts), limit=limit
        )
    return [_job(watch["id"], row) for row in rows]


def _crowd(session: Session, watch: str) -> Iterator[Group]:
    found = counts.counts(session).get(watch, counts.Counts())
    then = "For whoever looks after hotfolder: status says why, and what to do."
    if found.failed:
        yield Group(f"{found.failed} pictures were not edited.", found.failed, then=then)
    if found.waiting:
        yield Group(f"{found.waiting} pictures wait.", found.waiting, then=then)


def _without_job(session: Session, watch: str, before: int) -> Iterator[Group]:
    """Yield what concerns files that are no jobs (yet)."""
    for row in session.rows("backlog_to_note", watch=watch, before=before):
        if row["files"]:
            then = f"For whoever looks after hotfolder: {row['hint']}"
            what = "1 picture is" if row["files"] == 1 else f"{row['files']} pictures are"
            yield Group(f"{what} held: {row['reason']}", row["files"], then=then)
    unreadable = session.rows("unreadable_to_note", watch=watch, before=before, limit=LOOKED_AT)
    yield from _listed("What cannot be read waits:", unreadable)
    skipped = session.rows(
        "skips_to_note",
        watch=watch,
        said_skip=SAID_SKIP,
        no_rule_holds=NO_RULE_HOLDS,
        limit=LOOKED_AT,
    )
    yield from _listed("Left out:", skipped)


def _listed(what: str, rows: Sequence[sqlite3.Row]) -> Iterator[Group]:
    if rows:
        lines = (f"{os.fsdecode(row['path'])}: {row['reason']}" for row in rows[:MOST_NAMED])
        yield Group(what, len(rows), tuple(lines))


def _together(listed: list[Note]) -> Iterator[Group]:
    """Yield the notes of a folder as groups of one kind and reason."""
    alike: defaultdict[tuple[Kind, Failure], list[Note]] = defaultdict(list)
    for note in listed:
        alike[note.kind, note.reason].append(note)
    for notes in alike.values():
        names = tuple(note.name for note in notes[:MOST_NAMED])
        yield Group(words.of_many(notes[0], len(notes)), len(notes), names, words.to_do(notes[0]))


def _beside(watch: str, folder: Folder, note: Note) -> Wanted:
    return Wanted(
        about=note.job,
        watch=watch,
        output_root=folder.output_root,
        output_folder=folder.folder,
        stem=note.name,
        extension=note.extension,
        text=note.text,
    )


def _of_folder(watch: str, folder: Folder, note: FolderNote) -> Wanted:
    return Wanted(
        about=folder,
        watch=watch,
        output_root=folder.output_root,
        output_folder=folder.folder,
        stem=words.FOLDER_NOTE,
        extension="txt",
        text=note.text,
    )


def _job(watch: int, row: sqlite3.Row) -> _Job:
    return _Job(
        Folder(watch, os.fsdecode(row["output_root"]), os.fsdecode(row["output_folder"])),
        Note(
            job=row["id"],
            name=os.fsdecode(row["path"]).rpartition("/")[2],
            kind=_kind(row),
            reason=Failure(row["code"], row["message"], row["hint"]),
        ),
    )


def _kind(row: sqlite3.Row) -> Kind:
    ended = {State.FAILED: Kind.FAILED, State.DONE: Kind.INCOMPLETE, State.IN_DOUBT: Kind.IN_DOUBT}
    if row["state"] in ended:
        return ended[State(row["state"])]
    return Kind.HELD if row["held"] else Kind.WAITING
