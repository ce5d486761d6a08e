"""A daemon killed at every commit of a set of three files: paid once, and none of them lost."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.lookout import Lookout
from tests.end_to_end.test_crash import MOST_KILLS, Bench, driver, server

if TYPE_CHECKING:
    from pathlib import Path

    from hotfolder.simulator import RunningServer
    from tests.end_to_end.driver import Driver

__all__ = ["driver", "server"]  # fixtures of this module, too

MODEL = "seedream-v4/image-to-image"
# Every fourth commit, from each of four on; one share of each point is played every day.
SHARES = [
    pytest.param(point, first, marks=[] if first == at else [pytest.mark.long])
    for at, point in enumerate(("commit.before", "commit.after"), start=1)
    for first in range(4)
]


class SetBench(Bench):
    """One studio with a folder of three pictures, whose daemon is killed."""

    def __init__(self, folder: Path, server: RunningServer, driver: Driver, number: int) -> None:
        super().__init__(folder, server, driver, number)
        (self.studio.input / "ann.jpg").unlink()
        rule = f'model = "{MODEL}"\nprompt = "{self.prompt}"\ngroup = "folder"\nset_wait = 0.0'
        self.studio.configure(rules=[rule])
        for each in range(3):
            self.studio.drop(f"shoot7/{each}.jpg", number=3 * number + each)


@pytest.mark.parametrize(("point", "first"), SHARES)
async def test_a_kill_at_any_commit_of_a_set_pays_once(
    tmp_path: Path, server: RunningServer, driver: Driver, point: str, first: int
) -> None:
    """However far it was: one task of three pictures, one result, nothing half-done."""
    for number in range(1 + first, MOST_KILLS, 4):
        bench = SetBench(tmp_path / str(number), server, driver, number)
        with Lookout([bench.studio.output]) as lookout:
            killed = bench.once(point, number)
            assert len(bench.tasks()) <= 1
            assert not killed or not bench.once()
            await assert_paid_once(bench)
        assert lookout.seen
        assert not lookout.partial
        if not killed:
            return
    pytest.fail(f"{point} is passed more than {MOST_KILLS} times")


async def assert_paid_once(bench: SetBench) -> None:
    """Check the end; a doubt is settled as an operator would."""
    studio = bench.studio
    if studio.states() == {"in_doubt": 1}:
        assert studio.outputs() == []
        tasks = bench.tasks()
        wish = {"task_id": tasks[0]} if tasks else {"resend": True}
        await studio.act("resolve", job=studio.job("shoot7/0.jpg")["id"], **wish)
        assert not bench.once()
    assert studio.states() == {"done": 1}, studio.summary()
    assert studio.outputs() == ["shoot7.jpg"]
    assert len(bench.tasks()) == 1
    assert studio.job("shoot7/0.jpg")["sources"] == [f"shoot7/{each}.jpg" for each in range(3)]
    kinds = Counter(studio.history("shoot7/0.jpg"))
    assert kinds["Published"] == kinds["Accepted"] == 1
