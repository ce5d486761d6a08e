"""Notes in the journal: who has something to say, and what is ours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hotfolder.domain import failures, file_failures
from hotfolder.domain.states import State, WaitsFor
from hotfolder.journal import acceptance, aside, backlog, holds, notes, noting
from hotfolder.journal.drafts import SAID_SKIP
from hotfolder.journal.notes import Folder
from tests.builders import OUTPUT, alone, draft, sha256

if TYPE_CHECKING:
    import pytest

    from hotfolder.journal.noting import Level, Wanted
    from tests.builders import Desk


def wanted(desk: Desk, level: Level, patience_s: float = 0.0) -> list[Wanted]:
    """Return the notes that the first watch wants at a level."""
    return desk.journal.run_blocking(noting.wanted, {"one": level}, patience_s)


def told(desk: Desk, level: Level, patience_s: float = 0.0) -> list[str]:
    """Return the names of the notes that there should be."""
    return sorted(f"{each.stem}.{each.extension}" for each in wanted(desk, level, patience_s))


def test_each_condition_has_its_kind(desk: Desk) -> None:
    """Failed, in doubt, held and waiting pictures are told, each by its own word and level."""
    desk.bring_to(State.FAILED, "a/fail.jpg", content="1")
    desk.bring_to(State.IN_DOUBT, "doubt.jpg", content="2")
    desk.bring_to(State.DONE, "done.jpg", content="3")
    desk.bring_to(State.UPLOADED, "held.jpg", content="4")
    cut = draft(stem="cut", failure=file_failures.TRUNCATED, waits_for=WaitsFor.SOURCE)
    desk.accept_all("cut.jpg", content="5", drafts=[cut])
    desk.journal.run_blocking(holds.hold, holds.rule_scope("one", "default"), failures.NO_MONEY)
    failed, waiting = ["fail.jpg.failed.txt"], ["cut.jpg.waiting.txt", "held.jpg.held.txt"]
    assert told(desk, "none") == []
    assert told(desk, "failures") == failed
    assert told(desk, "waiting") == sorted(waiting + failed)
    assert told(desk, "all") == sorted([*waiting, *failed, "doubt.jpg.in-doubt.txt"])


def test_what_waits_itself_is_told_before_what_holds_all(desk: Desk) -> None:
    """A truncated picture of a held account is still to be copied again, and its note says so."""
    cut = draft(stem="cut", failure=file_failures.TRUNCATED, waits_for=WaitsFor.SOURCE)
    desk.accept_all("cut.jpg", drafts=[cut])
    desk.accept("held.jpg", content="b")
    desk.journal.run_blocking(holds.hold, holds.ACCOUNT, failures.NO_MONEY)
    texts = {each.stem: each.text for each in wanted(desk, "waiting")}
    assert file_failures.TRUNCATED.message in texts["cut.jpg"]
    assert "Copy it here again" in texts["cut.jpg"]
    assert failures.NO_MONEY.hint in texts["held.jpg"]
    assert not [text for text in texts.values() if re.search("nothing (to|need)", text)]


def test_what_waits_only_for_a_moment_is_not_told(desk: Desk) -> None:
    """A failure is told at once, what waits after a minute, counted from when it was held."""
    desk.bring_to(State.FAILED, "fail.jpg", content="1")
    desk.accept("held.jpg", content="2")
    desk.journal.run_blocking(aside.put, 1, "shut.jpg", "waiting", "it cannot be read")
    desk.clock.forward(50)
    desk.journal.run_blocking(holds.hold, holds.ACCOUNT, failures.NO_MONEY)
    desk.clock.forward(50)
    assert told(desk, "waiting", 60) == ["_hotfolder.txt", "fail.jpg.failed.txt"]
    desk.clock.forward(10)
    assert "held.jpg.held.txt" in told(desk, "waiting", 60)


def test_a_folder_with_many_notes_has_one(desk: Desk) -> None:
    """Twenty stand beside their outputs; one more, and a single note names them by reason."""
    for number in range(20):
        desk.bring_to(State.FAILED, f"a/p{number:02}.jpg", content=f"a{number}")
    assert len(told(desk, "failures")) == 20
    for number in range(20, 25):
        desk.bring_to(State.FAILED, f"a/p{number:02}.jpg", content=f"a{number}")
    desk.bring_to(State.FAILED, "b/ann.jpg", content="b")
    assert told(desk, "failures") == ["_hotfolder.txt", "ann.jpg.failed.txt"]
    (note,) = [each for each in wanted(desk, "failures") if each.stem == "_hotfolder"]
    assert note.output_folder == "a"
    assert note.text.startswith(f"25 files were not edited. {failures.TASK_FAILED.message}\n")
    assert "  p19.jpg\n  and 5 more\n" in note.text
    assert failures.TASK_FAILED.hint in note.text


def test_what_is_no_job_is_told_in_one_note(desk: Desk) -> None:
    """A held backlog, files that cannot be read and those left out by a person; no others."""
    standing = [backlog.Standing(f"old{at}.jpg", (5, "1", "7", ""), None) for at in range(300)]
    desk.journal.run_blocking(backlog.hold_back, 1, standing)
    desk.journal.run_blocking(aside.put, 1, "shut.jpg", "waiting", "it cannot be read")
    desk.journal.run_blocking(aside.left_out, 1, {"film.mov": "no rule"})
    desk.journal.run_blocking(acceptance.skip, alone("bea.jpg", content="b"), SAID_SKIP)
    desk.journal.run_blocking(acceptance.skip, alone("cat.jpg", content="c"), "it stands there")
    assert told(desk, "failures") == []
    (note,) = wanted(desk, "waiting")
    held, unreadable, skipped, _ = note.text.split("\n\n")
    assert held.startswith("300 files are held: ")
    assert "`hotfolder release one` has them edited" in held
    assert unreadable == "Not edited yet:\n  shut.jpg: it cannot be read"
    assert skipped == "Left out:\n  cat.jpg: it stands there"


def test_what_is_no_job_is_told_in_its_own_folder(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks into a subfolder finds there why it stays empty; the folder's jobs included."""
    old = ["a/x.jpg", "a/y.jpg", "b/z.jpg", "top.jpg"]
    standing = [backlog.Standing(path, (5, "1", "7", ""), None) for path in old]
    desk.journal.run_blocking(backlog.hold_back, 1, standing)
    desk.journal.run_blocking(aside.put, 1, "b/shut.jpg", "waiting", "it cannot be read")
    for number in range(21):
        desk.bring_to(State.FAILED, f"a/p{number:02}.jpg", content=f"a{number}")
    by_folder = {each.output_folder: each.text for each in wanted(desk, "waiting")}
    assert by_folder.keys() == {"", "a", "b"}
    assert by_folder[""].startswith("1 file is held")
    assert "2 files are held" in by_folder["a"]
    assert "21 files were not edited" in by_folder["a"]
    assert "\n  shut.jpg: it cannot be read" in by_folder["b"]
    monkeypatch.setattr(noting, "MOST_FOLDERS", 2)
    (top,) = [each.text for each in wanted(desk, "waiting") if not each.output_folder]
    assert top.startswith("4 files are held")


def test_commands_in_a_note_name_its_job(desk: Desk) -> None:
    """They can be typed as they are written; of several, each number is there."""
    job = desk.bring_to(State.FAILED, "a.jpg", content="1")
    (note,) = wanted(desk, "failures")
    assert f"`hotfolder retry {job.id}`" in note.text
    monkey = [desk.bring_to(State.FAILED, f"p{at}.jpg", content=f"p{at}").id for at in range(19)]
    assert len(wanted(desk, "failures")) == 20
    assert len(monkey) == 19


def test_very_many_are_told_by_their_number(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """No look reads them all."""
    monkeypatch.setattr(noting, "LOOKED_AT", 3)
    for number in range(5):
        desk.bring_to(State.FAILED, f"p{number:02}.jpg", content=f"a{number}")
    (note,) = wanted(desk, "failures")
    assert note.text.startswith("5 files were not edited.")


def test_only_the_newest_job_has_the_word(desk: Desk) -> None:
    """An older failure of the same place and rule is no news any more."""
    desk.bring_to(State.FAILED, "a.jpg", content="1")
    desk.bring_to(State.DONE, "a.jpg", content="2")
    assert told(desk, "failures") == []
    desk.accept_all("a.jpg", content="2", drafts=[draft(rule="other", stem="b")])
    assert told(desk, "failures") == []


def test_a_note_is_kept_before_it_is_written(desk: Desk) -> None:
    """So that after a crash it is known as ours; once gone it is forgotten."""
    job = desk.bring_to(State.FAILED)
    for about in (job.id, Folder(1, "/studio/out", "a")):
        desk.journal.run_blocking(notes.keep, about, "ann.jpg.failed.txt", sha256("x"))
        (kept,) = desk.journal.run_blocking(notes.kept)
        assert (kept.about, kept.name) == (about, "ann.jpg.failed.txt")
        assert (kept.output_root, kept.written) == (OUTPUT, False)
        desk.journal.run_blocking(notes.mark_written, about)
        assert desk.journal.run_blocking(notes.kept)[0].written
        desk.journal.run_blocking(notes.forget, about)
        assert desk.journal.run_blocking(notes.kept) == []
