"""Pictures that a model does not take as they are, from the input folder to what is sent."""

from __future__ import annotations

import hashlib
import os
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest

from hotfolder.kinds import packages
from hotfolder.kinds.formats import PictureType
from tests import pictures
from tests.materials.test_imaging_prepare import KINDS, LYING, needs
from tests.mounting import mount
from tests.pictures import needs_rawpy, noise, opened, saved, scene
from tests.studio import RULE

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

    from tests.studio import Studio

NANO = 'model = "nano-banana2-gemini31flash/image-to-image-channel-low-price"\n'
NAMES = {
    "tiff": "tif",
    "bmp": "bmp",
    "psd": "psd",
    "avif": "avif",
    "heic": "heic",
    "gif animated": "gif",
    "dng with preview": "dng",
    "jpeg cmyk": "jpg",
    "tiff pages": "TIFF",
}


def sent(studio: Studio) -> bytes:
    """Return what the only task was given."""
    (task,) = studio.ledger().tasks
    return studio.simulator.material(task.input_sha256[0])


def sent_picture(studio: Studio) -> Image.Image:
    """Return the picture that the only task was given."""
    return opened(sent(studio))


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=needs.get(kind, ()), id=kind) for kind in NAMES]
)
async def test_every_kind_of_picture_is_edited(studio: Studio, kind: str) -> None:
    """What the model does not take is converted for the upload; the original stays as it is."""
    original = KINDS[kind]()
    path = studio.drop(f"ann.{NAMES[kind]}", original)
    await studio.once()
    assert studio.states() == {"done": 1}, studio.summary()
    assert studio.outputs() == ["ann.jpg"]
    assert (sent_picture(studio).format, sent_picture(studio).size) == ("JPEG", (160, 120))
    assert path.read_bytes() == original
    (told,) = [studio.job(path.name)["conversion"]]
    assert told, "it is not said that the picture was converted"
    assert told[0] in studio.explain(path.name)["reason"]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
async def test_what_fits_is_sent_byte_for_byte(studio: Studio, form: str) -> None:
    """A picture that model and upload accept is not touched, metadata and profile included."""
    content = saved(scene(), form, exif=pictures.exif(), icc_profile=pictures.srgb())
    studio.drop("ann.jpg", content)
    await studio.once()
    assert sent(studio) == content
    assert studio.job("ann.jpg")["conversion"] == []


async def test_exif_that_lies_is_no_reason_to_fail(studio: Studio) -> None:
    """A picture whose EXIF makes no sense is sent as it is, and its edit is delivered."""
    content = saved(scene(), "JPEG", exif=LYING)
    studio.drop("ann.jpg", content)
    await studio.once()
    assert studio.states() == {"done": 1}
    assert sent(studio) == content


@needs_rawpy
async def test_a_raw_file_without_a_preview_is_developed_and_edited(studio: Studio) -> None:
    """Where the camera left no picture to send, one is developed from its raw pixels."""
    studio.drop("ann.dng", pictures.dng())
    await studio.once()
    assert studio.states() == {"done": 1}
    assert sent_picture(studio).size == (320, 240)


async def test_a_kind_whose_package_is_missing_says_what_to_install(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the package nothing is uploaded or paid, and the reason names it."""
    monkeypatch.setitem(packages.PACKAGES, PictureType.AVIF, ("no_such_module", "no-such-package"))
    studio.drop("ann.avif", KINDS["avif"]())
    await studio.once()
    error = studio.job("ann.avif")["error"]
    assert error["code"] == "no_decoder"
    assert f"{sys.executable} -m pip install no-such-package)" in error["hint"]
    assert "upload" not in studio.ledger().requests


async def test_a_picture_turned_by_exif_is_sent_upright(studio: Studio) -> None:
    """Not every model heeds EXIF: the pixels themselves are turned."""
    studio.drop("ann.jpg", saved(scene(), "JPEG", exif=pictures.exif(orientation=6)))
    await studio.once()
    assert sent_picture(studio).size == (120, 160)


async def test_a_picture_too_large_is_made_to_fit(studio: Studio) -> None:
    """Bytes above the model's limit cost quality, not the job."""
    content = saved(noise((2400, 2000)), "BMP")
    assert len(content) > 10_000_000
    studio.drop("ann.bmp", content)
    await studio.once()
    assert studio.states() == {"done": 1}
    assert len(sent(studio)) < 10 * 1024 * 1024
    assert sent_picture(studio).size == (2400, 2000)


async def test_a_file_beyond_what_is_read_at_once_is_made_to_fit(studio: Studio) -> None:
    """Files of hundreds of megabytes are looked at and converted outside of the daemon."""
    content = saved(noise((5000, 4600)), "TIFF")
    assert len(content) > 64 * 1024 * 1024
    studio.drop("ann.tif", content)
    await studio.once()
    assert studio.states() == {"done": 1}
    assert len(sent(studio)) <= 10 * 1024 * 1024


async def test_a_rule_has_limits_of_its_own(studio: Studio) -> None:
    """max_mb and max_megapixels hold below the model's."""
    studio.configure(rules=[f"{RULE}\nmax_mb = 0.1\nmax_megapixels = 0.01"])
    studio.drop("ann.png", saved(noise((400, 300)), "PNG"))
    await studio.once()
    image = sent_picture(studio)
    assert image.width * image.height <= 10_000
    assert len(sent(studio)) <= 100_000


async def test_private_metadata_is_not_sent(studio: Studio) -> None:
    """Strip takes the named metadata out of what is sent; no pixel changes."""
    studio.configure(rules=[f'{RULE}\nstrip = ["gps"]'])
    content = saved(scene(), "JPEG", exif=pictures.exif())
    studio.drop("ann.jpg", content)
    await studio.once()
    assert pictures.GPS not in sent_picture(studio).getexif()
    assert sent_picture(studio).tobytes() == opened(content).tobytes()
    assert sent_picture(studio).getexif()[pictures.MAKE] == "Leica"


async def test_the_same_original_is_uploaded_once_for_the_same_preparation(
    studio: Studio,
) -> None:
    """Two copies of a TIFF share an upload; another model's limits make another."""
    content = saved(scene(), "TIFF")
    studio.drop("ann.tif", content)
    await studio.once()
    studio.drop("bob.tif", content)
    await studio.once()
    assert studio.ledger().requests["upload"] == 1
    studio.configure(rules=[f"{NANO}{RULE}"])
    studio.drop("cat.tif", content)
    await studio.once()
    assert studio.states() == {"done": 3}
    assert studio.ledger().requests["upload"] == 2


async def test_a_changed_rule_prepares_anew_before_it_is_paid(studio: Studio) -> None:
    """What is converted for is the rule as it is when the edit is paid."""
    studio.drop("ann.tif", saved(scene(), "TIFF"))
    studio.simulator.update_settings(balance=0)
    await studio.once()
    assert studio.states() == {"uploaded": 1}
    studio.configure(rules=[f"{RULE}\nmax_megapixels = 0.01"])
    studio.simulator.update_settings(balance=100)
    await studio.act("resume")
    await studio.once()
    assert studio.states() == {"done": 1}
    assert sent_picture(studio).width < 160


@pytest.mark.parametrize("cut", [0.3, 0.9])
async def test_a_tiff_cut_short_waits_for_its_end(studio: Studio, cut: float) -> None:
    """A TIFF whose end is missing is neither uploaded nor paid; it may still be coming."""
    content = saved(scene(), "TIFF")
    studio.drop("ann.tif", content[: int(len(content) * cut)])
    await studio.once()
    job = studio.job("ann.tif")
    assert (job["state"], job["error"]["code"]) == ("accepted", "truncated")
    assert "upload" not in studio.ledger().requests


async def test_a_source_that_changes_while_it_waits_is_not_sent(studio: Studio) -> None:
    """What is sent was made of the very content that the job was accepted for."""
    path = studio.drop("ann.tif", saved(scene(), "TIFF"))
    studio.simulator.update_settings(balance=0)
    await studio.once()
    other = saved(noise((160, 120)), "TIFF")
    path.write_bytes(other)
    os.utime(path)
    studio.simulator.update_settings(balance=100)
    await studio.act("resume")
    await studio.once()
    assert studio.states() == {"cancelled": 1, "done": 1}
    (task,) = studio.ledger().tasks
    assert hashlib.sha256(sent(studio)).hexdigest() == task.input_sha256[0]
    assert len(studio.ledger().tasks) == 1


async def test_a_full_spool_is_not_the_pictures_fault(studio: Studio, small_spool: Path) -> None:
    """Without room to convert it a picture waits, however often that is tried."""
    content = saved(noise((480, 480)), "TIFF")
    studio.drop("ann.tif", content)
    async with studio.running():
        for times in range(1, 6):
            await studio.until(partial(studio.tried, "ann.tif", times), "a try")
            studio.wait(600)
        assert studio.states() == {"accepted": 1}
        assert "No space left" in studio.explain("ann.tif")["reason"]
        mount("-o", "remount,size=16m", str(small_spool))
        studio.wait(600)
        await studio.until_states(done=1)


async def lacking(studio: Studio, patch: pytest.MonkeyPatch, *names: str) -> None:
    """Drop AVIF pictures where nothing opens them, and see them fail."""
    with patch.context() as without:
        without.setitem(packages.PACKAGES, PictureType.AVIF, ("no_such_module", "pillow-avif"))
        for number, name in enumerate(names):
            studio.drop(name, saved(noise((64 + number, 48)), "AVIF"))
        await studio.once(release=True)
    assert studio.states() == {"failed": len(names)}
    patch.setattr(packages, "openers", lambda: {"pillow": "99.0"})


async def test_what_failed_for_want_of_a_package_is_edited_once_that_is_there(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Installing it and starting anew is enough: nobody has to run retry."""
    await lacking(studio, monkeypatch, "ann.avif")
    await studio.once()
    assert studio.states() == {"done": 1}, studio.summary()
    assert sent_picture(studio).format == "JPEG"
    assert studio.ledger().requests["upload"] == 1, "it was uploaded as it is first"


async def test_what_still_cannot_be_opened_stays_failed(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another package than the missing one changes nothing: it fails as before, and once."""
    with monkeypatch.context() as without:
        without.setitem(packages.PACKAGES, PictureType.AVIF, ("no_such_module", "pillow-avif"))
        studio.drop("ann.avif", KINDS["avif"]())
        await studio.once()
        without.setattr(packages, "openers", lambda: {"pillow": "99.0"})
        await studio.once()
    assert studio.states() == {"failed": 1}
    assert "upload" not in studio.ledger().requests


async def test_many_that_can_be_opened_at_last_are_held(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than limits.backlog old failures are a backlog: a person lets them go, and they go."""
    studio.configure(limits="backlog = 2")
    await lacking(studio, monkeypatch, "a.avif", "b.avif", "c.avif")
    await studio.once()
    assert studio.states() == {"failed": 3}
    hold = studio.hold()
    assert (hold["scope"], hold["count"], hold["code"]) == ("backlog:studio", 3, "backlog")
    assert hold["estimate"] > 0
    told = studio.explain("a.avif")
    assert (told["verdict"], "installed" in told["reason"]) == ("held", True)
    await studio.once()
    assert studio.states() == {"failed": 3}
    await studio.act("release", watch="studio")
    await studio.once()
    assert studio.states() == {"done": 3}, studio.summary()


async def test_those_that_were_left_out_stay_so(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever released them with --skip is not asked again at the next start."""
    studio.configure(limits="backlog = 2")
    await lacking(studio, monkeypatch, "a.avif", "b.avif", "c.avif")
    await studio.once()
    await studio.act("release", watch="studio", skip=True)
    await studio.once()
    assert studio.states() == {"failed": 3}
    assert not studio.status()["holds"]
