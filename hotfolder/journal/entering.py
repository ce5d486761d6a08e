"""Entering one job: its row, its output name, its materials and the first line of its history."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hotfolder.domain import events as ev
from hotfolder.domain import names
from hotfolder.domain.jobs import Job
from hotfolder.domain.materials import Material, Origin
from hotfolder.domain.states import State
from hotfolder.journal import overwrite_guard
from hotfolder.journal.drafts import Draft
from hotfolder.journal.reservations import take_name
from hotfolder.journal.rows import encode_plan, encode_preparation, existing_job
from hotfolder.journal.session import Session, Value
from hotfolder.journal.transitions import apply

FIRST_SLOT: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A job that is to be entered: the number of its source, and what is wanted.

    It is known by the number of its watch, the key of its set, the digest of what is in that, and
    its slot. `named_after` is the path that its outputs are named by. The bytes of the draft's
    sources are known.
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
    draft = entry.draft
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
    put_materials(session, job_id, draft.materials)
    session.change(
        "insert_event",
        job=job_id,
        name="Accepted",
        from_state=None,
        to_state=State.ACCEPTED.value,
        detail="{}",
    )
    overwrite_guard.look(session, entry.source, entry.named_after)
    if draft.failure is not None and draft.waits_for is None:
        return apply(session, job_id, ev.GaveUp(failure=draft.failure))
    return existing_job(session, job_id)


def put_materials(session: Session, job_id: int, materials: Iterable[Material]) -> None:
    """Enter what a job sends."""
    for each in materials:
        session.change(
            "insert_material",
            job=job_id,
            position=each.position,
            parameter=each.parameter,
            origin=each.origin.value,
            path=os.fsencode(each.path) if each.origin is Origin.REFERENCE else None,
            content_hash=each.content_hash,
            identity=each.identity or each.content_hash,
            size=each.size,
            preparation=encode_preparation(each.preparation),
        )


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
        watch=entry.watch,
        key=os.fsencode(entry.key),
        digest=entry.digest,
        slot=entry.slot,
        rule=entry.draft.plan.rule,
        generation=entry.generation,
        output_root=os.fsencode(entry.output_root),
        output_folder=os.fsencode(entry.folder),
        output_stem=os.fsencode(entry.draft.plan.stem),
        named_after=os.fsencode(entry.named_after),
        **planned(session, entry.draft),
    )
    number: int = row["id"]
    return number
