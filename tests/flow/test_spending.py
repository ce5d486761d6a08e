"""Whoever may only drop files cannot make an edit dearer than the owner's rules allow."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hotfolder import views
from hotfolder.domain.errors import OperatorError
from tests.studio import picture

if TYPE_CHECKING:
    from tests.studio import Studio

MEDIA = Path(__file__).parent.parent / "media"
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
        studio.drop(f"{number}/ann.jpg", picture(number, side=640))
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


HELD = "to_confirm"


async def test_a_dear_edit_waits_for_a_person(studio: Studio) -> None:
    """Above `confirm_over`: told with its price and currency, and not even uploaded."""
    studio.configure(rules=[RULE], limits="confirm_over = 0.28", watch='notes = "all"')
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"accepted": 1}
    told = studio.explain("ann.jpg")
    assert told["verdict"] == "held"
    assert "about 0.29 CNY" in told["reason"]
    assert "confirm_over = 0.28" in told["reason"]
    assert studio.told() == [HELD]
    assert "ann.jpg.held.txt" in studio.outputs()
    assert "upload" not in studio.ledger().requests
    job = studio.job("ann.jpg")["id"]
    (line,) = await studio.act("release", jobs=[job])
    assert line == f"job {job} (studio: ann.jpg) may be edited at about 0.29 CNY"
    await studio.once()
    assert studio.states() == {"done": 1}
    assert charged(studio) == PRICE


@pytest.mark.parametrize(
    ("limits", "rule"),
    [
        ("confirm_over = 0.29", ""),
        ("confirm_over = 0.1", "confirm_over = 0"),
        ("confirm_over = 0.1", "confirm_over = 1"),
        ("", "confirm_over = 0.29"),
    ],
)
async def test_what_need_not_be_confirmed(studio: Studio, limits: str, rule: str) -> None:
    """As much as the limit, and whatever it costs by a rule of 0: the rule's word counts."""
    studio.configure(rules=[f"{RULE}\n{rule}"], limits=limits)
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"done": 1}


async def test_an_unknown_price_is_to_be_confirmed(studio: Studio) -> None:
    """What nobody knows the price of may cost anything."""
    studio.configure(rules=['model = "meshy6/image-to-3d"\nconfirm_over = 100'])
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.told() == [HELD]
    assert "nobody knows" in studio.explain("ann.jpg")["reason"]
    await studio.act("release", jobs=[studio.job("ann.jpg")["id"]])
    await studio.once()
    assert studio.states() == {"done": 1}


async def test_a_release_holds_up_to_the_amount_shown(studio: Studio) -> None:
    """The rule came to ask for more before it was sent: held again. For less it goes on."""
    dear = RULE.replace('"low"', '"high"')
    studio.configure(rules=[RULE], limits="confirm_over = 0.1")
    studio.drop("ann.jpg")
    await studio.once()
    job = studio.job("ann.jpg")["id"]
    await studio.act("pause")
    await studio.act("release", jobs=[job])
    studio.configure(rules=[dear], limits="confirm_over = 0.1")
    await studio.act("resume")
    await studio.once()
    assert studio.told() == [HELD]
    assert charged(studio) == 0
    await studio.act("pause")
    await studio.act("release", jobs=[job])
    studio.configure(rules=[RULE], limits="confirm_over = 0.1")
    await studio.act("resume")
    await studio.once()
    assert studio.states() == {"done": 1}
    assert charged(studio) == PRICE


async def test_a_higher_limit_lets_it_go_by_itself(studio: Studio) -> None:
    """The config was changed: what waited for its price is looked at again."""
    studio.configure(rules=[RULE], limits="confirm_over = 0.1")
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.told() == [HELD]
    studio.configure(rules=[RULE], limits="confirm_over = 0.5")
    await studio.once()
    assert studio.states() == {"done": 1}


async def test_what_a_sidecar_makes_of_an_unknown_price_is_held(studio: Studio) -> None:
    """Also where the dearest model of the rules has no known price: it may be the cheaper one."""
    studio.configure(rules=['model = "meshy6/image-to-3d"'], watch=f'sidecar_models = ["{MODEL}"]')
    studio.drop("ann.jpg")
    studio.drop("ann.toml", 'params = { texturePrompt = "gold" }')
    studio.drop("bob.jpg", number=2)
    await studio.once()
    assert studio.states() == {"accepted": 1, "done": 1}
    assert studio.told() == ["dearer_than_allowed"]


async def test_the_variants_of_an_edit_are_confirmed_together(studio: Studio) -> None:
    """Their sum counts and is told, and releasing one of them releases them all."""
    studio.configure(rules=[f"{RULE}\nvariants = 3"], limits="confirm_over = 0.8")
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"accepted": 3}
    assert "3 variants would cost about 0.87 CNY together" in studio.explain("ann.jpg")["reason"]
    (line,) = await studio.act("release", jobs=[2])
    assert line.endswith("may be edited at about 0.29 CNY each, with 2 more of its variants")
    await studio.once()
    assert studio.states() == {"done": 3}
    assert charged(studio) == 3 * PRICE


async def test_more_variants_than_were_allowed_are_held(studio: Studio) -> None:
    """What was released was three, for their sum: four ask for more."""
    studio.configure(rules=[f"{RULE}\nvariants = 3"], limits="confirm_over = 0.8")
    studio.drop("ann.jpg")
    await studio.once()
    await studio.act("pause")
    await studio.act("release", jobs=[1])
    studio.configure(rules=[f"{RULE}\nvariants = 4"], limits="confirm_over = 0.8")
    await studio.act("resume")
    await studio.once()
    assert studio.told() == [HELD] * 4
    assert studio.ledger().tasks == ()
    assert charged(studio) == 0


async def test_what_a_film_costs_is_known_by_its_seconds(studio: Studio) -> None:
    """Its begun seconds are listed, held above `confirm_over`, and charged by the service."""
    film = (MEDIA / "film.mp4").read_bytes()
    studio.configure(rules=['model = "rh-video-fps-increaser"\nconfirm_over = 0.06'])
    studio.drop("walk.mp4", film)
    await studio.once()
    assert studio.told() == [HELD]
    assert "about 0.07 CNY" in studio.explain("walk.mp4")["reason"]
    await studio.act("release", jobs=[1])
    await studio.once()
    assert studio.states() == {"done": 1}
    assert charged(studio) == Decimal("0.07")
