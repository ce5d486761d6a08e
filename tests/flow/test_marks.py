"""Marks in output folders: a journal put back from an older copy pays for nothing by itself."""

from __future__ import annotations

import json
import shutil
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from hotfolder.domain.errors import JournalReplaced
from hotfolder.domain.failpoints import no_failpoint
from hotfolder.journal import roots
from hotfolder.journal.connection import FILE_NAME
from tests.studio import LIMIT_S, Studio, picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PICTURES = 10


def copied(studio: Studio, name: str = "copy") -> Path:
    """Copy the state as an older backup of it would be: the whole folder, its journal included."""
    copy = studio.folder / name
    shutil.copytree(studio.state, copy, ignore=shutil.ignore_patterns("*.sock"))
    return copy


def put_folder_back(studio: Studio, copy: Path) -> None:
    """Put the whole state folder back."""
    shutil.rmtree(studio.state)
    shutil.copytree(copy, studio.state)


def put_file_back(studio: Studio, copy: Path) -> None:
    """Put the journal's file back over the one that stands there."""
    shutil.copy(copy / FILE_NAME, studio.state / "older")
    (studio.state / "older").rename(studio.state / FILE_NAME)


def mark_files(studio: Studio) -> list[Path]:
    """Return the files with marks in the output folder."""
    return sorted(studio.output.glob(".hotfolder-*"))


def journal_id(studio: Studio) -> str:
    """Return the id of the studio's journal."""
    return str(studio.read(lambda session: session.rows("get_meta", key=roots.JOURNAL_ID))[0][0])


async def a_copy_and_payments_since(studio: Studio) -> Path:
    """Have one picture edited, copy the state, and have ten more edited."""
    studio.configure(watches=["other"])
    studio.drop("first.jpg", number=99)
    await studio.once()
    copy = copied(studio)
    studio.drop_many(PICTURES)
    await studio.once()
    assert len(studio.ledger().tasks) == 1 + PICTURES
    return copy


@pytest.mark.parametrize("put_back", [put_file_back, put_folder_back])
async def test_an_older_journal_pays_for_nothing_again(
    studio: Studio, put_back: Callable[[Studio, Path], None]
) -> None:
    """Put back right after ten payments it holds every watch; released it has a new id."""
    put_back(studio, await a_copy_and_payments_since(studio))
    before = journal_id(studio)
    async with studio.running():
        assert {"watch:studio", "watch:other"} <= set(studio.holds())
        studio.drop("new.jpg", number=98)
        await studio.until(lambda: studio.job("new.jpg"), "it is accepted")
        assert {each["state"] for each in studio.jobs()} == {"done", "accepted"}
    assert len(studio.ledger().tasks) == 1 + PICTURES
    assert journal_id(studio) == before

    await studio.act("release", watch="studio")
    assert journal_id(studio) != before
    await studio.once()
    assert studio.holds() == ["watch:other"]
    assert studio.states() == {"done": 2 + PICTURES}
    released = journal_id(studio)
    await studio.act("release", watch="other")
    assert journal_id(studio) == released
    await studio.once()
    assert studio.holds() == []
    assert len(studio.ledger().tasks) == 2 + 2 * PICTURES


async def test_a_journal_moved_over_the_running_one_pays_for_nothing_again(
    studio: Studio,
) -> None:
    """Whoever starts with it next holds every watch."""
    copy = await a_copy_and_payments_since(studio)
    with suppress(JournalReplaced):
        async with studio.running():
            put_file_back(studio, copy)
    await studio.once()
    assert {"watch:studio", "watch:other"} <= set(studio.holds())
    assert len(studio.ledger().tasks) == 1 + PICTURES


async def test_an_older_journal_is_known_before_the_next_batch(studio: Studio) -> None:
    """A share that was away at the start is looked at before anything is sent to it."""
    put_file_back(studio, await a_copy_and_payments_since(studio))
    away = studio.folder / "away"
    studio.output.rename(away)
    async with studio.running():
        assert "watch:other" not in studio.holds()  # that its output is away may be held by now
        away.rename(studio.output)
        studio.wait(60)
        await studio.until(lambda: "watch:other" in studio.holds(), "every watch is held")
    assert len(studio.ledger().tasks) == 1 + PICTURES


async def test_a_restored_journal_is_released_once(studio: Studio) -> None:
    """Its holds and those of the mark that it does not know are the same ones."""
    put_folder_back(studio, await a_copy_and_payments_since(studio))
    with studio.journal() as journal:
        await journal.run(roots.distrust)
    await studio.act("release", watch="studio")
    await studio.once()
    assert studio.holds() == ["watch:other"]
    assert len(studio.ledger().tasks) == 1 + 2 * PICTURES


async def test_a_later_journal_knows_nothing_of_what_the_older_paid_when_it_was_trusted(
    studio: Studio,
) -> None:
    """Put back after the older one was released, it is held in turn: that one named the folder."""
    copy = await a_copy_and_payments_since(studio)
    later = copied(studio, "later")
    put_folder_back(studio, copy)
    studio.drop("new.jpg", number=98)
    await studio.once()
    await studio.act("release", watch="studio")
    await studio.once()
    assert len(studio.ledger().tasks) == 2 + 2 * PICTURES
    put_folder_back(studio, later)
    await studio.once()
    assert "Another journal" in studio.status()["holds"][0]["reason"]
    assert len(studio.ledger().tasks) == 2 + 2 * PICTURES


async def test_a_missing_mark_holds_nothing(studio: Studio) -> None:
    """Somebody cleared the folder up: the next intent leaves its mark again."""
    studio.drop("ann.jpg", number=1)
    await studio.once()
    (mark,) = mark_files(studio)
    mark.unlink()
    studio.drop("bob.jpg", number=2)
    await studio.once()
    assert studio.states() == {"done": 2}
    assert mark_files(studio) == [mark]


async def test_a_mark_that_cannot_be_read_is_nobodys(studio: Studio) -> None:
    """A file that is damaged may have been a later journal's: every watch is held."""
    studio.drop("ann.jpg", number=1)
    await studio.once()
    (mark,) = mark_files(studio)
    mark.write_text("")
    studio.drop("bob.jpg", number=2)
    await studio.once()
    assert "an older copy" in studio.status()["holds"][0]["reason"]
    assert len(studio.ledger().tasks) == 1


async def test_journals_that_share_an_output_folder_leave_each_other_alone(
    studio: Studio,
) -> None:
    """Each has a file of its own there."""
    studio.drop("ann.jpg", number=1)
    await studio.once()
    for name in ("in-2", "state-2"):
        (studio.folder / name).mkdir()
    studio.input, studio.state = studio.folder / "in-2", studio.folder / "state-2"
    studio.configure()
    studio.drop("bob.jpg", number=2)
    await studio.once()
    await studio.once()
    assert studio.holds() == []
    assert len(mark_files(studio)) == 2
    assert studio.outputs() == ["ann.jpg", "bob.jpg"]


# -- a folder that refuses, or does not answer


async def test_a_mark_that_is_refused_holds_its_watch(studio: Studio) -> None:
    """Nothing is sent while the mark cannot be written; mended, all goes on by itself."""
    studio.drop("ann.jpg", number=1)
    await studio.once()
    (mark,) = mark_files(studio)
    in_the_way = mark.with_name(f"{mark.name}.part")
    in_the_way.mkdir()
    studio.drop("bob.jpg", number=2)
    async with studio.running():
        await studio.until(lambda: studio.holds() == ["watch:studio"], "the watch is held")
        assert len(studio.ledger().tasks) == 1
        assert studio.states() == {"done": 1, "uploaded": 1}
        in_the_way.rmdir()
        studio.wait(60)
        await studio.send("resume")
        await studio.until_states(done=2)
    assert studio.holds() == []
    assert len(studio.ledger().tasks) == 2


class Gate:
    """A failpoint that lets no mark be written while it is closed, and counts the writes."""

    def __init__(self) -> None:
        self.waiting = threading.Event()
        self.opened = threading.Event()
        self.writes = 0

    def __call__(self, name: str) -> None:
        """Stop before a mark is written."""
        if name == "mark.before":
            self.writes += 1
            self.waiting.set()
            assert self.opened.wait(60)


@contextmanager
def closed_gate(studio: Studio, **environment: float) -> Iterator[Gate]:
    """Let no mark be written until the gate is opened, or the block ends."""
    gate = Gate()
    studio.edge(failpoint=gate, **environment)
    try:
        yield gate
    finally:
        gate.opened.set()


async def test_a_mark_that_hangs_lets_nothing_be_sent(studio: Studio) -> None:
    """Not answered in time the intent is taken back; once it is written, the edit is paid once."""
    studio.drop("ann.jpg")
    with closed_gate(studio, mark_timeout_s=0.1):
        async with studio.running():
            await studio.until(
                lambda: "SubmitDeferred" in studio.history("ann.jpg"), "it is taken back"
            )
            studio.wait(60)
            await studio.send("resume")
            await studio.until(lambda: studio.holds() == ["watch:studio"], "the watch is held")
            assert not studio.ledger().tasks
    studio.edge(failpoint=no_failpoint, mark_timeout_s=LIMIT_S)
    studio.wait(3600)
    await studio.once()
    assert studio.states() == {"done": 1}
    assert len(studio.ledger().tasks) == 1


async def test_a_stop_does_not_wait_for_a_mark_that_hangs(studio: Studio) -> None:
    """Nothing was sent, so that no doubt is left."""
    studio.configure(limits="grace = 0.1")
    studio.drop("ann.jpg")
    with closed_gate(studio) as gate:
        async with studio.running():
            await studio.until(gate.waiting.is_set, "the mark is being written")
        assert studio.states() == {"uploaded": 1}
    await studio.once()
    assert studio.states() == {"done": 1}
    assert len(studio.ledger().tasks) == 1


async def test_who_waits_together_shares_a_mark(studio: Studio) -> None:
    """One writer for each output folder, whatever the watch: ten intents, two or three writes."""
    studio.configure(watches=["other"])
    shared = f'"{studio.folder / "other-out"}"'
    text = (studio.folder / "config.toml").read_text()
    studio.reconfigure(text.replace(shared, json.dumps(str(studio.output))))
    for number in range(PICTURES):
        folder = studio.input if number % 2 else studio.folder / "other-in"
        (folder / f"p{number}.jpg").write_bytes(picture(number))
    with closed_gate(studio, mark_timeout_s=60.0) as gate:
        async with studio.running():
            await studio.until_states(submitting=PICTURES)
            assert not studio.ledger().tasks
            gate.opened.set()
            await studio.until_states(done=PICTURES)
    assert gate.writes <= 3
    assert len(mark_files(studio)) == 1
