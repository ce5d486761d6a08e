"""Picture and sidecar come in any order, at any pace: one job with the right prompt."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.studio import Studio

GOLD = "Make it gold"


def prompts(studio: Studio) -> list[str]:
    """Return what the service was asked for."""
    return [task.prompt for task in studio.ledger().tasks]


@pytest.mark.parametrize("detect", ["events", "scan"])
async def test_the_sidecar_an_hour_before_its_picture(studio: Studio, detect: str) -> None:
    """A sidecar without its picture is no error; it is there when the picture comes."""
    studio.configure(watch=f'detect = "{detect}"\nscan_interval = 0.2')
    async with studio.running():
        studio.drop("ann.txt", GOLD)
        studio.wait(3600)
        studio.drop("ann.jpg")
        await studio.until_states(done=1)
    assert prompts(studio) == [GOLD]


@pytest.mark.parametrize("detect", ["events", "scan"])
@pytest.mark.parametrize("order", [("ann.jpg", "ann.txt"), ("ann.txt", "ann.jpg")])
async def test_both_by_rename(studio: Studio, detect: str, order: tuple[str, str]) -> None:
    """Moved in from beside the input, one after the other, whole from the first moment."""
    studio.configure(watch=f'detect = "{detect}"\nscan_interval = 0.2\nsidecar_wait = 5.0')
    async with studio.running():
        studio.drop("../ann.txt", GOLD)
        studio.drop("../ann.jpg")
        for name in order:
            (studio.folder / name).rename(studio.input / name)
            await asyncio.sleep(0.3)
        await studio.until_states(done=1)
    assert prompts(studio) == [GOLD]


async def test_a_sidecar_that_is_still_being_written(studio: Studio) -> None:
    """It has to be quiet as the picture has: never half a prompt."""
    studio.configure(watch="settle = 1.5")
    studio.drop("ann.jpg")
    async with studio.running():
        with (studio.input / "ann.txt").open("w") as writing:
            for word in ("Make ", "it ", "all ", "of ", "gold"):
                writing.write(word)
                writing.flush()
                await asyncio.sleep(0.2)
        await studio.until_states(done=1)
    assert prompts(studio) == ["Make it all of gold"]


async def test_a_sidecar_rewritten_at_the_last_moment(studio: Studio) -> None:
    """A plan that changed in the last look before the money leaves must stay so for a moment."""
    studio.configure(watch="settle = 1.5")
    studio.simulator.update_settings(task_s=3600.0, concurrent_limit=1)
    async with studio.running():
        studio.drop("first.jpg", number=9)
        await studio.until_states(running=1)
        studio.drop("ann.txt", "Make it blue")
        studio.drop("ann.jpg")
        await studio.until_states(running=1, uploaded=1)
        studio.simulator.update_settings(task_s=0.0)
        with (studio.input / "ann.txt").open("w") as writing:
            writing.write("Make ")
            writing.flush()
            await studio.send("cancel", jobs=[1])
            for word in ("it ", "all ", "gold"):
                await asyncio.sleep(0.3)
                writing.write(word)
                writing.flush()
        await studio.until_states(cancelled=1, done=1)
    assert prompts(studio) == ["Make it a summer day", "Make it all gold"]


async def test_the_more_specific_of_two_counts(studio: Studio) -> None:
    """`explain` names the one that is read and the one that is not."""
    studio.drop("ann.jpg")
    studio.drop("ann.txt", "Make it blue")
    studio.drop("ann.jpg.txt", GOLD)
    studio.drop("_rules.toml", "params = {}")
    await studio.once()
    assert prompts(studio) == [GOLD]
    told = studio.explain("ann.jpg")
    assert told["sidecars"] == {"read": ["ann.jpg.txt", "_rules.toml"], "unread": ["ann.txt"]}


async def test_one_sidecar_for_pictures_of_one_stem(studio: Studio) -> None:
    """`ann.txt` speaks for ann.jpg and ann.png; `ann.png.txt` for one of them only."""
    studio.drop("ann.jpg")
    studio.drop("ann.png")
    studio.drop("bob.jpg", number=2)
    studio.drop("bob.png", number=2)
    studio.drop("ann.txt", GOLD)
    studio.drop("bob.txt", "Make it blue")
    studio.drop("bob.png.txt", "Make it red")
    await studio.once()
    told = {task.task_id: task.prompt for task in studio.ledger().tasks}
    assert {job["source"]: told[job["task_id"]] for job in studio.jobs()} == {
        "ann.jpg": GOLD,
        "ann.png": GOLD,
        "bob.jpg": "Make it blue",
        "bob.png": "Make it red",
    }


async def test_a_sidecar_taken_away_before_the_intent(studio: Studio) -> None:
    """What is sent is what then holds: the rule's prompt."""
    studio.simulator.update_settings(key_kind="consumer")
    studio.drop("ann.jpg")
    sidecar = studio.drop("ann.txt", GOLD)
    await studio.once()
    sidecar.unlink()
    studio.simulator.update_settings(key_kind="enterprise")
    await studio.once()
    assert prompts(studio) == ["Make it a summer day"]


async def test_a_sidecar_explains_itself(studio: Studio) -> None:
    """One without its picture is an orphan, never an error; one with it names it."""
    studio.drop("ann.txt", GOLD)
    studio.drop("a/_prompt.txt", GOLD)
    studio.drop("bob.jpg")
    studio.drop("bob.txt", GOLD)
    await studio.once()
    for name, words in {
        "ann.txt": "no source that it belongs to",
        "a/_prompt.txt": "for all sources of its folder",
        "bob.txt": "sidecar of bob.jpg",
    }.items():
        told = studio.explain(name)
        assert told["verdict"] == "ignored"
        assert words in told["reason"]
    assert studio.states() == {"done": 1}
