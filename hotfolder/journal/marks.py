"""Marks in output folders, by which a journal that was put back from an older copy is known.

Each intent has a random mark of its own, and before anything is sent the root of its outputs bears
the newest. The journal keeps the marks as long as the submits: one that it does not know was
written by a later state of it, which paid for what this one knows nothing of.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from hotfolder.journal import places, roots
from hotfolder.journal.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a mark stands: the journal's id, and whether a disk must be mounted there."""

    journal: str
    mounted: bool


def place(session: Session, output_root: str) -> Place:
    """Return where the mark of an output root stands."""
    mounted = places.was_mounted(session, output_root)
    return Place(journal=roots.own_id(session), mounted=mounted)


def output_roots(session: Session) -> list[str]:
    """Return the roots in which a mark may stand."""
    return [os.fsdecode(row["output_root"]) for row in session.rows("output_roots")]


def judge(session: Session, mark: str) -> int | None:
    """Return the number of the submit that a mark belongs to.

    None = it is not this journal's, and every watch is held from now on.
    """
    row = session.row("marked_submit", mark=mark)
    if row is None:
        roots.distrust(session)
        return None
    return int(row["id"])
