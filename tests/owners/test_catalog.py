"""The catalog: every model of the service, the owner's own, and what they cost."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from pydantic import TypeAdapter

from hotfolder import config
from hotfolder.runninghub import catalog, estimates
from hotfolder.runninghub.catalog import Catalog, Model
from hotfolder.runninghub.estimates import Sent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotfolder.domain.params import JsonScalar, Params

GROK = "xai/grok-imagine-image/edit-official-stable"
NANO = "nano-banana2-gemini31flash/image-to-image-channel-low-price"
QWEN = "qwen-image-2.0/image-edit"
RETIRED = "gpt-image-1.5/edit-channel-low-price"
UNCONFIRMED = "f-2-dev/edit"
KLING = "kling-v3.0-4k-image-to-video"
AVATAR = "kling-v2-ai-avatar-standard/image-audio-to-video"
LIP_SYNC = "kling-lip-sync/lip-sync-video"
CATALOG = Catalog()
SENT = Sent(text="Hello.", seconds={"videoUrl": 5.0, "audioUrl": 5.0})


def model(name: str) -> Model:
    """Return a model that must be there."""
    found = CATALOG.find(name)
    assert found is not None
    return found


def known(name: str) -> Model:
    """Return a model of the catalog, whether or not a rule may name it."""
    found = CATALOG.look_up(name)
    assert found is not None
    return found


def own(**table: object) -> Model:
    """Return what the owner's [[model]] becomes."""
    return TypeAdapter(config.OwnModel).validate_python(table)


def test_every_model_is_there_by_name_and_endpoint() -> None:
    """297 models of the registry and 32 that only a third party has seen, each found by both."""
    found = list(CATALOG)
    assert Counter(each.confirmed for each in found) == {True: 297, False: 32}
    assert sum(each.in_menu and each.confirmed for each in found) == 207
    for each in found:
        assert CATALOG.look_up(each.name) is each
        assert CATALOG.look_up(each.endpoint) is each
        assert re.fullmatch(catalog.ENDPOINT_PATTERN, each.endpoint)


def test_the_facts_of_every_parameter_agree() -> None:
    """A choice has options, a default is one of them, a range holds it, and a list says so."""
    for each in CATALOG:
        for key, parameter in each.params.items():
            assert key == parameter.key
            if parameter.type == "LIST":
                assert parameter.options
                assert parameter.default in (None, *parameter.options)
                assert parameter.unsent in (None, *parameter.options)
            if parameter.is_media:
                assert bool(parameter.max_items) == parameter.list_
            else:
                assert not parameter.accept


def test_models_are_found_as_people_write_them() -> None:
    """By name or endpoint, with spaces around, and a retired one with the service's mark."""
    assert CATALOG.find("rhart-image-x-official/edit") is model(GROK)
    assert CATALOG.find(f" {GROK} ") is model(GROK)
    assert CATALOG.default is model(GROK)
    marked = f"{RETIRED}-[Deprecated] Please use gpt-image-2 instead"
    assert CATALOG.look_up(marked) is CATALOG.look_up(RETIRED)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (f"{RETIRED}-[Deprecated] Please use gpt-image-2 instead", "is retired: please use"),
        (RETIRED, "is retired: please use gpt-image-2 instead"),
        (UNCONFIRMED, "is not confirmed"),
        ("sora-2/image-to-video-pro-channel-low-price", "is retired: please use sora-2/image"),
        ("sora-2/text-to-video-pro-channel-low-price", "is retired: please use sora-2/text"),
        ("f-dev", "is not confirmed"),
        ("f-dev-lora", "is not confirmed"),
        ("no/such", "there is no model no/such"),
        ("qwen-image-2/image-edit", f"did you mean {QWEN}"),
        ("xai/grok-imagine-image/edit", f"did you mean {GROK}"),
    ],
)
def test_what_a_rule_may_not_name(name: str, reason: str) -> None:
    """A retired, unconfirmed or unknown model is refused, each with its reason."""
    assert CATALOG.find(name) is None
    assert reason in (CATALOG.why_not(name) or "")
    assert CATALOG.why_not(GROK) is None


def test_near_names_are_ones_that_can_be_used() -> None:
    """Nobody is led from a misspelling to a retired model."""
    assert catalog.plain_name(RETIRED) not in CATALOG.nearest("gpt-image-1.5/edit-channel-low")
    assert CATALOG.nearest("") == []


@pytest.mark.parametrize(
    ("name", "key", "max_mb"),
    [
        (GROK, "image", 10),
        (NANO, "imageUrls", 30),
        (QWEN, "imageUrls", 10),
        ("topazlabs-image-upscale-cgi", "imageUrl", 50),
        ("midjourney-text-to-image-v6", "imageUrl", 20),
    ],
)
def test_what_a_source_goes_into(name: str, key: str, max_mb: int) -> None:
    """A model edits a picture up to a size; the first required picture parameter takes it."""
    found = model(name).place_for("image")
    assert found is not None
    assert (found.key, found.max_mb) == (key, max_mb)


def test_the_owner_corrects_a_model() -> None:
    """What a [[model]] leaves out is as shipped; parameter by parameter the owner's word counts."""
    params = {"resolution": {"options": ["1k", "8k"]}, "seed": {"type": "INT"}}
    corrected = own(name=NANO, params=params)
    mended = Catalog([corrected])
    assert mended.find(NANO) is corrected
    assert mended.find(model(NANO).endpoint) is corrected
    assert corrected.params["resolution"].options == ("1k", "8k")
    assert corrected.params["resolution"].required
    assert corrected.params["seed"].type == "INT"
    assert corrected.params["imageUrls"] == model(NANO).params["imageUrls"]
    assert mended != CATALOG
    assert len(list(mended)) == len(list(CATALOG))


def test_the_owner_adds_and_confirms_models() -> None:
    """A new model needs endpoint, output and params; an unconfirmed one the owner's word."""
    picture = {"image": {"type": "IMAGE", "required": True}}
    added = own(name="my/model", endpoint="my/edit", output="image", params=picture)
    trusted = own(name=UNCONFIRMED, confirmed=True)
    mended = Catalog([added, trusted])
    assert mended.find("my/edit") is added
    assert mended.find(UNCONFIRMED) is trusted
    assert trusted.pictures[0].key == "imageUrl"
    assert trusted.needs_prompt
    assert estimates.estimate(trusted, {}).amount == Decimal("0.24")
    assert len(list(mended)) == len(list(CATALOG)) + 1


@pytest.mark.parametrize(
    ("name", "params", "amount"),
    [
        (GROK, {}, "0.14"),
        (NANO, {}, "0.16"),
        (NANO, {"resolution": "2k"}, "0.16"),
        (NANO, {"resolution": "4k"}, "0.2"),
        (QWEN, {}, "0.13"),
        (QWEN, {"imageNum": "4"}, "0.52"),
        (KLING, {}, "13.5"),
        (KLING, {"duration": "15"}, "40.5"),
    ],
)
def test_estimates(name: str, params: Params, amount: str) -> None:
    """The list price of one call: by its parameters, times its images or seconds, exactly."""
    found = estimates.estimate(model(name), params)
    assert (found.amount, found.currency) == (Decimal(amount), "CNY")


def test_every_model_with_a_list_price_has_an_estimate() -> None:
    """At its defaults, for a text and files of known length: only where no price is listed, none.

    Whatever its price hangs on may be said: each option and switch of each of these parameters is
    tried alone.
    """
    unpriced = {each.name for each in CATALOG if each.price is None}
    unknown = {each.name for each in CATALOG if estimates.estimate(each, {}, SENT).amount is None}
    assert (
        unknown
        == unpriced
        == {
            "kling-v2.5-turbo-std/text-to-video",
            "kling-v3.0-4k-motion-control",
            "ltx-2-19b/text-to-video-lora",
            "meshy6/image-to-3d",
            "meshy6/text-to-3d",
            "skyreels-v4/image-to-video-fast",
            "skyreels-v4/image-to-video-std",
            "skyreels-v4/text-to-video-fast",
            "skyreels-v4/text-to-video-std",
            "wan-2.7-reference-to-video",
            "wan-2.7/video-edit",
        }
    )
    lacking = {
        (each.name, key, value)
        for each in CATALOG
        for key, value in priced_choices(each)
        if estimates.estimate(each, {key: value}, SENT).amount is None
    }
    assert lacking == {
        (f"Seedance2.0 Fast {kind} Video", "resolution", "native1080p")
        for kind in ("Image to", "Text to", "Multimodal")
    }


def priced_choices(each: Model) -> Iterator[tuple[str, JsonScalar]]:
    """Yield what may be said of each parameter that a model's price hangs on."""
    keys = {key for rule in each.price.rules for key in rule.when} if each.price else set()
    for key in keys | ({"duration"} & set(each.params)) if each.price else ():
        parameter = each.params[key]
        options = parameter.options or ((True, False) if parameter.type == "BOOLEAN" else ())
        yield from ((key, option) for option in options)
        yield from ((key, most) for most in (parameter.min, parameter.max) if most is not None)


@pytest.mark.parametrize(
    ("name", "params", "sent", "amount"),
    [
        ("minimax/speech-2.8-hd", {}, Sent(text="x"), "0.62"),
        ("minimax/speech-2.8-hd", {}, Sent(text="x" * 1000), "0.62"),
        ("minimax/speech-2.8-hd", {}, Sent(text="x" * 1001), "1.24"),
        ("minimax/speech-2.8-hd", {"text": "x" * 2001}, Sent(), "1.86"),
        ("minimax/speech-2.8-hd", {}, Sent(), None),
        ("rh-video-fps-increaser", {}, Sent(seconds={"videoUrl": 7.0}), "0.49"),
        ("rh-video-fps-increaser", {}, Sent(seconds={"videoUrl": 7.01}), "0.56"),
        ("rh-video-fps-increaser", {}, Sent(), None),
        ("rh-video-upscaler", {"targetResolution": "4K"}, Sent(seconds={"videoUrl": 2}), "1.12"),
        ("kling-v3.0-std-motion-control", {}, Sent(seconds={"videoUrl": 10}), "8.1"),
        (AVATAR, {}, Sent(seconds={"audioUrl": 3.5}), "1.44"),
        (LIP_SYNC, {}, Sent(seconds={"audioUrl": 5.2}), "0.7"),
        (LIP_SYNC, {"soundStartTime": 500, "soundEndTime": 5500}, Sent(), "0.35"),
        (LIP_SYNC, {}, Sent(), None),
        ("kling-v3.0-pro-image-to-video", {"sound": True}, Sent(), "5.2"),
        ("pixverse-v6/extend", {"duration": 2}, Sent(seconds={"videoUrl": 60}), "0.756"),
    ],
)
def test_estimates_by_the_length_of_what_is_sent(
    name: str, params: Params, sent: Sent, amount: str | None
) -> None:
    """A begun thousand of letters, second, or five of them counts; what has no length, no price.

    A duration that is asked for counts before the length of a film that is sent.
    """
    found = estimates.estimate(known(name), params, sent).amount
    assert found == (None if amount is None else Decimal(amount))


def test_what_was_charged_for_a_short_film_says_nothing_of_a_long_one() -> None:
    """Where the price is by length, the price by the list tells which edits cost the same."""
    upscaler = known("rh-video-upscaler")

    def key(seconds: float) -> str:
        listed = estimates.estimate(upscaler, {}, Sent(seconds={"videoUrl": seconds}))
        return estimates.price_key(upscaler, {}, listed)

    assert key(6.2) == key(7) != key(7.1)


def test_the_last_charge_holds_for_the_same_seconds_only() -> None:
    """A film of 15 seconds costs what no film of 5 does, whatever else the price hangs on."""
    keys = {estimates.price_key(model(KLING), {"duration": each}) for each in ("5", "15")}
    assert len(keys) == 2


def test_an_unknown_price_is_not_zero() -> None:
    """A model without a price has no estimate, nor one whose length nobody can tell before."""
    assert estimates.estimate(model(KLING), {"duration": "auto"}).amount is None
    priceless = own(name=GROK, price=None)
    assert estimates.estimate(priceless, {}).amount is None


def test_a_price_that_holds_for_any_value() -> None:
    """An empty value in a price's condition means any."""
    assert estimates.estimate(model("seedream-v4/image-to-image"), {}).amount == Decimal("0.14")
