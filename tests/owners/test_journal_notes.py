"""Notes in the journal: who has something to say, and what is ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotfolder.domain import failures
from hotfolder.domain.notes import Kind
from hotfolder.domain.states import State
from hotfolder.journal import holds, notes
from tests.builders import draft, sha256

if TYPE_CHECKING:
    from tests.builders import Desk


def told(
    desk: Desk, *, failing: tuple[str, ...] = (), all_: tuple[str, ...] = ()
) -> list[tuple[str, Kind]]:
    """Return the kinds of notes that there should be, by file name."""
    found = desk.journal.run_blocking(notes.wanted, failing, all_)
    return sorted((each.note.name, each.note.kind) for each in found)


def test_each_condition_has_its_kind(desk: Desk) -> None:
    """Failed, in doubt, held and waiting pictures are told, each by its own word."""
    desk.bring_to(State.FAILED, "a/fail.jpg", content="1")
    desk.bring_to(State.IN_DOUBT, "doubt.jpg", content="2")
    desk.bring_to(State.DONE, "done.jpg", content="3")
    desk.bring_to(State.UPLOADED, "held.jpg", content="4")
    desk.journal.run_blocking(holds.hold, holds.rule_scope("one", "default"), failures.NO_MONEY)
    assert told(desk) == told(desk, all_=("two",)) == []
    assert told(desk, failing=("one",)) == [("fail.jpg", Kind.FAILED)]
    assert told(desk, all_=("one",)) == [
        ("doubt.jpg", Kind.IN_DOUBT),
        ("fail.jpg", Kind.FAILED),
        ("held.jpg", Kind.HELD),
    ]


def test_only_the_newest_job_has_the_word(desk: Desk) -> None:
    """An older failure of the same place and rule is no news any more."""
    desk.bring_to(State.FAILED, "a.jpg", content="1")
    desk.bring_to(State.DONE, "a.jpg", content="2")
    assert told(desk, failing=("one",)) == []
    desk.accept_all("a.jpg", content="2", drafts=[draft(rule="other", stem="b")])
    assert told(desk, failing=("one",)) == []


def test_a_note_is_kept_before_it_is_written(desk: Desk) -> None:
    """So that after a crash it is known as ours; once gone it is forgotten."""
    job = desk.bring_to(State.FAILED)
    desk.journal.run_blocking(notes.keep, job.id, "ann.jpg.failed.txt", sha256("x"))
    (kept,) = desk.journal.run_blocking(notes.kept)
    assert (kept.name, kept.written) == ("ann.jpg.failed.txt", False)
    desk.journal.run_blocking(notes.mark_written, job.id)
    assert desk.journal.run_blocking(notes.kept)[0].written
    desk.journal.run_blocking(notes.forget, job.id)
    assert desk.journal.run_blocking(notes.kept) == []
