"""Notes: a text file beside a missing output tells the assistant why, and goes away by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotfolder import config
from hotfolder.domain.failures import PAUSED
from hotfolder.simulator import Fault
from tests.studio import RULE, picture

if TYPE_CHECKING:
    from tests.studio import Studio

MODERATED = Fault(call="submit", kind="fail_task", code="1501", times=1)


def read(studio: Studio, name: str) -> str:
    """Return what a note says."""
    return (studio.output / name).read_text("utf-8")


async def test_a_failure_is_told_beside_the_missing_output(studio: Studio) -> None:
    """In plain sentences; the note goes away when the picture is edited after all."""
    studio.configure(watch='notes = "failures"')
    studio.fault(MODERATED)
    studio.drop("sub/ann.jpg")
    await studio.once()
    assert studio.outputs() == ["sub/ann.jpg.failed.txt"]
    note = read(studio, "sub/ann.jpg.failed.txt")
    assert note.startswith("ann.jpg was not edited.\n\nThe service's content check rejected")
    assert "retry" in note
    await studio.act("retry", jobs=[])
    await studio.once()
    assert studio.outputs() == ["sub/ann.jpg"]


async def test_none_is_written_where_none_is_wished(studio: Studio) -> None:
    """The output folder is then left to the outputs."""
    studio.configure(watch='notes = "none"')
    studio.fault(MODERATED)
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.outputs() == []


async def test_by_default_whatever_did_not_come_out_is_told(studio: Studio) -> None:
    """Truncated, empty and broken files have each its note; what is left out on purpose none."""
    assert config.Watch.model_fields["notes"].default == "waiting"
    watch = 'notes = "waiting"\ncollision = "skip"'
    studio.configure(rules=(f'{RULE}\nmatch = ["*.jpg"]',), watch=watch)
    studio.drop("sub/cut.jpg", picture(1)[:-40])
    studio.drop("empty.jpg", b"")
    studio.drop("text.jpg", "no picture")
    studio.drop("film.mov", "a film")
    studio.drop("skip.jpg", number=3)
    studio.drop("skip.toml", "skip = true")
    studio.drop("there.jpg", number=4)
    (studio.output / "there.jpg").write_bytes(b"an older one")
    await studio.once()
    assert studio.outputs() == [
        "_hotfolder.txt",
        "empty.jpg.waiting.txt",
        "sub/cut.jpg.waiting.txt",
        "text.jpg.failed.txt",
        "there.jpg",
    ]
    assert "Copy it here again" in read(studio, "empty.jpg.waiting.txt")
    assert "Left out:\n  there.jpg: the output there.jpg stands there" in read(
        studio, "_hotfolder.txt"
    )
    (studio.output / "there.jpg").unlink()
    studio.drop("there.jpg", number=5)
    studio.drop("sub/cut.jpg", number=1)
    studio.drop("empty.jpg", number=2)
    (studio.input / "text.jpg").unlink()
    await studio.once()
    assert studio.outputs() == ["empty.jpg", "sub/cut.jpg", "there.jpg"]
    assert studio.told() == [], "who took it away has seen to it"


async def test_a_held_backlog_is_told_until_it_is_released(studio: Studio) -> None:
    """One note in the output folder, however many pictures it holds."""
    studio.configure(watch='notes = "waiting"', limits="backlog = 2")
    studio.drop_many(4)
    await studio.once()
    assert studio.outputs() == ["_hotfolder.txt"]
    assert read(studio, "_hotfolder.txt").startswith("4 files are held: ")
    await studio.act("release", watch="studio")
    await studio.once()
    assert studio.outputs() == [f"p{number:03}.jpg" for number in range(4)]


async def test_no_command_is_asked_of_who_finds_a_note(studio: Studio) -> None:
    """What only a terminal can do is said to be for whoever has one; what a folder can, is not."""
    studio.configure(watch='notes = "failures"')
    studio.fault(Fault(call="submit", kind="fail_task", code="1501", times=1))
    studio.drop("ann.jpg")
    await studio.once()
    told = read(studio, "ann.jpg.failed.txt")
    theirs, _, owners = told.partition("For whoever looks after hotfolder: ")
    assert "content check rejected this edit." in theirs
    assert theirs.endswith("Drop another file in its place. ")
    assert "`hotfolder" not in theirs
    assert "`hotfolder retry 1`" in owners
    studio.drop("ann.jpg", number=2)
    await studio.once()
    assert "ann.jpg.failed.txt" not in studio.outputs()


async def test_all_tells_of_held_doubtful_and_waiting_pictures(studio: Studio) -> None:
    """Each kind has a name of its own, and gives way to the next."""
    studio.configure(rules=("",), watch='notes = "all"')
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.outputs() == ["ann.jpg.waiting.txt"]
    assert "no prompt" in read(studio, "ann.jpg.waiting.txt")
    studio.fault(Fault(call="submit", kind="drop_after", times=1))
    studio.drop("ann.txt", "Make it gold")
    await studio.once()
    assert studio.outputs() == ["ann.jpg.in-doubt.txt"]
    assert "may have been accepted and charged" in read(studio, "ann.jpg.in-doubt.txt")
    task = studio.ledger().tasks[0].task_id
    await studio.act("resolve", job=studio.job("ann.jpg")["id"], task_id=task)
    await studio.act("pause", watch=None)
    studio.drop("bob.jpg", number=2)
    studio.drop("bob.txt", "Make it gold")
    await studio.once()
    assert studio.outputs() == ["ann.jpg", "bob.jpg.held.txt"]
    what, why, then, _ = read(studio, "bob.jpg.held.txt").split("\n\n")
    assert (what, why) == ("bob.jpg is not edited for now.", PAUSED.message)
    assert then.startswith("It keeps its place")
    hint = "`hotfolder resume` lets it go on."
    assert then.endswith(f"For whoever looks after hotfolder: {hint}")
    await studio.act("resume", watch=None)
    await studio.once()
    assert studio.outputs() == ["ann.jpg", "bob.jpg"]


async def test_failures_are_silent_about_the_rest(studio: Studio) -> None:
    """Who wants failures only is not told of what waits."""
    studio.configure(rules=("",), watch='notes = "failures"')
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.outputs() == []


async def test_a_users_file_is_neither_replaced_nor_removed(studio: Studio) -> None:
    """What has the note's name already stays; a note that somebody wrote into stays, too."""
    studio.configure(watch='notes = "failures"')
    theirs = studio.output / "ann.jpg.failed.txt"
    theirs.write_text("my own")
    studio.fault(Fault(call="submit", kind="fail_task", code="1501", times=2))
    studio.drop("ann.jpg")
    studio.drop("bob.jpg", number=2)
    await studio.once()
    names = ["ann.jpg (2).failed.txt", "ann.jpg.failed.txt", "bob.jpg.failed.txt"]
    assert studio.outputs() == names
    (studio.output / "bob.jpg.failed.txt").write_text("asked the customer")
    await studio.act("retry", jobs=[])
    await studio.once()
    assert studio.outputs() == ["ann.jpg", "ann.jpg.failed.txt", "bob.jpg", "bob.jpg.failed.txt"]
    assert theirs.read_text() == "my own"


async def test_the_newest_picture_has_the_word(studio: Studio) -> None:
    """When a failed picture was replaced by one that works, its note goes."""
    studio.configure(watch='notes = "failures"')
    studio.fault(MODERATED)
    studio.drop("ann.jpg", number=1)
    await studio.once()
    assert studio.outputs() == ["ann.jpg.failed.txt"]
    studio.drop("ann.jpg", number=2)
    await studio.once()
    assert not [name for name in studio.outputs() if name.endswith(".txt")]


async def test_each_rule_has_its_own_note(studio: Studio) -> None:
    """Two rules that fail on one picture do not write over each other."""
    rules = ('name = "a"\nprompt = "Make it gold"', 'name = "b"\nprompt = "Make it blue"')
    studio.configure(rules=rules, watch='rules = "all"\nnotes = "failures"')
    studio.fault(Fault(call="submit", kind="fail_task", code="1501", times=2))
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.outputs() == ["ann.jpg (2).failed.txt", "ann.jpg.failed.txt"]


async def test_a_note_is_no_source_of_the_next_watch(studio: Studio) -> None:
    """Where an output folder is another watch's input, notes are left alone."""
    studio.configure(watch='notes = "failures"', watches=["other"])
    studio.fault(Fault(call="submit", kind="fail_task", code="1501"))
    studio.drop("ann.jpg")
    await studio.once()
    text = (studio.output / "ann.jpg.failed.txt").read_bytes()
    (studio.folder / "other-in" / "ann.jpg.failed.txt").write_bytes(text)
    await studio.once()
    assert len(studio.jobs()) == 1


async def test_notes_wait_for_their_share_and_hold_nothing_up(studio: Studio) -> None:
    """A share that is away gets its notes later; a config that wants none takes them back."""
    studio.configure(watch='notes = "failures"')
    studio.fault(MODERATED)
    studio.simulator.update_settings(task_s=0.5)
    studio.drop("ann.jpg")
    away = studio.folder / "away"
    async with studio.running():
        await studio.until_states(running=1)
        studio.output.rename(away)
        await studio.until_states(failed=1)
    assert not studio.output.exists()
    away.rename(studio.output)
    await studio.once()
    assert studio.outputs() == ["ann.jpg.failed.txt"]
    studio.configure(rules=(RULE,))
    await studio.once()
    assert studio.outputs() == []


async def test_a_note_lost_in_a_crash_is_written_again(studio: Studio) -> None:
    """Between the journal's row and the file nothing is believed."""
    studio.configure(watch='notes = "failures"')
    studio.fault(MODERATED)
    studio.drop("ann.jpg")
    await studio.once()
    (studio.output / "ann.jpg.failed.txt").unlink()
    with studio.journal() as journal:
        await journal.run(
            lambda session: session.change(
                "put_note",
                job=1,
                name=b"ann.jpg.failed.txt",
                sha256=session.rows("notes")[0]["sha256"],
            )
        )
    await studio.once()
    assert studio.outputs() == ["ann.jpg.failed.txt"]
