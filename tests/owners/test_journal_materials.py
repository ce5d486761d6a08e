"""What a job sends: kept with it, moved with its source, and all there after an upgrade."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from hotfolder.domain.materials import Material, Origin
from hotfolder.domain.preparation import Preparation
from hotfolder.domain.states import State
from hotfolder.journal import connection
from hotfolder.journal.acceptance import accept, repeat, replan
from hotfolder.journal.drafts import SettledSet
from hotfolder.journal.journal import Journal
from hotfolder.journal.rows import existing_job
from tests.builders import OUTPUT, Desk, draft, make_old_journal, settled, sha256

if TYPE_CHECKING:
    from pathlib import Path

    from hotfolder.journal.drafts import Draft

BEFORE = 22  # the version in which a plan had the references
SMALLER = Preparation(types=("jpg",), max_bytes=7, reasons=("it is large",))


def logo(position: int = 2, content: str = "logo") -> Material:
    """Return a reference."""
    return Material(
        position=position,
        parameter="image",
        origin=Origin.REFERENCE,
        path="/brand/logo.png",
        content_hash=sha256(content),
        size=4,
        preparation=SMALLER,
    )


def sending(*references: Material, parameter: str = "image") -> Draft:
    """Return a draft that sends these besides its source."""
    (source,) = draft().materials
    return replace(
        draft(),
        materials=(replace(source, parameter=parameter, preparation=SMALLER), *references),
    )


def test_all_that_is_sent_is_kept_in_its_order(desk: Desk) -> None:
    """The source with the bytes that were read, then what the plan names; each made fit."""
    (job,) = desk.accept_all(drafts=[sending(logo(), logo(3, "style"))])
    assert job.original == Material(
        position=1,
        parameter="image",
        origin=Origin.SOURCE,
        path="ann.jpg",
        content_hash=sha256("a"),
        size=5,
        preparation=SMALLER,
    )
    assert job.references == (logo(), logo(3, "style"))
    assert job.upload_keys == tuple(each.upload_key for each in job.materials)


def test_another_plan_sends_other_things_of_the_same_source(desk: Desk) -> None:
    """Until the intent; the bytes of the source are those that it has."""
    (job,) = desk.accept_all(drafts=[sending(logo())])
    planned = desk.journal.run_blocking(replan, job.id, sending(parameter="imageUrl"))
    assert planned.materials == (replace(job.original, parameter="imageUrl"),)
    assert planned.original.content_hash == sha256("a")


def test_what_was_sent_is_what_it_was(desk: Desk) -> None:
    """After the intent a plan changes nothing; the next generation sends the same."""
    job = desk.bring_to(State.DONE)
    later = desk.journal.run_blocking(replan, job.id, sending(logo()))
    assert later.materials == job.materials
    fresh = desk.journal.run_blocking(repeat, job.id)
    assert (fresh.generation, fresh.materials) == (2, job.materials)


def test_a_moved_source_is_known_and_sent_from_its_new_place(desk: Desk) -> None:
    """The key goes along: accepted there once more, it is no new job, and neither is it back."""
    (job,) = desk.accept_all("a/ann.jpg", drafts=[sending(logo())])
    there = replace(settled("b/bob.jpg"), moved_from="a/ann.jpg")
    for source in (there, settled("b/bob.jpg")):
        fresh = desk.journal.run_blocking(
            accept, SettledSet.alone(source), [sending(logo())], OUTPUT, per_rule=True
        )
        assert fresh == ()
    (row,) = desk.rows("known_by", job=job.id)
    after = desk.journal.run_blocking(existing_job, job.id)
    assert (row["key"], after.source, after.original.path) == (
        os.fsencode("b/bob.jpg"),
        "b/bob.jpg",
        "b/bob.jpg",
    )
    assert (after.named_after, after.references) == ("a/ann.jpg", (logo(),))


OLD = """
INSERT INTO watch (name, root, output_root) VALUES ('one', x'2f', x'2f');
INSERT INTO source (watch, path, size, mtime_ns, inode, content_hash, identity, verdict, seen_at)
VALUES (1, 'MOVED', 1, '1', '1', 'RATED', 'FIRST', 'job', 1);
INSERT INTO job (source, content_hash, identity, rule, state, due_at, plan, output_root,
    output_folder, output_stem, accepted_at)
VALUES (1, 'RATED', 'FIRST', 'r', 'accepted', 1, 'PLAN', x'2f', x'', x'61', 1);
INSERT INTO material (job, position, parameter, content_hash, identity, path, size)
VALUES (1, 1, 'image', 'RATED', 'FIRST', x'616e6e', 9);
"""


def test_an_older_plan_has_its_materials_in_rows(tmp_path: Path) -> None:
    """References and how the picture is made fit stood in it; the first hash stays the key."""
    path = tmp_path / connection.FILE_NAME
    make_old_journal(path, BEFORE)
    fit = {"types": ["jpg"], "max_bytes": 7, "reasons": ["it is large"]}
    reference = {"position": 2, "parameter": "image", "content_hash": sha256("logo"), "size": 4}
    reference |= {"path": "/brand/logo.png", "preparation": fit}
    plan: dict[str, object] = {
        "rule": "r",
        "model": "m",
        "prompt": None,
        "params": {"n": 1},
        "stem": "ann",
    }
    plan |= {"preparation": fit, "references": [reference, {**reference, "position": 3}]}
    text = OLD.replace("PLAN", json.dumps(plan)).replace("RATED", sha256("rated"))
    text = text.replace("FIRST", sha256("first")).replace("'MOVED'", "x'6d6f766564'")
    with closing(sqlite3.connect(path)) as made, made:
        made.executescript(text)
    with Journal(tmp_path) as journal:
        job = journal.run_blocking(existing_job, 1)
    assert (job.source, job.named_after, job.digest) == ("moved", "ann", sha256("first"))
    assert (job.original.content_hash, job.original.size) == (sha256("rated"), 9)
    assert (job.original.identity, job.original.preparation) == (sha256("first"), SMALLER)
    assert job.references == (logo(), logo(3))
    assert job.plan.params == {"n": 1}
