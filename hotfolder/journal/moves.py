"""A picture that stands at a new path while its old one is gone: its jobs go along.

Ended jobs, too, so that a renamed folder of finished pictures pays for nothing. A job that went
along keeps its output name: it remembers the path that it was accepted at.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Final

from hotfolder.domain.jobs import Job
from hotfolder.journal.drafts import Draft, Settled
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


def follow(session: Session, source: int, settled: Settled, identity: str) -> None:
    """Take along the jobs of an image from the path that it was moved from."""
    moved_from = settled.moved_from
    if moved_from is None:
        return
    old = session.row("find_source", watch=settled.watch, path=os.fsencode(moved_from))
    if old is None:
        return
    detail = encode_detail({"moved_from": moved_from, "moved_to": settled.path})
    session.change("remember_move", old=old["id"], identity=identity, detail=detail)
    key = os.fsencode(settled.path)
    session.change("move_jobs", old=old["id"], source=source, key=key, identity=identity)
    session.change("move_materials", old=old["id"], source=source, identity=identity)
    session.change("forget_place", source=old["id"])


def named_alike(job: Job, draft: Draft) -> Draft:
    """Return a draft for a job with the output name that the job keeps if it was moved."""
    if job.named_after == job.source:
        return draft
    return replace(draft, plan=replace(draft.plan, stem=job.plan.stem))
