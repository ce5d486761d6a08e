"""Budgets: no more is submitted than may be charged in a day, and it goes on by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from hotfolder import views
from hotfolder.account import charges
from hotfolder.account.charges import By
from hotfolder.journal import overwrite_guard
from hotfolder.simulator import Fault
from tests.studio import RULE, picture

if TYPE_CHECKING:
    from tests.studio import Studio

RETRIED_AFTER_S = 61.0
PRICE = Decimal("0.14")  # of the Grok edit, by the list
UNPRICED_RULE = 'model = "own/edit"\nprompt = "Make it gold"\n'
UNPRICED_MODEL = """[[model]]
name = "own/edit"
endpoint = "own/edit"
output = "image"
params.prompt = { type = "STRING", required = true }
params.image = { type = "IMAGE", required = true, accept = ["jpg", "png"], max_mb = 10 }
"""
DEAR_MODEL = "kling-v3.0-4k-image-to-video"  # 2.7 a second
BERLIN = ZoneInfo("Europe/Berlin")


def charged(studio: Studio) -> Decimal:
    """Return what the service has charged."""
    return Decimal(studio.ledger().charged)


def seconds_to_midnight(studio: Studio, zone: ZoneInfo) -> float:
    """Return how long the owner's day still lasts."""
    now = studio.clock().astimezone(zone)
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), tzinfo=zone)
    return (midnight - now).total_seconds()


async def test_a_budget_is_never_passed(studio: Studio) -> None:
    """Three of five fit; the account is held with the reason, and none has failed."""
    studio.configure(limits="daily_charge = 0.5")
    studio.drop_many(5)
    await studio.once()
    assert studio.states() == {"done": 3, "uploaded": 2}
    assert charged(studio) == 3 * PRICE
    assert studio.hold_code() == "budget_spent"
    hold = studio.hold()
    assert hold["scope"] == "account"
    assert "0.42 are spent" in hold["reason"]
    assert "limits.daily_charge" in hold["hint"]
    waiting = next(job for job in studio.jobs() if job["state"] == "uploaded")
    assert studio.explain(waiting["source"])["verdict"] == "held"


async def test_what_runs_counts(studio: Studio) -> None:
    """Nothing is charged yet, and still no more is submitted than fits."""
    studio.simulator.update_settings(task_s=30.0)
    studio.configure(limits="daily_charge = 0.3")
    studio.drop_many(4)
    async with studio.running():
        await studio.until(lambda: studio.holds() == ["account"], "the hold")
        await studio.until(lambda: studio.states().get("running") == 2, "both that fit")
        assert len(studio.ledger().tasks) == 2
        assert studio.status()["charges"]["today"] == 0


async def test_doubts_count(studio: Studio) -> None:
    """What may have been charged counts as if it had been, also when it was given up."""
    studio.configure(limits="daily_charge = 0.2")
    studio.fault(Fault(call="submit", kind="drop_after", times=1))
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"in_doubt": 1}
    studio.drop("bob.jpg", number=2)
    await studio.once()
    assert studio.hold_code() == "budget_spent"
    await studio.act("resolve", job=studio.job("ann.jpg")["id"], abandon=True)
    await studio.once()
    assert len(studio.ledger().tasks) == 1


async def test_a_failed_task_gives_its_place_back(studio: Studio) -> None:
    """What ended without a charge leaves room, and the hold goes."""
    studio.configure(limits="daily_charge = 0.2")
    studio.fault(
        Fault(call="submit", kind="fail_task", code="1501", times=1),
        Fault(call="query", kind="error_before"),
    )
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(running=1)
        studio.drop("bob.jpg", number=2)
        await studio.until(lambda: studio.holds() == ["account"], "the hold")
        studio.simulator.clear_faults()
        studio.wait(RETRIED_AFTER_S)
        await studio.until_states(failed=1, done=1)
        assert studio.holds() == []


async def test_resume_beside_a_budget_says_what_holds(studio: Studio) -> None:
    """Who just wants to go on reads why not, and until when; not that nothing was paused."""
    studio.configure(limits="daily_charge = 0.2", watch="charge_per_day = 0.2", watches=["other"])
    studio.drop_many(2)
    await studio.once()
    assert len(studio.holds()) == 1
    held = "watch:studio" if studio.holds() == ["watch:studio"] else "Submitting"
    (line,) = await studio.act("resume", watch=None)
    assert line.startswith(f"{held} is still held: The budget of 0.2 for today is used up")
    assert "at midnight" in line
    await studio.act("pause", watch="studio")
    first, second = await studio.act("resume", watch="studio")
    assert first == "watch studio is no longer paused"
    assert "is still held: The budget" in second


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Pacific/Auckland"])
async def test_it_goes_on_at_the_owners_midnight(studio: Studio, zone: str) -> None:
    """Not at that of UTC: the day is the owner's."""
    studio.edge(zone=ZoneInfo(zone))
    studio.configure(limits="daily_charge = 0.2")
    studio.drop_many(2)
    await studio.once()
    assert studio.states() == {"done": 1, "uploaded": 1}
    left_s = seconds_to_midnight(studio, ZoneInfo(zone))
    if left_s > 120:
        studio.wait(left_s - 60)
        await studio.once()
        assert len(studio.ledger().tasks) == 1
        left_s = 61
    studio.wait(left_s)
    await studio.once()
    assert studio.states() == {"done": 2}
    assert studio.holds() == []


async def test_a_raised_limit_lets_go(studio: Studio) -> None:
    """The config says more may be spent: what was held goes on."""
    studio.configure(limits="daily_charge = 0.2")
    studio.drop_many(3)
    await studio.once()
    assert len(studio.ledger().tasks) == 1
    studio.configure(limits="daily_charge = 0.3")
    await studio.once()
    assert len(studio.ledger().tasks) == 2
    studio.configure()
    await studio.once()
    assert studio.states() == {"done": 3}


async def test_a_watchs_budget_leaves_the_others_running(studio: Studio) -> None:
    """Only the watch that has used its budget up is held."""
    studio.configure(watch="charge_per_day = 0.2", watches=["other"])
    studio.drop_many(2)
    other = studio.folder / "other-in" / "x.jpg"
    other.write_bytes(picture(99))
    await studio.once()
    assert studio.holds() == ["watch:studio"]
    assert studio.job("x.jpg")["state"] == "done"
    assert len(studio.ledger().tasks) == 2


async def test_an_estimate_is_learned_from_the_last_charge(studio: Studio) -> None:
    """The list says 0.14; what the service really takes is known from then on."""
    studio.simulator.update_settings(price="0.5", currency="USD")
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.job("ann.jpg")["estimate"] == 0.14
    studio.drop("bob.jpg", number=2)
    await studio.once()
    assert studio.job("bob.jpg")["estimate"] == 0.5
    studio.configure(limits="daily_charge = 1.2")
    studio.drop("cid.jpg", number=3)
    await studio.once()
    assert studio.hold_code() == "budget_spent"


@pytest.mark.parametrize("preview", ["false", "true"])
async def test_a_free_edit_does_not_make_the_next_one_free(studio: Studio, preview: str) -> None:
    """When a quota of free calls has ended, the list's price counts, and the budget holds."""
    limits = f"daily_charge = 0.2\nprice_preview = {preview}"
    studio.configure(limits=limits)
    studio.simulator.update_settings(price="0")
    studio.drop_many(3)
    await studio.once()
    assert (studio.states(), charged(studio)) == ({"done": 3}, Decimal(0))
    studio.simulator.update_settings(price=None)
    studio.drop("ann.jpg", number=97)
    studio.drop("bob.jpg", number=98)
    await studio.once()
    assert studio.states() == {"done": 4, "uploaded": 1}
    assert charged(studio) == PRICE


async def test_a_free_edit_does_not_make_a_doubt_cheap(studio: Studio) -> None:
    """`resend_up_to` goes by what the edit may cost, not by the free one before it."""
    studio.configure(limits="resend_up_to = 0.1")
    studio.simulator.update_settings(price="0")
    studio.drop("ann.jpg")
    await studio.once()
    studio.fault(Fault(call="submit", kind="drop_after", times=1))
    studio.drop("bob.jpg", number=2)
    await studio.once()
    assert studio.states() == {"done": 1, "in_doubt": 1}


async def test_the_service_is_asked_for_a_price_where_that_is_wished(studio: Studio) -> None:
    """Once for each kind of edit; it costs nothing."""
    studio.simulator.update_settings(price="0.5")
    studio.configure(limits="price_preview = true\ndaily_charge = 0.4")
    studio.drop_many(2)
    await studio.once()
    assert studio.ledger().requests["price_preview"] == 1
    assert studio.ledger().tasks == ()
    assert "0.5" in studio.hold()["reason"]


async def test_an_unknown_price_under_a_budget_is_held(studio: Studio) -> None:
    """Who sets a limit is not surprised by a model that nobody knows the price of."""
    studio.configure(rules=(f"{UNPRICED_RULE}{UNPRICED_MODEL}",), limits="daily_charge = 5")
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.holds() == ["rule:studio/default"]
    assert studio.hold_code() == "price_unknown"
    assert studio.ledger().tasks == ()
    priced = f'{UNPRICED_MODEL}price = {{ currency = "CNY", price = 9.0 }}\n'
    studio.configure(rules=(f"{UNPRICED_RULE}{priced}",), limits="daily_charge = 5")
    await studio.once()
    assert studio.hold_code() == "too_dear"


async def test_an_edit_beyond_the_whole_budget_keeps_no_other_waiting(studio: Studio) -> None:
    """No day has room for it: its rule is held, not the account, and the others go on."""
    dear = f'name = "film"\nmatch = ["film*"]\nprompt = "Run"\nmodel = "{DEAR_MODEL}"'
    studio.configure(rules=(dear, RULE), limits="daily_charge = 1.0")
    studio.drop("film.jpg", picture(side=640))
    await studio.once()
    assert (studio.holds(), studio.hold_code()) == (["rule:studio/film"], "too_dear")
    studio.drop("ann.jpg", number=2)
    await studio.once()
    assert studio.job("ann.jpg")["state"] == "done"
    studio.configure(rules=(dear, RULE), limits="daily_charge = 100.0")
    await studio.once()
    assert studio.states() == {"done": 2}
    assert studio.holds() == []


async def test_a_price_that_could_not_be_asked_for_holds_nothing(studio: Studio) -> None:
    """That the service was not to be reached is not that nobody knows: it is asked once more."""
    model = UNPRICED_MODEL.replace("own/edit", "rhart-image-x-official/edit")
    rule = f'prompt = "Make it gold"\nmodel = "rhart-image-x-official/edit"\n{model}'
    studio.configure(rules=(rule,), limits="daily_charge = 5\nprice_preview = true")
    studio.fault(Fault(call="price_preview", kind="error_before", times=2))
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(done=1)
    assert studio.ledger().requests["price_preview"] == 3


async def test_resume_has_an_unknown_price_asked_for_again(studio: Studio) -> None:
    """Where the service had no price, a person may have it asked again without a restart."""
    limits = "daily_charge = 5\nprice_preview = true"
    studio.configure(rules=(f"{UNPRICED_RULE}{UNPRICED_MODEL}",), limits=limits)
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until(lambda: studio.holds() == ["rule:studio/default"], "the hold")
        asked = studio.ledger().requests["price_preview"]
        await studio.send("resume")
        await studio.until(
            lambda: studio.ledger().requests["price_preview"] > asked, "it is asked again"
        )


async def test_a_path_that_is_saved_again_and_again_is_held(studio: Studio) -> None:
    """A program in a loop is stopped after some edits; resume lets the newest go on."""
    studio.output.rename(studio.folder / "away")  # nothing is submitted meanwhile
    async with studio.running():
        for number in range(overwrite_guard.MOST_AN_HOUR + 1):
            studio.drop("ann.jpg", number=number)
            await studio.until(lambda: len(studio.jobs()) > number, "the job")  # noqa: B023
        assert "looping" in codes(studio)
        assert studio.explain("ann.jpg")["verdict"] == "held"
        (studio.folder / "away").rename(studio.output)
    await studio.once()
    assert studio.ledger().tasks == ()
    await studio.act("resume", watch="studio")
    await studio.once()
    assert len(studio.ledger().tasks) == 1


def codes(studio: Studio) -> set[str]:
    """Return why anything is held."""
    return {hold.failure.code for hold in studio.read(views.status, studio.config).holds}


async def test_charges_add_up(studio: Studio) -> None:
    """By day, watch, rule and model, in exact decimals, free ones counted apart."""
    studio.configure(watches=["other"])
    studio.drop("ann.jpg", number=1)
    studio.drop("bob.jpg", number=2)
    await studio.once()
    (studio.folder / "other-in" / "same.jpg").write_bytes(picture(1))
    await studio.once()
    assert studio.states() == {"done": 3}
    for by, keys in (
        (By.DAY, [studio.clock().astimezone(BERLIN).date().isoformat()]),
        (By.WATCH, ["other", "studio"]),
        (By.RULE, ["other/default", "studio/default"]),
        (By.MODEL, ["xai/grok-imagine-image/edit-official-stable"]),
    ):
        listed = studio.read(charges.lines, by, BERLIN)
        assert [line.key for line in listed] == keys
        assert sum(line.charge for line in listed) == charged(studio) == 2 * PRICE
        assert (sum(line.paid for line in listed), sum(line.free for line in listed)) == (2, 1)
