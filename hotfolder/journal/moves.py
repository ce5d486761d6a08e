"""A set of files that stands at new paths while its old ones are gone: its jobs go along.

Ended jobs, too, so that a renamed folder of finished pictures pays for nothing. A job that went
along keeps its output name: it remembers the path that it was accepted at.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from hotfolder.domain.jobs import Job
from hotfolder.journal.drafts import Draft, Settled, SettledSet
from hotfolder.journal.rows import encode_detail
from hotfolder.journal.session import Session

LOOKED_AT: Final = 50


def elsewhere(session: Session, settled: Settled) -> list[str]:
    """Return other paths of the watch that had this image, the likeliest old place first.

    None where jobs of this image stand at the path already. At most LOOKED_AT, since each has
    to be looked for on the disk.
    """
    name = os.fsencode(settled.path).rpartition(b"/")[2]
    rows = session.rows(
        "same_image_elsewhere",
        watch=settled.watch,
        path=os.fsencode(settled.path),
        content_hash=settled.content_hash,
        version=settled.essence.version if settled.essence else None,
        digest=settled.essence.digest if settled.essence else None,
        inode=str(settled.sighting.inode),
        name=name,
        ending=b"/" + name,
        limit=LOOKED_AT,
    )
    return [os.fsdecode(row["path"]) for row in rows]


def follow(session: Session, found: SettledSet, digest: str) -> None:
    """Take along the jobs of a set from where all of it was moved from; its sources are entered.

    Where only some of its files were moved, no job goes along.
    """
    if not found.moved:
        return
    places = {
        number: each
        for each in found.members
        if (number := _number(session, found.watch, each.moved_from or "")) is not None
    }
    if len(places) < len(found.members):
        return
    jobs = session.rows("jobs_of_image_at", source=min(places), digest=digest)
    for job in (row["id"] for row in jobs):
        sent = {row["source"] for row in session.rows("sources_of_job", job=job)}
        if sent == places.keys():
            _move(session, job, found, places)
    for old in places:
        session.change("forget_place", source=old)


def _move(session: Session, job: int, found: SettledSet, places: Mapping[int, Settled]) -> None:
    for old, each in places.items():
        detail = encode_detail({"moved_from": each.moved_from, "moved_to": each.path})
        session.change("remember_move", job=job, detail=detail)
        new = _number(session, found.watch, each.path)
        session.change("move_first", job=job, old=old, source=new)
        session.change("move_material", job=job, old=old, source=new)
    session.change("move_set", job=job, key=os.fsencode(found.key))


def _number(session: Session, watch: int, path: str) -> int | None:
    row = session.row("find_source", watch=watch, path=os.fsencode(path))
    return None if row is None else int(row["id"])


def named_alike(job: Job, draft: Draft) -> Draft:
    """Return a draft for a job with the output name that the job keeps if it was moved."""
    if not job.was_moved:
        return draft
    return replace(draft, plan=replace(draft.plan, stem=job.plan.stem))
