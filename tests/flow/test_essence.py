"""Pictures whose metadata change: rated, captioned, stripped, they stay the same picture."""

from __future__ import annotations

import hashlib
import subprocess
from typing import TYPE_CHECKING

import pytest

from hotfolder.simulator import Fault
from tests.flow.test_backlog import learned
from tests.flow.test_changes import DETECTS, follow, held_back, let_go
from tests.pictures import exif, needs_exiftool, rated, saved, scene
from tests.studio import picture

if TYPE_CHECKING:
    from pathlib import Path

    from tests.studio import Studio


def rate(path: Path, stars: int = 4, caption: str = "") -> bytes:
    """Rate a picture in its file, as programs do: a new file takes its place."""
    content = rated(path.read_bytes(), stars, caption)
    fresh = path.with_name(".fresh")
    fresh.write_bytes(content)
    fresh.rename(path)
    return content


def published(studio: Studio) -> dict[str, tuple[int, int]]:
    """Return the output folder's files with their numbers and times."""
    statuses = {name: (studio.output / name).stat() for name in studio.outputs()}
    return {name: (each.st_ino, each.st_mtime_ns) for name, each in statuses.items()}


def is_taken(studio: Studio, content: bytes, name: str = "ann.jpg") -> bool:
    """Whether the journal knows that a source has these bytes now."""
    path = name.encode()
    row = studio.read(lambda session: session.row("find_source", watch=1, path=path))
    return bool(row["size"] == len(content))


@DETECTS
async def test_finished_pictures_that_are_rated_pay_nothing(studio: Studio, detect: str) -> None:
    """Twenty of them: no new job, no call, nothing changed in the output folder."""
    follow(studio, detect)
    studio.drop_many(20)
    async with studio.running():
        await studio.until_states(done=20)
        before = published(studio)
        for path in sorted(studio.input.glob("p*.jpg")):
            content = rate(path)
        await studio.until(lambda: is_taken(studio, content, "p019.jpg"), "the last is seen")
        studio.drop("last.jpg", number=99)
        await studio.until_states(done=21)
    await studio.once()
    assert studio.states() == {"done": 21}
    assert len(studio.ledger().tasks) == 21
    assert {name: published(studio)[name] for name in before} == before


@needs_exiftool
async def test_exiftools_rating_pays_nothing(studio: Studio) -> None:
    """The program that most others use, over a folder of finished JPEGs and PNGs."""
    for number in range(3):
        studio.drop(f"p{number}.jpg", number=number)
        studio.drop(f"q{number}.png", number=10 + number)
    await studio.once()
    files = sorted(map(str, studio.input.glob("?[0-9].*")))
    command = ["exiftool", "-q", "-overwrite_original", "-XMP:Rating=4", *files]
    subprocess.run(command, check=True)  # noqa: ASYNC221  nothing else is to go on meanwhile
    await studio.once()
    assert studio.states() == {"done": 6}
    assert len(studio.ledger().tasks) == 6


async def test_a_turned_or_cropped_picture_is_new(studio: Studio) -> None:
    """What one sees changed: each is edited again."""
    studio.drop("ann.jpg", saved(scene(), "JPEG"))
    await studio.once()
    studio.drop("ann.jpg", saved(scene(), "JPEG", exif=exif(orientation=6)))
    await studio.once()
    studio.drop("ann.jpg", saved(scene().crop((0, 0, 100, 100)), "JPEG"))
    await studio.once()
    assert studio.states() == {"done": 3}
    assert len(studio.ledger().tasks) == 3


@pytest.mark.parametrize("new", ["sorted/ann.jpg", "sorted/001.jpg"])
async def test_a_picture_rated_and_moved_takes_its_job_along(studio: Studio, new: str) -> None:
    """Under its own name, or as the very same file."""
    path = studio.drop("ann.jpg")
    await studio.once()
    path.write_bytes(rated(path.read_bytes(), 4))
    (studio.input / "sorted").mkdir()
    path.rename(studio.input / new)
    await studio.once()
    assert [job["source"] for job in studio.jobs()] == [new]
    assert len(studio.ledger().tasks) == 1


async def test_the_same_image_elsewhere_is_a_second_job_that_reuses(studio: Studio) -> None:
    """Blank pages and black frames look alike: each gets its output, one is paid for."""
    path = studio.drop("ann.jpg")
    await studio.once()
    content = path.read_bytes()
    path.rename(studio.folder / "away.jpg")
    studio.drop("bob.jpg", rated(content, 2))
    studio.drop("cid.jpg", rated(content, 3))
    await studio.once()
    assert studio.outputs() == ["ann.jpg", "bob.jpg", "cid.jpg"]
    assert studio.states() == {"done": 3}
    assert len(studio.ledger().tasks) == 1


async def test_an_unsent_job_sends_the_newest_bytes(studio: Studio) -> None:
    """Rated while it waits to be sent: one job, with the rating."""
    await studio.once()
    await studio.act("pause")
    path = studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(accepted=1)
        content = rate(path)
        await studio.until(lambda: is_taken(studio, content), "the rating is seen")
        await studio.send("resume")
        await studio.until_states(done=1)
    assert studio.states() == {"done": 1}
    (task,) = studio.ledger().tasks
    assert task.input_sha256 == (hashlib.sha256(content).hexdigest(),)


async def test_bytes_that_change_right_before_they_are_sent_are_paid_once(studio: Studio) -> None:
    """Noticed by the last look before the intent, the job gives way to one with the new bytes."""
    held_back(studio)
    path = studio.drop("ann.jpg")
    await studio.once()
    content = rate(path)
    await let_go(studio)
    await studio.once()
    assert studio.job("ann.jpg")["state"] == "done"
    (task,) = studio.ledger().tasks
    assert task.input_sha256 == (hashlib.sha256(content).hexdigest(),)


async def test_a_job_that_failed_unsent_is_tried_again_when_mended(studio: Studio) -> None:
    """Too large by its metadata, then stripped of them: the same job goes on."""
    studio.configure(rules=['prompt = "Make it gold"\nprepare = "never"\nmax_mb = 0.1'])
    small = picture()
    studio.drop("ann.jpg", small[:2] + (b"\xff\xfe\xff\xfd" + bytes(0xFFFB)) * 4 + small[2:])
    await studio.once()
    assert studio.job("ann.jpg")["error"]["code"] == "too_large"
    studio.drop("ann.jpg", small)
    await studio.once()
    assert studio.states() == {"done": 1}
    assert "Retried" in studio.history("ann.jpg")
    assert len(studio.ledger().tasks) == 1


async def test_a_job_that_failed_at_the_service_is_not_tried_again(studio: Studio) -> None:
    """What was sent is not sent again for a rating."""
    studio.fault(Fault(call="submit", kind="error_before", status=400, times=1))
    path = studio.drop("ann.jpg")
    await studio.once()
    rate(path)
    await studio.once()
    assert studio.states() == {"failed": 1}
    assert studio.ledger().requests["submit"] == 1
    await studio.act("retry", jobs=[studio.job("ann.jpg")["id"]])
    await studio.once()
    assert studio.states() == {"done": 1}


async def test_metadata_that_the_prompt_uses_make_a_finished_job_stale(studio: Studio) -> None:
    """It is shown; only `retry --changed` pays for another edit."""
    studio.configure(rules=['prompt = "Gold, {xmp.Rating|0} stars"'])
    path = studio.drop("ann.jpg")
    await studio.once()
    rate(path, 5)
    await studio.once()
    assert studio.states() == {"done": 1}
    assert studio.job("ann.jpg")["stale"]
    assert len(studio.ledger().tasks) == 1
    await studio.act("retry", jobs=[], changed=True)
    await studio.once()
    assert studio.states() == {"done": 2}
    assert {task.prompt for task in studio.ledger().tasks} == {"Gold, 0 stars", "Gold, 5 stars"}


async def test_a_finished_picture_rated_and_dropped_again_pays_nothing(studio: Studio) -> None:
    """Deleted, rated elsewhere and put back it is the same one."""
    path = studio.drop("ann.jpg")
    await studio.once()
    content = rated(path.read_bytes(), 4)
    path.unlink()
    await studio.once()
    studio.drop("ann.jpg", content)
    await studio.once()
    assert studio.states() == {"done": 1}
    assert len(studio.ledger().tasks) == 1


async def test_an_original_that_was_rated_is_moved_away_all_the_same(studio: Studio) -> None:
    """Rated while its edit runs, it goes where originals go, with its rating."""
    path = studio.drop("ann.jpg")
    await studio.once()
    content = rate(path)
    studio.configure(watch='originals = "move"')
    async with studio.running():
        await studio.until(lambda: not path.exists(), "the original is away")
    assert len(studio.ledger().tasks) == 1
    kept = [name for name in studio.outputs() if name != "ann.jpg"]
    assert [(studio.output / name).read_bytes() for name in kept] == [content]


def forget_essences(studio: Studio) -> None:
    """Let the journal be as an older program left it: it knows no essences."""
    with studio.journal() as journal:
        journal.run_blocking(_forget)


def _forget(session: object) -> None:
    session._connection.execute("DELETE FROM essence")  # type: ignore[attr-defined]  # noqa: SLF001


async def test_changed_bytes_of_a_picture_paid_by_an_older_program_are_held(
    studio: Studio,
) -> None:
    """Whether only its rating changed is not known: a person lets it go, or leaves it out."""
    path = studio.drop("ann.jpg")
    await studio.once()
    forget_essences(studio)
    rate(path)
    await studio.once()
    assert studio.states() == {"done": 1}
    assert studio.holds() == ["backlog:studio"]
    assert "rating" in studio.explain("ann.jpg")["reason"]
    await studio.act("release", watch="studio")
    await studio.once()
    assert studio.holds() == []
    assert studio.states() == {"done": 2}


async def test_a_held_change_that_is_undone_is_no_more_held(studio: Studio) -> None:
    """The bytes that were paid for are back: they are known, and what they show is known now."""
    path = studio.drop("ann.jpg")
    await studio.once()
    forget_essences(studio)
    content = path.read_bytes()
    rate(path)
    await studio.once()
    studio.drop("ann.jpg", content)
    await studio.once()
    assert studio.explain("ann.jpg")["verdict"] == "job"
    rate(path, 5)
    await studio.once()
    assert studio.explain("ann.jpg")["verdict"] == "job"
    assert studio.states() == {"done": 1}


async def test_what_stands_there_after_an_upgrade_is_learned(studio: Studio) -> None:
    """While the daemon runs it reads what an older program paid for; then ratings are told."""
    path = studio.drop("ann.jpg")
    await studio.once()
    forget_essences(studio)
    async with studio.running():
        await studio.until(lambda: learned(studio, "ann.jpg"), "it is learned")
        content = rate(path)
        await studio.until(lambda: is_taken(studio, content), "the rating is seen")
    assert studio.states() == {"done": 1}
    assert studio.holds() == []
    assert len(studio.ledger().tasks) == 1


async def test_held_pictures_that_are_rated_stay_held(studio: Studio) -> None:
    """Rating an archive that is held back lets none of it go, whether it was read or not."""
    studio.configure(limits="backlog = 3")
    studio.drop_many(5)
    await studio.once()
    rate(studio.input / "p000.jpg")
    await studio.once()
    async with studio.running():
        await studio.until(lambda: learned(studio, "p001.jpg"), "it is learned")
        content = rate(studio.input / "p001.jpg")
        await studio.until(lambda: is_taken(studio, content, "p001.jpg"), "the rating is seen")
    assert studio.jobs() == []
    assert studio.hold()["count"] == 5
