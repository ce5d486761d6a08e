"""Where a picture's prompt and model come from, and what waits for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from hotfolder import views
from tests.studio import LOOK_S

if TYPE_CHECKING:
    from tests.studio import Studio

QWEN = "qwen-image-2.0/image-edit"
XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"><rdf:RDF>
 <rdf:Description photoshop:Instructions="{}" photoshop:Urgency="3"/></rdf:RDF></x:xmpmeta>"""
BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'
MENDED = {
    "toml": 'prompt = "Make it gold"',
    "json": '{"prompt": "Make it gold"}',
    "txt": "Make it gold",
    "xmp": XMP.format("Make it gold"),
}


async def prompt_of(studio: Studio, name: str = "ann.jpg") -> str:
    """Run, and return the prompt that the only picture was edited with."""
    await studio.once()
    assert studio.states() == {"done": 1}, studio.summary()
    (task,) = studio.ledger().tasks
    assert studio.job(name)["task_id"] == task.task_id
    return task.prompt


@pytest.mark.parametrize(
    ("files", "prompt"),
    [
        ({"ann.txt": "  Make it gold \n"}, "Make it gold"),
        ({"ann.jpg.txt": "\ufeffMake it gold"}, "Make it gold"),
        ({"ann.toml": 'prompt = "Make it gold"'}, "Make it gold"),
        ({"ann.jpg.toml": 'prompt = "Make it gold"', "ann.txt": "Make it blue"}, "Make it gold"),
        ({"ann.toml": 'prompt = "Make it gold"', "ann.jpg.txt": "Make it blue"}, "Make it gold"),
        ({"ann.txt": "Make it gold", "_prompt.txt": "Make it blue"}, "Make it gold"),
        ({"_prompt.txt": "Make it blue"}, "Make it blue"),
        ({"ann.toml": 'output_name = "x.{ext}"', "_prompt.txt": "Make it blue"}, "Make it blue"),
        ({"ann.json": '{"prompt": "Make it gold"}', "ann.jpg.txt": "Make it blue"}, "Make it gold"),
        ({"ann.toml": 'prompt = "Make it gold"', "ann.jpg.json": "{}"}, "Make it gold"),
        ({"ann.jpg.xmp": XMP.format("Make it gold"), "ann.xmp": "nonsense"}, "Make it gold"),
        ({"ann.xmp": XMP.format("Make it gold"), "_prompt.txt": "Make it blue"}, "Make it gold"),
        ({"ann.xmp": XMP.format(""), "_prompt.txt": "Make it blue"}, "Make it blue"),
        ({"ann.xmp": XMP.format("")}, "Make it a summer day"),
        ({"_rules.toml": 'prompt = "Make it blue"'}, "Make it blue"),
        ({"bob.txt": "Make it gold"}, "Make it a summer day"),
    ],
)
async def test_the_nearest_word_counts(studio: Studio, files: dict[str, str], prompt: str) -> None:
    """Key by key: the sidecar (TOML before text), the folder's prompt, the rule."""
    studio.drop("ann.jpg")
    for name, text in files.items():
        studio.drop(name, text)
    assert await prompt_of(studio) == prompt


async def test_the_nearest_folder_upwards_counts(studio: Studio) -> None:
    """A folder's prompt reaches down to where a nearer folder says otherwise."""
    studio.drop("_prompt.txt", "Make it of the root")
    studio.drop("a/_prompt.txt", "Make it of folder a")
    for number, name in enumerate(["top.jpg", "a/one.jpg", "a/b/two.jpg", "c/three.jpg"]):
        studio.drop(name, number=number)
    await studio.once()
    told = {task.task_id: task.prompt for task in studio.ledger().tasks}
    assert {job["source"]: told[job["task_id"]] for job in studio.jobs()} == {
        "top.jpg": "Make it of the root",
        "a/one.jpg": "Make it of folder a",
        "a/b/two.jpg": "Make it of folder a",
        "c/three.jpg": "Make it of the root",
    }


async def test_a_sidecar_names_its_output(studio: Studio) -> None:
    """A sidecar's output_name is filled in as a rule's is."""
    studio.drop("deep/ann.jpg")
    studio.drop("deep/ann.toml", 'output_name = "{stem} of {watch}.{ext}"')
    await studio.once()
    assert studio.outputs() == ["deep/ann of studio.jpg"]


async def test_another_model_drops_the_rules_params(studio: Studio) -> None:
    """Params belong to a model: where a sidecar changes it, the rule's are not sent."""
    studio.configure(
        watch='sidecar_models = ["xai/grok-imagine-image/edit-official-stable"]',
        rules=[f'model = "{QWEN}"\nprompt = "Make it gold"\nparams = {{ imageNum = "2" }}'],
    )
    studio.drop("ann.jpg")
    studio.drop("ann.toml", 'model = "xai/grok-imagine-image/edit-official-stable"')
    studio.drop("bob.jpg", number=2)
    studio.drop("bob.toml", 'params = { size = "1024*1024" }')
    await studio.once()
    assert studio.states() == {"done": 2}, studio.summary()
    sent = {task.task_id: task.params for task in studio.ledger().tasks}
    assert set(sent[studio.job("ann.jpg")["task_id"]]) == {"image", "prompt"}
    bob = sent[studio.job("bob.jpg")["task_id"]]
    assert (bob["imageNum"], bob["size"]) == ("2", "1024*1024")


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("ann.toml", f'model = "{QWEN}"', "sidecar_wrong"),
        ("ann.toml", 'model = "no-such-model"', "sidecar_wrong"),
        ("ann.toml", 'params = { size = "big" }', "wrong_parameters"),
        ("ann.toml", "prompt = gold", "sidecar_broken"),
        ("ann.toml", 'promt = "gold"', "sidecar_broken"),
        ("ann.toml", 'output_name = "../{stem}.{ext}"', "sidecar_broken"),
        ("ann.txt", "", "sidecar_broken"),
        ("ann.txt", " \n\t", "sidecar_broken"),
        ("ann.txt", b"Sch\xf6n", "sidecar_broken"),
        ("ann.txt", b"\0\0\0\0", "sidecar_broken"),
        ("ann.txt", "x" * 70_000, "sidecar_broken"),
        ("ann.txt", "x" * 5_000_000, "sidecar_broken"),
        ("ann.json", '{"prompt": "gold",}', "sidecar_broken"),
        ("ann.xmp", XMP.format("gold")[:-9], "sidecar_broken"),
        ("ann.xmp", BOMB, "sidecar_broken"),
        ("_prompt.txt", "", "sidecar_broken"),
        ("_rules.toml", 'promt = "gold"', "sidecar_broken"),
        ("_rules.toml", f'model = "{QWEN}"', "sidecar_wrong"),
    ],
)
async def test_what_cannot_be_understood_is_waited_for(
    studio: Studio, name: str, text: str | bytes, code: str
) -> None:
    """A picture never gets the rule's prompt in place of what its sidecar meant to say."""
    studio.drop("ann.jpg")
    studio.drop(name, text)
    await studio.once()
    job = studio.job("ann.jpg")
    assert (job["state"], job["waits_for"], job["error"]["code"]) == ("accepted", "sidecar", code)
    assert studio.ledger().requests.get("submit", 0) == 0
    told = studio.explain("ann.jpg")
    assert told["verdict"] == "waiting"
    assert job["error"]["message"] in told["reason"]
    assert studio.status()["waiting"] == {"sidecar": 1}
    studio.drop(name, MENDED[name.rpartition(".")[2]])
    assert await prompt_of(studio) == "Make it gold"


async def test_a_folder_may_choose_another_model(studio: Studio) -> None:
    """The params of the layers below a changed model are dropped, those above it are kept."""
    grok = "xai/grok-imagine-image/edit-official-stable"
    studio.configure(
        rules=[
            f'model = "{grok}"\nprompt = "Make it gold"',
            f'name = "two"\nmatch = ["never.jpg"]\nmodel = "{QWEN}"\nparams = {{ imageNum = "2" }}',
        ],
    )
    studio.drop("a/_rules.toml", f'model = "{QWEN}"\nparams = {{ imageNum = "2" }}')
    studio.drop("a/ann.jpg")
    studio.drop("a/ann.toml", 'params = { size = "1024*1024" }')
    studio.drop("a/b/bob.jpg", number=2)
    studio.drop("a/b/_rules.toml", f'model = "{grok}"')
    await studio.once()
    assert studio.states() == {"done": 2}, studio.summary()
    sent = {task.task_id: task.params for task in studio.ledger().tasks}
    ann = sent[studio.job("a/ann.jpg")["task_id"]]
    assert (ann["imageNum"], ann["size"], ann["prompt"]) == ("2", "1024*1024", "Make it gold")
    assert set(sent[studio.job("a/b/bob.jpg")["task_id"]]) == {"image", "prompt"}


async def test_a_folder_may_be_skipped_with_exceptions(studio: Studio) -> None:
    """Skip in a folder's file holds for all below it but for what says otherwise itself."""
    studio.drop("a/_rules.toml", "skip = true")
    studio.drop("a/ann.jpg")
    studio.drop("a/bob.jpg", number=2)
    studio.drop("a/bob.toml", "skip = false")
    await studio.once()
    assert [job["source"] for job in studio.jobs()] == ["a/bob.jpg"]
    assert studio.explain("a/ann.jpg")["verdict"] == "skipped"


async def test_a_required_sidecar_must_say_something(studio: Studio) -> None:
    """The XMP file that Lightroom writes for its own use is not the one that is waited for."""
    studio.configure(watch='sidecar = "required"')
    studio.drop("ann.jpg")
    studio.drop("ann.xmp", XMP.format(""))
    await studio.once()
    assert "ann.xmp says no prompt" in studio.job("ann.jpg")["error"]["message"]
    studio.drop("ann.xmp", XMP.format("Make it gold"))
    assert await prompt_of(studio) == "Make it gold"


async def test_a_skipped_picture_costs_nothing(studio: Studio) -> None:
    """With skip = true in the sidecar there is no job, and `explain` says so."""
    studio.drop("ann.jpg")
    studio.drop("ann.toml", "skip = true")
    await studio.once()
    assert studio.jobs() == []
    assert studio.explain("ann.jpg")["verdict"] == "skipped"
    assert studio.ledger().requests.get("upload", 0) == 0


@pytest.mark.parametrize("detect", ["events", "scan"])
async def test_a_sidecar_taken_away_no_longer_counts(studio: Studio, detect: str) -> None:
    """Without its skip or its mistake a picture is edited with the rule's prompt."""
    studio.configure(watch=f'detect = "{detect}"\nscan_interval = 0.2')
    skipping = studio.drop("ann.toml", "skip = true")
    broken = studio.drop("bob.txt", "")
    async with studio.running():
        studio.drop("ann.jpg")
        studio.drop("bob.jpg", number=2)
        await studio.until_states(accepted=1)
        await studio.until(lambda: studio.explain("ann.jpg")["verdict"] == "skipped", "the skip")
        skipping.unlink()
        broken.unlink()
        await studio.until_states(done=2)


@pytest.mark.parametrize("detect", ["events", "scan"])
async def test_a_picture_waits_for_its_prompt(studio: Studio, detect: str) -> None:
    """Without any prompt a picture waits and says so, and goes on when one arrives."""
    studio.configure(watch=f'detect = "{detect}"\nscan_interval = 0.2', rules=['match = ["*.jpg"]'])
    async with studio.running():
        studio.drop("ann.jpg")
        studio.drop("deep/bob.jpg", number=2)
        await studio.until_states(accepted=2)
        assert {job["error"]["code"] for job in studio.jobs()} == {"no_prompt"}
        studio.drop("ann.txt", "Make it gold")
        await studio.until_states(accepted=1, done=1)
        assert studio.job("ann.jpg")["error"] is None
        studio.drop("deep/_prompt.txt", "Make it blue")
        await studio.until_states(done=2)
    assert [task.prompt for task in studio.ledger().tasks] == ["Make it gold", "Make it blue"]


@pytest.mark.parametrize("detect", ["events", "scan"])
async def test_a_required_sidecar_is_waited_for(studio: Studio, detect: str) -> None:
    """Under sidecar = "required" the rule's prompt alone does not start the edit."""
    studio.configure(watch=f'sidecar = "required"\ndetect = "{detect}"\nscan_interval = 0.2')
    async with studio.running():
        studio.drop("ann.jpg")
        await studio.until_states(accepted=1)
        assert studio.job("ann.jpg")["error"]["code"] == "sidecar_missing"
        studio.drop("ann.toml", "")
        await studio.until_states(done=1)
    assert [task.prompt for task in studio.ledger().tasks] == ["Make it a summer day"]


async def test_a_required_sidecar_that_does_not_come_is_reported(studio: Studio) -> None:
    """After orphan_after a person is told, once; the picture waits on, and goes when it comes."""
    studio.configure(watch='sidecar = "required"\norphan_after = 60.0')
    studio.drop("ann.jpg")
    await studio.once()

    def told() -> list[str]:
        seen = studio.read(views.status, studio.config).attention
        return [str(job.failure.code) for job in seen]

    assert told() == []
    studio.wait(61)
    async with studio.running():
        await studio.until(lambda: told() == ["sidecar_overdue"], "the report")
        assert "requires a sidecar" in studio.explain("ann.jpg")["reason"]
    await studio.once()
    assert told() == ["sidecar_overdue"]
    studio.drop("ann.txt", "Make it gold")
    assert await prompt_of(studio) == "Make it gold"
    assert told() == []


async def test_sidecars_can_be_switched_off(studio: Studio) -> None:
    """Under sidecar = "none" neither sidecars nor folder files are read."""
    studio.configure(watch='sidecar = "none"')
    for name in ("ann.txt", "_prompt.txt"):
        studio.drop(name, "Make it gold")
    studio.drop("ann.jpg")
    assert await prompt_of(studio) == "Make it a summer day"


async def test_a_sidecar_may_come_a_little_later(studio: Studio) -> None:
    """Within sidecar_wait the rule's prompt is not yet taken."""
    studio.configure(watch="sidecar_wait = 1.0")
    async with studio.running():
        studio.drop("ann.jpg")
        told = ""
        while "sidecar" not in told:
            told = " ".join(await studio.send("settling", watch="studio", path="ann.jpg"))
            await asyncio.sleep(LOOK_S)
            assert not studio.jobs()
        studio.drop("ann.txt", "Make it gold")
        await studio.until_states(done=1)
    assert [task.prompt for task in studio.ledger().tasks] == ["Make it gold"]


async def test_a_prompt_changed_before_the_submit_counts(studio: Studio) -> None:
    """Until the intent the sidecar may change; what is sent is what it says last."""
    studio.simulator.update_settings(key_kind="consumer")
    studio.drop("ann.jpg")
    studio.drop("ann.txt", "Make it gold")
    await studio.once()
    assert studio.holds() == ["account"]
    studio.simulator.update_settings(key_kind="enterprise")
    studio.drop("ann.txt", "Make it blue")
    assert await prompt_of(studio) == "Make it blue"
