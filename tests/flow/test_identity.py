"""What is the same picture: touched, moved, taken away and brought back."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from hotfolder.journal import sightings
from hotfolder.simulator import Fault
from tests.flow.test_changes import DETECTS, follow, held_back, let_go, online

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.studio import Studio

HOUR_S = 3600


def dst_shift(path: Path) -> None:
    """Set the time back by an hour, as FAT and some shares do in autumn."""
    seconds = path.stat().st_mtime
    os.utime(path, (seconds, seconds - HOUR_S))


def coarse_time(path: Path) -> None:
    """Round the time to two seconds, as FAT keeps it."""
    seconds = path.stat().st_mtime // 2 * 2
    os.utime(path, (seconds, seconds))


def rewritten(path: Path) -> None:
    """Write the same bytes as a new file, as a restored backup or a cautious editor does."""
    fresh = path.with_name(".fresh")
    fresh.write_bytes(path.read_bytes())
    fresh.rename(path)


def read_by_antivirus(path: Path) -> None:
    """Open for writing, read, close: nothing changes but the events."""
    with path.open("r+b") as file:
        file.read()


TOUCHES: dict[str, Callable[[Path], None]] = {
    "mtime": lambda path: os.utime(path, (1, 1)),
    "chmod": lambda path: path.chmod(0o600),
    "antivirus": read_by_antivirus,
    "daylight saving": dst_shift,
    "FAT": coarse_time,
    "rewritten": rewritten,
}


@DETECTS
async def test_a_touched_picture_makes_no_job(studio: Studio, detect: str) -> None:
    """Same content under the same path is the same source, whatever happened to its file."""
    follow(studio, detect)
    studio.drop_many(len(TOUCHES))
    async with studio.running():
        await studio.until_states(done=len(TOUCHES))
        for path, touch in zip(sorted(studio.input.glob("p*")), TOUCHES.values(), strict=True):
            touch(path)
        studio.drop("last.jpg", number=99)
        await studio.until_states(done=len(TOUCHES) + 1)
    await studio.once()
    assert studio.states() == {"done": len(TOUCHES) + 1}
    assert len(studio.ledger().tasks) == len(TOUCHES) + 1


@DETECTS
async def test_a_renamed_folder_of_finished_pictures_pays_nothing(
    studio: Studio, detect: str
) -> None:
    """Its jobs go along, their outputs stay where they are, and `explain` knows both."""
    follow(studio, detect)
    for number in range(20):
        studio.drop(f"day/p{number:02}.jpg", number=number)
    async with studio.running():
        await studio.until_states(done=20)
        (studio.input / "day").rename(studio.input / "night")
        await studio.until(
            lambda: all(job["source"].startswith("night/") for job in studio.jobs()), "the move"
        )
    await studio.once()
    assert studio.states() == {"done": 20}
    assert len(studio.ledger().tasks) == 20
    assert studio.outputs() == [f"day/p{number:02}.jpg" for number in range(20)]
    assert "day/p00.jpg" in studio.explain("night/p00.jpg")["reason"]


async def test_a_picture_moved_while_nobody_looked_pays_nothing(studio: Studio) -> None:
    """A move between two runs is known by the content."""
    path = studio.drop("ann.jpg")
    await studio.once()
    (studio.input / "sorted").mkdir()
    path.rename(studio.input / "sorted" / "001.jpg")
    await studio.once()
    assert studio.states() == {"done": 1}
    assert studio.job("sorted/001.jpg")["outputs"] == ["ann.jpg"]
    assert len(studio.ledger().tasks) == 1


async def test_a_picture_moved_before_it_is_sent_is_paid_once(studio: Studio) -> None:
    """Its edit keeps the name that it was accepted with."""
    held_back(studio)
    path = studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"uploaded": 1}
    path.rename(studio.input / "bob.jpg")
    await let_go(studio)
    await studio.once()
    done = [job for job in studio.jobs() if job["state"] == "done"]
    assert [(job["source"], job["outputs"]) for job in done] == [("bob.jpg", ["ann.jpg"])]
    assert len(studio.ledger().tasks) == 1


async def test_a_copy_is_no_move(studio: Studio) -> None:
    """While the first one is still there, a second path with its content is a second source."""
    path = studio.drop("ann.jpg")
    await studio.once()
    shutil.copy(path, studio.input / "copy.jpg")
    await studio.once()
    assert studio.outputs() == ["ann.jpg", "copy.jpg"]
    assert [job["source"] for job in studio.jobs()] == ["ann.jpg", "copy.jpg"]


async def test_deleting_a_source_deletes_no_output(studio: Studio) -> None:
    """What was paid stays, and the journal still knows of it."""
    path = studio.drop("ann.jpg")
    await studio.once()
    path.unlink()
    await studio.once()
    assert studio.outputs() == ["ann.jpg"]
    assert studio.states() == {"done": 1}


@DETECTS
async def test_a_finished_picture_dropped_again_pays_nothing(studio: Studio, detect: str) -> None:
    """Deleted and dropped again it is explained: when it was done, and where the edit stands."""
    follow(studio, detect)
    async with studio.running():
        path = studio.drop("ann.jpg")
        await studio.until_states(done=1)
        path.unlink()
        studio.drop("bob.jpg", number=2)
        await studio.until_states(done=2)
        studio.drop("ann.jpg")
        studio.drop("cid.jpg", number=3)
        await studio.until_states(done=3)
    assert len(studio.ledger().tasks) == 3
    told = studio.explain("ann.jpg")
    assert (told["verdict"], told["job"]["state"]) == ("job", "done")
    assert told["reason"].startswith("done on ")
    assert told["reason"].endswith(": ann.jpg")


@DETECTS
async def test_a_failed_picture_dropped_again_is_tried_again(studio: Studio, detect: str) -> None:
    """Taken away and brought back it is submitted anew; touched alone it stays failed."""
    follow(studio, detect)
    studio.fault(Fault(call="submit", kind="error_before", status=400, times=1))
    async with studio.running():
        path = studio.drop("ann.jpg")
        await studio.until_states(failed=1)
        os.utime(path, (1, 1))
        studio.drop("bob.jpg", number=2)
        await studio.until_states(failed=1, done=1)
        content = path.read_bytes()
        path.unlink()
        await studio.until(lambda: is_known_gone(studio, "ann.jpg"), "the deletion is seen")
        path.write_bytes(content)
        await studio.until_states(done=2)
    assert "Retried" in studio.history("ann.jpg")


async def test_a_failed_picture_is_not_gone_with_its_share(studio: Studio) -> None:
    """While the folder is away nothing is deleted; back again it is tried by nobody."""
    follow(studio, "scan")
    studio.fault(Fault(call="submit", kind="error_before", status=400, times=1))
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(failed=1)
        studio.input.rename(studio.folder / "away")
        await studio.until(lambda: not online(studio), "the watch is offline")
        (studio.folder / "away").rename(studio.input)
        await studio.until(lambda: online(studio), "the watch is online")
        studio.drop("bob.jpg", number=2)
        await studio.until_states(failed=1, done=1)
    assert not is_known_gone(studio, "ann.jpg")


def is_known_gone(studio: Studio, name: str) -> bool:
    """Whether the journal knows that a source was seen gone."""
    (found,) = studio.read(sightings.unlike, 1, [(name.encode(), 0, "", "", "")]).values()
    return found.known is not None and found.known[2] == ""


@pytest.mark.parametrize("detect", ["scan"])
async def test_a_case_renamed_picture_is_the_same(studio: Studio, detect: str) -> None:
    """ann.jpg renamed to ANN.jpg is a move."""
    follow(studio, detect)
    path = studio.drop("ann.jpg")
    await studio.once()
    path.rename(studio.input / "ANN.jpg")
    await studio.once()
    assert [job["source"] for job in studio.jobs()] == ["ANN.jpg"]
    assert len(studio.ledger().tasks) == 1
