"""Whoever may only drop files cannot make an edit dearer than the owner's rules allow."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from hotfolder import views
from hotfolder.domain.errors import OperatorError

if TYPE_CHECKING:
    from tests.studio import Studio

MODEL = "gpt-image-2/image-to-image-official-stable"
RULE = f'model = "{MODEL}"\nprompt = "Make it gold"\n'
RULE += 'params = { quality = "low", resolution = "1k" }'
PRICE = Decimal("0.29")
GREEDY = 'params = { quality = "high", resolution = "4k" }'  # 4.738, sixteen times as much
DEAREST = "nano-banana-pro/edit-official-stable"  # 0.8 at its defaults, 1.5 at 4k


def charged(studio: Studio) -> Decimal:
    """Return what the service has charged."""
    return Decimal(studio.ledger().charged)


async def test_a_sidecar_makes_no_edit_dearer_than_the_rules(studio: Studio) -> None:
    """Sixteen times the price of the rule: held, with both prices, and told by name."""
    studio.configure(rules=[RULE], watch='notes = "all"')
    studio.drop("ann.jpg")
    studio.drop("ann.toml", GREEDY)
    studio.drop("bob.jpg", number=2)
    await studio.once()
    assert studio.states() == {"accepted": 1, "done": 1}
    assert charged(studio) == PRICE
    told = studio.explain("ann.jpg")
    assert told["verdict"] == "held"
    assert "4.738" in told["reason"]
    assert "0.29" in told["reason"]
    assert studio.told() == ["dearer_than_allowed"]
    assert "ann.jpg.held.txt" in studio.outputs()
    assert studio.job("ann.jpg")["waits_for"] == "hold"


async def test_the_owner_releases_it_at_that_price(studio: Studio) -> None:
    """`release --job` lets that one go; a plan of another price is held again."""
    studio.configure(rules=[RULE])
    studio.drop("ann.jpg")
    studio.drop("ann.toml", 'params = { quality = "medium", resolution = "4k" }')
    await studio.once()
    job = studio.job("ann.jpg")["id"]
    (line,) = await studio.act("release", jobs=[job])
    assert line.startswith(f"job {job} (studio: ann.jpg) may be edited at about ")
    studio.drop("ann.toml", GREEDY)
    await studio.once()
    assert studio.told() == ["dearer_than_allowed"]
    assert charged(studio) == 0
    await studio.act("release", jobs=[job])
    await studio.once()
    assert studio.states() == {"done": 1}
    assert charged(studio) == Decimal("4.738")
    assert await studio.act("release", jobs=[job]) == [f"job {job} is not held for its price"]
    with pytest.raises(OperatorError, match="there is no job 99"):
        await studio.act("release", jobs=[99])


async def test_asking_for_less_lets_it_go_on(studio: Studio) -> None:
    """The sidecar is mended: the edit goes on by itself at the price of the rule."""
    studio.configure(rules=[RULE])
    studio.drop("ann.jpg")
    studio.drop("ann.toml", GREEDY)
    await studio.once()
    studio.drop("ann.toml", 'prompt = "Make it silver"')
    await studio.once()
    assert studio.states() == {"done": 1}
    assert charged(studio) == PRICE


async def test_a_sidecar_that_asks_for_more_at_the_last_moment_is_held(studio: Studio) -> None:
    """What was accepted at the rule's price is looked at once more before it is paid."""
    studio.configure(rules=[RULE])
    await studio.once()
    await studio.act("pause")
    studio.drop("ann.jpg")
    studio.drop("ann.toml", 'prompt = "Make it silver"')
    await studio.once()
    assert studio.told() == []
    studio.drop("ann.toml", GREEDY)
    await studio.act("resume")
    await studio.once()
    assert studio.told() == ["dearer_than_allowed"]
    assert charged(studio) == 0


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ann.toml", f'model = "{DEAREST}"\nparams = {{ resolution = "4k" }}'),
        ("ann.json", f'{{"model": "{DEAREST}", "params": {{"resolution": "4K"}}}}'),
        ("_rules.toml", f'model = "{DEAREST}"\nparams = {{ resolution = "4k" }}'),
        ("ann.toml", 'model = "kling-v3.0-4k-image-to-video"'),
        ("ann.toml", GREEDY),
    ],
)
async def test_a_day_costs_at_most_the_dearest_edit_times_the_jobs(
    studio: Studio, name: str, text: str
) -> None:
    """Whatever is dropped beside the pictures; and never more than the day's budget."""
    watch = f'sidecar_models = ["{DEAREST}"]'
    studio.configure(rules=[RULE], watch=watch, limits="daily_charge = 1.5")
    for number in range(3):
        studio.drop(f"{number}/ann.jpg", number=number)
        studio.drop(f"{number}/{name}", text)
        studio.drop(f"b{number}/bob.jpg", number=10 + number)
        studio.drop(f"b{number}/bob.toml", f'model = "{DEAREST}"')
    await studio.once()
    paid = len(studio.ledger().tasks)
    assert charged(studio) <= min(Decimal("0.8") * paid, Decimal("1.5"))
    assert paid
    held = [job for job in studio.jobs() if job["source"].endswith("ann.jpg")]
    assert {job["state"] for job in held} == {"accepted"}


async def test_an_edit_of_the_owners_own_price_is_never_held(studio: Studio) -> None:
    """What a rule itself says is allowed, though nobody knows its price."""
    own = '[[model]]\nname = "own/edit"\nendpoint = "own/edit"\noutput = "image"\n'
    own += 'params.prompt = { type = "STRING", required = true }\n'
    own += 'params.style = { type = "STRING" }\n'
    own += 'params.image = { type = "IMAGE", required = true, accept = ["jpg"], max_mb = 10 }\n'
    studio.configure(rules=['model = "own/edit"\nprompt = "Make it gold"'])
    studio.reconfigure(studio.folder.joinpath("config.toml").read_text() + own)
    studio.drop("ann.jpg")
    studio.drop("ann.txt", "Make it silver")
    studio.drop("bob.jpg", number=2)
    studio.drop("bob.toml", 'params = { style = "gold" }')
    await studio.once()
    assert studio.holds() == ["rule:studio/default"]  # the stand-in does not know it
    assert studio.job("ann.jpg")["state"] == "uploaded"
    assert "no known price" in studio.explain("bob.jpg")["reason"]


async def test_a_missing_budget_is_told(studio: Studio) -> None:
    """Status names the watches of which nothing limits what a day may cost."""
    await studio.once()
    assert studio.status()["charges"]["unlimited"] == ["studio"]
    studio.configure(watch="charge_per_day = 3.0")
    assert views.status_json(studio.read(views.status, studio.config))["charges"]["unlimited"] == []
    studio.configure(limits="daily_charge = 3.0")
    assert studio.status()["charges"]["unlimited"] == []
