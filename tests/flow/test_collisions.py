"""What happens when an output's name is taken: `collision` = suffix, skip or replace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.flow.test_changes import held_back, let_go

if TYPE_CHECKING:
    from tests.studio import Studio

FOREIGN = b"somebody else's file"
VIDEO_RULE = 'model = "hailuo-2.3/i2v-pro"\nprompt = "she turns"'


def collide(studio: Studio, collision: str, more: str = "") -> None:
    """Configure what is done when names collide."""
    studio.configure(watch=f'collision = "{collision}"\n{more}')


@pytest.mark.parametrize("collision", ["suffix", "replace"])
async def test_a_foreign_file_is_never_replaced(studio: Studio, collision: str) -> None:
    """The edit gets a number, whatever the owner said of his own edits."""
    collide(studio, collision)
    (studio.output / "ann.jpg").write_bytes(FOREIGN)
    studio.drop("ann.jpg")
    await studio.once()
    assert (studio.output / "ann.jpg").read_bytes() == FOREIGN
    assert studio.outputs() == ["ann (2).jpg", "ann.jpg"]


async def test_skip_pays_nothing_for_what_is_there(studio: Studio) -> None:
    """An output of that name, of whatever picture type: not even uploaded, and explained."""
    collide(studio, "skip")
    (studio.output / "ann.png").write_bytes(FOREIGN)
    studio.drop("ann.jpg", number=1)
    studio.drop("bob.jpg", number=2)
    await studio.once()
    assert [job["source"] for job in studio.jobs()] == ["bob.jpg"]
    assert studio.ledger().requests["upload"] == 1
    told = studio.explain("ann.jpg")
    assert told["verdict"] == "skipped"
    assert "ann.png stands there already" in told["reason"]


async def test_skip_looks_for_what_the_model_makes(studio: Studio) -> None:
    """Of a model that makes films the film stands in the way, and no picture of that name."""
    studio.configure(watch='collision = "skip"', rules=[VIDEO_RULE])
    (studio.output / "ann.mp4").write_bytes(FOREIGN)
    (studio.output / "bob.jpg").write_bytes(FOREIGN)
    studio.drop("ann.jpg", number=1)
    studio.drop("bob.jpg", number=2)
    await studio.once()
    assert [job["source"] for job in studio.jobs()] == ["bob.jpg"]
    assert "ann.mp4 stands there already" in studio.explain("ann.jpg")["reason"]
    assert studio.outputs() == ["ann.mp4", "bob.jpg", "bob.mp4"]


async def test_skip_edits_a_picture_once(studio: Studio) -> None:
    """A newer version of an edited picture is skipped; where its output is gone, it is edited."""
    collide(studio, "skip")
    studio.drop("ann.jpg", number=1)
    await studio.once()
    studio.drop("ann.jpg", number=2)
    await studio.once()
    assert (studio.states(), len(studio.ledger().tasks)) == ({"done": 1}, 1)
    assert "collision is skip" in studio.explain("ann.jpg")["reason"]
    (studio.output / "ann.jpg").unlink()
    studio.drop("ann.jpg", number=3)
    await studio.once()
    assert len(studio.ledger().tasks) == 2


async def test_skip_waits_for_no_edit_under_way(studio: Studio) -> None:
    """While the earlier version is being edited, the newer one is skipped already."""
    studio.simulator.update_settings(task_s=1.0)
    collide(studio, "skip", 'detect = "events"')
    async with studio.running():
        studio.drop("ann.jpg", number=1)
        await studio.until_states(running=1)
        studio.drop("ann.jpg", number=2)
        studio.drop("bob.jpg", number=3)
        await studio.until_states(done=2)
    assert studio.outputs() == ["ann.jpg", "bob.jpg"]
    assert len(studio.ledger().tasks) == 2


async def test_skip_lets_twins_be(studio: Studio) -> None:
    """ann.jpg and ann.png have names of their own: none of them stands in the other's way."""
    collide(studio, "skip")
    studio.drop("ann.jpg", number=1)
    await studio.once()
    studio.drop("ann.png", number=2)
    await studio.once()
    assert studio.states() == {"done": 2}
    assert studio.outputs() == ["ann-png.png", "ann.jpg"]


async def test_a_file_that_appears_after_paying_is_no_reason_to_skip(studio: Studio) -> None:
    """What was paid is delivered, under a number."""
    studio.simulator.update_settings(task_s=0.5)
    collide(studio, "skip")
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(running=1)
        (studio.output / "ann.jpg").write_bytes(FOREIGN)
        await studio.until_states(done=1)
    assert studio.outputs() == ["ann (2).jpg", "ann.jpg"]


async def test_replace_puts_the_newer_edit_in_place(studio: Studio) -> None:
    """The output of the same picture's earlier version is replaced, each further result, too."""
    collide(studio, "replace")
    studio.drop("ann.jpg", number=1)
    await studio.once()
    first = (studio.output / "ann.jpg").read_bytes()
    studio.drop("ann.jpg", number=2)
    await studio.once()
    assert studio.outputs() == ["ann.jpg"]
    assert (studio.output / "ann.jpg").read_bytes() != first
    assert len(studio.ledger().tasks) == 2


async def test_replace_leaves_what_somebody_retouched(studio: Studio) -> None:
    """An output that is no longer what was written there is not ours any more."""
    collide(studio, "replace")
    studio.drop("ann.jpg", number=1)
    await studio.once()
    (studio.output / "ann.jpg").write_bytes(FOREIGN)
    studio.drop("ann.jpg", number=2)
    await studio.once()
    assert (studio.output / "ann.jpg").read_bytes() == FOREIGN
    assert studio.outputs() == ["ann (2).jpg", "ann.jpg"]


async def test_replace_touches_no_other_sources_output(studio: Studio) -> None:
    """A twin's edit keeps its name and content."""
    collide(studio, "replace")
    studio.drop("ann.jpg", number=1)
    studio.drop("ann.png", number=2)
    await studio.once()
    twin = (studio.output / "ann-png.png").read_bytes()
    studio.drop("ann.jpg", number=3)
    await studio.once()
    assert studio.outputs() == ["ann-png.png", "ann.jpg"]
    assert (studio.output / "ann-png.png").read_bytes() == twin


async def test_an_older_edit_never_replaces_a_newer_one(studio: Studio) -> None:
    """One that comes late, after the newer version's edit was published, gets a number."""
    collide(studio, "replace", 'detect = "events"')
    studio.simulator.update_settings(task_s=6.0)
    async with studio.running():
        studio.drop("ann.jpg", number=1)
        await studio.until_states(running=1)
        studio.simulator.update_settings(task_s=0.0)
        studio.drop("ann.jpg", number=2)
        await studio.until_states(running=1, done=1)
        newer = (studio.output / "ann.jpg").read_bytes()
        await studio.until_states(done=2)
    assert (studio.output / "ann.jpg").read_bytes() == newer
    assert studio.outputs() == ["ann (2).jpg", "ann.jpg"]


async def test_replace_with_an_earlier_version_not_yet_sent(studio: Studio) -> None:
    """Only the newest is paid, and it has the name."""
    collide(studio, "replace")
    held_back(studio)
    studio.drop("ann.jpg", number=1)
    await studio.once()
    studio.drop("ann.jpg", number=2)
    await let_go(studio)
    assert studio.outputs() == ["ann.jpg"]
    assert len(studio.ledger().tasks) == 1
