"""Prompts with fields, prompts from files, and rules that look at the picture itself."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from hotfolder.kinds.formats import PictureType
from hotfolder.kinds.metadata import containers
from hotfolder.kinds.metadata.containers import Blocks
from tests import pictures
from tests.materials.test_imaging_metadata import XMP, dataset
from tests.pictures import noise, saved, scene
from tests.studio import picture

if TYPE_CHECKING:
    from tests.studio import Studio


def rule(prompt: str, more: str = "") -> str:
    """Return the lines of a rule."""
    return f"prompt = '''{prompt}'''\n{more}"


def sized(width: int, height: int, kind: str = "JPEG") -> bytes:
    """Return a picture of a size."""
    written = io.BytesIO()
    Image.new("RGB", (width, height), (9, 9, width % 256)).save(written, kind)
    return written.getvalue()


def tagged(number: int, headline: str = "", xmp: str = "") -> bytes:
    """Return a picture with metadata."""
    iptc = dataset(105, headline.encode()) if headline else b""
    blocks = Blocks(iptc=iptc, xmp=xmp.encode())
    return containers.write(PictureType.JPEG, picture(number), blocks)


def prompts(studio: Studio) -> dict[str, str]:
    """Return what was asked for each picture."""
    told = {task.task_id: task.prompt for task in studio.ledger().tasks}
    return {job["source"]: told[job["task_id"]] for job in studio.jobs() if job["task_id"]}


async def test_fields_are_filled_in(studio: Studio) -> None:
    """From path, rule, day and metadata; in a rule as in a sidecar."""
    template = "{stem}|{name}|{folder}|{parent}|{watch}|{rule}|{date}|{iptc.Headline|none} {{x}}"
    studio.configure(rules=[rule(template, 'name = "summer"')])
    studio.drop("day one/sea/ann.jpg", tagged(1, "Café"))
    studio.drop("bob.jpg", number=2)
    studio.drop("cid.jpg", number=3)
    studio.drop("cid.txt", "Make {stem} gold")
    await studio.once()
    day = studio.clock().astimezone().date().isoformat()
    assert prompts(studio) == {
        "day one/sea/ann.jpg": f"ann|ann.jpg|day one/sea|sea|studio|summer|{day}|Café {{x}}",
        "bob.jpg": f"bob|bob.jpg||in|studio|summer|{day}|none {{x}}",
        "cid.jpg": "Make cid gold",
    }


@pytest.mark.parametrize(
    ("prompt", "code", "words"),
    [
        ("Photo of {iptc.Headline}", "prompt_field_missing", "{iptc.Headline|"),
        ("Photo of {headline}", "prompt_field_unknown", "to mean a brace, write {{"),
    ],
)
async def test_a_prompt_with_a_hole_is_waited_for(
    studio: Studio, prompt: str, code: str, words: str
) -> None:
    """Nothing is paid for a prompt that nobody meant; a mended sidecar lets it go on."""
    studio.drop("ann.jpg")
    studio.drop("ann.txt", prompt)
    await studio.once()
    error = studio.job("ann.jpg")["error"]
    assert error["code"] == code
    assert words in error["message"] + error["hint"]
    assert not studio.ledger().tasks
    studio.drop("ann.txt", "Photo of {stem}")
    await studio.once()
    assert prompts(studio) == {"ann.jpg": "Photo of ann"}


async def test_the_day_is_that_of_the_acceptance(studio: Studio) -> None:
    """A {date} stays what it was while a job waits, and makes nothing new of a finished source."""
    studio.configure(rules=[rule("Dated {date}")])
    studio.simulator.update_settings(key_kind="consumer")
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.holds() == ["account"]
    day = studio.clock().astimezone().date().isoformat()
    studio.simulator.update_settings(key_kind="enterprise")
    studio.wait(3 * 86400)
    await studio.once()
    assert prompts(studio) == {"ann.jpg": f"Dated {day}"}
    studio.wait(86400)
    await studio.once()
    assert len(studio.ledger().tasks) == 1


async def test_a_prompt_from_a_file(studio: Studio) -> None:
    """It is read with the config and is a template like any other."""
    (studio.folder / "summer.txt").write_text("\ufeffMake {stem}\nsummer\n")
    studio.configure(rules=['prompt_file = "summer.txt"'])
    studio.drop("ann.jpg")
    await studio.once()
    assert prompts(studio) == {"ann.jpg": "Make ann\nsummer"}


@pytest.mark.parametrize(
    ("when", "taken"),
    [
        ('orientation = ["portrait"]', {"high.jpg"}),
        ('orientation = ["square", "landscape"]', {"wide.png", "rated.jpg", "plain.jpg"}),
        ("min_width = 40", {"wide.png"}),
        ("max_width = 40, min_height = 40", {"high.jpg"}),
        ('types = ["png"]', {"wide.png"}),
        ("min_rating = 4", {"rated.jpg"}),
        ("min_rating = 5", set()),
        ("min_rating = 0", {"high.jpg", "wide.png", "rated.jpg", "plain.jpg"}),
        ('labels = ["RED", "Blue"]', {"rated.jpg"}),
        ('types = ["jpg"], max_height = 32, min_rating = 1', {"rated.jpg"}),
    ],
)
async def test_rules_look_at_the_picture(studio: Studio, when: str, taken: set[str]) -> None:
    """By size, orientation, type, rating and label; what no rule takes is skipped and says so."""
    studio.configure(rules=[rule("Make it gold", f"when = {{ {when} }}")])
    studio.drop("high.jpg", sized(30, 60))
    studio.drop("wide.png", sized(64, 33, "PNG"))
    studio.drop("rated.jpg", tagged(1, xmp=XMP))
    studio.drop("plain.jpg", number=2)
    await studio.once()
    assert set(prompts(studio)) == taken
    for name in {"high.jpg", "wide.png", "rated.jpg", "plain.jpg"} - taken:
        told = studio.explain(name)
        assert (told["verdict"], "no rule" in told["reason"]) == ("skipped", True)


async def test_phones_and_cameras_pictures_are_looked_into(studio: Studio) -> None:
    """A prompt and a rule ask a HEIC, AVIF or raw file as they ask a JPEG."""
    asked = "when = { orientation = ['portrait'], min_rating = 4 }"
    studio.configure(rules=[rule("Make this {exif.Make} gold", asked)])
    exif = pictures.exif(orientation=6)
    studio.drop("high.avif", saved(scene(), "AVIF", exif=exif, xmp=XMP.encode()))
    studio.drop("wide.avif", saved(scene(), "AVIF", exif=pictures.exif(), xmp=XMP.encode()))
    await studio.once()
    assert prompts(studio) == {"high.avif": "Make this Leica gold"}
    assert studio.explain("wide.avif")["verdict"] == "skipped"


async def test_the_first_rule_that_holds_counts(studio: Studio) -> None:
    """A rule whose conditions do not hold leaves the picture to the next."""
    studio.configure(
        rules=[
            rule("Portrait edit", 'name = "p"\nwhen.orientation = ["portrait"]'),
            rule("Any edit", 'name = "any"'),
        ]
    )
    studio.drop("high.jpg", sized(30, 60))
    studio.drop("wide.jpg", sized(60, 30))
    await studio.once()
    assert prompts(studio) == {"high.jpg": "Portrait edit", "wide.jpg": "Any edit"}


@pytest.mark.parametrize("detect", ["events", "scan"])
async def test_a_picture_is_marked_later(studio: Studio, detect: str) -> None:
    """An XMP file beside it that gives the rating lets it be edited, without another prompt."""
    studio.configure(
        watch=f'detect = "{detect}"\nscan_interval = 0.2',
        rules=[rule("Make it gold", "when.min_rating = 3")],
    )
    async with studio.running():
        studio.drop("ann.jpg")
        await studio.until(lambda: studio.explain("ann.jpg")["verdict"] == "skipped", "skipped")
        studio.drop("ann.xmp", XMP.replace("dc:description", "dc:title"))
        await studio.until_states(done=1)
    assert prompts(studio) == {"ann.jpg": "Make it gold"}


@pytest.mark.parametrize("rating", ["NaN", "inf", "much", ""])
async def test_a_rating_that_is_no_number_is_none(studio: Studio, rating: str) -> None:
    """Nobody marked the picture, so nobody pays for it."""
    studio.configure(rules=[rule("Make it gold", "when.min_rating = 3")])
    studio.drop("ann.jpg")
    studio.drop("ann.xmp", XMP.replace('Rating="4"', f'Rating="{rating}"'))
    await studio.once()
    assert studio.jobs() == []


async def test_a_broken_picture_is_told_whatever_a_rule_asks_for(studio: Studio) -> None:
    """What cannot be looked at is not skipped silently."""
    studio.configure(rules=[rule("Make it gold", "when.min_width = 9000")])
    studio.drop("ann.jpg", b"no picture at all")
    await studio.once()
    assert studio.job("ann.jpg")["error"]["code"] == "not_a_picture"


@pytest.mark.parametrize("packing", ["raw", "packbits"])
async def test_large_tiffs_are_looked_into(studio: Studio, packing: str) -> None:
    """Only their two ends are read: size and metadata stand before the pixels, or behind them."""
    asked = "when = { min_width = 5000, max_height = 4700, min_rating = 4 }"
    studio.configure(rules=[rule("Make this {exif.Make} gold", asked)])
    words = {271: "Phase One", 700: XMP.encode()}
    content = saved(noise((5000, 4600)), "TIFF", compression=packing, tiffinfo=words)
    assert len(content) > 64 * 1024 * 1024
    studio.drop("ann.tif", content)
    await studio.once()
    assert prompts(studio) == {"ann.tif": "Make this Phase One gold"}
