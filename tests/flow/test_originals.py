"""originals = "move": the picture and its sidecars go to `_originals` once all is done."""

from __future__ import annotations

import contextlib
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from hotfolder.domain.errors import OperatorError
from tests.mounting import mount

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.studio import Studio

MOVING = 'originals = "move"'
GOLD = "Make it gold"


def left(studio: Studio) -> list[str]:
    """Return what still stands in the input folder, but for what hotfolder keeps there."""
    return sorted(
        path.relative_to(studio.input).as_posix()
        for path in studio.input.rglob("*")
        if path.is_file() and not path.name.startswith(".hotfolder")
    )


def originals(studio: Studio) -> list[str]:
    """Return what stands among the originals, hidden files included."""
    return [each for each in studio.outputs() if each.startswith("_originals/")]


@contextlib.contextmanager
def elsewhere(folder: Path) -> Iterator[None]:
    """Make a folder a file system of its own while the block runs."""
    mount("-t", "tmpfs", "none", str(folder))
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_the_original_takes_its_sidecars_along(studio: Studio) -> None:
    """Same path, same time, same content; a folder's file stays."""
    studio.configure(watch=MOVING)
    picture = studio.drop("a/ann.jpg")
    os.utime(picture, ns=(1_600_000_000_123_456_789, 1_600_000_000_123_456_789))
    content = picture.read_bytes()
    studio.drop("a/ann.jpg.txt", GOLD)
    studio.drop("a/ann.xmp", "<x/>")
    studio.drop("a/_prompt.txt", "Make it blue")
    await studio.once()
    assert left(studio) == ["a/_prompt.txt"]
    assert originals(studio) == [
        "_originals/a/ann.jpg",
        "_originals/a/ann.jpg.txt",
        "_originals/a/ann.xmp",
    ]
    moved = studio.output / "_originals/a/ann.jpg"
    assert moved.read_bytes() == content
    assert moved.stat().st_mtime_ns == 1_600_000_000_123_456_789
    told = studio.explain("a/ann.jpg")
    assert told["verdict"] == "job"
    assert "its original is _originals/a/ann.jpg" in told["reason"]


async def test_across_file_systems(studio: Studio) -> None:
    """A copy that was read back takes the original's place; nothing hidden is left."""
    studio.configure(watch=MOVING)
    with elsewhere(studio.input):
        picture = studio.drop("ann.jpg")
        picture.chmod(0o6755)
        os.utime(picture, ns=(1_600_000_000_123_456_789, 1_600_000_000_123_456_789))
        studio.drop("ann.txt", GOLD)
        await studio.once()
        assert left(studio) == []
        assert originals(studio) == ["_originals/ann.jpg", "_originals/ann.txt"]
        moved = studio.output / "_originals/ann.jpg"
        assert moved.stat().st_mtime_ns == 1_600_000_000_123_456_789
        assert not moved.stat().st_mode & 0o7000  # what ran as another user does not here


async def test_dropped_again_it_costs_nothing(studio: Studio) -> None:
    """The same file: done already, and put away again without a second copy."""
    studio.configure(watch=MOVING)
    content = studio.drop("ann.jpg").read_bytes()
    await studio.once()
    studio.drop("ann.jpg", content)
    await studio.once()
    assert (left(studio), originals(studio)) == ([], ["_originals/ann.jpg"])
    assert "done on" in studio.explain("ann.jpg")["reason"]
    studio.drop("copy.jpg", content)
    await studio.once()
    assert studio.states() == {"done": 2}, studio.summary()
    assert studio.outputs() == ["_originals/ann.jpg", "_originals/copy.jpg", "ann.jpg", "copy.jpg"]
    assert len(studio.ledger().tasks) == 1


async def test_nothing_is_overwritten(studio: Studio) -> None:
    """A new version under the same name is numbered, and its sidecar with it."""
    studio.configure(watch=MOVING)
    for number in (1, 2):
        studio.drop("ann.jpg", number=number)
        studio.drop("ann.txt", f"{GOLD} {number}")
        await studio.once()
    assert originals(studio) == [
        "_originals/ann (2).jpg",
        "_originals/ann (2).txt",
        "_originals/ann.jpg",
        "_originals/ann.txt",
    ]
    assert (studio.output / "_originals/ann (2).txt").read_text() == f"{GOLD} 2"
    assert left(studio) == []


async def test_only_when_all_its_jobs_are_done(studio: Studio) -> None:
    """Under all rules one failed edit keeps the original in its place."""
    rules = ['name = "one"\nprompt = "Make it gold"', 'name = "two"\nprompt = "Make it blue"']
    studio.configure(watch=f'{MOVING}\nrules = "all"', rules=rules)
    studio.drop("ann.jpg")
    studio.simulator.update_settings(balance=0)
    await studio.once()
    assert left(studio) == ["ann.jpg"]
    studio.simulator.update_settings(balance=100)
    await studio.once()
    assert (studio.states(), left(studio)) == ({"done": 2}, [])


async def test_a_shared_sidecar_goes_with_the_last(studio: Studio) -> None:
    """`ann.txt` speaks for ann.jpg and ann.png: it stays until both are done."""
    studio.configure(watch=MOVING, rules=['match = ["*.jpg"]\nprompt = "Make it gold"'])
    studio.drop("ann.jpg")
    studio.drop("ann.txt", GOLD)
    studio.configure(watch=MOVING)
    studio.drop("ann.png", b"no picture at all")
    await studio.once()
    assert left(studio) == ["ann.png", "ann.txt"]
    studio.drop("ann.png")
    await studio.once()
    assert left(studio) == []


async def test_what_was_changed_since_is_not_moved(studio: Studio) -> None:
    """Another picture under the name is no original: it is edited first."""
    studio.configure(watch=MOVING)
    studio.simulator.update_settings(task_s=1.5)
    async with studio.running():
        studio.drop("ann.jpg")
        await studio.until_states(running=1)
        studio.drop("ann.jpg", number=2)
        await studio.until_states(done=2)
        await studio.until(lambda: not left(studio), "both moved")
    assert originals(studio) == ["_originals/ann.jpg"]


async def test_a_move_that_fails_is_told_and_tried_again(studio: Studio) -> None:
    """Here a file stands where the folder is needed."""
    studio.configure(watch=MOVING)
    blocker = studio.output / "_originals"
    blocker.write_text("in the way")
    studio.drop("ann.jpg")
    await studio.once()
    assert left(studio) == ["ann.jpg"]
    assert "could not be moved" in studio.explain("ann.jpg")["reason"]
    blocker.unlink()
    await studio.once()
    assert (left(studio), originals(studio)) == ([], ["_originals/ann.jpg"])
    assert "could not" not in studio.explain("ann.jpg")["reason"]


async def test_a_share_that_is_away_makes_it_later(studio: Studio) -> None:
    """Done while the input is gone: nothing is held for moved, and it is once it is back."""
    studio.configure(watch=MOVING)
    studio.simulator.update_settings(task_s=1.0)
    away = studio.folder / "away"
    async with studio.running():
        studio.drop("ann.jpg")
        await studio.until_states(running=1)
        studio.input.rename(away)
        await studio.until_states(done=1)
        await studio.until(
            lambda: "could not be moved" in studio.explain("ann.jpg")["reason"], "the reason"
        )
    away.rename(studio.input)
    await studio.once()
    assert (left(studio), originals(studio)) == ([], ["_originals/ann.jpg"])


async def test_kept_by_default(studio: Studio) -> None:
    """Without the wish the input is left alone; with it, what is done already goes, too."""
    studio.drop("ann.jpg")
    await studio.once()
    assert left(studio) == ["ann.jpg"]
    studio.configure(watch=MOVING)
    await studio.once()
    assert (left(studio), originals(studio)) == ([], ["_originals/ann.jpg"])


async def test_an_edit_is_made_anew_only_with_its_original(studio: Studio) -> None:
    """Before anything is entered it is said where that is, and what to do."""
    studio.configure(watch=MOVING)
    studio.drop("ann.jpg")
    await studio.once()
    assert originals(studio) == ["_originals/ann.jpg"]
    job = studio.job("ann.jpg")["id"]
    with pytest.raises(OperatorError, match=r"_originals/ann\.jpg in the output folder: put it"):
        await studio.act("retry", jobs=[job], pay_again=True)
    assert studio.states() == {"done": 1}
    (studio.output / "_originals" / "ann.jpg").rename(studio.input / "ann.jpg")
    await studio.act("retry", jobs=[job], pay_again=True)
    await studio.once()
    assert studio.states() == {"done": 2}
