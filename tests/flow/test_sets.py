"""Several files, one job: by stem and by folder, whole or not at all, paid once."""

from __future__ import annotations

import io
import os
import wave
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from hotfolder.journal import regrouping, sets
from hotfolder.planning import preview
from tests.studio import picture

if TYPE_CHECKING:
    from pathlib import Path

    from tests.studio import Studio

FRAMES = 'model = "kling-video-o1/start-to-end"\nset_wait = 0.1'
TALK = 'model = "kling-v2-ai-avatar-standard/image-audio-to-video"\nset_wait = 0.1'
OPEN_END = 'model = "seedance-2.0-global/image-to-video"\nset_wait = 0.1'
FOLDER = """model = "seedream-v4/image-to-image"
prompt = "Make one of all"
group = "folder"
set_wait = 0.1"""


def waiting(studio: Studio) -> dict[str, str]:
    """Return why sets wait, by their keys."""
    return {each.key: each.reason for each in studio.read(sets.waiting, 1)}


def sets_reported(studio: Studio) -> list[bool]:
    """Return of each set that waits whether that was told."""
    return [each.reported for each in studio.read(sets.waiting, 1)]


def told_by(studio: Studio, path: str) -> str | None:
    """Return what the running daemon says of a file on its way."""
    return studio.parts.watches.settling("studio", path) if studio.parts else None


def left_alone(folder: Path) -> None:
    """Let the files of a folder be long written: a single look waits for none of them."""
    for path in folder.iterdir():
        os.utime(path, ns=(0, 0))


def wav(seconds: int) -> bytes:
    """Return a tone of so many seconds."""
    written = io.BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(range(256)) * (8000 * 2 * seconds // 256))
    return written.getvalue()


def sent(studio: Studio) -> list[dict[str, Any]]:
    """Return the bodies that were paid for."""
    return [{"prompt": each.prompt, **each.params} for each in studio.ledger().tasks]


async def test_two_halves_are_one_film(studio: Studio) -> None:
    """Named by their stem, each picture in its parameter, paid once."""
    studio.configure(rules=[FRAMES])
    studio.drop("a/ann.last.jpg", number=2)
    studio.drop("a/ann.first.jpg", number=1)
    await studio.once()
    assert studio.outputs() == ["a/ann.mp4"]
    (job,) = studio.jobs()
    assert (job["key"], job["sources"]) == ("a/ann.*", ["a/ann.first.jpg", "a/ann.last.jpg"])
    assert len(studio.ledger().tasks) == 1
    await studio.once()
    assert len(studio.ledger().tasks) == 1
    assert studio.status()["watches"][0]["counts"]["done"] == 2


@pytest.mark.parametrize("order", [("first", "last"), ("last", "first")])
async def test_half_a_set_waits_for_the_other(studio: Studio, order: tuple[str, str]) -> None:
    """In whatever order, however late: nothing is paid for one of them, and it is said."""
    studio.configure(rules=[FRAMES])
    early, late = (f"ann.{role}.jpg" for role in order)
    async with studio.running():
        studio.drop(early, number=1)
        await studio.until(lambda: waiting(studio) == {"ann.*": f"needs {late}"}, "it waits")
        assert studio.jobs() == []
        assert studio.status()["watches"][0]["counts"]["waiting"] == 1
        studio.drop(late, number=2)
        await studio.until(lambda: studio.outputs() == ["ann.mp4"], "the film")
        await studio.until(lambda: waiting(studio) == {}, "nothing waits")
    assert len(studio.ledger().tasks) == 1


async def test_a_folder_is_one_job(studio: Studio) -> None:
    """All of its pictures in the order of people; those beside it belong to no set."""
    studio.configure(rules=[FOLDER])
    for number in (10, 2, 1):
        studio.drop(f"a/shoot7/{number}.jpg", number=number)
    studio.drop("stray.jpg", number=4)
    await studio.once()
    assert studio.outputs() == ["a/shoot7.jpg"]
    (job,) = studio.jobs()
    assert job["key"] == "a/shoot7/"
    assert job["sources"] == [f"a/shoot7/{number}.jpg" for number in (1, 2, 10)]
    assert "takes folders of files" in studio.explain("stray.jpg")["reason"]


async def test_what_has_no_place_holds_the_set(studio: Studio) -> None:
    """By name, until it is moved away; then the set goes its way."""
    studio.configure(rules=[FRAMES])
    for name, number in (("ann.first.jpg", 1), ("ann.last.jpg", 2), ("ann.jpg", 3)):
        studio.drop(name, number=number)
    async with studio.running():
        await studio.until(lambda: "ann.*" in waiting(studio), "it waits")
        assert waiting(studio)["ann.*"].startswith("ann.jpg has no place")
        (studio.input / "ann.jpg").unlink()
        await studio.until(lambda: studio.outputs() == ["ann.mp4"], "the film")
    assert len(studio.ledger().tasks) == 1


async def test_a_changed_half_is_a_new_film(studio: Studio) -> None:
    """The digest is another; what was paid stays paid."""
    studio.configure(rules=[FRAMES])
    studio.drop("ann.first.jpg", number=1)
    studio.drop("ann.last.jpg", number=2)
    await studio.once()
    studio.drop("ann.last.jpg", picture(3, side=40))
    left_alone(studio.input)
    await studio.once()
    assert [job["state"] for job in studio.jobs()] == ["done", "done"]
    assert studio.outputs() == ["ann (2).mp4", "ann.mp4"]


async def test_a_half_taken_away_pays_nothing(studio: Studio) -> None:
    """Neither before the other is paid, nor after: an optional half that goes is no new set."""
    studio.configure(rules=[OPEN_END])
    studio.drop("ann.jpg", number=1)
    studio.drop("ann.last.jpg", number=2)
    await studio.once()
    assert len(studio.ledger().tasks) == 1
    (studio.input / "ann.last.jpg").unlink()
    studio.drop("_rules.toml", 'output_name = "x"')
    await studio.once()
    assert len(studio.ledger().tasks) == 1
    assert len(studio.jobs()) == 1


async def test_a_set_that_moves_takes_its_film_along(studio: Studio) -> None:
    """Nothing is paid for it at its new place."""
    studio.configure(rules=[FRAMES])
    studio.drop("a/ann.first.jpg", number=1)
    studio.drop("a/ann.last.jpg", number=2)
    await studio.once()
    (studio.input / "a").rename(studio.input / "b")
    await studio.once()
    (job,) = studio.jobs()
    assert (job["key"], job["outputs"]) == ("b/ann.*", ["a/ann.mp4"])
    assert len(studio.ledger().tasks) == 1


async def test_the_sidecar_of_a_set_speaks_for_it(studio: Studio) -> None:
    """Beside its files under their stem; changed, it makes the film stale and pays nothing."""
    studio.configure(rules=[FRAMES])
    studio.drop("ann.first.jpg", number=1)
    studio.drop("ann.last.jpg", number=2)
    studio.drop("ann.txt", "slowly")
    await studio.once()
    (task,) = sent(studio)
    assert task["prompt"] == "slowly"
    studio.drop("ann.txt", "quickly")
    await studio.once()
    (job,) = studio.jobs()
    assert job["stale"]


async def test_a_portrait_and_a_voice_are_one_film(studio: Studio) -> None:
    """Without roles, one file of each kind joins; the estimate counts the seconds of the sound."""
    studio.configure(rules=[TALK])
    studio.drop("ann.jpg", number=1)
    studio.drop("ann.wav", wav(2))
    await studio.once()
    assert studio.outputs() == ["ann.mp4"]
    (job,) = studio.jobs()
    assert job["sources"] == ["ann.jpg", "ann.wav"]
    assert job["estimate"] == pytest.approx(2 * 0.36)
    (task,) = studio.ledger().tasks
    assert len(task.input_sha256) == 2


async def test_a_folder_that_grows_while_it_is_paid_is_paid_for_what_came(studio: Studio) -> None:
    """What was sent stays as it was sent; the new whole is a job of its own."""
    studio.configure(rules=[FOLDER])
    for number in (1, 2):
        studio.drop(f"shoot7/{number}.jpg", number=number)
    async with studio.running():
        await studio.until(lambda: len(studio.ledger().tasks) == 1, "the first is paid")
        studio.drop("shoot7/3.jpg", number=3)
        await studio.until(lambda: studio.read(regrouping.was_sent, 1, ["shoot7/1.jpg"]), "sent")
        reason = "something of it was sent already"
        await studio.until(
            lambda: reason in (told_by(studio, "shoot7/3.jpg") or ""), "it waits a moment"
        )
    assert len(studio.jobs()) == 1
    left_alone(studio.input / "shoot7")
    await studio.once()
    assert [len(job["sources"]) for job in studio.jobs()] == [2, 3]
    assert studio.states() == {"done": 2}


async def test_regrouped_files_are_made_anew_only_by_hand(studio: Studio) -> None:
    """A rule that takes them together pays nothing for what was sent one by one."""
    single = 'model = "seedance-2.0-global/image-to-video"\ngroup = "file"'
    studio.configure(rules=[single])
    studio.drop("ann.first.jpg", number=1)
    studio.drop("ann.last.jpg", number=2)
    await studio.once()
    assert studio.states() == {"done": 2}
    studio.configure(rules=[FRAMES])
    left_alone(studio.input)
    await studio.once()
    assert len(studio.ledger().tasks) == 2
    stale = [job["id"] for job in studio.jobs() if job["stale"]]
    assert len(stale) == 1
    (told,) = await studio.act("retry", jobs=stale, changed=True)
    assert told == (f"job {stale[0]} is made anew of ann.first.jpg, ann.last.jpg as job 3")
    await studio.once()
    assert studio.states() == {"done": 3}
    assert studio.job("ann.first.jpg")["key"] == "ann.*"
    assert not any(job["stale"] for job in studio.jobs())


async def test_a_plan_shows_each_set_once(studio: Studio) -> None:
    """What would be sent together, and what is missing."""
    studio.configure(rules=[FRAMES])
    for name, number in (("ann.first.jpg", 1), ("ann.last.jpg", 2), ("bob.first.jpg", 3)):
        studio.drop(name, number=number)
    paths = list(preview.sources(studio.config.watch[0], ""))
    found = [
        each async for each in preview.of_many(studio.config.watch[0], paths, datetime.now(UTC))
    ]
    assert [(each.source, each.reason) for each in found] == [
        ("ann.first.jpg", None),
        ("bob.first.jpg", "needs bob.last.jpg"),
    ]
    assert [each.named_after for each in found] == ["ann", "bob.first.jpg"]
    (draft,) = found[0].drafts
    assert [each.parameter for each in draft.sources] == ["firstImageUrl", "lastImageUrl"]


async def test_a_set_long_incomplete_is_told(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once in the log, and in the note of the output folder."""
    studio.configure(rules=[FRAMES], watch='orphan_after = 0.0\nnotes = "waiting"')
    studio.drop("ann.first.jpg", number=1)
    async with studio.running():
        await studio.until(lambda: sets_reported(studio) == [True], "it is reported")
    assert "set.incomplete" in capsys.readouterr().out
    (note,) = studio.outputs()
    assert "ann.*: needs ann.last.jpg" in (studio.output / note).read_text()


async def test_explain_tells_of_the_whole_set(studio: Studio) -> None:
    """Of each of its files: what it waits for, and the job that it is in."""
    studio.configure(rules=[FRAMES])
    studio.drop("ann.first.jpg", number=1)
    await studio.once()
    told = studio.explain("ann.first.jpg")
    assert (told["verdict"], told["reason"]) == ("waiting", "its set ann.* needs ann.last.jpg")
    studio.drop("ann.last.jpg", number=2)
    await studio.once()
    for name in ("ann.first.jpg", "ann.last.jpg"):
        told = studio.explain(name)
        assert told["verdict"] == "job"
        assert told["job"]["key"] == "ann.*"
        assert "ann.first.jpg and ann.last.jpg" in told["reason"]
