"""What is sent for a rule, what is wrong with one, and that the service takes what is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import TypeAdapter

from hotfolder import config
from hotfolder.runninghub.catalog import Catalog, Model
from hotfolder.runninghub.payload import as_sent, asks_for_other, compose
from hotfolder.simulator import catalog as service
from hotfolder.simulator.answers import RefusedError
from tests.cases import every

if TYPE_CHECKING:
    from hotfolder.domain.params import JsonTable, Params

GROK = "xai/grok-imagine-image/edit-official-stable"
NANO = "nano-banana2-gemini31flash/image-to-image-channel-low-price"
QWEN = "qwen-image-2.0/image-edit"
TOPAZ = "topazlabs-image-upscale-cgi"
MIDJOURNEY = "midjourney-text-to-image-v6"
LINK = "https://u.test/x.jpg"
LOGO = "https://u.test/logo.jpg"
WORDS = "Make it gold"
CATALOG = Catalog()

INVENTED = TypeAdapter(config.OwnModel).validate_python(
    {
        "name": "invented",
        "endpoint": "in/vented",
        "output": "image",
        "params": {
            "image": {"type": "IMAGE", "required": True},
            "steps": {"type": "INT", "required": True, "min": 1, "max": 5},
            "strength": {"type": "FLOAT", "min": 0, "max": 1},
            "least": {"type": "INT", "min": 3},
            "tile": {"type": "BOOLEAN"},
            "style": {"type": "LIST", "required": True, "options": ["a", "b"]},
            "title": {"type": "STRING", "min_length": 2, "max_length": 4},
        },
    }
)
GOOD: Params = {"steps": 3, "style": "a"}


def model(name: str) -> Model:
    """Return a model that must be there."""
    found = CATALOG.find(name)
    assert found is not None
    return found


def problems(wanted: Model, prompt: str | None, params: Params) -> list[tuple[str, str]]:
    """Return what is wrong with a rule, given that its picture is there."""
    return list(compose(wanted, prompt, params, {wanted.pictures[0].key: [LINK]}).problems)


@pytest.mark.parametrize(
    ("name", "prompt", "params", "body"),
    [
        (GROK, WORDS, {}, {"prompt": WORDS, "image": LINK}),
        (NANO, WORDS, {}, {"imageUrls": [LINK], "prompt": WORDS, "resolution": "1k"}),
        (
            QWEN,
            WORDS,
            {"imageNum": "2", "negativePrompt": "blur"},
            {"imageUrls": [LINK], "prompt": WORDS, "negativePrompt": "blur", "imageNum": "2"},
        ),
        (TOPAZ, None, {"scale": "4x"}, {"imageUrl": LINK, "scale": "4x"}),
        (MIDJOURNEY, WORDS, {}, {"prompt": WORDS, "imageUrl": LINK}),
    ],
)
def test_payload(name: str, prompt: str | None, params: Params, body: dict[str, object]) -> None:
    """One link or a list, required defaults, and nothing that the model does not declare."""
    wanted = model(name)
    links = {wanted.pictures[0].key: [LINK]}
    assert compose(wanted, prompt, params, links).body == body
    assert problems(wanted, prompt, params) == []
    assert compose(wanted, prompt, {**params, "unheard": 1}, links).body == body


@pytest.mark.parametrize(
    ("name", "prompt", "params", "key", "words"),
    [
        (GROK, WORDS, {"size": "1k"}, "size", "has no parameter size: it takes none besides"),
        (NANO, WORDS, {"size": "1k"}, "size", "it takes aspectRatio, resolution"),
        (NANO, WORDS, {"resolution": "8k"}, "resolution", "must be one of 1k, 2k, 4k, not '8k'"),
        (NANO, WORDS, {"resolution": ["1k"]}, "resolution", "must be one of"),
        (NANO, WORDS, {"resolution": True}, "resolution", "must be one of"),
        (QWEN, WORDS, {"imageNum": 2}, "imageNum", 'must be in quotes: "2"'),
        (QWEN, WORDS, {"imageNum": 9}, "imageNum", "must be one of 1, 2, 3, 4, 5, 6, not 9"),
        (QWEN, "x" * 801, {}, "prompt", "may have 800 characters, not 801"),
        (GROK, "gold", {}, "prompt", "must have at least 5 characters, not 4"),
        (QWEN, WORDS, {"negativePrompt": 1}, "negativePrompt", "must be a text"),
        (GROK, "half \ud83d", {}, "prompt", "half a character"),
        (GROK, WORDS, {"prompt": "x"}, "prompt", "into the key prompt"),
        (GROK, None, {}, "prompt", "is required by"),
        (QWEN, "", {}, "prompt", "at least 1"),
        (GROK, WORDS, {"image": LINK}, "image", "has no parameter image"),
        (NANO, WORDS, {"imageUrls": [LINK]}, "imageUrls", "has no parameter imageUrls"),
        (TOPAZ, WORDS, {}, "prompt", "takes no prompt"),
    ],
)
def test_problems_name_the_parameter(
    name: str, prompt: str | None, params: Params, key: str, words: str
) -> None:
    """One message for each wrong parameter: its name and what it may be."""
    ((found_key, message),) = problems(model(name), prompt, params)
    assert found_key == key
    assert words in message
    assert key in message


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"steps": 3}, "style is required by invented: one of a, b"),
        ({"style": "a"}, "steps is required by invented"),
        ({**GOOD, "steps": 9}, "steps must be from 1 to 5"),
        ({**GOOD, "steps": 1.5}, "steps must be a whole number"),
        ({**GOOD, "steps": True}, "steps must be a whole number"),
        ({**GOOD, "least": 2}, "least must be at least 3"),
        ({**GOOD, "strength": "x"}, "strength must be a number"),
        ({**GOOD, "strength": float("nan")}, "strength must be from 0 to 1"),
        ({**GOOD, "tile": 1}, "tile must be true or false"),
        ({**GOOD, "title": "a"}, "title must have at least 2 characters, not 1"),
        ({**GOOD, "title": "abcde"}, "title may have 4 characters, not 5"),
    ],
)
def test_numbers_texts_and_choices(params: Params, message: str) -> None:
    """Ranges, lengths, kinds of numbers and choices are checked before anything is paid."""
    assert problems(INVENTED, None, params) == [
        (message.partition(" ")[0], message),
    ]


@pytest.mark.parametrize(
    ("name", "files", "message"),
    [
        (GROK, {}, f"image is required by {GROK}"),
        (GROK, {"image": [LINK, LOGO]}, "image takes at most 1 file, not 2"),
        (QWEN, {"imageUrls": [LINK] * 4}, "imageUrls takes at most 3 files, not 4"),
    ],
)
def test_the_number_of_files(name: str, files: dict[str, list[str]], message: str) -> None:
    """A model's files are there, and no more of them than it takes."""
    assert [text for _, text in compose(model(name), WORDS, {}, files).problems] == [message]


def test_several_pictures_are_sent_in_order() -> None:
    """Further pictures follow the source in a model's list."""
    sent = compose(model(NANO), WORDS, {}, {"imageUrls": [LINK, LOGO]})
    assert sent.body["imageUrls"] == [LINK, LOGO]
    assert sent.problems == ()


def filled(wanted: Model) -> tuple[str | None, Params, dict[str, list[str]]]:
    """Return a prompt, params and files for a model: each parameter at the end of its range."""
    prompt = WORDS if wanted.prompt else None
    params: Params = {}
    files: dict[str, list[str]] = {}
    for key, parameter in wanted.params.items():
        if parameter.is_media:
            link = f"https://u.test/x.{(parameter.accept or ('jpg',))[0]}"
            files[key] = [link] * (parameter.max_items or 1)
        elif parameter.options:
            params[key] = parameter.options[-1]
        elif parameter.type == "BOOLEAN":
            params[key] = True
        elif parameter.type == "COMPLEX":
            table: JsonTable = {"id": "17"}
            params[key] = [table]
        elif parameter.type in ("INT", "FLOAT"):
            least = 1 if parameter.min is None else parameter.min
            params[key] = least if parameter.max is None else parameter.max
        elif parameter != wanted.prompt:
            params[key] = "x" * (parameter.max_length or 20)
    return prompt, params, files


CALLABLE = [each for each in CATALOG if not each.retired]


@every("wanted", CALLABLE)
def test_the_service_takes_what_is_sent(wanted: Model) -> None:
    """For every callable model: what we find right passes the simulator's own check.

    The simulator reads the same facts with code of its own.
    """
    asked = service.models()[wanted.endpoint]
    for prompt, params, files in (filled(wanted), least(wanted)):
        sent = compose(wanted, prompt, params, files)
        assert sent.problems == ()
        service.check(asked, as_sent(wanted, sent.body))


def least(wanted: Model) -> tuple[str | None, Params, dict[str, list[str]]]:
    """Return only what a model insists on."""
    prompt, params, files = filled(wanted)
    needed = {key for key, each in wanted.params.items() if each.required}
    return (
        prompt if wanted.needs_prompt else None,
        {key: value for key, value in params.items() if key in needed},
        {key: links[:1] for key, links in files.items() if key in needed},
    )


def test_some_choices_go_out_in_a_form_of_their_own() -> None:
    """A list of one, or nothing at all; neither changes what an edit is known by, nor makes stale.

    Both forms were sent by some version: the plain one by the first.
    """
    for name, key, value, wired in (
        ("gpt-image-2.0/edit-channel-low-price", "aspectRatio", "empty", {}),
        ("gpt-image-2.0/edit-channel-low-price", "aspectRatio", "3:2", {"aspectRatio": "3:2"}),
        (
            "seedance-2.0-global/image-to-video",
            "conversionSlots",
            "all",
            {"conversionSlots": ["all"]},
        ),
    ):
        wanted = model(name)
        body = compose(wanted, WORDS, {key: value}, {wanted.pictures[0].key: [LINK]}).body
        assert body[key] == value
        sent = as_sent(wanted, body)
        assert {other: each for other, each in sent.items() if other == key} == wired
        assert not asks_for_other(wanted, sent, body)
        assert not asks_for_other(wanted, body, body)
        assert asks_for_other(wanted, {**sent, key: "16:9"}, body)


@every("wanted", [each for each in CALLABLE if each.confirmed])
def test_the_service_refuses_what_is_found_wrong(wanted: Model) -> None:
    """For every model: an undeclared parameter and one left out are noticed by both sides."""
    asked = service.models()[wanted.endpoint]
    prompt, params, files = least(wanted)
    with_more = compose(wanted, prompt, {**params, "unheard": 1}, files)
    assert [key for key, _ in with_more.problems] == ["unheard"]
    with pytest.raises(RefusedError):
        service.check(asked, {**with_more.body, "unheard": 1})
    needed = [key for key, each in wanted.params.items() if each.required and not each.default]
    if needed:
        without = {key: value for key, value in with_more.body.items() if key != needed[0]}
        with pytest.raises(RefusedError):
            service.check(asked, without)


def test_a_retired_model_is_unknown_to_the_service() -> None:
    """Nothing can be sent to a model that was retired."""
    retired = [each.endpoint for each in CATALOG if each.retired]
    assert len(retired) == 4
    assert not set(retired) & set(service.models())


def test_tables_are_sent_as_they_are() -> None:
    """Lists of tables, as TOML writes them; anything else is told. Nobody confirmed their shape."""
    kling = Catalog().look_up("kling-video-o3-pro-text-to-video")
    assert kling is not None
    assert not kling.params["elementList"].confirmed
    told: list[JsonTable] = [{"element_id": "17"}, {"element_id": "18", "tags": ["a", "b"]}]
    made = compose(kling, "a fox", {"elementList": told}, {})
    assert made.problems == ()
    assert as_sent(kling, made.body)["elementList"] == told
    for wrong in ("17", 17):
        (problem,) = compose(kling, "a fox", {"elementList": wrong}, {}).problems
        assert "must be a list of tables" in problem[1]
