"""`models`, `plan` and `schema`: what there is to choose, and what would come of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import tomli

from hotfolder.simulator import Fault
from tests.studio import picture

if TYPE_CHECKING:
    from tests.end_to_end.conftest import CommandLine
    from tests.studio import Studio

NANO = "nano-banana2-gemini31flash/image-to-image-channel-low-price"
RETIRED = "gpt-image-1.5/edit-channel-low-price"
OWN = '[[model]]\nname = "my/model"\nendpoint = "my/edit"\noutput = "image"\n'
OWN += 'params.image = { type = "IMAGE", required = true }\n'


def listed(hotfolder: CommandLine, *arguments: str) -> list[dict[str, Any]]:
    """Return what `models --json` lists."""
    ended = hotfolder("models", *arguments, "--json")
    assert ended.code == 0, ended.err
    found: list[dict[str, Any]] = json.loads(ended.out)
    return found


def test_models_are_searched(hotfolder: CommandLine) -> None:
    """By words, by what they take and make, and by the list price they begin at."""
    assert len(listed(hotfolder)) == 329
    assert {each["output"] for each in listed(hotfolder, "--output", "3d")} == {"3d"}
    found = listed(hotfolder, "nano", "EDIT", "--input", "image", "--max-price", "0.3")
    assert [each["name"] for each in found] == [
        "nano-banana/edit-channel-low-price",
        "nano-banana/edit-official-stable",
    ]


def test_one_model_in_full(hotfolder: CommandLine) -> None:
    """By name or endpoint: its parameters, its price, and a rule to copy."""
    shown = hotfolder("models", NANO)
    assert shown.code == 0
    for words in ('params.resolution = "1k"', "up to 10 files", "0.16 to 0.2 CNY", NANO):
        assert words in shown.out
    told = json.loads(hotfolder("models", "rhart-image-n-g31-flash/image-to-image", "--json").out)
    assert (told["name"], told["usable"], told["price"]["from"]) == (NANO, True, 0.16)
    assert "retired: please use gpt-image-2 instead" in hotfolder("models", RETIRED).out


def test_the_shown_rule_is_pasted_as_it_stands(hotfolder: CommandLine) -> None:
    """However many values a parameter may have: nothing of it is broken into lines of its own."""
    _, _, rule = hotfolder("models", "qwen-image-2.0/image-edit").out.partition("A rule for it:\n")
    (pasted,) = tomli.loads(rule)["watch"]["rule"]
    assert pasted["model"] == "qwen-image-2.0/image-edit"


def test_an_unknown_model_leads_to_the_nearest(hotfolder: CommandLine) -> None:
    """A name that nothing matches ends with 2 and names what may have been meant."""
    ended = hotfolder("models", "nano-banana3-gemini31flash/image-to-image")
    assert ended.code == 2
    assert "the nearest: nano-banana2-gemini31flash/image-to-image" in ended.err
    assert NANO in ended.err


def test_own_models_are_listed(hotfolder: CommandLine, studio: Studio) -> None:
    """The config's models are among them; a config that is named must be there."""
    path = hotfolder.config
    path.write_text(path.read_text() + OWN)
    assert [each["name"] for each in listed(hotfolder, "my/")] == ["my/model"]
    missing = hotfolder("models", config=studio.folder / "none.toml")
    assert missing.code == 2
    assert "there is no such file" in missing.err


def test_plan_shows_what_each_picture_would_get(hotfolder: CommandLine, studio: Studio) -> None:
    """Rule, prompt, model, parameters, conversion, output and price; nothing is sent or kept."""
    studio.configure(
        rules=[
            f'name = "p"\nwhen.orientation = ["portrait"]\nprompt = "Portrait"\nmodel = "{NANO}"',
            'name = "rest"\nmatch = ["*.jpg", "*.bmp"]\nprompt = "Make {stem} of {iptc.Headline}"',
        ]
    )
    studio.drop("a/ann.jpg")
    studio.drop("a/ann.txt", "Make {stem} gold")
    studio.drop("bob.bmp", picture(2, "BMP"))
    studio.drop("cid.png", number=3)
    found = json.loads(hotfolder("plan", "--json").out)
    bob, cid, ann = found
    assert (ann["source"], ann["rule"], ann["prompt"]) == ("a/ann.jpg", "rest", "Make ann gold")
    assert (ann["output"], ann["estimate"], ann["currency"]) == ("a/ann.*", 0.14, "CNY")
    assert ann["conversion"] == []
    assert "BMP" in bob["conversion"][0]
    assert bob["error"]["code"] == "prompt_field_missing"
    assert "no rule of this watch" in cid["reason"]
    assert json.loads(hotfolder("plan", "studio", "--json").out) == found
    assert json.loads(hotfolder("plan", studio.input, "--json").out) == found
    assert json.loads(hotfolder("plan", studio.input / "a", "--json").out) == [ann]
    assert json.loads(hotfolder("plan", studio.input / "a" / "ann.jpg", "--json").out) == [ann]
    shown = hotfolder("plan").out
    for words in ("Make ann gold", "a/ann.*", "0.14 CNY", "it is a BMP", "bob.bmp"):
        assert words in shown
    assert hotfolder("plan", "nowhere").code == 2
    assert not studio.state.exists()
    assert studio.ledger().requests.get("upload", 0) == 0


def test_plan_prices_only_what_is_new_and_ends_with_the_sum(
    hotfolder: CommandLine, studio: Studio
) -> None:
    """Finished, equal and impossible pictures cost nothing; what is alike is told once."""
    for number in range(3):
        studio.drop(f"done{number}.jpg", number=number)
    assert hotfolder("once").code == 0
    for number in range(3, 10):
        studio.drop(f"new{number}.jpg", number=number)
    studio.drop("twin.jpg", number=5)
    studio.drop("again.jpg", number=1)
    studio.drop("text.jpg", "no picture")
    studio.drop("film.mov", "a film")
    shown = hotfolder("plan").out.splitlines()
    assert shown[-1] == (
        "14 files: 7 new, about 0.98 CNY; 2 get another one's result, which is free; "
        "3 done already; 1 cannot be edited; 1 skipped"
    )
    assert len(shown) < 40
    assert any(line.startswith("7 files: new3.jpg, new4.jpg") for line in shown)
    assert all(shown), "no line is empty"
    found = {each["source"]: each for each in hotfolder("plan", "--json").json}
    assert (found["done1.jpg"]["outlook"], found["done1.jpg"]["estimate"]) == ("done", 0)
    assert (found["new4.jpg"]["outlook"], found["new4.jpg"]["estimate"]) == ("new", 0.14)
    assert "no rule" in found["film.mov"]["reason"]
    studio.fault(Fault(call="submit", kind="drop_after", contains="in doubt"))
    for name in ("film.mov", "text.jpg"):
        (studio.input / name).unlink()
    studio.drop("cut.jpg", picture(20)[:-40])
    studio.drop("doubt.jpg", number=21)
    studio.drop("doubt.txt", "in doubt")
    assert hotfolder("once").code == 1
    told = hotfolder("plan").out.splitlines()[-1]
    assert told == "14 files: 12 done already; 2 waiting"


def test_the_schema_knows_the_models(hotfolder: CommandLine) -> None:
    """The printed schema is JSON with the models' names, those of the config included."""
    path = hotfolder.config
    path.write_text(path.read_text() + OWN)
    told = json.loads(hotfolder("schema").out)
    assert {NANO, "my/model"} <= set(told["$defs"]["Rule"]["properties"]["model"]["enum"])
    assert NANO in json.dumps(json.loads(hotfolder("schema", "sidecar").out)["properties"])
