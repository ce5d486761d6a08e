"""A daemon killed while it moves originals: at every moment each file is whole in one place."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from hotfolder.simulator import Settings, in_thread
from tests.end_to_end.driver import Driver
from tests.mounting import mount
from tests.studio import Studio

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POINTS = ("original.copied", "original.named", "original.moved")
FILES = ("ann.jpg", "ann.txt")
MOST_KILLS = 10


@pytest.fixture(params=["one file system", "two"])
def studio(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Studio]:
    """Give a studio with a picture and its sidecar; perhaps input and output are two disks."""
    with in_thread(Settings(task_s=0.0)) as server:
        studio = Studio(tmp_path, server)
        if request.param == "two":
            mount("-t", "tmpfs", "none", str(studio.input))
        try:
            yield studio
        finally:
            if request.param == "two":
                subprocess.run(["umount", "--lazy", str(studio.input)], check=True)


def whole(studio: Studio, name: str, content: bytes) -> bool:
    """Whether a file stands with its content in the input or among the originals."""
    places = (studio.input / name, studio.output / "_originals" / name)
    found = [place.read_bytes() for place in places if place.exists()]
    return bool(found) and all(each == content for each in found)


@pytest.mark.parametrize("point", POINTS)
async def test_a_kill_while_moving_loses_nothing(studio: Studio, point: str) -> None:
    """At the N-th passing of a point, for every N; the next start ends what was begun."""
    studio.configure(watch='originals = "move"')
    with Driver(studio.folder / "driver.log") as driver:
        for number in range(1, MOST_KILLS):
            studio.drop("ann.jpg", number=number)
            studio.drop("ann.txt", f"Make it gold, number {number}")
            contents = {name: (studio.input / name).read_bytes() for name in FILES}
            config = studio.folder / "config.toml"
            code = driver.once(config, point, number)
            assert code in (0, -signal.SIGKILL)
            assert all(whole(studio, name, contents[name]) for name in FILES)
            assert not code or not driver.once(config)
            assert not [each for each in FILES if (studio.input / each).exists()]
            assert studio.outputs() == [
                "_originals/ann.jpg",
                "_originals/ann.txt",
                f"ann{'' if number == 1 else f' ({number})'}.jpg",
            ]
            assert studio.states() == {"done": number}
            if not code:
                assert number > 1 or point == "original.copied"
                return
            _clear(studio)
    pytest.fail(f"{point} is passed more than {MOST_KILLS} times")


def _clear(studio: Studio) -> None:
    """Take what stands in the output away, as the owner might."""
    for each in studio.outputs():
        (studio.output / each).unlink()
