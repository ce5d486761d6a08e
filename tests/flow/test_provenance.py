"""Where a picture comes from: every output can tell, and nothing of it is lost in silence."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from PIL import ImageChops

from hotfolder.journal import reading
from hotfolder.kinds.formats import PictureType
from hotfolder.kinds.metadata import containers
from hotfolder.kinds.metadata.containers import Blocks
from hotfolder.kinds.provenance import SIGNED
from hotfolder.simulator import Fault
from tests.pictures import noise, opened, saved, scene
from tests.provenance import looks_signed, needs_c2pa, signed, state
from tests.studio import RULE, picture

if TYPE_CHECKING:
    from pathlib import Path

    from tests.studio import Studio


def marked_result(studio: Studio) -> bytes:
    """Let the service answer every picture with one that has a manifest; return it."""
    content = looks_signed(PictureType.JPEG, saved(scene(), "JPEG"))
    path = studio.folder / "result.jpg"
    path.write_bytes(content)
    studio.simulator.update_settings(result_file=path)
    return content


def xmp_of(studio: Studio, name: str) -> bytes:
    """Return the XMP file beside an output."""
    return (studio.output / name).read_bytes()


async def test_a_manifest_stays_whole_and_the_metadata_goes_beside_it(studio: Studio) -> None:
    """The result is byte for byte the service's; `explain` says why; a redo finds nothing new."""
    content = marked_result(studio)
    studio.drop("a/ann.jpg")
    await studio.once()
    assert studio.outputs() == ["a/ann.jpg", "a/ann.xmp"]
    assert (studio.output / "a/ann.jpg").read_bytes() == content
    assert studio.job("a/ann.jpg")["task_id"].encode() in xmp_of(studio, "a/ann.xmp")
    assert "XMP file beside" in studio.explain("a/ann.jpg")["reason"]
    (job,) = studio.read(reading.jobs)
    assert job.results[0].companion == hashlib.sha256(xmp_of(studio, "a/ann.xmp")).hexdigest()
    assert list((studio.state / "spool").iterdir()) == []


async def test_what_goes_beside_an_output_replaces_nobodys_file(studio: Studio) -> None:
    """Where either name is taken, both get the next one; the two always belong together."""
    marked_result(studio)
    for taken in ("ann.xmp", "bob.jpg"):
        (studio.output / taken).write_text("mine")
    studio.drop("ann.jpg", number=1)
    studio.drop("bob.jpg", number=2)
    await studio.once()
    assert studio.outputs() == [
        *("ann (2).jpg", "ann (2).xmp", "ann.xmp"),
        *("bob (2).jpg", "bob (2).xmp", "bob.jpg"),
    ]
    assert (studio.output / "ann.xmp").read_text() == "mine"


async def test_a_newer_edit_replaces_what_stands_beside_the_earlier_one(studio: Studio) -> None:
    """With collision = "replace" a picture and its XMP file are replaced together."""
    marked_result(studio)
    studio.configure(watch='collision = "replace"')
    studio.drop("ann.jpg", number=1)
    await studio.once()
    first = xmp_of(studio, "ann.xmp")
    studio.drop("ann.jpg", number=2)
    await studio.once()
    assert studio.outputs() == ["ann.jpg", "ann.xmp"]
    assert xmp_of(studio, "ann.xmp") != first


async def test_followers_get_an_xmp_file_of_their_own(studio: Studio) -> None:
    """The same picture elsewhere reuses the result, and is paid for once."""
    content = marked_result(studio)
    studio.drop("ann.jpg")
    studio.drop("bob.jpg")
    await studio.once()
    assert studio.outputs() == ["ann.jpg", "ann.xmp", "bob.jpg", "bob.xmp"]
    assert (studio.output / "bob.jpg").read_bytes() == content
    assert len(studio.ledger().tasks) == 1


async def test_our_xmp_files_speak_for_no_source(studio: Studio, tmp_path: Path) -> None:
    """In a folder that is another watch's input they are no sidecars: the rule's prompt counts."""
    marked_result(studio)
    told = Blocks(xmp=SAYS_WHAT_TO_DO.encode())
    studio.drop("ann.jpg", containers.write(PictureType.JPEG, picture(), told))
    await studio.once()
    assert b"Make it night" in xmp_of(studio, "ann.xmp")
    studio.input, studio.output, studio.state = studio.output, tmp_path / "two", tmp_path / "state2"
    studio.output.mkdir()
    studio.configure()
    (studio.input / "ann.xmp").rename(studio.input / "ann.jpg.xmp")
    await studio.once()
    (job,) = studio.read(reading.jobs)
    assert job.plan.prompt == "Make it a summer day"


SAYS_WHAT_TO_DO = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:p="http://ns.adobe.com/photoshop/1.0/" rdf:about=""'
    ' p:Instructions="Make it night"/></rdf:RDF></x:xmpmeta>'
)


async def test_the_result_as_it_came_is_kept_where_wanted(studio: Studio) -> None:
    """`keep_raw` puts it into `_raw`, unless the output is that already."""
    studio.configure(rules=[f'{RULE}\nkeep_raw = true\nformat = "png"'])
    studio.drop("a/ann.jpg")
    await studio.once()
    assert studio.outputs() == ["_raw/a/ann.jpg", "a/ann.png"]
    raw = (studio.output / "_raw/a/ann.jpg").read_bytes()
    assert b"hotfolder" not in raw
    (job,) = studio.read(reading.jobs)
    assert job.results[0].raw == hashlib.sha256(raw).hexdigest()
    marked_result(studio)
    studio.configure(rules=[f"{RULE}\nkeep_raw = true"])
    studio.drop("bob.jpg", number=2)
    await studio.once()
    assert studio.outputs() == ["_raw/a/ann.jpg", "a/ann.png", "bob.jpg", "bob.xmp"]


async def test_a_label_is_on_the_published_copy_alone(studio: Studio) -> None:
    """What the service made is kept beside where wanted, and a follower begins with that."""
    studio.configure(watch='label = "visible"', rules=[f"{RULE}\nkeep_raw = true"])
    studio.simulator.update_settings(result_type="png")
    studio.drop("ann.jpg")
    await studio.once()
    raw = opened((studio.output / "_raw/ann.png").read_bytes())
    made = opened((studio.output / "ann.png").read_bytes())
    box = ImageChops.difference(raw.convert("RGB"), made.convert("RGB")).getbbox()
    assert box is not None
    studio.configure(rules=[RULE])
    studio.fault(Fault(call="query", kind="error_before", status=503))
    studio.drop("bob.jpg")
    await studio.once()
    plain = opened((studio.output / "bob.png").read_bytes())
    assert ImageChops.difference(raw.convert("RGB"), plain.convert("RGB")).getbbox() is None
    assert len(studio.ledger().tasks) == 1


async def test_a_labelled_output_is_no_others_result(studio: Studio) -> None:
    """Without the service's own file a follower asks for it anew, which is free."""
    studio.configure(watch='label = "visible"')
    studio.simulator.update_settings(result_type="png")
    studio.drop("ann.jpg")
    await studio.once()
    studio.configure(rules=[RULE])
    studio.drop("bob.jpg")
    await studio.once()
    ann, bob = (opened((studio.output / name).read_bytes()) for name in ("ann.png", "bob.png"))
    assert ImageChops.difference(ann.convert("RGB"), bob.convert("RGB")).getbbox() is not None
    assert len(studio.ledger().tasks) == 1


async def test_nothing_of_a_replaced_output_stays_beside_the_new_one(studio: Studio) -> None:
    """With collision = "replace": the earlier XMP file and untouched file go, nobody's own does."""
    marked_result(studio)
    studio.configure(watch='collision = "replace"', rules=[f"{RULE}\nkeep_raw = true"])
    studio.drop("ann.jpg", number=1)
    studio.drop("bob.jpg", number=2)
    await studio.once()
    assert studio.outputs() == ["ann.jpg", "ann.xmp", "bob.jpg", "bob.xmp"]
    (studio.output / "bob.xmp").write_text("mine")
    (studio.folder / "result.jpg").write_bytes(saved(scene(), "JPEG"))
    studio.drop("ann.jpg", number=3)
    studio.drop("bob.jpg", number=4)
    await studio.once()
    assert studio.outputs() == ["_raw/ann.jpg", "_raw/bob.jpg", "ann.jpg", "bob.jpg", "bob.xmp"]
    assert (studio.output / "bob.xmp").read_text() == "mine"
    made = saved(noise((64, 48), 7), "JPEG")
    (studio.folder / "result.jpg").write_bytes(made)
    studio.drop("ann.jpg", number=5)
    await studio.once()
    assert studio.outputs() == ["_raw/ann.jpg", "_raw/bob.jpg", "ann.jpg", "bob.jpg", "bob.xmp"]
    assert (studio.output / "_raw/ann.jpg").read_bytes() == made
    marked_result(studio)
    studio.drop("ann.jpg", number=6)
    await studio.once()
    assert studio.outputs() == ["_raw/bob.jpg", "ann.jpg", "ann.xmp", "bob.jpg", "bob.xmp"]


@needs_c2pa
async def test_no_output_has_a_broken_manifest(studio: Studio) -> None:
    """Of whatever kind and however it is finished, without any signing: whole, or told as gone."""
    rules = [f'{RULE}\nname = "{name}"\n{more}' for name, more in FINISHES.items()]
    studio.configure(watch='rules = "all"', rules=rules)
    for number, ending in enumerate(("jpg", "png", "webp", "gif", "tif", "avif")):
        form = {"jpg": "JPEG", "tif": "TIFF"}.get(ending, ending.upper())
        plain = saved(scene("P" if ending == "gif" else "RGB"), form)
        content = signed(SIGNED[ending], plain, "service")
        (studio.folder / f"result.{ending}").write_bytes(content)
        studio.simulator.update_settings(result_file=studio.folder / f"result.{ending}")
        studio.drop(f"{ending}.jpg", signed("image/jpeg", picture(number)))
        await studio.once()
    outputs = [name for name in studio.outputs() if not name.endswith(".xmp")]
    assert len(outputs) == 6 * len(FINISHES)
    for name in outputs:
        content = (studio.output / name).read_bytes()
        said = state(SIGNED[name.rpartition(".")[2]], content)
        if name.startswith("_raw/") or ".plain." in name:
            assert said == "Valid", name
        assert said in {"Valid", ""}, name
    done = [studio.read(reading.finished, job.id) for job in studio.read(reading.jobs)]
    told = [each for each in done if "without its C2PA manifest" in each]
    gone = [name for name in outputs if not _is_signed(studio, name)]
    assert len(told) == len(gone)


FINISHES = {
    "plain": "",
    "bare": 'metadata = "none"',
    "sized": 'size = "source"',
    "changed": 'format = "png"',
}


def _is_signed(studio: Studio, name: str) -> bool:
    content = (studio.output / name).read_bytes()
    return bool(state(SIGNED[name.rpartition(".")[2]], content))
