"""Each result of a task goes its own way: what is good is published, the rest is looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotfolder.simulator import Fault
from tests.studio import RULE

if TYPE_CHECKING:
    from tests.studio import Studio

QWEN = "qwen-image-2.0/image-edit"
TWO = f'model = "{QWEN}"\nprompt = "Make it gold"\nparams = {{ imageNum = "2" }}'
GONE = Fault(call="download", kind="expired", contains="result 2", status=404)
BROKEN = Fault(call="download", kind="truncate", contains="result 2", length="short")


@pytest.fixture
def two(studio: Studio) -> Studio:
    """Let every edit have two results."""
    studio.configure(rules=[TWO])
    return studio


def delivered(studio: Studio, name: str = "ann.jpg") -> bool:
    """Return whether the first result of a source is published and the second is looked for."""
    job = studio.job(name)
    in_part = job["outputs"] == [name] and job["missing"] == [2]
    return in_part and "PublishedInPart" in studio.history(name)


async def until_ended(studio: Studio, *, jobs: int = 1) -> None:
    """Let hours pass, one after the other, until all jobs are done."""

    def passes() -> bool:
        studio.wait(3600)
        return studio.states() == {"done": jobs}

    await studio.until(passes, "all jobs are done")


async def given_up(studio: Studio) -> None:
    """Run the daemon until the missing result is looked for no more."""
    async with studio.running():
        await studio.until(lambda: delivered(studio), "the good one is published")
        await until_ended(studio)


@pytest.mark.parametrize("metadata", ["copy", "none"])
async def test_a_text_beside_a_picture_is_delivered_as_it_is(studio: Studio, metadata: str) -> None:
    """A text among a picture model's results is never finished as a picture."""
    studio.configure(rules=[f'{RULE}\nmetadata = "{metadata}"'])
    studio.fault(Fault(call="query", kind="text_too"))
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"done": 1}
    assert studio.outputs() == ["ann-2.txt", "ann.jpg"]
    assert (studio.output / "ann-2.txt").read_text("utf-8") == "SIMULATED: a remark"
    assert len(studio.ledger().tasks) == 1


@pytest.mark.parametrize("fault", [GONE, BROKEN], ids=["gone", "broken"])
async def test_a_result_that_comes_later_is_published_beside_the_first(
    two: Studio, fault: Fault
) -> None:
    """The good one is not kept waiting; with fresh links the other follows, and nothing is paid."""
    two.fault(fault)
    two.drop("ann.jpg")
    async with two.running():
        await two.until(lambda: delivered(two), "the good one is published")
        first = (two.output / "ann.jpg").stat().st_mtime_ns
        assert "ann.jpg; the rest is asked for again" in two.explain("ann.jpg")["reason"]
        two.simulator.clear_faults()
        await until_ended(two)
    assert two.outputs() == ["ann-2.jpg", "ann.jpg"]
    assert (two.output / "ann.jpg").stat().st_mtime_ns == first, "it is not written again"
    job = two.job("ann.jpg")
    assert (job["missing"], job["error"]) == ([], None)
    assert len(two.ledger().tasks) == 1
    assert list((two.state / "spool").iterdir()) == []


@pytest.mark.parametrize("fault", [GONE, BROKEN], ids=["gone", "broken"])
async def test_a_result_that_never_comes_is_told(two: Studio, fault: Fault) -> None:
    """The looks are bounded: the job is done with what there is, says what is missing and why."""
    two.configure(rules=[TWO], watch='notes = "failures"')
    two.fault(fault)
    two.drop("ann.jpg")
    await given_up(two)
    job = two.job("ann.jpg")
    assert (job["outputs"], job["missing"]) == (["ann.jpg"], [2])
    assert job["error"]["code"] == "result_missing"
    assert "Result 2 could not be fetched" in two.explain("ann.jpg")["reason"]
    note = (two.output / "ann.jpg.incomplete.txt").read_text("utf-8")
    assert "Result 2 could not be fetched" in note
    assert len(two.ledger().tasks) == 1


async def test_a_missing_result_can_be_asked_for_once_more(two: Studio) -> None:
    """By retry, which is free; the note goes away with it."""
    two.configure(rules=[TWO], watch='notes = "failures"')
    two.fault(GONE)
    two.drop("ann.jpg")
    await given_up(two)
    two.simulator.clear_faults()
    told = await two.act("retry", jobs=[two.job("ann.jpg")["id"]])
    assert "which is free" in told[0]
    await two.once()
    assert two.states() == {"done": 1}
    assert two.outputs() == ["ann-2.jpg", "ann.jpg"]
    assert len(two.ledger().tasks) == 1


async def test_a_task_that_is_denied_later_costs_nothing_again(two: Studio) -> None:
    """Whatever the service says of a task of which something is published, it is paid once."""
    two.fault(GONE)
    two.drop("ann.jpg")
    async with two.running():
        await two.until(lambda: delivered(two), "the good one is published")
        two.fault(Fault(call="query", kind="no_results"))
        await until_ended(two)
    job = two.job("ann.jpg")
    assert (job["outputs"], job["missing"]) == (["ann.jpg"], [2])
    assert len(two.ledger().tasks) == 1


async def test_followers_take_what_their_leader_has(two: Studio) -> None:
    """At once what is there, later the rest; none of them pays."""
    two.fault(GONE)
    two.drop("ann.jpg", number=7)
    async with two.running():
        await two.until(lambda: delivered(two), "the good one is published")
        two.drop("bob.jpg", number=7)
        await two.until(lambda: delivered(two, "bob.jpg"), "the follower has it, too")
        two.simulator.clear_faults()
        await until_ended(two, jobs=2)
    assert two.outputs() == ["ann-2.jpg", "ann.jpg", "bob-2.jpg", "bob.jpg"]
    assert (two.output / "ann-2.jpg").read_bytes() == (two.output / "bob-2.jpg").read_bytes()
    assert len(two.ledger().tasks) == 1


async def test_followers_end_as_their_leader_does(two: Studio) -> None:
    """Where the rest is lost, a follower is done with what its leader has, and says so."""
    two.fault(GONE)
    two.drop("ann.jpg", number=7)
    await given_up(two)
    two.drop("bob.jpg", number=7)
    async with two.running():
        await two.until(lambda: delivered(two, "bob.jpg"), "the follower has it, too")
        await until_ended(two, jobs=2)
    bob = two.job("bob.jpg")
    assert (bob["state"], bob["outputs"], bob["missing"]) == ("done", ["bob.jpg"], [2])
    assert bob["error"]["code"] == "result_missing"
    assert len(two.ledger().tasks) == 1


async def test_the_original_goes_when_nothing_more_is_awaited(two: Studio) -> None:
    """With originals = "move" it stays while the rest is looked for, and goes once that is lost."""
    two.configure(rules=[TWO], watch='originals = "move"')
    two.fault(GONE)
    two.drop("ann.jpg")
    async with two.running():
        await two.until(lambda: delivered(two), "the good one is published")
        assert (two.input / "ann.jpg").exists()
    await given_up(two)
    await two.once()
    assert two.outputs() == ["_originals/ann.jpg", "ann.jpg"]


async def test_what_is_published_is_neither_fetched_nor_written_again(two: Studio) -> None:
    """Whoever works on the good result meanwhile keeps that work when the rest comes."""
    two.fault(GONE)
    two.drop("ann.jpg")
    async with two.running():
        await two.until(lambda: delivered(two), "the good one is published")
    (two.output / "ann.jpg").write_bytes(b"worked on since")
    two.simulator.clear_faults()
    two.wait(3600)
    await two.once()
    assert two.states() == {"done": 1}
    assert two.outputs() == ["ann-2.jpg", "ann.jpg"]
    assert (two.output / "ann.jpg").read_bytes() == b"worked on since"
