"""Entering one job: its row, its output name, its material and the first line of its history."""

from __future__ import annotations

import os
from dataclasses import dataclass

from hotfolder.domain import events as ev
from hotfolder.domain import names
from hotfolder.domain.jobs import Job, Material
from hotfolder.domain.states import State
from hotfolder.journal import overwrite_guard
from hotfolder.journal.drafts import Draft
from hotfolder.journal.reservations import take_name
from hotfolder.journal.rows import encode_plan, existing_job
from hotfolder.journal.session import Session, Value
from hotfolder.journal.transitions import apply


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A job that is to be entered: the number of its source, its picture, and what is wanted.

    `identity` is the hash that the picture's image is known by.
    """

    source: int
    material: Material
    identity: str
    draft: Draft
    output_root: str
    generation: int = 1

    @property
    def folder(self) -> str:
        """Where its outputs go below the output folder."""
        return names.fit_folder(self.material.path.rpartition("/")[0])

    @property
    def file_name(self) -> str:
        """The name of its picture's file."""
        return self.material.path.rpartition("/")[2]


def enter(session: Session, entry: Entry) -> Job:
    """Enter a job and return it; one whose draft has failed is failed at once."""
    draft, material = entry.draft, entry.material
    job_id = _insert(session, entry)
    take_name(
        session,
        job_id,
        entry.output_root,
        entry.folder,
        draft.plan.stem,
        entry.file_name,
        replaces=draft.replaces,
    )
    session.change(
        "insert_material",
        job=job_id,
        position=material.position,
        parameter=material.parameter,
        content_hash=material.content_hash,
        identity=entry.identity,
        path=os.fsencode(material.path),
        size=material.size,
    )
    session.change(
        "insert_event",
        job=job_id,
        name="Accepted",
        from_state=None,
        to_state=State.ACCEPTED.value,
        detail="{}",
    )
    overwrite_guard.look(session, entry.source, material.path)
    if draft.failure is not None and draft.waits_for is None:
        return apply(session, job_id, ev.GaveUp(failure=draft.failure))
    return existing_job(session, job_id)


def planned(session: Session, draft: Draft) -> dict[str, Value]:
    """Return a job's columns as a draft wants them."""
    failure, estimate = draft.failure, draft.estimate
    return {
        "plan": encode_plan(draft.plan),
        "estimate": None if estimate.amount is None else str(estimate.amount),
        "estimate_currency": estimate.currency,
        "due_at": None if draft.waits_for else session.now_ms,
        "waits_for": draft.waits_for.value if draft.waits_for else None,
        "error_code": failure.code if failure else None,
        "error_message": failure.message if failure else None,
        "error_hint": failure.hint if failure else None,
    }


def _insert(session: Session, entry: Entry) -> int:
    (row,) = session.rows(
        "insert_job",
        source=entry.source,
        content_hash=entry.material.content_hash,
        identity=entry.identity,
        rule=entry.draft.plan.rule,
        generation=entry.generation,
        output_root=os.fsencode(entry.output_root),
        output_folder=os.fsencode(entry.folder),
        output_stem=os.fsencode(entry.draft.plan.stem),
        **planned(session, entry.draft),
    )
    number: int = row["id"]
    return number
