"""Which notes there should be: derived from jobs, holds and files, the same after a crash.

A file has a note of its own, beside its missing output. A folder that would have more than
MOST_IN_A_FOLDER has one note for all, which also tells what concerns its files without a job.
However many files there are, only so many are looked at.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from hotfolder.domain import notes as words
from hotfolder.domain.commands import about
from hotfolder.domain.failures import Failure
from hotfolder.domain.jobs import part
from hotfolder.domain.names import fit_folder
from hotfolder.domain.notes import MOST_NAMED, FolderNote, Group, Kind, Note
from hotfolder.domain.sightings import DEVICE, LINK
from hotfolder.domain.states import State
from hotfolder.journal import counts
from hotfolder.journal.drafts import NO_RULE_HOLDS, SAID_SKIP
from hotfolder.journal.engine import Row
from hotfolder.journal.notes import About, Folder
from hotfolder.journal.rows import decode_plan
from hotfolder.journal.session import Session, to_ms

MOST_IN_A_FOLDER: Final = 20
LOOKED_AT: Final = 2000
# What lies in more folders than these is told in one place.
MOST_FOLDERS: Final = 50

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


def _of_watch(session: Session, watch: Row, level: Level, before: int) -> Iterator[Wanted]:
    output_root = os.fsdecode(watch["output_root"])
    root = Folder(watch["id"], output_root, "")
    rows = _rows(session, watch["name"], level, before)
    groups: defaultdict[Folder, list[Group]] = defaultdict(list)
    if len(rows) > LOOKED_AT:
        groups[root] += _crowd(session, watch["name"])
        rows = []
    if level != "failures":
        for place, group in _without_job(session, watch["name"], before):
            groups[Folder(watch["id"], output_root, place)].append(group)
    by_folder: defaultdict[Folder, list[Note]] = defaultdict(list)
    for row in rows:
        by_folder[_folder(watch["id"], row)].append(_note(row))
    for folder, listed in by_folder.items():
        if len(listed) > MOST_IN_A_FOLDER:
            groups[folder] += _together(watch["name"], listed)
        else:
            yield from (_beside(watch["name"], folder, note) for note in listed)
    for folder, told in groups.items():
        if told:
            yield _of_folder(watch["name"], folder, FolderNote(tuple(told)))


def _rows(session: Session, watch: str, level: Level, before: int) -> list[Row]:
    limit = LOOKED_AT + 1
    rows = session.rows("failures_to_note", watch=watch, limit=limit)
    if level == "failures":
        return rows
    doubts = int(level == "all")
    waits = session.rows("waits_to_note", watch=watch, before=before, doubts=doubts, limit=limit)
    return [*rows, *waits]


def _crowd(session: Session, watch: str) -> Iterator[Group]:
    found = counts.counts(session).get(watch, counts.Counts())
    then = "For whoever looks after hotfolder: status says why, and what to do."
    if found.failed:
        yield Group(f"{found.failed} files were not edited.", found.failed, then=then)
    if found.waiting:
        yield Group(f"{found.waiting} files wait.", found.waiting, then=then)


def _without_job(session: Session, watch: str, before: int) -> Iterator[tuple[str, Group]]:
    """Yield what concerns files that are no jobs (yet), each with its folder."""
    for row in session.rows("backlog_to_note", watch=watch, before=before):
        yield from _held(row, session.rows("held_to_note", watch=watch, limit=LOOKED_AT))
    unreadable = session.rows("unreadable_to_note", watch=watch, before=before, limit=LOOKED_AT)
    yield from _listed("Not edited yet:", unreadable)
    waiting = session.rows("sets_to_note", watch=watch, before=before, limit=LOOKED_AT)
    yield from _listed("What is not complete waits:", waiting)
    skipped = session.rows(
        "skips_to_note",
        watch=watch,
        said_skip=SAID_SKIP,
        no_rule_holds=NO_RULE_HOLDS,
        link=LINK,
        device=DEVICE,
        limit=LOOKED_AT,
    )
    yield from _listed("Left out:", skipped)


def _held(hold: Row, files: Sequence[Row]) -> Iterator[tuple[str, Group]]:
    then = f"For whoever looks after hotfolder: {hold['hint']}"
    for folder, listed in _by_folder(files).items():
        count = len(listed) if folder else hold["files"] - (len(files) - len(listed))
        what = "1 file is" if count == 1 else f"{count} files are"
        yield folder, Group(f"{what} held: {hold['reason']}", count, then=then)


def _listed(what: str, rows: Sequence[Row]) -> Iterator[tuple[str, Group]]:
    for folder, listed in _by_folder(rows).items():
        lines = (f"{path}: {row['reason']}" for path, row in listed[:MOST_NAMED])
        yield folder, Group(what, len(listed), tuple(lines))


def _by_folder(rows: Sequence[Row]) -> dict[str, list[tuple[str, Row]]]:
    """Return files, each with its path below its folder, by their output folder.

    All in the watch's own where they are too many, or lie in too many.
    """
    found: defaultdict[str, list[tuple[str, Row]]] = defaultdict(list)
    whole = [(os.fsdecode(row["path"]), row) for row in rows]
    for path, row in whole:
        place, _, name = path.rpartition("/")
        found[fit_folder(place)].append((name, row))
    if len(rows) >= LOOKED_AT or len(found) > MOST_FOLDERS:
        return {"": whole}
    return found


def _together(watch: str, listed: list[Note]) -> Iterator[Group]:
    """Yield the notes of a folder as groups of one kind and reason."""
    alike: defaultdict[tuple[Kind, Failure], list[Note]] = defaultdict(list)
    for note in listed:
        alike[note.kind, note.reason].append(note)
    for notes in alike.values():
        names = tuple(note.called for note in notes[:MOST_NAMED])
        jobs = " ".join(str(note.job) for note in notes) if len(notes) <= MOST_NAMED else None
        then = about(words.to_do(notes[0]), job=jobs, watch=watch)
        yield Group(words.of_many(notes[0], len(notes)), len(notes), names, then)


def _beside(watch: str, folder: Folder, note: Note) -> Wanted:
    return Wanted(
        about=note.job,
        watch=watch,
        output_root=folder.output_root,
        output_folder=folder.folder,
        stem=note.name,
        extension=note.extension,
        text=about(note.text, job=str(note.job), watch=watch),
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


def _folder(watch: int, row: Row) -> Folder:
    return Folder(watch, os.fsdecode(row["output_root"]), os.fsdecode(row["output_folder"]))


def _note(row: Row) -> Note:
    return Note(
        job=row["id"],
        name=os.fsdecode(row["path"]).rpartition("/")[2],
        part=part(decode_plan(row["plan"]), row["step"]),
        kind=_kind(row),
        reason=Failure(row["code"], row["message"], row["hint"]),
    )


def _kind(row: Row) -> Kind:
    ended = {State.FAILED: Kind.FAILED, State.DONE: Kind.INCOMPLETE, State.IN_DOUBT: Kind.IN_DOUBT}
    if row["state"] in ended:
        return ended[State(row["state"])]
    return Kind.HELD if row["held"] else Kind.WAITING
