"""`variants`: several paid edits of one picture, each a job of its own in a slot of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hotfolder.domain.clock import utc_now
from hotfolder.planning import preview
from hotfolder.planning.outlook import Expecting, Outlook
from hotfolder.simulator import Fault
from tests.studio import RULE, picture

if TYPE_CHECKING:
    from hotfolder.journal.session import Session
    from tests.studio import Json, Studio

SEEDED = 'model = "wan-2.5-preview/image-to-image"\nprompt = "Make it a summer day"'
FOUR = f"{RULE}\nvariants = 4"


def seeds(studio: Studio) -> list[Any]:
    """Return the seeds that the service was sent."""
    return [task.params.get("seed") for task in studio.ledger().tasks]


def stale(studio: Studio) -> list[int]:
    """Return the slots with a stale job."""
    return [job["slot"] for job in studio.jobs() if job["stale"]]


async def looks(studio: Studio) -> list[Outlook]:
    """Return what `plan` expects of what stands in the input folder."""
    watch = studio.config.watch[0]
    names = sorted(preview.sources(watch, ""))
    found = [each async for each in preview.of_many(watch, names, utc_now())]

    def told(session: Session) -> list[Outlook]:
        return [each.outlook for each in Expecting(session).expected(watch, found)]

    return list(studio.read(told))


async def test_four_variants_are_four_paid_edits(studio: Studio) -> None:
    """Each has a slot, a task and a numbered name of its own; the file is counted once."""
    studio.configure(rules=[FOUR])
    studio.drop("fox.jpg")
    await studio.once()
    assert studio.states() == {"done": 4}
    assert studio.outputs() == [f"fox-{number}.jpg" for number in (1, 2, 3, 4)]
    assert [job["slot"] for job in studio.jobs()] == [1, 2, 3, 4]
    assert len({job["task_id"] for job in studio.jobs()}) == 4
    assert len(studio.ledger().tasks) == 4
    assert studio.ledger().requests["upload"] == 1
    assert studio.status()["watches"][0]["counts"]["done"] == 1
    await studio.once()
    assert len(studio.ledger().tasks) == 4


async def test_a_file_is_counted_by_its_worst_variant(studio: Studio) -> None:
    """One that failed is told, whatever became of those after it."""
    studio.configure(rules=[FOUR])
    studio.fault(Fault(call="submit", kind="fail_task", code="1501", times=1))
    studio.drop("fox.jpg")
    await studio.once()
    counts = studio.status()["watches"][0]["counts"]
    assert (counts["done"], counts["failed"]) == (0, 1), studio.summary()
    assert studio.states() == {"done": 3, "failed": 1}


async def test_further_results_of_a_variant(studio: Studio) -> None:
    """They are numbered behind the variant's own number."""
    studio.configure(rules=[f"{SEEDED}\nvariants = 2\nparams = {{ n = 2 }}"])
    studio.drop("fox.jpg")
    await studio.once()
    assert studio.outputs() == ["fox-1-2.jpg", "fox-1.jpg", "fox-2-2.jpg", "fox-2.jpg"]


async def test_the_same_picture_again_reuses_each_variant(studio: Studio) -> None:
    """No variant is reused for another; a copy of the picture gets one of each, free."""
    studio.configure(rules=[f"{SEEDED}\nvariants = 3"])
    studio.drop("ann.jpg", number=7)
    studio.drop("bob.jpg", number=7)
    await studio.once()
    assert studio.states() == {"done": 6}
    assert len(studio.ledger().tasks) == 3
    for number in (1, 2, 3):
        ann, bob = (studio.output / f"{name}-{number}.jpg" for name in ("ann", "bob"))
        assert ann.read_bytes() == bob.read_bytes()


async def test_a_twin_has_names_of_its_own(studio: Studio) -> None:
    """A PNG beside a JPEG gets its ending in each of its names."""
    studio.configure(rules=[f"{RULE}\nvariants = 2"])
    studio.drop("fox.jpg", number=1)
    studio.drop("fox.png", number=2)
    await studio.once()
    names = ["fox-1-png.png", "fox-1.jpg", "fox-2-png.png", "fox-2.jpg"]
    assert studio.outputs() == names


async def test_seeds_of_variants_are_drawn(studio: Studio) -> None:
    """Each differs, is told, and is sent again by a retry as it was."""
    studio.configure(rules=[f"{SEEDED}\nvariants = 4"])
    studio.fault(Fault(call="submit", kind="fail_task", code="1501", times=1))
    studio.drop("fox.jpg")
    await studio.once()
    (failed,) = [job for job in studio.jobs() if job["state"] == "failed"]
    await studio.act("retry", jobs=[failed["id"]])
    await studio.once()
    assert studio.states() == {"done": 4}
    told = [job["drawn"]["seed"] for job in studio.jobs()]
    assert len(studio.ledger().tasks) == 5
    assert set(seeds(studio)) == set(told)
    assert len(set(told)) == 4
    assert all(0 <= seed < 2**31 for seed in told)
    (again,) = [job for job in studio.jobs() if job["id"] == failed["id"]]
    assert again["drawn"] == failed["drawn"]
    assert stale(studio) == []


async def test_a_stated_seed_stays(studio: Studio) -> None:
    """Chance has no say where the rule names a seed."""
    studio.configure(rules=[f"{SEEDED}\nvariants = 2\nparams = {{ seed = 7 }}"])
    studio.drop("fox.jpg")
    await studio.once()
    assert seeds(studio) == [7, 7]


async def test_a_random_seed_of_one_edit(studio: Studio) -> None:
    """It is drawn for each job and never reused; it makes nothing stale, and a redo draws anew."""
    studio.configure(rules=[f'{SEEDED}\nparams = {{ seed = "random" }}'])
    studio.drop("ann.jpg", number=7)
    studio.drop("bob.jpg", number=7)
    await studio.once()
    assert len(set(seeds(studio))) == 2
    studio.configure(rules=[f'{SEEDED}\nparams = {{ seed = "random" }}\nkeep_raw = true'])
    await studio.once()
    assert stale(studio) == []
    await studio.act("retry", jobs=[1], pay_again=True)
    await studio.once()
    assert len(set(seeds(studio))) == 3


async def test_more_variants_of_what_was_sent_are_not_paid(studio: Studio) -> None:
    """What was sent is stale; retry --changed pays only for those that lack."""
    studio.configure(rules=[f"{RULE}\nvariants = 2"])
    studio.drop("fox.jpg")
    await studio.once()
    studio.configure(rules=[FOUR])
    await studio.once()
    assert len(studio.ledger().tasks) == 2
    assert stale(studio) == [1]
    assert await looks(studio) == [Outlook.DONE, Outlook.DONE, Outlook.UNASKED, Outlook.UNASKED]
    (told,) = await studio.act("retry", jobs=[], changed=True)
    assert "variant 3 is made as job 3" in told
    await studio.once()
    assert studio.states() == {"done": 4}
    assert len(studio.ledger().tasks) == 4
    assert studio.outputs() == [f"fox-{number}.jpg" for number in (1, 2, 3, 4)]
    assert stale(studio) == []


async def test_another_image_gets_all_variants(studio: Studio) -> None:
    """A picture that changed since is new in every slot."""
    studio.configure(rules=[f"{RULE}\nvariants = 2"])
    studio.drop("fox.jpg")
    await studio.once()
    studio.configure(rules=[FOUR])
    studio.drop("fox.jpg", number=2)
    await studio.once()
    assert len(studio.ledger().tasks) == 6
    assert [job["slot"] for job in studio.jobs()] == [1, 2, 1, 2, 3, 4]
    assert "fox-1 (2).jpg" in studio.outputs()


async def test_fewer_variants_before_they_are_sent(studio: Studio) -> None:
    """Those that nobody wants any more are withdrawn; more than there were are added."""
    studio.configure(rules=[f"{RULE}\nvariants = 3"])
    await studio.once()
    studio.drop("fox.jpg")
    await studio.act("pause", watch=None)
    await studio.once()
    assert studio.states() == {"accepted": 3}, studio.summary()
    studio.configure(rules=[f"{RULE}\nvariants = 2"])
    await studio.once()
    assert studio.states() == {"accepted": 2, "cancelled": 1}
    studio.configure(rules=[FOUR])
    await studio.once()
    await studio.act("resume", watch=None)
    await studio.once()
    assert len(studio.ledger().tasks) == 4
    assert studio.outputs() == [f"fox-{number}.jpg" for number in (1, 2, 3, 4)]


async def test_replacing_compares_variants(studio: Studio) -> None:
    """A newer edit of a variant replaces the older one of the same, no other."""
    studio.configure(watch='collision = "replace"', rules=[f"{RULE}\nvariants = 2"])
    studio.drop("fox.jpg", number=1)
    await studio.once()
    before = {name: (studio.output / name).read_bytes() for name in studio.outputs()}
    studio.drop("fox.jpg", number=2)
    await studio.once()
    assert studio.outputs() == ["fox-1.jpg", "fox-2.jpg"]
    assert all((studio.output / name).read_bytes() != was for name, was in before.items())


async def test_a_moved_picture_takes_its_variants_along(studio: Studio) -> None:
    """Nothing is paid anew."""
    studio.configure(rules=[FOUR])
    studio.drop("fox.jpg")
    await studio.once()
    (studio.input / "sent").mkdir()
    (studio.input / "fox.jpg").rename(studio.input / "sent" / "fox.jpg")
    await studio.once()
    assert studio.states() == {"done": 4}
    assert {job["source"] for job in studio.jobs()} == {"sent/fox.jpg"}


async def test_the_backlog_counts_variants(studio: Studio) -> None:
    """Two pictures of two variants each are more than three, and their sum is told."""
    studio.configure(limits="backlog = 3", rules=[f"{RULE}\nvariants = 2"])
    studio.drop_many(2)
    await studio.once()
    assert studio.jobs() == []
    hold = studio.hold()
    assert hold["scope"] == "backlog:studio"
    assert hold["estimate"] == pytest.approx(0.132 * 4, rel=1)


async def test_equal_rules_with_other_variants_do_not_collapse(studio: Studio) -> None:
    """Each rule makes all of its own; what is the same is paid once."""
    studio.configure(
        watch='rules = "all"',
        rules=[f'name = "one"\n{RULE}', f'name = "two"\n{RULE}\nvariants = 2'],
    )
    studio.drop("fox.jpg")
    await studio.once()
    assert studio.outputs() == ["fox.one.jpg", "fox.two-1.jpg", "fox.two-2.jpg"]
    assert len(studio.ledger().tasks) == 2


async def test_plan_prices_every_variant(studio: Studio) -> None:
    """All of them are counted."""
    studio.configure(rules=[FOUR])
    await studio.once()
    studio.drop("fox.jpg")
    assert await looks(studio) == [Outlook.NEW] * 4


async def test_a_broken_sidecar_lets_all_variants_wait(studio: Studio) -> None:
    """None is withdrawn meanwhile."""
    studio.configure(rules=[f"{RULE}\nvariants = 2"])
    studio.drop("fox.jpg")
    studio.drop("fox.toml", "prompt = ")
    await studio.once()
    assert studio.states() == {"accepted": 2}
    studio.drop("fox.toml", 'prompt = "All gold"')
    await studio.once()
    assert studio.states() == {"done": 2}, studio.jobs()[0]["error"]


async def test_explain_tells_of_all_variants(studio: Studio) -> None:
    """Which it is, and what chance gave it."""
    studio.configure(rules=[f"{SEEDED}\nvariants = 2"])
    studio.drop("fox.jpg")
    await studio.once()
    told = studio.explain("fox.jpg")
    assert (told["job"]["slot"], told["job"]["variant"]) == (2, 2)
    assert [job["variant"] for job in told["others"]] == [1]
    assert isinstance(told["job"]["drawn"]["seed"], int)


async def test_a_leader_that_failed_lets_only_its_own_followers_go(studio: Studio) -> None:
    """Variants follow the same variant of another file, and none else."""
    studio.simulator.update_settings(task_s=0.3)
    studio.configure(rules=[f"{RULE}\nvariants = 2"])
    for name in ("ann.jpg", "bob.jpg"):
        studio.drop(name, picture(7))
    await studio.once()
    leaders: dict[int, Json] = {job["id"]: job for job in studio.jobs()}
    for job in studio.jobs():
        if job["leader"] is not None:
            assert leaders[job["leader"]]["slot"] == job["slot"]
    assert len(studio.ledger().tasks) == 2
    assert studio.states() == {"done": 4}
