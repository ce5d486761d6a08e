"""Edits that wait for a person: approved, rejected, made anew, and taken back in time."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from hotfolder.domain.errors import OperatorError
from hotfolder.simulator import Fault
from tests.flow.test_notices import Told, later, looking
from tests.studio import RULE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.studio import Studio

TEN_S = 10.0


async def reviewed(studio: Studio, *, watch: str = "", **more: Any) -> int:  # noqa: ANN401
    """Have a picture edited in a watch that reviews; return its job's number."""
    studio.configure(watch=f"review = true\n{watch}", **more)
    studio.drop("a/ann.jpg")
    await studio.once()
    return int(studio.job("a/ann.jpg")["id"])


async def decide(studio: Studio, action: str, *jobs: int, by: str = "ann") -> list[str]:
    """Decide on jobs, and let the ten seconds pass."""
    lines = await studio.act(action, jobs=list(jobs), by=by)
    studio.wait(TEN_S)
    return lines


async def test_an_edit_waits_and_is_published_when_approved(studio: Studio) -> None:
    """Nothing is visible before the word, and the journal knows whose it was."""
    number = await reviewed(studio)
    job = studio.job("a/ann.jpg")
    assert (job["state"], job["waits_for"], job["review"]) == ("fetched", "review", None)
    assert studio.outputs() == []
    seen = studio.status()
    assert seen["waiting"] == {"review": 1}
    assert seen["review"]["waiting"] == 1
    assert seen["review"]["bytes"] > 0
    assert studio.explain("a/ann.jpg")["verdict"] == "waiting"
    assert "approve" in studio.explain("a/ann.jpg")["reason"]
    await decide(studio, "approve", number)
    await studio.once()
    job = studio.job("a/ann.jpg")
    assert (job["state"], job["outputs"], job["rejected"]) == ("done", ["a/ann.jpg"], [])
    assert (job["review"]["decision"], job["review"]["by"]) == ("approved", "ann")
    assert studio.outputs() == ["a/ann.jpg"]
    assert studio.history("a/ann.jpg")[-2:] == ["Decided", "Published"]
    assert not list((studio.state / "spool").iterdir())
    assert studio.status()["review"] == {"waiting": 0, "bytes": 0}


async def test_a_rejected_edit_is_kept_apart_and_its_original_stays(studio: Studio) -> None:
    """It is paid: it goes to _rejected by the same law, the job is done, nothing is delivered."""
    number = await reviewed(studio, watch='originals = "move"')
    await decide(studio, "reject", number)
    await studio.once()
    job = studio.job("a/ann.jpg")
    assert (job["state"], job["outputs"]) == ("done", [])
    assert job["rejected"] == ["_rejected/a/ann.jpg"]
    assert studio.outputs() == ["_rejected/a/ann.jpg"]
    assert (studio.input / "a/ann.jpg").exists()
    assert "rejected by ann" in studio.explain("a/ann.jpg")["reason"]
    await studio.once()
    assert len(studio.ledger().tasks) == 1


async def test_redo_makes_the_edit_anew_under_the_wanted_name(studio: Studio) -> None:
    """It rejects, pays once more, and the new edit waits for a decision of its own."""
    number = await reviewed(studio, watch='originals = "move"')
    (told,) = await decide(studio, "redo", number)
    assert "for about 0.14 CNY" in told
    await studio.once()
    assert studio.states() == {"done": 1, "fetched": 1}
    assert len(studio.ledger().tasks) == 2
    fresh = studio.job("a/ann.jpg")
    assert (fresh["waits_for"], fresh["id"] > number) == ("review", True)
    await decide(studio, "approve", fresh["id"])
    await studio.once()
    assert studio.outputs() == ["_originals/a/ann.jpg", "_rejected/a/ann.jpg", "a/ann.jpg"]
    assert studio.states() == {"done": 2}


async def test_a_decision_can_be_taken_back_for_ten_seconds(studio: Studio) -> None:
    """Until it takes effect it can be undone or replaced by another; afterwards it cannot."""
    number = await reviewed(studio)
    await studio.act("reject", jobs=[number], by="ann")
    assert studio.status()["waiting"] == {}
    await studio.act("undo", jobs=[number], by="ann")
    assert studio.status()["waiting"] == {"review": 1}
    assert studio.job("a/ann.jpg")["review"] is None
    await studio.act("redo", jobs=[number], by="ann")
    await decide(studio, "approve", number, by="bob")
    with pytest.raises(OperatorError, match="no decision that can be taken back"):
        await studio.act("undo", jobs=[number], by="ann")
    with pytest.raises(OperatorError, match="is decided"):
        await studio.act("reject", jobs=[number], by="ann")
    await studio.once()
    assert studio.outputs() == ["a/ann.jpg"]
    assert studio.job("a/ann.jpg")["review"]["by"] == "bob"
    assert len(studio.ledger().tasks) == 1


async def test_the_daemon_takes_a_decision_when_its_time_has_come(studio: Studio) -> None:
    """While it runs: nothing is written before ten seconds are over, then at once."""
    number = await reviewed(studio)
    async with studio.running():
        await studio.send("approve", jobs=[number], by="ann")
        studio.wait(TEN_S - 1)
        assert studio.outputs() == []
        studio.wait(2)
        await studio.until_states(done=1)
    assert studio.outputs() == ["a/ann.jpg"]


async def test_only_all_of_what_is_wished_is_decided(studio: Studio) -> None:
    """One job that cannot be decided leaves the others as they are."""
    number = await reviewed(studio)
    with pytest.raises(OperatorError, match="there is no job 99"):
        await studio.act("approve", jobs=[number, 99])
    assert studio.job("a/ann.jpg")["waits_for"] == "review"


@pytest.mark.parametrize(
    ("own_review", "states", "outputs"),
    [("true", {"done": 1, "fetched": 1}, []), ("false", {"done": 2}, ["bob.jpg"])],
)
async def test_a_follower_waits_only_where_its_own_watch_reviews(
    studio: Studio, own_review: str, states: dict[str, int], outputs: list[str]
) -> None:
    """It takes the paid result whatever becomes of the leader's, and never pays."""
    other = RULE + f'\nname = "other"\nreview = {own_review}'
    first = RULE + '\nname = "first"\nmatch = ["a/*"]\nreview = true'
    studio.configure(rules=[first, other])
    studio.drop("a/ann.jpg")
    await studio.once()
    await decide(studio, "reject", studio.job("a/ann.jpg")["id"])
    await studio.once()
    shutil.copy(studio.input / "a/ann.jpg", studio.input / "bob.jpg")
    await studio.once()
    assert studio.states() == states
    assert [each for each in studio.outputs() if "_rejected" not in each] == outputs
    assert len(studio.ledger().tasks) == 1


async def test_a_follower_that_waits_beside_its_leader_decides_for_itself(studio: Studio) -> None:
    """Two pictures alike: one paid, both reviewed; one rejected, the other approved."""
    studio.configure(watch="review = true")
    studio.drop("ann.jpg")
    studio.drop("bob.jpg")
    await studio.once()
    assert studio.states() == {"fetched": 2}
    await decide(studio, "reject", studio.job("ann.jpg")["id"])
    await decide(studio, "approve", studio.job("bob.jpg")["id"])
    await studio.once()
    assert studio.outputs() == ["_rejected/ann.jpg", "bob.jpg"]
    assert len(studio.ledger().tasks) == 1


async def test_what_comes_later_is_decided_by_itself(studio: Studio) -> None:
    """The second result comes after the first was approved: it waits for its own decision."""
    rule = 'model = "qwen-image-2.0/image-edit"\nprompt = "p"\nparams = { imageNum = "2" }'
    gone = Fault(call="download", kind="expired", contains="result 2", status=404, times=1)
    studio.fault(gone)
    number = await reviewed(studio, rules=[rule])
    with pytest.raises(OperatorError, match="the rest of its results"):
        await studio.act("redo", jobs=[number])
    await decide(studio, "approve", number)
    await studio.once()
    assert studio.outputs() == ["a/ann.jpg"]
    assert studio.job("a/ann.jpg")["waits_for"] == "review"
    await decide(studio, "reject", number)
    await studio.once()
    assert studio.outputs() == ["_rejected/a/ann-2.jpg", "a/ann.jpg"]
    assert studio.job("a/ann.jpg")["state"] == "done"
    assert len(studio.ledger().tasks) == 1


async def test_a_result_that_the_spool_lost_is_fetched_anew_and_stays_decided(
    studio: Studio,
) -> None:
    """A decision is on the edit, not on the file: it is asked for again, and nothing is paid."""
    number = await reviewed(studio)
    await decide(studio, "reject", number)
    for each in (studio.state / "spool").iterdir():
        each.unlink()
    await studio.once()
    assert studio.outputs() == ["_rejected/a/ann.jpg"]
    assert len(studio.ledger().tasks) == 1


async def test_an_output_that_is_away_makes_a_decision_wait(studio: Studio) -> None:
    """What is decided is not undone by a share that is away."""
    number = await reviewed(studio)
    await decide(studio, "approve", number)
    away = studio.output.rename(studio.folder / "away")
    await studio.once(timeout_s=0.5)
    assert studio.job("a/ann.jpg")["state"] == "fetched"
    with pytest.raises(OperatorError, match="no decision that can be taken back"):
        await studio.act("undo", jobs=[number])
    away.rename(studio.output)
    studio.wait(600)
    await studio.once()
    assert studio.outputs() == ["a/ann.jpg"]


async def test_review_is_of_the_plan_and_no_reason_to_pay_again(studio: Studio) -> None:
    """Switched on after an edit was made it changes nothing: not stale, not edited again."""
    studio.configure()
    studio.drop("ann.jpg")
    await studio.once()
    studio.configure(watch="review = true")
    await studio.once()
    job = studio.job("ann.jpg")
    assert (job["state"], job["stale"]) == ("done", False)
    assert len(studio.ledger().tasks) == 1


async def test_cancel_and_retry_name_the_command_that_helps(studio: Studio) -> None:
    """Who takes the wrong command is told the right one."""
    number = await reviewed(studio)
    with pytest.raises(OperatorError, match=f"review {number} --reject"):
        await studio.act("cancel", jobs=[number])
    with pytest.raises(OperatorError, match=f"review {number} --.*--redo"):
        await studio.act("retry", jobs=[number], pay_again=True)


async def test_people_are_told_once_that_results_wait(studio: Studio, tmp_path: Path) -> None:
    """A while after the first, and not again before all are decided; the day's sum says it, too."""
    number, told = await reviewed(studio), Told(tmp_path)
    at = f"{studio.clock().astimezone():%H:%M}"
    receiver = told.receiver(about=["review", "summary"], summary_at=at)
    async with looking(studio, receiver) as noticing:
        await noticing.look()
        assert told.titles == []
        await later(studio, noticing, 61)
        assert told.titles == ["1 result to be approved or rejected"]
    studio.drop("b/ben.jpg", number=2)
    await studio.once()
    async with looking(studio, receiver) as noticing:
        await later(studio, noticing, 86_400)
    assert told.titles[1].startswith("0 done")
    assert "2 to be approved or rejected" in told.text
    assert "fetched" not in told.text
    await decide(studio, "reject", number, int(studio.job("b/ben.jpg")["id"]))
    await studio.once()
    async with looking(studio, receiver) as noticing:
        await noticing.look()
    studio.drop("c/cas.jpg", number=3)
    await studio.once()
    async with looking(studio, receiver) as noticing:
        await noticing.look()
        await later(studio, noticing, 61)
    assert told.titles[2:] == ["1 result to be approved or rejected"]
