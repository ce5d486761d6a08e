"""A daemon killed at its commits while one file becomes several edits: each is paid once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.test_crash import MOST_KILLS, Bench, driver, server

if TYPE_CHECKING:
    from pathlib import Path

    from hotfolder.simulator import RunningServer
    from tests.end_to_end.driver import Driver

__all__ = ["driver", "server"]

SHARES = 4
# Each commit is like the next: every twelfth is killed at.
KILLS = [
    (point, number) for point in ("commit.before", "commit.after") for number in range(3, 40, 12)
]


@pytest.mark.parametrize(("point", "number"), KILLS)
async def test_four_variants_are_paid_once_each_whenever_it_is_killed(
    tmp_path: Path, server: RunningServer, driver: Driver, point: str, number: int
) -> None:
    """Four tasks, four outputs; a doubt is settled as an operator would."""
    assert number < MOST_KILLS
    bench = Bench(tmp_path / "variants", server, driver, 5000 + number)
    bench.prompt = f"{bench.prompt} {point}"
    bench.studio.configure(rules=[f'prompt = "{bench.prompt}"\nvariants = 4'])
    await killed_and_gone_on(bench, point, number, 4)
    assert bench.studio.outputs() == [f"ann-{each}.jpg" for each in (1, 2, 3, 4)]


@pytest.mark.long
@pytest.mark.parametrize("first", range(SHARES))
@pytest.mark.parametrize("point", ["commit.before", "commit.after"])
async def test_four_variants_are_paid_once_each_at_every_commit(
    tmp_path: Path, server: RunningServer, driver: Driver, point: str, first: int
) -> None:
    """Until the daemon lives through; the shares together meet each commit."""
    for number in range(1 + first, 4 * MOST_KILLS, SHARES):
        bench = Bench(tmp_path / str(number), server, driver, 7000 + number)
        bench.prompt = f"{bench.prompt} {point}"
        bench.studio.configure(rules=[f'prompt = "{bench.prompt}"\nvariants = 4'])
        killed = await killed_and_gone_on(bench, point, number, 4)
        assert bench.studio.outputs() == [f"ann-{each}.jpg" for each in (1, 2, 3, 4)]
        if not killed:
            return
    pytest.fail(f"{point} is passed more than {4 * MOST_KILLS} times")


async def killed_and_gone_on(bench: Bench, point: str, number: int, count: int) -> bool:
    """Kill a daemon, settle what is in doubt, go on, and see that so many edits are paid once.

    Returns whether it was killed.
    """
    killed = bench.once(point, number)
    assert len(bench.tasks()) <= count
    assert not killed or not bench.once()
    studio = bench.studio
    known = {job["task_id"] for job in studio.jobs()}
    unknown = [each for each in bench.tasks() if each not in known]
    for job in studio.jobs():
        if job["state"] == "in_doubt":
            wish = {"task_id": unknown.pop()} if unknown else {"resend": True}
            await studio.act("resolve", job=job["id"], **wish)
    assert not bench.once()
    assert Counter(job["state"] for job in studio.jobs()) == {"done": count}, studio.summary()
    assert len(set(bench.tasks())) == len(bench.tasks()) == count
    return killed


@pytest.mark.parametrize(("point", "number"), KILLS)
async def test_three_rows_are_paid_once_each_whenever_it_is_killed(
    tmp_path: Path, server: RunningServer, driver: Driver, point: str, number: int
) -> None:
    """Three tasks, three outputs, whatever was entered of them by then."""
    bench = Bench(tmp_path / "rows", server, driver, 6000 + number)
    (bench.studio.input / "ann.jpg").unlink()
    bench.prompt = f"{bench.prompt} {point}"
    model = "xai/grok-imagine-image/text-to-image-official-stable"
    bench.studio.configure(
        rules=[f'model = "{model}"\nprompt = "{{text}}"\nlines = true'], watch='duplicates = "edit"'
    )
    table = "prompt,name\n" + "".join(f'"{bench.prompt}",n{each}\n' for each in (1, 2, 3))
    bench.studio.drop("prompts.csv", table)
    await killed_and_gone_on(bench, point, number, 3)
    assert [each.partition(".")[0] for each in bench.studio.outputs()] == ["n1", "n2", "n3"]
