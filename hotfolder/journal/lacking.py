"""Jobs that a rule wants of a source beside those that were sent: entered when a person says so."""

from __future__ import annotations

import os
from collections.abc import Sequence

from hotfolder.domain.jobs import Job
from hotfolder.journal.drafts import Draft
from hotfolder.journal.entering import Entry, enter
from hotfolder.journal.rows import existing_job
from hotfolder.journal.session import Session


def enter_lacking(
    session: Session, job_id: int, drafts: Sequence[Draft], *, per_rule: bool
) -> list[Job]:
    """Enter those drafts of a job's sources whose slot has no job yet, and return the jobs."""
    job = existing_job(session, job_id)
    (known,) = session.rows("known_by", job=job_id)
    entries = [
        Entry(
            watch=known["watch"],
            key=os.fsdecode(known["key"]),
            digest=job.digest,
            slot=draft.slot,
            source=known["source"],
            named_after=job.named_after,
            draft=draft.with_sources(job.sources),
            output_root=job.output_root,
        )
        for draft in drafts
        if not (per_rule and draft.plan.rule != job.plan.rule)
    ]
    return [enter(session, each) for each in entries if _is_lacking(session, each, per_rule)]


def _is_lacking(session: Session, entry: Entry, per_rule: bool) -> bool:  # noqa: FBT001
    row = session.row(
        "latest_generation",
        watch=entry.watch,
        key=os.fsencode(entry.key),
        digest=entry.digest,
        slot=entry.slot,
        rule=entry.draft.plan.rule if per_rule else None,
    )
    return row is None
