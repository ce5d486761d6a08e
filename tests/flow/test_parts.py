"""Files of several pictures that arrive cut, or whose list of pictures is stale."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.pictures import mpo, noise, saved

if TYPE_CHECKING:
    from pathlib import Path

    from tests.studio import Studio

WHOLE = mpo(noise((96, 64)), noise((96, 64), seed=2))
FIRST_BYTES = WHOLE.index(b"\xff\xd8\xff", 4)
PAGES = saved(noise((96, 64)), "TIFF", save_all=True, append_images=[noise((96, 64), seed=2)])
CUTS = {
    "after the first picture": (WHOLE, FIRST_BYTES),
    "within the second picture": (WHOLE, FIRST_BYTES + 500),
    "within the second page of a TIFF": (PAGES, len(PAGES) - 500),
}
HOUR_S = 3600


def is_waited_for(studio: Studio) -> bool:
    """Whether the picture waits, and says that its file lists more."""
    job = studio.job("ann.jpg")
    return (job["waits_for"], job["error"]["code"]) == ("source", "missing_parts")


def aged(path: Path, seconds: float) -> None:
    """Give a file an older time."""
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


@pytest.mark.parametrize(("content", "cut"), CUTS.values(), ids=CUTS)
async def test_a_file_cut_between_its_pictures_is_paid_once(
    studio: Studio, content: bytes, cut: int
) -> None:
    """A slow copy that stalls before the last picture that the file lists is waited for."""
    async with studio.running():
        path = studio.drop("ann.jpg", content[:cut])
        await studio.until(lambda: is_waited_for(studio), "the rest is missed")
        assert "further pictures" in studio.explain("ann.jpg")["reason"]
        with path.open("ab") as copy:
            copy.write(content[cut:])
        await studio.until(lambda: studio.job("ann.jpg")["state"] == "done", "the whole one")
    assert len(studio.ledger().tasks) == 1
    assert studio.outputs() == ["ann.jpg"]


async def test_an_aborted_copy_of_several_pictures_is_not_paid(studio: Studio) -> None:
    """`once` leaves it waiting, and takes the whole file when that is there."""
    studio.drop("ann.jpg", WHOLE[:FIRST_BYTES])
    await studio.once()
    assert is_waited_for(studio)
    assert not {"upload", "submit"} & studio.ledger().requests.keys()
    studio.drop("ann.jpg", WHOLE)
    await studio.once()
    assert studio.job("ann.jpg")["state"] == "done"
    assert len(studio.ledger().tasks) == 1


async def test_a_stale_list_is_believed_for_a_while_only(studio: Studio) -> None:
    """After orphan_after of quiet the picture is taken as it is, whatever its time says."""
    studio.configure(watch="orphan_after = 1.0\nscan_interval = 0.2")
    async with studio.running():
        path = studio.folder / "elsewhere.jpg"
        path.write_bytes(WHOLE[:FIRST_BYTES])
        aged(path, HOUR_S)
        path.rename(studio.input / "ann.jpg")
        await studio.until(lambda: is_waited_for(studio), "it is waited for")
        await studio.until_states(done=1)
    assert len(studio.ledger().tasks) == 1


async def test_once_believes_a_files_own_time(studio: Studio) -> None:
    """A file that was left alone for orphan_after by its time is taken at once."""
    aged(studio.drop("ann.jpg", WHOLE[:FIRST_BYTES]), HOUR_S)
    await studio.once()
    assert studio.states() == {"done": 1}


async def test_a_time_in_the_future_is_not_believed(studio: Studio) -> None:
    """A camera whose clock is wrong does not make a stale list count for a day."""
    studio.configure(watch="orphan_after = 1.0\nscan_interval = 0.2")
    async with studio.running():
        aged(studio.drop("ann.jpg", WHOLE[:FIRST_BYTES]), -24 * HOUR_S)
        await studio.until_states(done=1)
