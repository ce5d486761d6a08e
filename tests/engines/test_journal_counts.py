"""How many files are what: each file in one column, whatever happens to it, and none counted."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hotfolder.domain import events as ev
from hotfolder.domain.failures import Failure
from hotfolder.domain.states import State
from hotfolder.journal import (
    acceptance,
    aside,
    backlog,
    connection,
    counts,
    holds,
    reading,
    sightings,
)
from hotfolder.journal.counts import Counts
from hotfolder.journal.drafts import SettledSet
from hotfolder.journal.journal import Journal
from tests.builders import WAY_TO, Desk, alone, draft, make_old_journal, settled, sha256

if TYPE_CHECKING:
    from pathlib import Path

    from hotfolder.journal.session import Session

ENGINES = ("sqlite", "postgresql")

# A watch of an older program: a file that was skipped, one that is held back, one that is done.
OLD = """
INSERT INTO watch (name, root, output_root, online) VALUES ('one', x'2f', x'2f', 1);
INSERT INTO source (watch, path, size, mtime_ns, inode, seen_at, verdict, backlog, identity) VALUES
    (1, x'61', 1, '1', '1', 1, 'skipped', NULL, NULL),
    (1, x'62', 1, '1', '1', 1, 'skipped', 'held', NULL),
    (1, x'63', 1, '1', '1', 1, 'job', NULL, 'HASH');
INSERT INTO job (source, content_hash, identity, rule, state, plan, output_root, output_folder,
    output_stem, accepted_at, ended_at) VALUES
    (3, 'HASH', 'HASH', 'r', 'done', '{}', x'2f', x'', x'61', 1, 1);
"""
KNOWN = (5, "1", "7", "")
HELD = Failure("no_money", "The account is empty.", "Top it up.")


def counted(desk: Desk, watch: str = "one") -> Counts:
    """Return a watch's counts; they are those that counting every file gives."""
    assert desk.journal.run_blocking(counts.differences) == 0
    return desk.journal.run_blocking(counts.counts).get(watch, Counts())


def hold(desk: Desk, scope: str) -> None:
    """Hold a scope."""
    desk.journal.run_blocking(holds.stop, scope, HELD)


def note(desk: Desk, *, online: bool) -> None:
    """Say whether the first watch's folder is there."""
    desk.journal.run_blocking(sightings.note_watch, 1, online=online, detect="scan", reason=None)


def put_aside(desk: Desk, path: str = "ann.heic") -> None:
    """Leave a file out by its name."""
    desk.journal.run_blocking(aside.left_out, 1, {path: "no rule"})


def test_a_file_is_in_the_column_of_its_jobs_state(desk: Desk) -> None:
    """Queued and sent files are under way, failed, done and doubtful ones where people look."""
    note(desk, online=True)
    columns = {
        State.ACCEPTED: "under_way",
        State.UPLOADED: "under_way",
        State.SUBMITTING: "under_way",
        State.RUNNING: "under_way",
        State.FINISHED: "under_way",
        State.FETCHED: "under_way",
        State.DONE: "done",
        State.FAILED: "failed",
        State.IN_DOUBT: "waiting",
        State.CANCELLED: "skipped",
    }
    for number, state in enumerate(columns):
        desk.bring_to(state, f"{state}.jpg", content=f"content {number}")
    expected = {each: list(columns.values()).count(each) for each in set(columns.values())}
    assert counted(desk) == Counts(**expected)
    assert counted(desk).files == len(columns)


def test_of_several_the_first_column_holds(desk: Desk) -> None:
    """Failed before waiting before under way before done; the columns add up to the files."""
    note(desk, online=True)
    rules = [draft(rule=each) for each in "ab"]
    first, second = desk.accept_all("ann.jpg", drafts=rules)
    desk.apply(second, ev.GaveUp(failure=HELD))
    assert counted(desk) == Counts(failed=1)
    desk.apply(first, ev.Cancelled(by="test"))
    assert counted(desk) == Counts(failed=1)
    desk.apply(second, ev.Retried(by="test"))
    assert counted(desk) == Counts(under_way=1)
    desk.apply(second, ev.Cancelled(by="test"))
    assert counted(desk) == Counts(skipped=1)
    # Another picture in its place is another matter.
    desk.accept_all("ann.jpg", content="b", drafts=rules)
    assert counted(desk) == Counts(under_way=1)


@pytest.mark.parametrize("seed", range(4))
def test_a_file_of_many_jobs_is_counted_whatever_becomes_of_each(desk: Desk, seed: int) -> None:
    """In whatever order they go on, fail, are cancelled and tried again."""
    chance = random.Random(seed)  # noqa: S311  no secret
    note(desk, online=True)
    drafts = [replace(draft(prompt=f"number {slot}"), slot=slot) for slot in range(1, 7)]
    jobs = list(desk.accept_all(drafts=drafts))
    ends = (State.DONE, State.FAILED, State.CANCELLED, State.IN_DOUBT)
    ways = [[*WAY_TO[chance.choice(ends)]()] for _ in jobs]
    while any(ways):
        place = chance.choice([place for place, way in enumerate(ways) if way])
        jobs[place] = desk.apply(jobs[place], ways[place].pop(0))
        assert counted(desk).files == 1
    for place, job in enumerate(jobs):
        if job.state is State.FAILED:
            jobs[place] = desk.apply(job, ev.Retried(by="test"))
            assert counted(desk).files == 1


def test_a_failed_file_that_was_taken_away_is_counted_where_it_was_sent(desk: Desk) -> None:
    """Nothing is left to see to, unless something may have been paid."""
    note(desk, online=True)
    desk.bring_to(State.FAILED, "sent.jpg", content="b")
    desk.apply(desk.accept("text.jpg"), ev.GaveUp(failure=HELD))
    assert counted(desk) == Counts(failed=2)
    desk.journal.run_blocking(sightings.forget_gone, 1, ["sent.jpg", "text.jpg"])
    assert counted(desk) == Counts(failed=1)
    assert [job.source for job in desk.journal.run_blocking(reading.needing_attention)] == [
        "sent.jpg"
    ]


def test_what_is_held_waits(desk: Desk) -> None:
    """A hold over what is not yet sent, or a folder that is away, makes it wait; not what runs."""
    desk.bring_to(State.RUNNING, "runs.jpg", content="b")
    desk.accept("ann.jpg")
    assert counted(desk) == Counts(under_way=1, waiting=1)  # nobody has seen the folder yet
    note(desk, online=True)
    assert counted(desk) == Counts(under_way=2)
    for scope in ("account", "service", "watch:one", "rule:one/default", "source:2"):
        hold(desk, scope)
        assert counted(desk) == Counts(under_way=1, waiting=1), scope
        desk.journal.run_blocking(holds.drop, scope, HELD.code)
    for scope in ("watch:two", "rule:one/other"):
        hold(desk, scope)
    assert counted(desk) == Counts(under_way=2)


def test_backlog_skipped_and_moved_files_are_counted_once(desk: Desk) -> None:
    """Held back they wait, left out they are skipped; a moved one counts at its new place."""
    note(desk, online=True)
    standing = [backlog.Standing(f"old{number}.jpg", KNOWN, None) for number in range(3)]
    desk.journal.run_blocking(backlog.hold_back, 1, standing)
    assert counted(desk) == Counts(waiting=3)
    desk.journal.run_blocking(backlog.release, "one", skip=True)
    assert counted(desk) == Counts(skipped=3)
    desk.journal.run_blocking(sightings.forget_gone, 1, ["old0.jpg"])
    assert counted(desk) == Counts(skipped=2)
    desk.journal.run_blocking(acceptance.skip, alone("bea.jpg", content="b"), "says skip")
    assert counted(desk) == Counts(skipped=3)
    done = desk.bring_to(State.DONE, "cat.jpg", content="c")
    moved = SettledSet.alone(replace(settled("sub/cat.jpg", content="c"), moved_from=done.source))
    desk.journal.run_blocking(
        acceptance.accept, moved, [draft(stem="cat")], "/studio/out", per_rule=True
    )
    assert counted(desk) == Counts(skipped=3, done=1)


def test_files_that_no_rule_takes_are_counted_until_one_does(desk: Desk) -> None:
    """They are skipped and named with the reason; as sources, or gone, they are so no longer."""
    note(desk, online=True)
    put_aside(desk)
    put_aside(desk)
    put_aside(desk, "sub/bea.heic")
    assert counted(desk) == Counts(skipped=2)
    named = desk.journal.run_blocking(counts.skipped, 1)
    assert [(each.path, each.reason) for each in named] == [
        ("ann.heic", "no rule"),
        ("sub/bea.heic", "no rule"),
    ]
    desk.accept("ann.heic")
    assert counted(desk) == Counts(skipped=1, under_way=1)
    put_aside(desk)
    assert counted(desk) == Counts(skipped=1, under_way=1)
    desk.journal.run_blocking(aside.forget, 1, ["sub"])
    assert counted(desk) == Counts(under_way=1)
    desk.journal.run_blocking(aside.put, 1, "eve.jpg", "waiting", "cannot be read")
    assert counted(desk) == Counts(under_way=1, waiting=1)
    put_aside(desk, "eve.jpg")
    assert counted(desk) == Counts(under_way=1, skipped=1)


def test_only_so_many_are_named_in_the_order_of_their_paths(desk: Desk) -> None:
    """The first twenty of both kinds, however many there are; a given up one with its reason."""
    for number in range(30):
        put_aside(desk, f"p{number:02}.heic")
    gone = desk.accept("p00.jpg")
    desk.apply(gone, ev.Cancelled(by="test"))
    named = desk.journal.run_blocking(counts.skipped, 1)
    assert [each.path for each in named] == [
        "p00.heic",
        "p00.jpg",
        *(f"p{number:02}.heic" for number in range(1, 19)),
    ]
    assert named[1].reason == "Given up by the operator."


def test_an_old_journal_is_counted_when_it_is_brought_up_to_date(tmp_path: Path) -> None:
    """Sources of an older program are in their columns at once."""
    path = tmp_path / connection.FILE_NAME
    texts = connection.migrations()
    make_old_journal(path, next(at for at, text in enumerate(texts) if "TABLE tally" in text))
    with closing(sqlite3.connect(path)) as made, made:
        made.executescript(OLD.replace("HASH", sha256("a")))
    with Journal(tmp_path) as journal:
        assert journal.run_blocking(counts.differences) == 0
        assert journal.run_blocking(counts.counts) == {"one": Counts(skipped=1, waiting=1, done=1)}


def _miscount(session: Session) -> None:
    session._connection.execute("UPDATE tally SET files = 7")  # noqa: SLF001  no query does this
    session._connection.execute("UPDATE source SET counted_as = 'done'")  # noqa: SLF001


def test_a_wrong_tally_is_found_and_counted_anew(desk: Desk) -> None:
    """A tally that somebody changed is told by counting every file."""
    desk.accept("ann.jpg")
    put_aside(desk)
    desk.journal.run_blocking(_miscount)
    assert desk.journal.run_blocking(counts.differences) > 0
    desk.journal.run_blocking(counts.rebuild)
    assert counted(desk) == Counts(waiting=1, skipped=1)
