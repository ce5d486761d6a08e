"""A journal with jobs of every kind, kept before materials were rows, goes on as if nothing were.

What it holds is played by `tests.older_studio`, and was paid for: it gets no new job, no other key
and no newly stale job, whatever is read again.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hotfolder.journal import reading
from hotfolder.journal.connection import FILE_NAME
from tests import older_studio
from tests.flow.test_changes import held_back

if TYPE_CHECKING:
    from tests.studio import Studio

KEPT = Path(__file__).parents[1] / "journals" / "before-materials.tar.xz"
STATES = {
    "accepted": 10,  # held, dear, paused, a follower, waiting for a sidecar or the rest of a file
    "uploaded": 1,
    "submitting": 1,
    "running": 1,
    "finished": 2,  # one of them published in part
    "fetched": 3,  # two of them to be reviewed
    "done": 31,
    "failed": 2,
    "in_doubt": 1,
    "cancelled": 3,
}
# Whom an unsent job follows is found out again before it is sent, whenever it is looked at.
JOBS = (
    "SELECT id, source, {digest}, rule, generation, stale, anew, allowed, "
    "CASE WHEN state NOT IN ('accepted', 'uploaded') THEN work_key END, "
    "CASE WHEN state NOT IN ('accepted', 'uploaded') THEN leader END FROM job"
)
MATERIALS = (
    "SELECT origin, count(*), sum(content_hash <> '' AND size > 0) FROM material "
    "GROUP BY origin ORDER BY origin"
)
FILES = (
    "SELECT source.id, watch.root, source.path, source.inode FROM source "
    "JOIN watch ON watch.id = source.watch WHERE source.backlog IS NULL"
)
AS_FOUND = "UPDATE source SET inode = ?, mtime_ns = ?, beside = 'of before' WHERE id = ?"
UNSENT = {"hans.jpg", "ted.jpg"}

Known = dict[int, dict[str, Any]]


@pytest.fixture
def known(studio: Studio) -> Known:
    """Put the kept journal and its folders back; gives the keys of its jobs as they were."""
    return older_studio.put_back(studio, KEPT)


def asked(studio: Studio, statement: str) -> list[tuple[Any, ...]]:
    """Return what the journal's file answers."""
    with closing(sqlite3.connect(studio.state / FILE_NAME)) as opened:
        return opened.execute(statement).fetchall()


def jobs_before(studio: Studio) -> list[tuple[Any, ...]]:
    """Return what makes each job the one that it is, as the older program had it."""
    return asked(studio, JOBS.format(digest="identity"))


def keys(studio: Studio) -> Known:
    """Return the keys of all jobs as they are today."""
    jobs = studio.read(reading.jobs)
    return {job.id: older_studio.keys(studio.config, job) for job in jobs}


def unread(studio: Studio) -> list[str]:
    """Return the files that stand otherwise than the journal knows them."""
    lacking = []
    for _, root, path, inode in asked(studio, FILES):
        place = Path(os.fsdecode(root)) / os.fsdecode(path)
        if place.exists() and inode != str(place.stat().st_ino):
            lacking.append(str(place))
    return lacking


def let_files_be_known(studio: Studio) -> None:
    """Let the files stand as the journal knows them, while all that is said beside them changed."""
    found = asked(studio, FILES)
    with closing(sqlite3.connect(studio.state / FILE_NAME)) as opened, opened:
        for number, root, path, _ in found:
            place = Path(os.fsdecode(root)) / os.fsdecode(path)
            if place.exists():
                seen = place.stat()
                opened.execute(AS_FOUND, (str(seen.st_ino), str(seen.st_mtime_ns), number))


async def test_every_job_keeps_its_keys(studio: Studio, known: Known) -> None:
    """What edits and uploads are known by is today what it was, in every state."""
    jobs = jobs_before(studio)
    assert Counter(state for (state,) in asked(studio, "SELECT state FROM job")) == STATES
    studio.journal().close()
    assert asked(studio, JOBS.format(digest="digest")) == jobs
    assert keys(studio) == known
    assert asked(studio, MATERIALS) == [("reference", 12, 12), ("source", 55, 55)]
    assert (studio.state / f"{FILE_NAME}.version-22").exists()


async def test_all_files_read_anew_are_what_they_were(studio: Studio, known: Known) -> None:
    """Every file is another to the scan: it is read, and taken for the same by its content."""
    held_back(studio)
    jobs = jobs_before(studio)
    async with studio.running():
        await studio.until(lambda: not unread(studio), "all is read")
    assert asked(studio, JOBS.format(digest="digest")) == jobs
    assert keys(studio) == known
    assert studio.ledger().tasks == ()


async def test_all_jobs_looked_at_anew_ask_for_what_they_did(studio: Studio, known: Known) -> None:
    """Whatever rules and sidecars say today makes nothing stale that was not."""
    held_back(studio)
    let_files_be_known(studio)
    jobs = jobs_before(studio)
    of_before = f"{FILES} AND source.beside = 'of before' AND source.verdict = 'job'"
    async with studio.running():
        await studio.until(lambda: not asked(studio, of_before), "all is looked at")
    assert asked(studio, JOBS.format(digest="digest")) == jobs
    assert keys(studio) == known
    assert studio.ledger().tasks == ()


async def test_only_what_was_never_sent_is_paid(studio: Studio, known: Known) -> None:
    """The paused one and the one put off are sent; whoever waits, follows or is in doubt is not."""
    (studio.output / "away").mkdir()
    async with studio.running():
        await studio.send("resume", watch="paused")
        for name in UNSENT:
            await studio.until(lambda name=name: studio.job(name)["state"] == "done", name)  # type: ignore[misc]
        await studio.until(lambda: studio.job("kit.jpg")["state"] == "done", "kit.jpg")
        await studio.until(lambda: not unread(studio), "all is read")
    assert len(studio.ledger().tasks) == len(UNSENT)
    assert len(studio.jobs()) == len(known)
    assert keys(studio) == known
