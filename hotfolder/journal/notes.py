"""Which notes there are: each row says that a file is ours, and what was written into it.

Its name is kept before the file is written; its hash tells later whether the file is still what
was written.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from hotfolder.journal.engine import Row, Value
from hotfolder.journal.session import Session


@dataclass(frozen=True, slots=True)
class Folder:
    """An output folder of a watch, relative to its output root; "" is the root itself."""

    watch: int
    output_root: str
    folder: str


# What a note is about: a job's missing output, or many files of a folder.
About = int | Folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A note that was written, or was about to be; `name` is relative to the output root."""

    about: About
    watch: str
    output_root: str
    name: str
    sha256: str
    written: bool


def kept(session: Session) -> list[Kept]:
    """Return the notes that were written, or were about to be."""
    return [
        Kept(
            about=_about(row),
            watch=row["watch"],
            output_root=os.fsdecode(row["output_root"]),
            name=os.fsdecode(row["name"]),
            sha256=row["sha256"],
            written=bool(row["written"]),
        )
        for row in session.rows("notes")
    ]


def keep(session: Session, about: About, name: str, sha256: str) -> None:
    """Keep that a note is about to be written."""
    at = os.fsencode(name)
    if isinstance(about, Folder):
        session.change("put_folder_note", name=at, sha256=sha256, **_key(about))
    else:
        session.change("put_note", name=at, sha256=sha256, job=about)


def mark_written(session: Session, about: About) -> None:
    """Keep that a note stands at its name."""
    if isinstance(about, Folder):
        session.change("mark_folder_note_written", **_key(about))
    else:
        session.change("mark_note_written", job=about)


def forget(session: Session, about: About) -> None:
    """Keep that a note is gone."""
    if isinstance(about, Folder):
        session.change("forget_folder_note", **_key(about))
    else:
        session.change("forget_note", job=about)


def _about(row: Row) -> About:
    if row["folder"] is None:
        return int(row["job"])
    return Folder(row["number"], os.fsdecode(row["output_root"]), os.fsdecode(row["folder"]))


def _key(folder: Folder) -> dict[str, Value]:
    return {
        "watch": folder.watch,
        "output_root": os.fsencode(folder.output_root),
        "folder": os.fsencode(folder.folder),
    }
