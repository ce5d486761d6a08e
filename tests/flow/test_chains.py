"""Chains: results go on into further jobs, each paid once, and only the last are published."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tomli
from PIL import Image

from hotfolder import config
from hotfolder.config import recipes
from hotfolder.preflight import edits
from hotfolder.simulator import Fault
from hotfolder.views.anew import cost_of_anew
from hotfolder.watching import set_waits
from tests.catalogue import LARGE_FILM, SOUND
from tests.studio import RULE, picture

if TYPE_CHECKING:
    from tests.studio import Json, Studio

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "hotfolder/manual/chains.md").read_text()
SHOWN = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILM_FILE = ROOT / "tests/media/film.mp4"
EDIT = 'model = "qwen-image-2.0/image-edit"\nprompt = "Make it a summer day"'
LARGER = '[[watch.rule.then]]\nmodel = "hypir-balance"'
FILM = '[[watch.rule.then]]\nmodel = "hailuo-2.3/i2v-pro"\nprompt = "she turns"'
EDITED, ENLARGED = "rhart-image-x-official/edit", "image-enhance/hypir-balance"
THREE = f"{RULE}\n{LARGER}\n{FILM}"


def models(studio: Studio) -> list[str]:
    """Return the endpoints that were paid, in their order."""
    return [task.endpoint for task in studio.ledger().tasks]


def of_model(studio: Studio, model: str) -> Json:
    """Return the newest job of a model."""
    return [job for job in studio.jobs() if job["model"] == model][-1]


async def test_results_go_on(studio: Studio) -> None:
    """Three models one after the other: three tasks, one upload, and one film that is published."""
    studio.configure(rules=[THREE])
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"done": 3}, studio.summary()
    assert studio.outputs() == ["ann.mp4"]
    assert len(models(studio)) == 3
    assert studio.ledger().requests["upload"] == 1
    assert studio.status()["watches"][0]["counts"]["done"] == 1
    await studio.once()
    assert len(models(studio)) == 3


async def test_what_is_handed_on_is_published_where_that_is_wished(studio: Studio) -> None:
    """It is called by its step; the last results have the root's own name."""
    studio.configure(rules=[f"{RULE}\npublish = true\n{LARGER}\npublish = true\n{FILM}"])
    studio.drop("a/ann.jpg")
    await studio.once()
    assert studio.outputs() == ["a/ann.1.jpg", "a/ann.2.jpg", "a/ann.mp4"]
    assert len(models(studio)) == 3
    assert studio.ledger().requests["upload"] == 1


async def test_the_service_is_sent_the_untouched_bytes(studio: Studio) -> None:
    """What is finished is for those who look at it: the next model gets what the last one made."""
    rule = f'{RULE}\npublish = true\nformat = "webp"\nkeep_raw = true\n{LARGER}'
    studio.configure(rules=[rule], watch='label = "visible"')
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.outputs() == [
        "_raw/ann.1.jpg",
        "_raw/ann.jpg",
        "ann.1.webp",
        "ann.webp",
    ]
    sent = studio.ledger().tasks[1].input_sha256
    assert [studio.simulator.material(each) for each in sent] == [
        (studio.output / "_raw/ann.1.jpg").read_bytes()
    ]


async def test_each_result_goes_on_by_itself(studio: Studio) -> None:
    """Two pictures are two further jobs, with the names that the pictures would have had."""
    studio.configure(rules=[f'{EDIT}\nparams = {{ imageNum = "2" }}\n{LARGER}'])
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"done": 3}
    assert studio.outputs() == ["ann-2.jpg", "ann.jpg"]
    first, second = (Image.open(studio.output / each).tobytes() for each in studio.outputs())
    assert first != second


async def test_a_moderated_first_step_ends_it(studio: Studio) -> None:
    """Nothing follows what was never made."""
    studio.configure(rules=[THREE])
    studio.fault(Fault(call="submit", kind="fail_task", code="1501", times=1))
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"failed": 1}
    assert len(models(studio)) == 1
    assert studio.outputs() == []


async def test_a_retry_pays_only_the_step_that_failed(studio: Studio) -> None:
    """And the chain goes on from there; until then the picture counts as failed."""
    studio.configure(rules=[THREE], watch='originals = "move"')
    fault = Fault(call="submit", kind="fail_task", code="1501", times=1, contains="she turns")
    studio.fault(fault)
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"done": 2, "failed": 1}
    assert studio.status()["watches"][0]["counts"]["failed"] == 1
    assert (studio.input / "ann.jpg").exists()
    failed = of_model(studio, "hailuo-2.3/i2v-pro")
    await studio.act("retry", jobs=[failed["id"]])
    await studio.once()
    assert studio.states() == {"done": 3}
    assert "ann.mp4" in studio.outputs()
    assert len(models(studio)) == 4
    assert not (studio.input / "ann.jpg").exists()


async def test_a_step_that_is_given_up_publishes_what_is_there(studio: Studio) -> None:
    """The result that it was to take is published after all, and nothing further is entered."""
    studio.configure(rules=[THREE])
    studio.fault(Fault(call="submit", kind="code", code="416", contains="she turns"))
    studio.drop("ann.jpg")
    await studio.once()
    last = of_model(studio, "hailuo-2.3/i2v-pro")
    assert last["state"] == "uploaded", studio.summary()
    assert studio.outputs() == []
    await studio.act("cancel", jobs=[last["id"]])
    await studio.once()
    assert studio.outputs() == ["ann.jpg"]
    assert studio.states() == {"done": 2, "cancelled": 1}
    assert len(models(studio)) == 2
    assert studio.status()["watches"][0]["counts"]["done"] == 1


async def test_more_results_than_expected_wait_for_a_person(studio: Studio) -> None:
    """Where prices are to be confirmed: the first goes on, each further one only when released."""
    studio.simulator.update_settings(extra_results=1)
    studio.configure(rules=[f"{EDIT}\n{LARGER}"], limits="confirm_over = 50.0")
    studio.drop("ann.jpg")
    await studio.once()
    waiting = [job for job in studio.jobs() if job["error"]]
    assert [job["error"]["code"] for job in waiting] == ["to_confirm"], studio.summary()
    assert len(models(studio)) == 2
    studio.simulator.update_settings(extra_results=0)
    await studio.act("release", jobs=[waiting[0]["id"]])
    await studio.once()
    assert studio.states() == {"done": 3}, studio.summary()
    assert len(models(studio)) == 3


async def test_a_budget_sees_the_whole_chain(studio: Studio) -> None:
    """It is held before its first step is paid, though that alone would have room."""
    studio.configure(rules=[THREE], limits="daily_charge = 2.0")
    studio.drop("ann.jpg")
    await studio.once()
    assert models(studio) == []
    assert studio.hold_code() == "too_dear"
    studio.configure(rules=[THREE], limits="daily_charge = 4.0")
    await studio.once()
    assert studio.outputs() == ["ann.mp4"], studio.summary()


async def test_a_step_made_anew_goes_on_anew(studio: Studio) -> None:
    """What was before it is not paid again, nor what follows where the result is the same."""
    studio.configure(rules=[THREE])
    studio.drop("ann.jpg")
    await studio.once()
    await studio.act("retry", jobs=[of_model(studio, "hypir-balance")["id"]], pay_again=True)
    await studio.once()
    assert studio.states() == {"done": 5}, studio.summary()
    assert studio.outputs() == ["ann.mp4"]
    assert len(models(studio)) == 4


async def test_explain_tells_of_the_newest_step(studio: Studio) -> None:
    """With its place in the chain."""
    studio.configure(rules=[THREE])
    studio.drop("ann.jpg")
    await studio.once()
    told = studio.explain("ann.jpg")
    assert told["job"]["chain"] == {"root": 1, "step": 2, "of": 3}
    assert "ann.mp4" in told["reason"]
    assert [each["chain"]["step"] for each in told["others"]] == [1, 0]


async def test_a_doubt_in_the_middle(studio: Studio) -> None:
    """It waits for its answer as any other, and the chain goes on with the task that is found."""
    studio.configure(rules=[THREE])
    studio.fault(Fault(call="submit", kind="drop_after", times=1, skip=1))
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"done": 1, "in_doubt": 1}, studio.summary()
    assert studio.outputs() == []
    task = studio.ledger().tasks[1].task_id
    await studio.act("resolve", job=of_model(studio, "hypir-balance")["id"], task_id=task)
    await studio.once()
    assert studio.states() == {"done": 3}
    assert studio.outputs() == ["ann.mp4"]
    assert len(models(studio)) == 3


async def test_a_callback_ends_a_doubt_in_the_middle(studio: Studio) -> None:
    """The lost task is found by nobody's help, and the chain is paid three times in all."""
    studio.configure(rules=[THREE], callbacks=True)
    studio.fault(Fault(call="submit", kind="drop_after", times=1, skip=1))
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(done=3)
    assert studio.outputs() == ["ann.mp4"]
    assert len(models(studio)) == 3
    assert studio.ledger().requests["upload"] == 1


async def test_where_nothing_fits_what_was_made_is_published(studio: Studio) -> None:
    """The service made a sound where a picture was to come: the step is not paid, and says so."""
    sound = SOUND.decode("latin-1")
    studio.fault(Fault(call="download", kind="other_file", file=sound, times=1))
    studio.configure(rules=[THREE], watch='notes = "failures"')
    studio.drop("ann.jpg")
    await studio.once()
    failed = of_model(studio, "hypir-balance")
    assert failed["error"]["code"] == "no_fitting_result", studio.summary()
    assert "mp3" in failed["error"]["message"]
    assert studio.outputs() == ["ann.jpg.failed.txt", "ann.mp3"]
    assert len(models(studio)) == 1


async def test_a_note_tells_which_step_failed(studio: Studio) -> None:
    """By its job, beside the missing output; it goes away when the chain is through."""
    studio.configure(rules=[THREE], watch='notes = "failures"')
    fault = Fault(call="submit", kind="fail_task", code="1501", times=1, contains="she turns")
    studio.fault(fault)
    studio.drop("ann.jpg")
    await studio.once()
    (note,) = studio.outputs()
    assert note == "ann.jpg.failed.txt"
    failed = of_model(studio, "hailuo-2.3/i2v-pro")
    told = (studio.output / note).read_text("utf-8")
    assert told.startswith("ann.jpg, step 3 of 3, was not edited.\n")
    assert f"job {failed['id']}" in told
    await studio.act("retry", jobs=[of_model(studio, "hailuo-2.3/i2v-pro")["id"]])
    await studio.once()
    assert studio.outputs() == ["ann.mp4"]


async def test_an_emptied_spool_is_filled_again(studio: Studio) -> None:
    """What a step was to take is fetched once more, which is free."""
    studio.configure(rules=[f"{RULE}\n{LARGER}"])
    fault = Fault(call="submit", kind="fail_task", code="1501", times=1, skip=1)
    studio.fault(fault)
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"done": 1, "failed": 1}
    for each in (studio.state / "spool").iterdir():
        each.unlink()
    await studio.act("retry", jobs=[of_model(studio, "hypir-balance")["id"]])
    await studio.once()
    assert studio.states() == {"done": 2}, studio.summary()
    assert studio.outputs() == ["ann.jpg"]
    assert len(models(studio)) == 3


async def test_a_gone_source_stops_no_step(studio: Studio) -> None:
    """What follows needs only the result before it."""
    studio.configure(rules=[THREE])
    fault = Fault(call="submit", kind="fail_task", code="1501", times=1, contains="she turns")
    studio.fault(fault)
    studio.drop("ann.jpg")
    await studio.once()
    (studio.input / "ann.jpg").unlink()
    await studio.act("retry", jobs=[of_model(studio, "hailuo-2.3/i2v-pro")["id"]])
    await studio.once()
    assert studio.outputs() == ["ann.mp4"], studio.summary()


async def test_only_the_last_results_are_reviewed(studio: Studio) -> None:
    """One decision for a chain, once it is through."""
    studio.configure(rules=[THREE], watch="review = true")
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"done": 2, "fetched": 1}
    assert of_model(studio, "hailuo-2.3/i2v-pro")["waits_for"] == "review"


async def test_the_same_picture_again_is_free(studio: Studio) -> None:
    """Each step is known again, though what was handed on was published nowhere."""
    studio.configure(rules=[THREE])
    studio.drop("ann.jpg")
    await studio.once()
    studio.drop("bob.jpg")
    await studio.once()
    assert studio.outputs() == ["ann.mp4", "bob.mp4"], studio.summary()
    assert len(models(studio)) == 3


async def test_a_value_comes_from_a_file(studio: Studio) -> None:
    """An id that another watch published: waited for, sent as it stands, and stale once changed."""
    voice = studio.folder / "voice.txt"
    speak = f'model = "minimax/speech-2.8-hd"\nparams.voice_id = {{ file = "{voice.name}" }}'
    studio.configure(rules=[speak])
    studio.drop("fox.txt", "Good morning")
    await studio.once()
    assert studio.job("fox.txt")["error"]["code"] == "value_missing"
    voice.write_text("voice-ann\n")
    await studio.once()
    (task,) = studio.ledger().tasks
    assert task.params["voice_id"] == "voice-ann"
    assert studio.outputs() == ["fox.mp3"]
    voice.write_text("voice-bob-2\n")
    await studio.once()
    assert [job["stale"] for job in studio.jobs()] == [True]
    assert len(models(studio)) == 1


async def test_a_sidecar_names_no_file(studio: Studio) -> None:
    """Whoever drops files must not have others of this machine read and sent."""
    secret = studio.folder / "secret.txt"
    secret.write_text("secret")
    studio.configure(rules=[f'{EDIT}\nparams = {{ imageNum = "1" }}'])
    for number, stated in enumerate((f'{{ file = "{secret}" }}', f'"{{file:{secret}}}"')):
        studio.drop(f"p{number}.jpg", number=number)
        studio.drop(f"p{number}.toml", f"params = {{ negativePrompt = {stated} }}")
    await studio.once()
    assert {job["error"]["code"] for job in studio.jobs()} == {"sidecar_broken"}
    assert models(studio) == []


async def test_a_finished_chain_is_reused_whole(studio: Studio) -> None:
    """Though nothing is kept any more of what went on in it: each step is known by its hash."""
    studio.configure(rules=[THREE])
    studio.drop("ann.jpg")
    await studio.once()
    for each in (studio.state / "spool").iterdir():
        each.unlink()
    studio.simulator.expire_results()
    studio.drop("bob.jpg")
    await studio.once()
    assert studio.outputs() == ["ann.mp4", "bob.mp4"], studio.summary()
    assert len(models(studio)) == 3


async def test_what_is_left_of_a_chain_pays_nothing_by_itself(studio: Studio) -> None:
    """Where the rest is another one, and what it would go on with is gone, a person decides."""
    studio.configure(rules=[THREE])
    studio.drop("ann.jpg")
    await studio.once()
    for each in (studio.state / "spool").iterdir():
        each.unlink()
    studio.simulator.expire_results()
    studio.configure(rules=[f"{RULE}\n{FILM}"])
    studio.drop("bob.jpg")
    await studio.once()
    assert studio.outputs() == ["ann.mp4"]
    assert len(models(studio)) == 3
    assert "failed" in studio.states(), studio.summary()


async def test_what_goes_on_is_kept_for_a_while(studio: Studio) -> None:
    """A step made anew within 30 days has what it takes; after that the spool is empty."""
    studio.configure(rules=[f"{RULE}\n{LARGER}"])
    studio.drop("ann.jpg")
    await studio.once()
    studio.clock.forward(29 * 86_400)
    await studio.once()
    assert list((studio.state / "spool").iterdir())
    studio.clock.forward(2 * 86_400)
    await studio.once()
    assert not list((studio.state / "spool").iterdir())
    studio.simulator.expire_results()
    await studio.act("retry", jobs=[of_model(studio, "hypir-balance")["id"]], pay_again=True)
    await studio.once()
    assert models(studio) == [EDITED, ENLARGED, EDITED]  # which is made larger already
    assert studio.states() == {"done": 4}, studio.summary()


async def test_what_cannot_be_had_again_is_made_anew_with_what_follows(studio: Studio) -> None:
    """Where a step fails for it, nothing is paid by itself; one action pays from there on."""
    studio.configure(rules=[f"{RULE}\n{LARGER}"])
    studio.fault(Fault(call="submit", kind="fail_task", code="1501", times=1, skip=1))
    studio.drop("ann.jpg")
    await studio.once()
    for each in (studio.state / "spool").iterdir():
        each.unlink()
    studio.simulator.expire_results()
    studio.clock.forward(31 * 86_400)
    failed = of_model(studio, "hypir-balance")["id"]
    await studio.act("retry", jobs=[failed])
    await studio.once()
    assert of_model(studio, "hypir-balance")["error"]["code"] == "intermediate_gone"
    assert len(models(studio)) == 2
    assert "2 edits anew: about 1.14 CNY" in str(
        studio.read(cost_of_anew, [failed], None, by_old_plan=False)
    )
    (told,) = await studio.act("retry", jobs=[failed], pay_again=True)
    assert "made and paid anew" in told
    await studio.once()
    assert models(studio) == [EDITED, ENLARGED] * 2
    assert studio.outputs() == ["ann (2).jpg"], studio.summary()
    assert studio.status()["watches"][0]["counts"]["done"] == 1


async def test_a_further_step_pays_nothing_by_itself(studio: Studio) -> None:
    """What was done before is stale; retry --changed pays only for what is new."""
    studio.configure(rules=[RULE])
    studio.drop("ann.jpg")
    await studio.once()
    studio.configure(rules=[f"{RULE}\n{LARGER}"])
    await studio.once()
    assert [job["stale"] for job in studio.jobs()] == [True]
    assert len(models(studio)) == 1
    await studio.act("retry", jobs=[], changed=True)
    await studio.once()
    assert len(models(studio)) == 2, studio.summary()
    assert len(studio.outputs()) == 2


async def test_a_step_that_changes_before_it_is_paid(studio: Studio) -> None:
    """What the rule says then is what is made."""
    studio.configure(rules=[THREE])
    fault = Fault(call="submit", kind="fail_task", code="1501", times=1, contains="she turns")
    studio.fault(fault)
    studio.drop("ann.jpg")
    await studio.once()
    studio.configure(rules=[THREE.replace("she turns", "she sits down")])
    await studio.act("retry", jobs=[of_model(studio, "hailuo-2.3/i2v-pro")["id"]])
    await studio.once()
    assert studio.ledger().tasks[-1].prompt == "she sits down"
    assert studio.outputs() == ["ann.mp4"]


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ('model = "hypir"', "did you mean hypir"),
        (
            'model = "kling-lip-sync/identify-face"',
            "takes video, and the job before",
        ),
        ('model = "hypir-balance"\nparams = { none = 1 }', "has no parameter none"),
        ('model = "hailuo-2.3/i2v-pro"\nprompt = "{none}"', "there is no field {none}"),
        ('model = "qwen-image-2.0/text-to-image"\nprompt = "{previous}"', "makes an image"),
    ],
)
def test_what_cannot_follow_is_told_before_anything_is_paid(
    studio: Studio, then: str, said: str
) -> None:
    """With the line that it stands on."""
    path = studio.folder / "config.toml"
    path.write_text(path.read_text() + f"[[watch.rule.then]]\n{then}\n")
    (found,) = edits.problems(config.read(path, {}))
    assert said in found.message, found
    assert found.line


TELL = 'model = "rhart-text-g-25-flash/image-to-text"\nprompt = "Describe it"'
DRAW = '[[watch.rule.then]]\nmodel = "qwen-image-2.0/text-to-image"\nprompt = "{stem}: {previous}"'


async def test_words_go_on(studio: Studio) -> None:
    """What a model says of a picture is the prompt of the next one; nothing else is published."""
    studio.configure(rules=[f"{TELL}\n{DRAW}"])
    studio.drop("ann.jpg")
    studio.drop("bob.jpg")
    await studio.once()
    assert [name.rpartition(".")[0] for name in studio.outputs()] == ["ann", "bob"]
    assert [task.prompt for task in studio.ledger().tasks] == [
        "Describe it",
        "ann: SIMULATED: Describe it",
        "bob: SIMULATED: Describe it",
    ]
    assert studio.ledger().requests["upload"] == 1


async def test_words_that_lack_what_is_asked_for_are_told(studio: Studio) -> None:
    """With the text that was seen, which is published; the step is not paid."""
    studio.configure(rules=[f"{TELL}\n{DRAW.replace('{previous}', '{previous.faces.0.faceId}')}"])
    studio.drop("ann.jpg")
    await studio.once()
    failed = of_model(studio, "qwen-image-2.0/text-to-image")
    assert failed["error"]["code"] == "previous_lacks"
    assert "SIMULATED: Describe it" in failed["error"]["message"]
    assert studio.outputs() == ["ann.txt"]
    assert len(models(studio)) == 1


@pytest.mark.parametrize(
    "text", re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
)
async def test_the_chains_of_the_manual(studio: Studio, text: str) -> None:
    """Each chain that the manual shows is made to its end."""
    wanted = tomli.loads(text)["watch"][0]["rule"][0]
    rule = text.partition("[[watch.rule]]\n")[2].replace("  [[", "[[")
    door = studio.folder / "ends/door.jpg"
    door.parent.mkdir()
    door.write_bytes(picture(9))
    rule = rule.replace("/srv/studio", str(studio.folder))
    studio.configure(rules=[f"set_wait = 0.1\n{rule}"])
    recipe = wanted.get("recipe", "")
    drop(studio, recipe)
    await studio.once()
    then = recipes.shipped()[recipe]["then"] if recipe else wanted["then"]
    assert studio.states() == {"done": 1 + len(then)}, studio.summary()
    assert len(studio.outputs()) == (2 if recipe == "voice-clone" else 1)


DROPPED: dict[str, dict[str, bytes | str]] = {
    "kling-lip-sync": {"ann.mp4": LARGE_FILM, "ann.mp3": SOUND},
    "kling-lip-sync-text": {"ann.mp4": LARGE_FILM, "ann.txt": "Good morning to you all"},
    "kling-elements": {"fox/front.jpg": picture(1), "fox/left.jpg": picture(2)},
    "sora-character": {"ann.mp4": FILM_FILE.read_bytes()},
    "voice-clone": {"ann.mp3": SOUND, "ann.txt": "Good morning to you all"},
}
ASKED = {"edit-upscale-video", "kling-elements"}


def drop(studio: Studio, recipe: str) -> None:
    """Put what a recipe takes into the input folder."""
    for name, content in DROPPED.get(recipe, {"ann.jpg": picture(1)}).items():
        studio.drop(name, content)


@pytest.mark.parametrize("name", recipes.shipped())
async def test_each_recipe(studio: Studio, name: str) -> None:
    """From what is dropped to the last result, with a prompt where its first model wants one."""
    prompt = 'prompt = "a red fox in summer"' if name in ASKED else ""
    studio.configure(rules=[f'recipe = "{name}"\nset_wait = 0.1\n{prompt}'])
    drop(studio, name)
    await studio.once()
    assert set(studio.states()) == {"done"}, studio.summary()
    assert len(studio.outputs()) == (2 if name == "voice-clone" else 1)
    steps = len(recipes.shipped()[name]["then"])
    assert len(models(studio)) == steps + 1
    files = sum(not each.endswith(".txt") for each in DROPPED.get(name, {"ann.jpg": b""}))
    assert studio.ledger().requests.get("upload", 0) == files


LIP_SYNC = 'recipe = "kling-lip-sync"\nset_wait = 0.1'


@pytest.mark.parametrize("wrapped", [False, True])
async def test_lip_sync_presents_what_it_was_told(studio: Studio, *, wrapped: bool) -> None:
    """The session and the face, however they are spelt, and the sound as long as it is."""
    studio.simulator.update_settings(said_wrapped=wrapped)
    studio.configure(rules=[LIP_SYNC])
    drop(studio, "kling-lip-sync")
    await studio.once()
    assert studio.outputs() == ["ann.mp4"], studio.summary()
    first, last = studio.ledger().tasks
    number = first.task_id[-8:]
    assert last.params["sessionId"] == f"session-{number}"
    assert last.params["faceId"] == f"{number}-1"
    assert last.params["soundEndTime"] == 2000


async def test_several_faces_wait_until_one_is_meant(studio: Studio) -> None:
    """Nothing more is paid until then; a rule that says which lets it go on by itself."""
    studio.simulator.update_settings(faces=3)
    studio.configure(rules=[LIP_SYNC])
    drop(studio, "kling-lip-sync")
    await studio.once()
    waiting = of_model(studio, "kling-lip-sync/lip-sync-video")
    assert waiting["error"]["code"] == "several_faces"
    assert "3 faces" in studio.explain("ann.mp4")["reason"]
    assert studio.outputs() == []
    studio.configure(rules=[f"{LIP_SYNC}\nface = 2"])
    await studio.once()
    first, last = studio.ledger().tasks
    assert last.params["faceId"] == f"{first.task_id[-8:]}-2"
    assert studio.outputs() == ["ann.mp4"]
    await studio.once()
    assert [job["stale"] for job in studio.jobs()] == [False, False]


async def test_an_expired_session_is_told(studio: Studio) -> None:
    """The service's own reason, nothing paid for it; the first step is done and stays so."""
    studio.simulator.update_settings(said_ttl_s=-1.0)
    studio.configure(rules=[LIP_SYNC])
    drop(studio, "kling-lip-sync")
    await studio.once()
    failed = of_model(studio, "kling-lip-sync/lip-sync-video")
    assert failed["state"] == "failed"
    assert "sessionId is unknown or has expired" in failed["error"]["message"]
    assert len(models(studio)) == 1


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at once at what is left of a set that was sent, not after a minute."""
    monkeypatch.setattr(set_waits, "LONG_WAIT_S", 0.0)


@pytest.mark.usefixtures("_soon")
async def test_a_missing_member_is_waited_for(studio: Studio) -> None:
    """A sound that was taken away is told by its name; put back, the chain goes on with it."""
    studio.simulator.update_settings(faces=2)
    studio.configure(rules=[LIP_SYNC])
    drop(studio, "kling-lip-sync")
    await studio.once()
    (studio.input / "ann.mp3").unlink()
    studio.configure(rules=[f'{LIP_SYNC}\nface = "first"'])
    await studio.once()
    waiting = of_model(studio, "kling-lip-sync/lip-sync-video")
    assert waiting["error"]["code"] == "member_missing", waiting
    assert "ann.mp3" in waiting["error"]["message"]
    drop(studio, "kling-lip-sync")
    await studio.once()
    assert studio.outputs() == ["ann.mp4"], studio.summary()
    assert len(models(studio)) == 2


@pytest.mark.usefixtures("_soon")
async def test_a_member_that_changed_is_a_new_set(studio: Studio) -> None:
    """What waits for the sound of before waits on; the new pair is made and paid for itself."""
    studio.simulator.update_settings(faces=2)
    studio.configure(rules=[LIP_SYNC], watch='originals = "move"')
    drop(studio, "kling-lip-sync")
    await studio.once()
    studio.drop("ann.mp3", SOUND + b"\0")
    studio.configure(rules=[f'{LIP_SYNC}\nface = "first"'], watch='originals = "move"')
    await studio.once()
    waiting = [job for job in studio.jobs() if job["error"]]
    assert [job["error"]["code"] for job in waiting] == ["member_missing"], studio.summary()
    assert [job["stale"] for job in studio.jobs()].count(True) == 0
    assert len(studio.outputs()) == 1
    assert len(models(studio)) == 2
    await studio.act("cancel", jobs=[waiting[0]["id"]])
    await studio.once()
    assert not [each for each in studio.input.iterdir() if each.name[0] != "."], studio.summary()


async def test_another_sound_is_another_film(studio: Studio) -> None:
    """The same film with another sound: its faces are known, and only the lips are paid again."""
    studio.configure(rules=[LIP_SYNC])
    drop(studio, "kling-lip-sync")
    await studio.once()
    studio.drop("bob.mp4", LARGE_FILM)
    studio.drop("bob.mp3", SOUND + b"\0")
    await studio.once()
    assert studio.outputs() == ["ann.mp4", "bob.mp4"], studio.summary()
    assert [each.count("identify") for each in models(studio)] == [1, 0, 0]


async def test_a_step_has_constant_files_of_its_own(studio: Studio) -> None:
    """They go to the step that names them, and another one makes what is done stale."""
    last = studio.folder / "last.png"
    last.write_bytes(picture(7, "PNG"))
    model = '[[watch.rule.then]]\nmodel = "kling-v3.0-std-image-to-video"'
    film = f'{model}\nmedia = {{ last = "{last}" }}'
    rule = f'{RULE}\n{film}\nprompt = "she turns"'
    studio.configure(rules=[rule])
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.outputs() == ["ann.mp4"], studio.summary()
    first, second = studio.ledger().tasks
    assert (len(first.input_sha256), len(second.input_sha256)) == (1, 2)
    last.write_bytes(picture(8, "PNG"))
    await studio.once()
    assert len(models(studio)) == 2


async def test_a_failed_step_may_be_given_up(studio: Studio) -> None:
    """What was made before it is published, and nothing more is paid."""
    studio.configure(rules=[THREE])
    fault = Fault(call="submit", kind="fail_task", code="1501", times=1, contains="she turns")
    studio.fault(fault)
    studio.drop("ann.jpg")
    await studio.once()
    failed = of_model(studio, "hailuo-2.3/i2v-pro")
    (told,) = await studio.act("cancel", jobs=[failed["id"]])
    assert "published" in told
    await studio.once()
    assert studio.outputs() == ["ann.jpg"], studio.summary()
    assert studio.states() == {"done": 2, "cancelled": 1}
    assert len(models(studio)) == 3


async def test_a_dear_chain_waits_for_a_person(studio: Studio) -> None:
    """What is confirmed is the price of all of it, before its first step is paid."""
    studio.configure(rules=[THREE], limits="confirm_over = 3.5")
    studio.drop("ann.jpg")
    await studio.once()
    (held,) = studio.jobs()
    assert held["error"]["code"] == "to_confirm", studio.summary()
    assert "3.77" in held["error"]["message"]
    assert models(studio) == []
