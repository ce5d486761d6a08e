"""What happens to pictures that change, go, come back or arrive in unusual ways."""

from __future__ import annotations

import hashlib
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from hotfolder.simulator import Fault
from tests.studio import picture

if TYPE_CHECKING:
    from tests.studio import Studio

DETECTS = pytest.mark.parametrize("detect", ["events", "scan"])


def follow(studio: Studio, detect: str) -> None:
    """Configure how arrivals are noticed."""
    interval = "0.2" if detect == "scan" else "300.0"
    studio.configure(watch=f'detect = "{detect}"\nscan_interval = {interval}')


def held_back(studio: Studio) -> None:
    """Let no submit be accepted: jobs wait uploaded."""
    studio.simulator.update_settings(key_kind="consumer")


async def let_go(studio: Studio) -> None:
    """Let submits be accepted again, and run."""
    studio.simulator.update_settings(key_kind="enterprise")
    await studio.once()


def online(studio: Studio) -> bool:
    """Whether the watch's folder is there, as far as the daemon knows."""
    return bool(studio.status()["watches"][0]["online"])


@DETECTS
async def test_pictures_are_taken_however_they_arrive(studio: Studio, detect: str) -> None:
    """Written, renamed in, hard-linked, or with a whole folder moved in: all are edited."""
    follow(studio, detect)
    outside = studio.folder / "outside"
    (outside / "day" / "morning").mkdir(parents=True)
    (outside / "linked.jpg").write_bytes(picture(1))
    (outside / "renamed.jpg").write_bytes(picture(2))
    (outside / "day" / "noon.jpg").write_bytes(picture(3))
    (outside / "day" / "morning" / "dawn.jpg").write_bytes(picture(4))
    async with studio.running():
        studio.drop("new/deep/written.jpg", number=5)
        studio.drop("half.jpg.part", number=6).rename(studio.input / "half.jpg")
        os.link(outside / "linked.jpg", studio.input / "linked.jpg")
        (outside / "renamed.jpg").rename(studio.input / "renamed.jpg")
        (outside / "day").rename(studio.input / "day")
        await studio.until_states(done=6)
    assert studio.outputs() == [
        *("day/morning/dawn.jpg", "day/noon.jpg", "half.jpg", "linked.jpg"),
        *("new/deep/written.jpg", "renamed.jpg"),
    ]
    assert len(studio.ledger().tasks) == 6


@DETECTS
async def test_new_content_of_the_same_name_is_a_new_job(studio: Studio, detect: str) -> None:
    """A replaced picture is edited again, and the older edit stays as it is."""
    follow(studio, detect)
    async with studio.running():
        studio.drop("ann.jpg", number=1)
        await studio.until_states(done=1)
        first = (studio.output / "ann.jpg").read_bytes()
        studio.drop("ann.jpg", number=2)
        await studio.until_states(done=2)
    outputs = studio.outputs()
    assert len(outputs) == 2
    assert (studio.output / "ann.jpg").read_bytes() == first
    assert len(studio.ledger().tasks) == 2
    assert len({task.input_sha256 for task in studio.ledger().tasks}) == 2


@DETECTS
async def test_a_touched_picture_is_no_new_one(studio: Studio, detect: str) -> None:
    """A new time, or the same bytes written again, pays nothing."""
    follow(studio, detect)
    async with studio.running():
        path = studio.drop("ann.jpg", number=1)
        await studio.until_states(done=1)
        os.utime(path, (1, 1))
        path.unlink()
        path.write_bytes(picture(1))
        studio.drop("bob.jpg", number=2)
        await studio.until_states(done=2)
    await studio.once()
    assert studio.states() == {"done": 2}
    assert len(studio.ledger().tasks) == 2


async def test_a_restart_over_finished_folders_pays_nothing(studio: Studio) -> None:
    """Neither a restart nor lost outputs make finished pictures new."""
    studio.drop_many(5)
    await studio.once()
    assert studio.states() == {"done": 5}
    before = dict(studio.ledger().requests)
    shutil.rmtree(studio.output)
    studio.output.mkdir()
    await studio.once()
    after = dict(studio.ledger().requests)
    assert (after["submit"], after["upload"]) == (before["submit"], before["upload"])
    assert studio.outputs() == []


async def test_only_the_newest_content_is_paid(studio: Studio) -> None:
    """A picture changed between its acceptance and its submit is paid once, as it is last."""
    held_back(studio)
    studio.drop("ann.jpg", number=1)
    await studio.once()
    assert studio.states() == {"uploaded": 1}
    studio.drop("ann.jpg", number=2)
    await let_go(studio)
    assert studio.states() == {"cancelled": 1, "done": 1}
    (task,) = studio.ledger().tasks
    newest = next(job for job in studio.jobs() if job["state"] == "done")
    assert newest["task_id"] == task.task_id
    assert studio.outputs() == ["ann.jpg"]


async def test_a_picture_changed_unseen_is_not_paid_as_it_was(studio: Studio) -> None:
    """Where size, time and inode stay, the last look before the submit still tells."""
    held_back(studio)
    path = studio.drop("ann.jpg", picture(1, "PNG"))
    status = path.stat()
    await studio.once()
    other = picture(2, "PNG")
    assert len(other) == status.st_size
    path.write_bytes(other)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    await let_go(studio)
    await studio.once()
    assert studio.states() == {"cancelled": 1, "done": 1}
    (task,) = studio.ledger().tasks
    assert task.input_sha256 == (hashlib.sha256(other).hexdigest(),)


async def test_a_picture_taken_away_before_the_submit_is_not_paid(studio: Studio) -> None:
    """Its job is cancelled; put back later it is edited after all."""
    held_back(studio)
    path = studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"uploaded": 1}
    path.rename(studio.folder / "ann.jpg")
    await let_go(studio)
    assert studio.states() == {"cancelled": 1}
    assert studio.job("ann.jpg")["error"]["code"] == "source_gone"
    assert studio.ledger().tasks == ()
    shutil.copy(studio.folder / "ann.jpg", path)
    await studio.once()
    assert studio.states() == {"cancelled": 1, "done": 1}
    assert len(studio.ledger().tasks) == 1


async def test_a_picture_taken_away_and_moved_back_is_edited(studio: Studio) -> None:
    """Moved back it is the very same file as before, and still it is not forgotten."""
    held_back(studio)
    path = studio.drop("ann.jpg")
    await studio.once()
    path.rename(studio.folder / "ann.jpg")
    await let_go(studio)
    (studio.folder / "ann.jpg").rename(path)
    await studio.once()
    assert studio.states() == {"cancelled": 1, "done": 1}


async def test_a_missing_input_folder_cancels_nothing(studio: Studio) -> None:
    """An unmounted share says nothing about its pictures: they wait, and go on when it is back."""
    held_back(studio)
    studio.drop("ann.jpg")
    await studio.once()
    studio.input.rename(studio.folder / "away")
    await let_go(studio)
    assert studio.states() == {"uploaded": 1}
    (studio.folder / "away").rename(studio.input)
    await studio.once()
    assert studio.states() == {"done": 1}
    assert len(studio.ledger().tasks) == 1


@DETECTS
async def test_a_share_that_comes_back_is_followed_again(studio: Studio, detect: str) -> None:
    """What arrives after an input folder was away and back is edited."""
    studio.configure(watch=f'detect = "{detect}"\nscan_interval = 0.2')
    async with studio.running():
        studio.drop("ann.jpg", number=1)
        await studio.until_states(done=1)
        studio.input.rename(studio.folder / "away")
        await studio.until(lambda: not online(studio), "the watch is offline")
        (studio.folder / "away").rename(studio.input)
        await studio.until(lambda: online(studio), "the watch is online")
        studio.drop("bob.jpg", number=2)
        await studio.until_states(done=2)


async def test_a_slow_copy_is_waited_for(studio: Studio) -> None:
    """A picture that grows with pauses is read when it is whole, and uploaded once."""
    follow(studio, "events")
    whole = picture(3, side=200)
    async with studio.running():
        with (studio.input / "ann.jpg").open("wb", buffering=0) as copy:
            for at in range(0, len(whole), len(whole) // 8):
                copy.write(whole[at : at + len(whole) // 8])
                await studio.send("settling", watch="studio", path="ann.jpg")
        await studio.until_states(done=1)
    assert studio.ledger().requests["upload"] == 1


async def test_what_comes_while_the_service_is_down_is_edited_later(studio: Studio) -> None:
    """Uploads that fail are tried again; nothing is lost and nothing is in doubt."""
    studio.fault(Fault(call="upload", kind="error_before", status=503, times=3))
    studio.drop_many(3)
    await studio.once()
    assert studio.states() == {"done": 3}
    assert len(studio.ledger().tasks) == 3


async def test_folders_made_in_quick_succession_are_followed(studio: Studio) -> None:
    """A tree that is written faster than it can be watched loses no picture."""
    follow(studio, "events")
    async with studio.running():
        for number in range(30):
            studio.drop(f"d{number}/e/f/x.jpg", number=number)
        await studio.until_states(done=30)
