"""The catalog: what is sent for a rule, what is wrong with one, and what it costs."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from hotfolder.runninghub import catalog
from hotfolder.runninghub.catalog import Model

if TYPE_CHECKING:
    from hotfolder.domain.jobs import Params

GROK = "xai/grok-imagine-image/edit-official-stable"
NANO = "nano-banana2-gemini31flash/image-to-image-channel-low-price"
QWEN = "qwen-image-2.0/image-edit"
LINK = "https://u.test/x.jpg"


def model(name: str) -> Model:
    """Return a model that must be there."""
    found = catalog.find(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "params", "body"),
    [
        (GROK, {}, {"prompt": "gold", "image": LINK}),
        (NANO, {}, {"prompt": "gold", "imageUrls": [LINK], "resolution": "1k"}),
        (
            NANO,
            {"resolution": "4k", "aspectRatio": "1:1"},
            {"prompt": "gold", "imageUrls": [LINK], "resolution": "4k", "aspectRatio": "1:1"},
        ),
        (
            QWEN,
            {"imageNum": "2", "negativePrompt": "blur"},
            {"prompt": "gold", "imageUrls": [LINK], "imageNum": "2", "negativePrompt": "blur"},
        ),
    ],
)
def test_payload(name: str, params: Params, body: dict[str, object]) -> None:
    """One link or a list, required defaults, and nothing that the model does not declare."""
    wanted = model(name)
    links = {wanted.picture.key: [LINK]}
    assert catalog.payload(wanted, "gold", params, links) == body
    assert catalog.problems(wanted, "gold", params) == []
    with_more = {**params, "unheard": 1}
    assert catalog.payload(wanted, "gold", with_more, links) == body


def test_payload_without_a_prompt() -> None:
    """A prompt that is not there is not sent as null."""
    assert catalog.payload(model(GROK), None, {}, {"image": [LINK]}) == {"image": LINK}


@pytest.mark.parametrize(
    ("name", "key", "max_mb"),
    [(GROK, "image", 10), (NANO, "imageUrls", 30), (QWEN, "imageUrls", 10)],
)
def test_what_a_source_goes_into(name: str, key: str, max_mb: int) -> None:
    """Every shipped model edits a picture, with a prompt, up to a size."""
    found = model(name)
    assert (found.picture.key, found.max_bytes) == (key, max_mb * 1024 * 1024)
    assert found.needs_prompt
    assert found.prompt is not None


def test_models_are_found_by_name_and_endpoint() -> None:
    """People know a model by either; the default is in the catalog."""
    assert catalog.find("rhart-image-x-official/edit") is model(GROK)
    assert catalog.DEFAULT_MODEL == GROK
    assert catalog.find("no/such") is None


def test_near_names_are_offered() -> None:
    """A misspelt model name leads to the one that was meant."""
    assert catalog.nearest("qwen-image-2/image-edit")[0] == QWEN


@pytest.mark.parametrize(
    ("name", "prompt", "params", "key", "words"),
    [
        (GROK, "x", {"size": "1k"}, "size", "has no parameter size: it takes none besides"),
        (NANO, "x", {"size": "1k"}, "size", "it takes aspectRatio, resolution"),
        (NANO, "x", {"resolution": "8k"}, "resolution", "must be one of 1k, 2k, 4k, not '8k'"),
        (NANO, "x", {"resolution": ["1k"]}, "resolution", "must be one of"),
        (NANO, "x", {"resolution": True}, "resolution", "must be one of"),
        (QWEN, "x", {"imageNum": 2}, "imageNum", 'must be in quotes: "2"'),
        (QWEN, "x", {"imageNum": 9}, "imageNum", "must be one of 1, 2, 3, 4, 5, 6, not 9"),
        (QWEN, "x" * 801, {}, "prompt", "may have 800 characters, not 801"),
        (QWEN, "x", {"negativePrompt": 1}, "negativePrompt", "must be a text"),
        (GROK, "half \ud83d", {}, "prompt", "half a character"),
        (GROK, None, {"prompt": "x"}, "prompt", "into the key prompt"),
        (GROK, "x", {"image": LINK}, "image", "has no parameter image"),
        (NANO, "x", {"imageUrls": [LINK]}, "imageUrls", "has no parameter imageUrls"),
    ],
)
def test_problems_name_the_parameter(
    name: str, prompt: str | None, params: Params, key: str, words: str
) -> None:
    """One message for each wrong parameter: its name and what it may be."""
    ((found_key, message),) = catalog.problems(model(name), prompt, params)
    assert found_key == key
    assert words in message
    assert key in message


def test_a_prompt_that_is_still_to_come_is_no_problem() -> None:
    """The prompt may come from a sidecar, so its absence is not the rule's fault."""
    assert catalog.problems(model(GROK), None, {}) == []


INVENTED = Model.model_validate(
    {
        "name": "invented",
        "endpoint": "in/vented",
        "output": "image",
        "params": [
            {"key": "image", "type": "IMAGE", "required": True},
            {"key": "steps", "type": "INT", "required": True, "min": 1, "max": 5},
            {"key": "strength", "type": "FLOAT", "min": 0, "max": 1},
            {"key": "tile", "type": "BOOLEAN"},
            {"key": "style", "type": "LIST", "required": True, "options": ["a", "b"]},
        ],
    }
)
GOOD: Params = {"steps": 3, "style": "a"}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"steps": 3}, "style is required by invented: one of a, b"),
        ({"style": "a"}, "steps is required by invented"),
        ({**GOOD, "steps": 9}, "steps must be from 1.0 to 5.0"),
        ({**GOOD, "steps": 1.5}, "steps must be a whole number"),
        ({**GOOD, "steps": True}, "steps must be a whole number"),
        ({**GOOD, "strength": "x"}, "strength must be a number"),
        ({**GOOD, "strength": float("nan")}, "strength must be from 0.0 to 1.0"),
        ({**GOOD, "tile": 1}, "tile must be true or false"),
    ],
)
def test_numbers_and_choices(params: Params, message: str) -> None:
    """Ranges, kinds of numbers and required choices are checked before anything is paid."""
    assert [text for _, text in catalog.problems(INVENTED, None, params)] == [message]


def test_a_model_without_a_prompt_takes_none() -> None:
    """A prompt that would be dropped silently is a problem."""
    assert catalog.problems(INVENTED, "x", GOOD) == [("prompt", "invented takes no prompt")]
    assert not INVENTED.needs_prompt


@pytest.mark.parametrize(
    ("name", "params", "amount"),
    [
        (GROK, {}, "0.14"),
        (NANO, {}, "0.16"),
        (NANO, {"resolution": "2k"}, "0.16"),
        (NANO, {"resolution": "4k"}, "0.2"),
        (QWEN, {}, "0.13"),
        (QWEN, {"imageNum": "4"}, "0.52"),
    ],
)
def test_estimates(name: str, params: Params, amount: str) -> None:
    """The list price of one call, by its parameters and the number of its images, exactly."""
    found = catalog.estimate(model(name), params)
    assert (found.amount, found.currency) == (Decimal(amount), "CNY")


def test_an_unknown_price_is_not_zero() -> None:
    """A model without a price has no estimate."""
    assert catalog.estimate(INVENTED, GOOD).amount is None
