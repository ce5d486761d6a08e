"""Entering one job: its row, its output name, its materials and the first line of its history."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from hotfolder.domain import chance, names
from hotfolder.domain import events as ev
from hotfolder.domain.chains import Place
from hotfolder.domain.jobs import Job
from hotfolder.journal import overwrite_guard
from hotfolder.journal.drafts import FIRST_SLOT, Draft
from hotfolder.journal.inserting import place_in_chain, planned, put_materials, remember_accepted
from hotfolder.journal.reservations import take_name
from hotfolder.journal.rows import existing_job
from hotfolder.journal.session import Session
from hotfolder.journal.transitions import apply


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A job that is to be entered: the number of its first source, and what is wanted.

    It is known by the number of its watch, the key of its set, the digest of what is in that, and
    its slot. `named_after` is the path that its outputs are named by. The bytes of the draft's
    sources are known, and these are entered. `place` is where it stands in a chain: what is no root
    has its output names with the root, below `output_stem`.
    """

    watch: int
    key: str
    digest: str
    slot: int = FIRST_SLOT
    source: int
    named_after: str
    draft: Draft
    output_root: str
    generation: int = 1
    place: Place | None = None
    output_stem: str = ""

    @property
    def folder(self) -> str:
        """Where its outputs go below the output folder."""
        return names.fit_folder(self.named_after.rpartition("/")[0])

    @property
    def file_name(self) -> str:
        """The name of the file that its outputs are named by."""
        return self.named_after.rpartition("/")[2]


def enter(session: Session, entry: Entry) -> Job:
    """Enter a job and return it; one whose draft has failed is failed at once."""
    draft = replace(entry.draft, plan=chance.draw(entry.draft.plan, _lot(session, entry)))
    entry = replace(entry, draft=draft)
    job_id = _insert(session, entry)
    if entry.place is None:
        take_name(
            session,
            job_id,
            entry.output_root,
            entry.folder,
            draft.plan.stem,
            entry.file_name,
            replaces=draft.replaces,
        )
    put_materials(session, job_id, draft.materials)
    remember_accepted(session, job_id)
    if draft.plan.line is None:  # many rows of one file are no loop
        overwrite_guard.look(session, entry.source, entry.named_after)
    if draft.failure is not None and draft.waits_for is None:
        return apply(session, job_id, ev.GaveUp(failure=draft.failure))
    return existing_job(session, job_id)


def _lot(session: Session, entry: Entry) -> str:
    """Return what no other job has."""
    told = (entry.watch, entry.key, entry.digest, entry.slot, entry.draft.plan.rule)
    return f"{told!r} {entry.generation} {session.now_ms}"


def _insert(session: Session, entry: Entry) -> int:
    (row,) = session.rows(
        "insert_job",
        source=entry.source,
        watch=entry.watch,
        key=os.fsencode(entry.key),
        digest=entry.digest,
        slot=entry.slot,
        rule=entry.draft.plan.rule,
        generation=entry.generation,
        output_root=os.fsencode(entry.output_root),
        output_folder=os.fsencode(entry.folder),
        output_stem=os.fsencode(entry.output_stem or entry.draft.plan.stem),
        named_after=os.fsencode(entry.named_after),
        **place_in_chain(entry.place),
        **planned(session, entry.draft),
    )
    number: int = row["id"]
    return number
