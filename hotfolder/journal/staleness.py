"""Stale jobs: sent already, while today's sidecars and rules would ask for another edit.

The mark costs nothing and starts nothing; only an operator's retry --changed pays. Where the
change is undone, the mark goes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from hotfolder.domain.chance import as_wanted
from hotfolder.domain.jobs import Job, Plan
from hotfolder.domain.materials import Material, Origin
from hotfolder.domain.states import State
from hotfolder.journal.drafts import Draft
from hotfolder.journal.rows import existing_job
from hotfolder.journal.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A source with the newest job of each rule and slot for its present content."""

    id: int
    path: str
    skipped: bool
    jobs: tuple[Job, ...]


def known(session: Session, watch: int, paths: Sequence[str]) -> list[Known]:
    """Return what is known of sources; one of which nothing is known is left out."""
    rows = [
        (path, session.row("find_source", watch=watch, path=os.fsencode(path))) for path in paths
    ]
    return [
        Known(
            id=row["id"],
            path=path,
            skipped=row["verdict"] == "skipped",
            jobs=tuple(
                existing_job(session, each["id"])
                for each in session.rows("newest_of_source", source=row["id"])
            ),
        )
        for path, row in rows
        if row is not None
    ]


def is_other_work(job: Job, draft: Draft) -> bool:
    """Return whether a draft asks for another edit than a job's.

    Names make no difference, nor whether results are reviewed or kept as they came, nor where
    sources go and how materials are made fit: that needs them to be read. Of references counts what
    they show, not their metadata.
    """
    return _work(job.plan) != _work(draft.plan) or not _are_alike(
        _added(job.materials), _added(draft.materials)
    )


def _work(plan: Plan) -> Plan:
    finish = replace(plan.finish, keep_raw=False)
    return replace(as_wanted(plan), rule="", stem="", line=None, finish=finish, review=False)


def _added(materials: Iterable[Material]) -> list[Material]:
    """Return what is sent besides the sources."""
    return [each for each in materials if each.origin is not Origin.SOURCE]


def _are_alike(sent: Sequence[Material], wanted: Sequence[Material]) -> bool:
    """Whether what is sent besides is the same, each in its place."""
    return len(sent) == len(wanted) and all(
        (one.position, one.parameter) == (other.position, other.parameter)
        and one.is_image_of(other)
        for one, other in zip(sent, wanted, strict=True)
    )


def mark(session: Session, stale: Mapping[int, bool], beside: Mapping[int, str]) -> list[Job]:
    """Mark jobs as stale or not, keep what speaks for sources; return the jobs newly stale."""
    changed = {
        job: is_stale
        for job, is_stale in stale.items()
        if session.change("set_stale", job=job, stale=int(is_stale))
    }
    for source, text in beside.items():
        session.change("set_beside", source=source, beside=text)
    return [existing_job(session, job) for job, is_stale in changed.items() if is_stale]


def done(session: Session) -> list[Job]:
    """Return the finished jobs that are stale, oldest first."""
    rows = session.rows("stale_jobs", state=State.DONE.value)
    return [existing_job(session, row["id"]) for row in rows]
