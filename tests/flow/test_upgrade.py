"""A journal of an older program, made by that program, goes on: nothing is paid again."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hotfolder.journal.connection import FILE_NAME
from tests.flow.test_backlog import learned
from tests.flow.test_essence import is_taken, rate

if TYPE_CHECKING:
    from tests.studio import Studio

JOURNALS = Path(__file__).parents[1] / "journals"
VERSIONS = sorted(each.name for each in JOURNALS.iterdir() if each.is_dir())
STATES = {"accepted": 1, "done": 2, "failed": 1, "in_doubt": 1}


def put_back(studio: Studio, version: str) -> None:
    """Let a studio be as the older program left it: its journal and its pictures."""
    stored = JOURNALS / version
    shutil.copytree(stored / "in", studio.input, dirs_exist_ok=True)
    text = (stored / "journal.sql").read_text("utf-8")
    places = {
        "STUDIO-FOLDER": os.fsencode(studio.folder).hex(),
        "STUDIO-TEXT": str(studio.folder),
        "SERVICE-ADDRESS": studio.base_url.removesuffix("/openapi/v2"),
    }
    for name, value in places.items():
        text = text.replace(name, value)
    studio.state.mkdir()
    with closing(sqlite3.connect(studio.state / FILE_NAME)) as made:
        made.executescript(text)


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_older_journal_goes_on(studio: Studio, version: str) -> None:
    """Its jobs keep their states and keys; what was done, failed or is in doubt is not paid."""
    put_back(studio, version)
    await studio.once()
    assert studio.states() == STATES
    assert studio.ledger().tasks == ()
    keys = (
        "SELECT 1 FROM job JOIN material ON material.job = job.id "
        "WHERE digest <> content_hash OR length(work_key) <> 64"
    )
    with closing(sqlite3.connect(studio.state / FILE_NAME)) as made:
        assert made.execute(keys).fetchall() == []
    assert not any(job["stale"] for job in studio.jobs())


@pytest.mark.parametrize("version", VERSIONS)
async def test_what_an_older_program_paid_for_may_be_rated(studio: Studio, version: str) -> None:
    """Learned in the background it is the same picture; changed before that, it is held."""
    put_back(studio, version)
    rate(studio.input / "day" / "bob.png")
    async with studio.running():
        await studio.until(lambda: learned(studio, "ann.jpg"), "it is learned")
        content = rate(studio.input / "ann.jpg")
        await studio.until(lambda: is_taken(studio, content), "the rating is seen")
    assert studio.states() == STATES
    assert studio.ledger().tasks == ()
    assert studio.explain("day/bob.png")["verdict"] == "held"
    assert studio.explain("ann.jpg")["verdict"] == "job"
