"""Further pictures of an edit: sent in their order, uploaded once, and never half of them."""

from __future__ import annotations

import hashlib
import io
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from hotfolder.cli import plan_pages
from hotfolder.domain.essences import VERSION
from hotfolder.journal import identities
from hotfolder.journal.connection import FILE_NAME
from hotfolder.planning import preview
from hotfolder.planning.outlook import Expecting
from hotfolder.simulator import Fault
from tests.pictures import exif, needs_heif, noise, opened, rated, saved, scene, see_through
from tests.studio import picture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.studio import Studio

NANO = "nano-banana2-gemini31flash/image-to-image-channel-low-price"
MIDJOURNEY = "midjourney-text-to-image-v61"
RULE = f'model = "{NANO}"\nprompt = "Put the logo on it"'
LOGO, STYLE = picture(901, "PNG"), picture(902)


def sha256(content: bytes) -> str:
    """Return a content's hash."""
    return hashlib.sha256(content).hexdigest()


def put(folder: Path, name: str, content: bytes) -> Path:
    """Write a reference somewhere."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def sent(studio: Studio) -> list[tuple[str, ...]]:
    """Return the hashes of the files that each task was given, in their order."""
    return [task.input_sha256 for task in studio.ledger().tasks]


async def test_a_rules_references_follow_the_picture(studio: Studio) -> None:
    """They are sent in the model's list, in order, and each is uploaded once for all pictures."""
    put(studio.folder, "logo.png", LOGO)
    put(studio.input, "ref/style.jpg", STYLE)
    studio.configure(rules=[f'{RULE}\nreferences = ["logo.png", "in/ref/style.jpg"]'])
    studio.drop_many(3)
    await studio.once()
    assert studio.states() == {"done": 3}, studio.summary()
    expected = [(sha256(picture(n)), sha256(LOGO), sha256(STYLE)) for n in range(3)]
    assert sorted(sent(studio)) == sorted(expected)
    assert studio.ledger().requests["upload"] == 5
    assert studio.outputs() == ["p000.jpg", "p001.jpg", "p002.jpg"]


async def test_a_model_with_single_pictures_takes_them_by_name(studio: Studio) -> None:
    """Where there is no list they go into the model's other pictures, in the model's order."""
    put(studio.folder, "logo.png", LOGO)
    put(studio.folder, "style.jpg", STYLE)
    rule = f'model = "{MIDJOURNEY}"\nprompt = "A poster"\nreferences = ["logo.png", "style.jpg"]'
    studio.configure(rules=[rule])
    studio.drop("ann.jpg")
    await studio.once()
    (task,) = studio.ledger().tasks
    assert set(task.params) == {"prompt", "imageUrl", "cref", "sref"}
    assert task.input_sha256 == (sha256(picture()), sha256(LOGO), sha256(STYLE))


async def test_a_sidecars_references_are_relative_to_it(studio: Studio) -> None:
    """They count instead of the rule's, and may lie in folders that the config allows."""
    allowed = put(studio.folder, "brand/logo.png", LOGO).parent
    studio.configure(
        watch=f'reference_folders = ["{allowed}"]',
        rules=[f'{RULE}\nexclude = ["*style*"]\nreferences = ["none.png"]'],
    )
    put(studio.input, "day/style.jpg", STYLE)
    studio.drop("day/ann.jpg")
    studio.drop("day/ann.toml", f'references = ["style.jpg", "{allowed}/logo.png"]')
    studio.drop("bob.jpg", number=2)
    studio.drop("bob.json", '{"references": []}')
    await studio.once()
    assert studio.states() == {"done": 2}, studio.summary()
    assert sorted(sent(studio), key=len) == [
        (sha256(picture(2)),),
        (sha256(picture()), sha256(STYLE), sha256(LOGO)),
    ]


@pytest.mark.parametrize(
    ("sidecar", "code"),
    [
        ('references = ["logo.png"]', "reference_missing"),
        ('references = ["text.png"]', "reference_broken"),
        ('references = ["link.png"]', "reference_missing"),
        ('references = ["../logo.png"]', "reference_outside"),
        ('references = ["/etc/passwd"]', "reference_outside"),
        ('references = [""]', "sidecar_broken"),
        (f"references = {['ann.jpg'] * 10}", "wrong_parameters"),
    ],
)
async def test_a_reference_that_cannot_be_sent_is_waited_for(
    studio: Studio, sidecar: str, code: str
) -> None:
    """Nothing is sent without what was meant to go with it, nor what a sidecar may not name."""
    studio.configure(rules=[f'{RULE}\nmatch = ["ann.jpg"]'])
    put(studio.folder, "logo.png", LOGO)
    put(studio.input, "text.png", b"no picture")
    (studio.input / "link.png").symlink_to(studio.folder / "logo.png")
    studio.drop("ann.jpg")
    studio.drop("ann.toml", sidecar)
    await studio.once()
    job = studio.job("ann.jpg")
    assert (job["state"], job["error"]["code"]) == ("accepted", code), studio.summary()
    assert not studio.ledger().tasks
    assert job["error"]["message"] in studio.explain("ann.jpg")["reason"]


async def test_a_reference_that_arrives_lets_its_pictures_go_on(studio: Studio) -> None:
    """It is looked for with every scan, wherever it lies."""
    studio.configure(
        watch="scan_interval = 0.2", rules=[f'{RULE}\nreferences = ["brand/logo.png"]']
    )
    async with studio.running():
        studio.drop("ann.jpg")
        await studio.until_states(accepted=1)
        assert studio.job("ann.jpg")["error"]["code"] == "reference_missing"
        put(studio.folder, "brand/logo.png", LOGO)
        await studio.until_states(done=1)
    assert sent(studio) == [(sha256(picture()), sha256(LOGO))]


async def test_a_reference_changed_before_the_submit_counts(studio: Studio) -> None:
    """What was uploaded of the old one is not sent; what was paid with it is not paid again."""
    studio.configure(rules=[f'{RULE}\nreferences = ["logo.png"]'])
    put(studio.folder, "logo.png", LOGO)
    studio.simulator.update_settings(key_kind="consumer")
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.holds() == ["account"]
    put(studio.folder, "logo.png", STYLE)
    studio.simulator.update_settings(key_kind="enterprise")
    await studio.once()
    assert sent(studio) == [(sha256(picture()), sha256(STYLE))]
    put(studio.folder, "logo.png", LOGO)
    await studio.once()
    assert len(sent(studio)) == 1


async def test_the_same_edit_with_another_reference_is_another_edit(studio: Studio) -> None:
    """References are part of what an edit is known by again: only the same ones are reused."""
    put(studio.input, "logo.png", LOGO)
    put(studio.input, "style.jpg", STYLE)
    studio.configure(rules=[f'{RULE}\nexclude = ["logo.png", "style.jpg"]'])
    for name, reference in (("a", "logo.png"), ("b", "logo.png"), ("c", "style.jpg")):
        studio.drop(f"{name}.jpg")
        studio.drop(f"{name}.toml", f'references = ["{reference}"]')
    await studio.once()
    assert studio.states() == {"done": 3}, studio.summary()
    assert len(studio.ledger().tasks) == 2


@pytest.mark.parametrize(
    "fault",
    [
        Fault(call="upload", kind="drop_after", times=2, skip=1),
        Fault(call="upload", kind="error_before", times=3),
        Fault(call="upload", kind="garbage", times=1),
    ],
    ids=lambda fault: fault.kind,
)
async def test_broken_uploads_are_tried_again(studio: Studio, fault: Any) -> None:  # noqa: ANN401
    """What is already uploaded is not sent again, and the edit gets all of its files."""
    put(studio.folder, "logo.png", LOGO)
    put(studio.folder, "style.jpg", STYLE)
    studio.configure(rules=[f'{RULE}\nreferences = ["logo.png", "style.jpg"]'])
    studio.fault(fault)
    studio.drop("ann.jpg")
    await studio.once()
    assert sent(studio) == [(sha256(picture()), sha256(LOGO), sha256(STYLE))], studio.summary()


async def test_expired_links_are_made_anew(studio: Studio) -> None:
    """A link lives for a day: what waits longer is uploaded again, references included."""
    put(studio.folder, "logo.png", LOGO)
    studio.configure(rules=[f'{RULE}\nreferences = ["logo.png"]'])
    studio.simulator.update_settings(key_kind="consumer")
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.ledger().requests["upload"] == 2
    studio.simulator.update_settings(key_kind="enterprise")
    studio.wait(25 * 3600)
    await studio.once()
    assert studio.states() == {"done": 1}, studio.summary()
    assert studio.ledger().requests["upload"] == 4


def heic() -> bytes:
    """Give a HEIC."""
    pillow_heif = pytest.importorskip("pillow_heif")
    image: Any = pillow_heif.from_pillow(scene())
    made = io.BytesIO()
    image.save(made)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "mode"),
    [
        ("logo.tif", lambda: saved(scene("CMYK"), "TIFF"), "RGB"),
        ("logo.gif", lambda: picture(1, "GIF"), "RGB"),
        ("logo.png", lambda: saved(see_through((700, 700)), "PNG") + bytes(1_000_000), "RGBA"),
        ("logo.jpg", lambda: saved(noise((900, 900)), "JPEG", quality=98), "RGB"),
        ("logo.jpg", lambda: saved(scene(), "JPEG", exif=exif(orientation=6)), "RGB"),
        pytest.param("logo.heic", heic, "RGB", marks=needs_heif),
    ],
    ids=["cmyk", "gif", "large-png", "large-jpeg", "turned", "heic"],
)
async def test_a_reference_is_made_fit_like_a_source(
    studio: Studio, name: str, content: Callable[[], bytes], mode: str
) -> None:
    """What the model would refuse is converted within the rule's limits, once for all pictures."""
    put(studio.folder, name, content())
    studio.configure(rules=[f'{RULE}\nmax_mb = 0.5\nreferences = ["{name}"]'])
    studio.drop_many(2)
    await studio.once()
    assert studio.states() == {"done": 2}, studio.summary()
    (_, one), (_, other) = sent(studio)
    image = opened(studio.simulator.material(one))
    assert one == other
    assert (image.format in {"JPEG", "PNG"}, image.mode) == (True, mode)
    assert len(studio.simulator.material(one)) <= 512 * 1024
    assert studio.ledger().requests["upload"] == 3
    assert f"Its reference {name} is converted: it " in studio.explain("p000.jpg")["reason"]


async def test_a_plan_says_why_a_reference_is_converted(studio: Studio) -> None:
    """So that nobody wonders what the model was given."""
    path = put(studio.folder, "logo.tif", saved(scene("CMYK"), "TIFF"))
    studio.configure(rules=[f'{RULE}\nreferences = ["logo.tif"]'])
    studio.drop("ann.jpg")
    at = datetime.now(UTC)
    (seen,) = [each async for each in preview.of_many(studio.config.watch[0], ["ann.jpg"], at)]
    (expected,) = Expecting(None).expected(studio.config.watch[0], [seen])
    told = plan_pages.listed(expected)
    assert told["references"] == [str(path)]
    assert told["reference_conversion"] == {
        str(path): ["it is a TIF, which this edit does not take", "it is in CMYK"]
    }
    assert told["conversion"] == []


@pytest.mark.parametrize("prepare", ["never", "fail"])
async def test_a_rule_that_converts_nothing_waits_for_a_fitting_reference(
    studio: Studio, prepare: str
) -> None:
    """It says what is wrong and what to do, and goes on when that is done."""
    put(studio.folder, "logo.tif", saved(scene(), "TIFF"))
    studio.configure(rules=[f'{RULE}\nprepare = "{prepare}"\nreferences = ["logo.tif"]'])
    studio.drop("ann.jpg")
    await studio.once()
    error = studio.job("ann.jpg")["error"]
    assert error["code"] == "reference_broken", studio.summary()
    assert "logo.tif cannot be sent" in error["message"]
    put(studio.folder, "logo.tif", LOGO)
    await studio.once()
    assert sent(studio) == [(sha256(picture()), sha256(LOGO))], studio.summary()


async def test_a_reference_that_cannot_be_decoded_is_tried_once(studio: Studio) -> None:
    """All its pictures wait and say so, nothing is paid, and a mended one lets them go on."""
    damaged = bytearray(saved(noise((64, 64)), "TIFF", compression="tiff_lzw"))
    damaged[2000:6000] = b"\xff" * 4000
    put(studio.folder, "logo.tif", bytes(damaged))
    studio.configure(rules=[f'{RULE}\nreferences = ["logo.tif"]'])
    studio.drop_many(3)
    await studio.once()
    assert studio.states() == {"accepted": 3}, studio.summary()
    error = studio.job("p001.jpg")["error"]
    assert error["code"] == "reference_broken"
    assert "logo.tif cannot be sent. The picture is damaged" in error["message"]
    assert not studio.ledger().tasks
    put(studio.folder, "logo.tif", saved(noise((64, 64)), "TIFF", compression="tiff_lzw"))
    await studio.once()
    assert studio.states() == {"done": 3}, studio.summary()


async def test_a_reference_overwritten_halfway_is_not_sent(studio: Studio) -> None:
    """A new head and an old tail: its pictures wait and say so, and a whole one lets them go on."""
    old, new = (saved(noise((640, 480), seed), "JPEG") for seed in (1, 2))
    put(studio.folder, "style.jpg", new[: len(new) // 2] + old[len(old) // 2 :])
    studio.configure(rules=[f'{RULE}\nreferences = ["style.jpg"]'])
    studio.drop_many(2)
    await studio.once()
    assert studio.states() == {"accepted": 2}, studio.summary()
    error = studio.job("p001.jpg")["error"]
    assert error["code"] == "reference_broken"
    assert "style.jpg cannot be sent. The picture is damaged" in error["message"]
    assert not {"upload", "submit"} & studio.ledger().requests.keys()
    put(studio.folder, "style.jpg", new)
    await studio.once()
    assert studio.states() == {"done": 2}, studio.summary()


async def test_private_metadata_of_a_reference_is_not_sent(studio: Studio) -> None:
    """What a rule keeps from being sent of its sources it keeps of its references, too."""
    put(studio.folder, "logo.jpg", saved(scene(), "JPEG", exif=exif()))
    studio.configure(rules=[f'{RULE}\nstrip = ["gps"]\nreferences = ["logo.jpg"]'])
    studio.drop("ann.jpg")
    await studio.once()
    ((_, reference),) = sent(studio)
    block = opened(studio.simulator.material(reference)).getexif()
    assert block[0x010F] == "Leica"
    assert not block.get_ifd(0x8825)


async def test_another_preparation_of_a_reference_makes_nothing_stale(studio: Studio) -> None:
    """How pictures are made fit is not what an edit asks for."""
    put(studio.folder, "logo.tif", saved(scene(), "TIFF"))
    studio.configure(rules=[f'{RULE}\nreferences = ["logo.tif"]'])
    studio.drop("ann.jpg")
    await studio.once()
    studio.configure(rules=[f'{RULE}\nmax_mb = 0.3\nreferences = ["logo.tif"]'])
    await studio.once()
    assert studio.states() == {"done": 1}
    assert not studio.job("ann.jpg")["stale"]
    assert len(sent(studio)) == 1


def in_rule(studio: Studio, name: str) -> None:
    """Have a rule of another name ask for the same: all that is done is judged anew."""
    studio.configure(rules=[f'name = "{name}"\n{RULE}\nreferences = ["style.jpg"]'])


async def test_a_rated_reference_is_the_same_one(studio: Studio) -> None:
    """New metadata make nothing stale, and the same edit is reused; another image is another."""
    put(studio.folder, "style.jpg", STYLE)
    in_rule(studio, "one")
    studio.drop("ann.jpg")
    await studio.once()
    put(studio.folder, "style.jpg", rated(STYLE, 4))
    in_rule(studio, "two")
    studio.drop("bob.jpg")
    await studio.once()
    assert studio.states() == {"done": 2}, studio.summary()
    assert not [each for each in studio.jobs() if each["stale"]]
    assert sent(studio) == [(sha256(picture()), sha256(STYLE))]
    put(studio.folder, "style.jpg", picture(903))
    in_rule(studio, "three")
    await studio.once()
    assert [each["source"] for each in studio.jobs() if each["stale"]] == ["ann.jpg", "bob.jpg"]


async def test_a_new_picture_sends_the_newest_bytes_of_a_reference(studio: Studio) -> None:
    """As of its source: what is not sent yet takes what stands there."""
    put(studio.folder, "style.jpg", STYLE)
    in_rule(studio, "one")
    studio.drop("ann.jpg")
    await studio.once()
    put(studio.folder, "style.jpg", rated(STYLE, 4))
    studio.drop("bob.jpg", number=2)
    await studio.once()
    assert sent(studio)[1] == (sha256(picture(2)), sha256(rated(STYLE, 4)))


async def test_what_is_not_changed_after_all_is_not_paid_by_retry_changed(studio: Studio) -> None:
    """A mark from before a reference was put back pays nothing, and goes."""
    put(studio.folder, "style.jpg", STYLE)
    in_rule(studio, "one")
    studio.drop("ann.jpg")
    await studio.once()
    put(studio.folder, "style.jpg", picture(903))
    in_rule(studio, "two")
    await studio.once()
    assert studio.job("ann.jpg")["stale"]
    put(studio.folder, "style.jpg", rated(STYLE, 2))
    (line,) = await studio.act("retry", jobs=[], changed=True)
    assert "left alone" in line
    await studio.once()
    assert studio.states() == {"done": 1}
    assert not studio.job("ann.jpg")["stale"]
    assert len(sent(studio)) == 1


async def test_what_an_older_program_sent_is_learned_in_the_background(studio: Studio) -> None:
    """So that a rating that comes after the upgrade makes nothing stale either."""
    put(studio.folder, "style.jpg", STYLE)
    in_rule(studio, "one")
    studio.drop("ann.jpg")
    await studio.once()
    with closing(sqlite3.connect(studio.state / FILE_NAME)) as opened, opened:
        opened.execute("DELETE FROM essence WHERE content_hash = ?", (sha256(STYLE),))
    async with studio.running():
        known = lambda: studio.read(identities.essence, sha256(STYLE), VERSION)  # noqa: E731
        await studio.until(known, "the essence of the reference")
    put(studio.folder, "style.jpg", rated(STYLE, 4))
    in_rule(studio, "two")
    await studio.once()
    assert not studio.job("ann.jpg")["stale"]
