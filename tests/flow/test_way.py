"""The way of a picture, from the input folder to its edit in the mirrored one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:
    from tests.studio import Studio

QWEN = "qwen-image-2.0/image-edit"


async def test_every_picture_is_edited_once_into_the_mirrored_folder(studio: Studio) -> None:
    """Pictures of all depths are paid once each and their edits stand at the mirrored places."""
    names = ["ann.jpg", "bob.png", "wedding/cake.jpg", "wedding/church/ring.jpg"]
    for number, name in enumerate(names):
        studio.drop(name, number=number)
    await studio.once()
    assert studio.outputs() == names
    assert studio.states() == {"done": 4}
    assert [job["outputs"] for job in studio.jobs()] == [[name] for name in sorted(names)]
    ledger = studio.ledger()
    assert len(ledger.tasks) == 4
    assert {task.prompt for task in ledger.tasks} == {"Make it a summer day"}
    assert studio.status()["charges"]["total"] == float(ledger.charged)
    assert ledger.requests.get("download_with_key", 0) == 0
    with Image.open(studio.output / "wedding" / "church" / "ring.jpg") as edited:
        edited.load()
    assert (studio.output / "ann.jpg").read_bytes() != (studio.input / "ann.jpg").read_bytes()


async def test_what_is_no_picture_is_left_alone(studio: Studio) -> None:
    """Notes, hidden files, litter and links are no sources, and `explain` says so."""
    for name in ("notes.md", ".hidden.jpg", "Thumbs.db", "copy.jpg.part", "@eaDir/ann.jpg"):
        studio.drop(name)
    (studio.folder / "elsewhere.jpg").write_bytes(studio.drop("ann.jpg").read_bytes())
    (studio.input / "link.jpg").symlink_to(studio.folder / "elsewhere.jpg")
    await studio.once()
    assert studio.outputs() == ["ann.jpg"]
    assert len(studio.ledger().tasks) == 1
    for name in ("notes.md", ".hidden.jpg", "copy.jpg.part", "@eaDir/ann.jpg", "link.jpg"):
        assert studio.explain(name)["verdict"] == "ignored"


async def test_a_watch_that_is_not_recursive_takes_its_own_folder_only(studio: Studio) -> None:
    """With recursive = false, pictures of subfolders are ignored."""
    studio.configure(watch="recursive = false")
    studio.drop("ann.jpg")
    studio.drop("deep/bob.jpg", number=2)
    await studio.once()
    assert studio.outputs() == ["ann.jpg"]
    assert studio.explain("deep/bob.jpg")["verdict"] == "ignored"


async def test_twins_get_outputs_of_their_own(studio: Studio) -> None:
    """Names that one share would take for the same get distinct outputs."""
    composed, decomposed = "caf\u00e9.jpg", "cafe\u0301.jpg"
    for number, name in enumerate(["ANN.JPG", "ann.jpg", "ann.png", composed, decomposed]):
        studio.drop(name, number=number)
    await studio.once()
    outputs = studio.outputs()
    assert len({name.casefold() for name in outputs}) == len(outputs) == 5
    assert {"ANN.jpg", "ann-jpg.jpg", "ann-png.png"} <= set(outputs)
    assert studio.states() == {"done": 5}


async def test_a_foreign_file_is_never_overwritten(studio: Studio) -> None:
    """A file that somebody else wrote keeps its name and content; ours takes the next."""
    studio.drop("ann.jpg")
    (studio.output / "ann.jpg").write_bytes(b"somebody's")
    await studio.once()
    assert studio.outputs() == ["ann (2).jpg", "ann.jpg"]
    assert (studio.output / "ann.jpg").read_bytes() == b"somebody's"
    assert studio.job("ann.jpg")["outputs"] == ["ann (2).jpg"]


async def test_several_results_of_one_task_are_numbered(studio: Studio) -> None:
    """Three results of one paid task become ann, ann-2 and ann-3."""
    rule = f'model = "{QWEN}"\nprompt = "Make it gold"\nparams = {{ imageNum = "3" }}'
    studio.configure(rules=[rule])
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.outputs() == ["ann-2.jpg", "ann-3.jpg", "ann.jpg"]
    assert studio.job("ann.jpg")["outputs"] == ["ann.jpg", "ann-2.jpg", "ann-3.jpg"]
    assert len(studio.ledger().tasks) == 1


async def test_all_rules_make_a_job_each(studio: Studio) -> None:
    """Under rules = "all" every matching rule makes an edit, named after it."""
    rules = [f'name = "{name}"\nprompt = "Make it {name}"' for name in ("gold", "blue")]
    studio.configure(watch='rules = "all"', rules=rules)
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.outputs() == ["ann.blue.jpg", "ann.gold.jpg"]
    assert sorted(task.prompt for task in studio.ledger().tasks) == ["Make it blue", "Make it gold"]


async def test_rules_that_give_the_same_plan_pay_once(studio: Studio) -> None:
    """Two rules that come to the same edit collapse into one job."""
    rules = [f'name = "{name}"\nprompt = "Make it gold"' for name in ("one", "two")]
    studio.configure(watch='rules = "all"', rules=rules)
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.outputs() == ["ann.one.jpg"]
    assert len(studio.ledger().tasks) == 1


async def test_the_first_matching_rule_counts(studio: Studio) -> None:
    """Globs choose the rule, case ignored, and an excluded file is nobody's."""
    studio.configure(
        rules=[
            'name = "night"\nmatch = ["night/**"]\nprompt = "Make it night"',
            'name = "day"\nmatch = ["*.jpg"]\nexclude = ["*-raw.jpg"]\nprompt = "Make it day"',
        ]
    )
    for number, name in enumerate(["Night/a.jpg", "b.JPG", "c-raw.jpg"]):
        studio.drop(name, number=number)
    await studio.once()
    assert studio.outputs() == ["Night/a.jpg", "b.jpg"]
    assert studio.job("Night/a.jpg")["rule"] == "night"
    assert studio.job("b.JPG")["rule"] == "day"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(b"ann\xff\xfe.jpg", id="broken UTF-8"),
        pytest.param(b"two\nlines\t.jpg", id="newline"),
        pytest.param("\U0001f469\u200d\U0001f469\u200d\U0001f467.jpg".encode(), id="emoji"),
        pytest.param(b"x" * 251 + b".jpg", id="255 bytes"),
        pytest.param(b'what? a "name" [red]<x>|*.jpg', id="what Windows refuses"),
        pytest.param(b"CON.jpg", id="a device of Windows"),
        pytest.param(b"  .jpg", id="blanks"),
    ],
)
async def test_any_file_name_goes_the_whole_way(studio: Studio, name: bytes) -> None:
    """Whatever bytes a name has, it gets one edit under a name that every share takes."""
    studio.drop(os.fsdecode(name))
    await studio.once()
    assert studio.states() == {"done": 1}
    (output,) = studio.outputs()
    assert output.encode("utf-8")
    assert len(output.encode()) <= 255
    assert not set(output) & set('<>:"\\|?*\n\t')
    assert studio.explain(os.fsdecode(name))["verdict"] == "job"
