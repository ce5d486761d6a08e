"""Which notes there should be, and which there are: derived from the jobs, also after a crash.

A row says that a note is ours: its name is kept before the file is written, its hash tells later
whether the file is still what was written.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

from hotfolder.domain.failures import Failure
from hotfolder.domain.notes import Kind, Note
from hotfolder.domain.states import State
from hotfolder.journal.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A note that was written, or was about to be; `name` is relative to the output root."""

    job: int
    watch: str
    output_root: str
    name: str
    sha256: str
    written: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A note that there should be, and the folder it belongs into."""

    watch: str
    output_root: str
    output_folder: str
    note: Note


def wanted(session: Session, failures: Collection[str], all_: Collection[str]) -> list[Wanted]:
    """Return the notes for the watches that want them on failures, and on everything.

    Only the newest job of a source and rule has something to say.
    """
    failed = session.rows("failures_to_note") if failures or all_ else []
    waiting = session.rows("waits_to_note") if all_ else []
    found = [row for row in failed if row["watch"] in failures or row["watch"] in all_]
    return [_wanted(row) for row in (*found, *(row for row in waiting if row["watch"] in all_))]


def kept(session: Session) -> list[Kept]:
    """Return the notes that were written, or were about to be."""
    return [
        Kept(
            job=row["job"],
            watch=row["watch"],
            output_root=os.fsdecode(row["output_root"]),
            name=os.fsdecode(row["name"]),
            sha256=row["sha256"],
            written=bool(row["written"]),
        )
        for row in session.rows("notes")
    ]


def keep(session: Session, job: int, name: str, sha256: str) -> None:
    """Keep that a note is about to be written."""
    session.change("put_note", job=job, name=os.fsencode(name), sha256=sha256)


def mark_written(session: Session, job: int) -> None:
    """Keep that a note stands at its name."""
    session.change("mark_note_written", job=job)


def forget(session: Session, job: int) -> None:
    """Keep that a note is gone."""
    session.change("forget_note", job=job)


def _wanted(row: sqlite3.Row) -> Wanted:
    return Wanted(
        watch=row["watch"],
        output_root=os.fsdecode(row["output_root"]),
        output_folder=os.fsdecode(row["output_folder"]),
        note=Note(
            job=row["id"],
            name=os.fsdecode(row["path"]).rpartition("/")[2],
            kind=_kind(row),
            reason=Failure(row["code"], row["message"], row["hint"]),
        ),
    )


def _kind(row: sqlite3.Row) -> Kind:
    if row["state"] == State.FAILED:
        return Kind.FAILED
    if row["state"] == State.DONE:
        return Kind.INCOMPLETE
    if row["state"] == State.IN_DOUBT:
        return Kind.IN_DOUBT
    return Kind.HELD if row["held"] else Kind.WAITING
