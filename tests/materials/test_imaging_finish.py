"""Imaging: results get back what their source had, as exiftool reads it."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from hotfolder.domain.preparation import Finish
from hotfolder.kinds.formats import PictureType
from hotfolder.kinds.metadata import containers, exif_merging, iptc, xmp
from hotfolder.kinds.metadata.containers import Blocks
from hotfolder.kinds.metadata.source_types import EDITED_BY_AI
from hotfolder.kinds.metadata.xmp import Note
from hotfolder.kinds.picture import source_metadata
from hotfolder.kinds.picture.finish import Finished, finish
from hotfolder.kinds.picture.inspect import inspect
from hotfolder.kinds.picture.source_metadata import SourceMetadata
from tests import pictures
from tests.pictures import (
    STUDIO_TAGS,
    needs_exiftool,
    needs_heif,
    noise,
    opened,
    saved,
    scene,
    see_through,
    srgb,
    tagged,
    told_by_exiftool,
)

if TYPE_CHECKING:
    from pathlib import Path

NOTE = Note(model="xai/grok", task_id="2013508786110730241", at="2026-05-01T12:00:00+00:00")
# What a result is before it is finished: smaller than its source, and bare.
BARE = {form: saved(scene(size=(80, 60)), form) for form in ("JPEG", "PNG", "WEBP")}


def kept_of(content: bytes) -> SourceMetadata:
    """Take what is kept of a source, through the form in which it is kept."""
    taken = source_metadata.of(inspect(content), content)
    return SourceMetadata.decoded(taken.encoded())


def source(folder: Path, form: str, *tags: str, terms: bytes = b"") -> SourceMetadata:
    """Make a source with a studio's metadata and return what is kept of it."""
    path = folder / f"source.{form.lower()}"
    content = saved(scene(), form)
    path.write_bytes(containers.write(inspect(content).type, content, Blocks(xmp=terms)))
    return kept_of(tagged(path, *STUDIO_TAGS, *tags))


def finished(
    content: bytes,
    kept: SourceMetadata | None,
    *,
    note: Note = NOTE,
    converted: bool = False,
    **wanted: Any,  # noqa: ANN401  fields of Finish
) -> Finished:
    """Finish a result."""
    return finish(content, kept, Finish(**wanted), note, converted=converted)


def read_back(folder: Path, made: Finished) -> dict[str, Any]:
    """Let exiftool read a result."""
    path = folder / f"result.{made.type.extension}"
    path.write_bytes(made.content)
    told = told_by_exiftool(path)
    assert "ExifTool:Error" not in told
    assert not [key for key in told if "Warning" in key], told
    return told


@needs_exiftool
@pytest.mark.parametrize("of_source", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("of_result", BARE)
def test_a_result_gets_its_sources_metadata(of_source: str, of_result: str, tmp_path: Path) -> None:
    """EXIF and XMP survive from any container into any, upright, in the new size."""
    kept = source(tmp_path, of_source, "-EXIF:Orientation=6")
    made = finished(BARE[of_result], kept)
    assert opened(made.content).tobytes() == opened(BARE[of_result]).tobytes()
    told = read_back(tmp_path, made)
    assert told["IFD0:Make"] == "Leica"
    assert told["IFD0:Copyright"] == "(c) Ann"
    assert told["ExifIFD:DateTimeOriginal"] == "2026:05:01 12:00:00"
    assert (told["ExifIFD:ExifImageWidth"], told["ExifIFD:ExifImageHeight"]) == (80, 60)
    assert told.get("IFD0:Orientation", 1) == 1
    assert told["GPS:GPSLatitude"] == pytest.approx(48.1, abs=1e-3)
    assert told["XMP-dc:Rights"] == "(c) Ann"
    assert told["XMP-xmp:Rating"] == 4
    assert told["XMP-photoshop:Headline"] == "Summer in Münich"


@needs_exiftool
@pytest.mark.parametrize("of_result", BARE)
def test_the_edit_is_noted(of_result: str, tmp_path: Path) -> None:
    """Model, task and time stand in the XMP, and the term for pictures edited by a model."""
    told = read_back(tmp_path, finished(BARE[of_result], None))
    assert told["XMP-iptcExt:DigitalSourceType"] == EDITED_BY_AI
    assert told["XMP-hotfolder:TaskId"] == "2013508786110730241" or told[
        "XMP-hotfolder:TaskId"
    ] == int("2013508786110730241")
    assert told["XMP-hotfolder:Model"] == "xai/grok"
    assert told["XMP-iptcExt:AISystemUsed"] == "xai/grok"
    assert not [key for key in told if "Prompt" in key]
    unsaid = finished(BARE[of_result], None, note=replace(NOTE, writer="Ann"))
    assert b"PromptWriter" not in unsaid.content
    prompt = "Make it <gold> & \x00 blue"
    asked = Note(model="m", task_id="1", at=NOTE.at, prompt=prompt, writer="Ann")
    told = read_back(tmp_path, finished(BARE[of_result], None, note=asked))
    assert told["XMP-iptcExt:AIPromptInformation"] == "Make it <gold> &  blue"
    assert told["XMP-iptcExt:AIPromptWriterName"] == "Ann"


@needs_exiftool
@pytest.mark.parametrize("of_result", BARE)
def test_the_place_is_left_out_by_choice(of_result: str, tmp_path: Path) -> None:
    """Without the place neither EXIF nor XMP knows it; the rest stays."""
    told = read_back(tmp_path, finished(BARE[of_result], source(tmp_path, "JPEG"), gps=False))
    assert not [key for key in told if "GPS" in key]
    assert told["IFD0:Make"] == "Leica"


@needs_exiftool
@pytest.mark.parametrize("text", ["Müller & Söhne", "plain"])
def test_iptc_survives_in_whatever_letters(text: str, tmp_path: Path) -> None:
    """Latin-1 goes into a JPEG byte for byte, and into XMP where there is no place for it."""
    block = b"".join(
        b"\x1c\x02" + bytes([number]) + len(value).to_bytes(2, "big") + value
        for number, value in ((105, text.encode("latin-1")), (25, b"one"), (25, b"two"))
    )
    path = tmp_path / "source.jpg"
    path.write_bytes(containers.write(PictureType.JPEG, saved(scene(), "JPEG"), Blocks(iptc=block)))
    kept = kept_of(path.read_bytes())
    assert kept.blocks.iptc == block
    told = read_back(tmp_path, finished(BARE["JPEG"], kept))
    assert told["IPTC:Headline"] == text
    for form in ("PNG", "WEBP"):
        told = read_back(tmp_path, finished(BARE[form], kept))
        assert told["XMP-photoshop:Headline"] == text
        assert told["XMP-dc:Subject"] == ["one", "two"]


@pytest.mark.parametrize("of_result", BARE)
def test_a_result_has_the_profile_of_what_was_sent(of_result: str) -> None:
    """The source's own where it was sent as it is, sRGB where it was converted, its own if any."""
    kept = SourceMetadata(blocks=Blocks(icc=srgb()), width=9, height=9)
    result = BARE[of_result]
    assert opened(finished(result, kept).content).info["icc_profile"] == srgb()
    assert "icc_profile" not in opened(finished(result, None).content).info
    converted = finished(
        result, SourceMetadata(blocks=Blocks(icc=b"x"), width=9, height=9), converted=True
    )
    assert opened(converted.content).info["icc_profile"][36:40] == b"acsp"
    wide = srgb().replace("sRGB".encode("utf-16-be"), "wide".encode("utf-16-be"))
    for of_source, looks_the_same in ((b"", True), (srgb(), True), (wide, False)):
        other = SourceMetadata(blocks=Blocks(icc=of_source), width=9, height=9)
        assert finished(result, other, converted=False).looks_the_same == looks_the_same
    assert not finished(result, kept, size="source").looks_the_same
    own = saved(scene(), of_result, icc_profile=srgb() + b"own")
    assert opened(finished(own, kept).content).info["icc_profile"] == srgb() + b"own"


@needs_exiftool
@pytest.mark.parametrize("wanted", ["jpeg", "png", "webp"])
@pytest.mark.parametrize("of_result", BARE)
def test_the_format_is_the_rules(wanted: str, of_result: str, tmp_path: Path) -> None:
    """A result of another type is converted, with its metadata; one of that type is not touched."""
    made = finished(BARE[of_result], source(tmp_path, "JPEG"), format=wanted)
    assert opened(made.content).format == {"jpeg": "JPEG", "png": "PNG", "webp": "WEBP"}[wanted]
    assert read_back(tmp_path, made)["IFD0:Make"] == "Leica"
    assert bool(made.notes) is (wanted.upper() != of_result)


def test_transparency_goes_on_white_where_jpeg_is_wanted() -> None:
    """A JPEG has no transparency."""
    made = finished(saved(see_through(), "PNG"), None, format="jpeg")
    assert opened(made.content).getpixel((140, 100)) == (255, 255, 255)


def test_a_result_gets_its_sources_size_when_asked() -> None:
    """It is brought to the pixels of the source and says so; a new shape is not stretched."""
    kept = SourceMetadata(blocks=Blocks(), width=321, height=240)
    made = finished(BARE["JPEG"], kept, size="source")
    assert opened(made.content).size == (321, 240)
    assert made.notes == ("brought from 80 x 60 to 321 x 240 pixels",)
    square = saved(scene(size=(64, 64)), "PNG")
    assert opened(finished(square, kept, size="source").content).size == (240, 240)


def test_nothing_asked_nothing_changed() -> None:
    """Metadata = "none" leaves the result as the service made it, byte for byte."""
    kept = SourceMetadata(blocks=Blocks(icc=srgb()), width=1, height=1)
    for content in BARE.values():
        assert finished(content, kept, metadata="none").content == content


@pytest.mark.parametrize("of_result", BARE)
@pytest.mark.parametrize(
    "packet",
    [
        b"no xml",
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x:xmpmeta xmlns:x="adobe:ns:meta/">&a;</x:xmpmeta>',
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>",
        b"<a/>" * 1000,
        b"<x>" * 100_000,
        b"\xff\xfe<\x00x\x00",
    ],
    ids=["none", "doctype", "empty", "many roots", "deep", "utf-16"],
)
def test_a_packet_that_is_none_is_dropped(packet: bytes, of_result: str) -> None:
    """Broken or dangerous XMP costs nothing but itself."""
    kept = SourceMetadata(blocks=Blocks(xmp=packet, exif=b"II*\0", iptc=b"\x1c"), width=1, height=1)
    made = finished(BARE[of_result], kept)
    assert b"TaskId" in containers.read(made.type, made.content).xmp


@needs_exiftool
@pytest.mark.parametrize("of_result", BARE)
def test_a_packet_larger_than_a_segment_is_kept(tmp_path: Path, of_result: str) -> None:
    """A JPEG has an extension for it, which is read as well as written; others need none."""
    story = "The sea. " * 12_000
    kept = source(tmp_path, "JPEG", f"-XMP-dc:Description={story}", "-XMP-photoshop:City=Köln")
    assert len(kept.blocks.xmp) > 100_000
    told = read_back(tmp_path, finished(BARE[of_result], kept))
    assert told["XMP-dc:Description"].strip() == story.strip()
    assert (told["XMP-photoshop:City"], told["XMP-xmp:Rating"]) == ("Köln", 4)
    assert told["XMP-iptcExt:DigitalSourceType"] == EDITED_BY_AI
    assert "ExifTool:Warning" not in told


@needs_exiftool
def test_private_parts_of_an_extension_are_not_published(tmp_path: Path) -> None:
    """Whichever part of a large packet says where the picture was taken."""
    kept = source(tmp_path, "JPEG", f"-XMP-exif:GPSAreaInformation={'home ' * 20_000}")
    assert b"GPSAreaInformation" in kept.blocks.xmp
    made = finished(BARE["JPEG"], kept, gps=False)
    assert b"home home" not in made.content


def test_exif_too_large_for_a_jpeg_is_left_out() -> None:
    """A block of more than a segment holds costs its maker's notes, else itself; that is told."""
    words = ("t0x010E", "t0x010F", "t0x0110", "t0x0131", "t0x013B", "t0x8298")
    block = pictures.tags(**dict.fromkeys(words, "x" * 20_000))
    made = finished(BARE["JPEG"], SourceMetadata(blocks=Blocks(exif=block), width=1, height=1))
    assert containers.read(made.type, made.content).exif == b""
    assert "EXIF is too large" in made.notes[-1]


@needs_exiftool
@needs_heif
def test_a_heics_metadata_is_kept(tmp_path: Path) -> None:
    """A phone's HEIC gives its EXIF to the result."""
    package = pytest.importorskip("pillow_heif")
    package.register_heif_opener()
    content = saved(scene(), "HEIF", exif=pictures.exif())
    told = read_back(tmp_path, finished(BARE["JPEG"], kept_of(content)))
    assert told["IFD0:Make"] == "Leica"


def test_a_results_own_words_are_kept() -> None:
    """What the service itself noted stays, unless the source says otherwise."""
    own = xmp.finished(b"", b"", size=(1, 1), private=(), note=None, texts={5: ["By the service"]})
    content = containers.write(PictureType.PNG, BARE["PNG"], Blocks(xmp=own))
    made = finished(content, None)
    assert b"By the service" in containers.read(made.type, made.content).xmp


MARKS = (
    "-EXIF:ImageDescription=Signature: b3duZXI=",
    "-EXIF:Artist=7d1c9f4e-uuid",
    "-EXIF:Software=Imagine",
    "-EXIF:UserComment=seed 7",
    "-EXIF:XResolution=72",
    "-XMP-iptcExt:DigitalSourceType=" + EDITED_BY_AI.replace("compositeWithT", "t"),
    "-XMP-dc:Creator=Machine",
)


def marked(folder: Path, form: str, *tags: str) -> bytes:
    """Make a result that a service marked as made by it."""
    path = folder / f"marked.{form.lower()}"
    terms = packet(AISystemUsed="Imagine 2", AISystemVersionUsed="2.1")
    kind = inspect(BARE[form]).type
    path.write_bytes(containers.write(kind, BARE[form], Blocks(xmp=terms)))
    return tagged(path, *MARKS, *tags)


def packet(**terms: str) -> bytes:
    """Give XMP with IPTC's newer terms, which not every exiftool knows how to write."""
    said = " ".join(f'e:{name}="{text}"' for name, text in terms.items())
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        f' rdf:about="" {said}/></rdf:RDF></x:xmpmeta>'
    ).encode()


@needs_exiftool
@pytest.mark.parametrize("of_result", BARE)
def test_a_services_marks_stay_beside_the_sources(tmp_path: Path, of_result: str) -> None:
    """Where both name authors or programs, both stand there; what only one says stands there, too.

    Word for word it is kept as well, for whom it is delivered to next.
    """
    for order in ("MM", "II"):
        content = marked(tmp_path, of_result, f"-ExifByteOrder={order}")
        kept = source(
            tmp_path, "JPEG", "-EXIF:Software=Capture", terms=packet(AISystemUsed="Old 1")
        )
        told = read_back(tmp_path, finished(content, kept))
        assert told["IFD0:Artist"] == "Ann; 7d1c9f4e-uuid"
        assert told["XMP-dc:Creator"] == ["Ann", "Machine"]
        assert told["IFD0:ImageDescription"] == "Signature: b3duZXI="
        assert told["IFD0:Software"] == "Capture; Imagine"
        assert told["ExifIFD:UserComment"] == "seed 7"
        assert told["ExifIFD:SerialNumber"] == "SN-42"
        assert told["GPS:GPSLatitude"] == pytest.approx(48.1, abs=1e-3)
        assert told["XMP-iptcExt:DigitalSourceType"].endswith("/trainedAlgorithmicMedia")
        assert told["XMP-iptcExt:AISystemUsed"] == "Old 1; Imagine 2; xai/grok"
        assert told["XMP-iptcExt:AISystemVersionUsed"] == 2.1
    assert xmp.verbatim(containers.read(inspect(content).type, content).xmp) is None


@needs_exiftool
def test_iptc_of_both_is_kept_and_what_else_photoshop_wrote(tmp_path: Path) -> None:
    """Fields that the source lacks are added; further resources stay where they are."""
    content = marked(tmp_path, "JPEG", "-IPTC:Credit=Imagine", "-Photoshop:URL=https://a.example")
    kept = source(tmp_path, "JPEG", "-IPTC:Headline=Sea", "-IPTC:Credit=", "-IPTC:City=Rome")
    told = read_back(tmp_path, finished(content, kept))
    assert (told["IPTC:Headline"], told["IPTC:City"]) == ("Sea", "Rome")
    assert told["IPTC:Credit"] == "Imagine"
    assert told["Photoshop:URL"] == "https://a.example"


@needs_exiftool
@pytest.mark.parametrize("of_result", BARE)
def test_a_follower_gets_the_services_marks_and_nobody_elses(
    tmp_path: Path, of_result: str
) -> None:
    """Finished again for another source, a result has nothing of the first one."""
    first = finished(marked(tmp_path, of_result), source(tmp_path, "JPEG"))
    path = tmp_path / "second.jpg"
    path.write_bytes(saved(scene(), "JPEG"))
    second = kept_of(tagged(path, "-EXIF:Artist=Bob", "-XMP-dc:Rights=(c) Bob"))
    told = read_back(tmp_path, finished(first.content, second))
    assert told["IFD0:Artist"] == "Bob; 7d1c9f4e-uuid"
    assert told["XMP-dc:Rights"] == "(c) Bob"
    assert told["XMP-dc:Creator"] == "Machine"
    assert told["XMP-iptcExt:AISystemUsed"] == "Imagine 2; xai/grok"
    assert not [key for key in told if "Make" in key or "GPS" in key or "SerialNumber" in key]


@needs_exiftool
def test_makers_notes_are_not_moved_by_what_is_added(tmp_path: Path) -> None:
    """They hold offsets into their block: entries are added at its end."""
    for order in "<>":
        block = maker_noted(order)
        merged = exif_merging.merged(block, pictures.tags(t0x013B="uuid", t0x010E="Signature: x"))
        at = block.index(b"MAKER")
        assert merged[at : at + 25] == block[at : at + 25]
        path = tmp_path / "noted.jpg"
        path.write_bytes(containers.write(PictureType.JPEG, BARE["JPEG"], Blocks(exif=merged)))
        told = told_by_exiftool(path)
        assert (told["IFD0:Make"], told["IFD0:Artist"]) == ("Ann", "uuid")
        assert told["IFD0:ImageDescription"] == "Signature: x"


def maker_noted(order: str) -> bytes:
    """Give an EXIF block whose maker's notes stand at its end."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    first = struct.pack(order + "HHHI4sHHII", 2, 0x010F, 2, 4, b"Ann\0", 0x8769, 4, 1, 38)
    shot = struct.pack(order + "HHHIII", 1, 0x927C, 7, 25, 56, 0)
    return head + first + bytes(4) + shot + b"MAKER" + bytes(range(20))


@needs_exiftool
def test_marks_kept_as_imagemagick_does_are_read(tmp_path: Path) -> None:
    """A PNG's raw profiles count like its own blocks."""
    exif = b"Exif\0\0" + pictures.tags(t0x013B="uuid")
    text = b"\nexif\n%8d\n%s\n" % (len(exif), exif.hex().encode())
    body = b"Raw profile type exif\0\0" + zlib.compress(text)
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body
    chunk += struct.pack(">I", zlib.crc32(b"zTXt" + body))
    content = BARE["PNG"][:33] + chunk + BARE["PNG"][33:]
    told = read_back(tmp_path, finished(content, source(tmp_path, "JPEG")))
    assert told["IFD0:Artist"] == "Ann; uuid"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_reading_and_writing_metadata_are_inverse(kind: str) -> None:
    """What was spliced in is read back; spliced twice it stands there once."""
    long = bytes(range(256)) * 400
    blocks = Blocks(exif=pictures.exif()[6:], xmp=b"<x/>", icc=long, iptc=b"\x1c\x02\x69\0\1a")
    content = saved(noise((40, 30)), kind)
    kind_of = inspect(content).type
    once = containers.write(kind_of, content, blocks)
    expected = Blocks(exif=blocks.exif, xmp=blocks.xmp, icc=long, iptc=blocks.iptc)
    if kind == "WEBP":
        expected = Blocks(exif=blocks.exif, xmp=blocks.xmp, icc=long)
    assert containers.read(kind_of, once) == expected
    assert containers.write(kind_of, once, blocks) == once
    assert opened(once).tobytes() == opened(content).tobytes()


def test_photoshops_resources_hold_iptc_among_others() -> None:
    """IPTC is found among other resources with names and odd lengths."""
    other = b"8BIM\x03\xed\x03odd" + (5).to_bytes(4, "big") + b"12345\0"
    assert (
        iptc.of_resources(other + iptc.as_resources(b"\x1c\x02\x05\0\1x")) == b"\x1c\x02\x05\0\1x"
    )
    assert iptc.of_resources(b"8BIM\x04") == b""


def test_a_transparent_webp_stays_transparent() -> None:
    """Splicing into a plain WebP makes its header an extended one with the same pixels."""
    for image in (see_through(), Image.new("RGB", (7, 5), "red")):
        content = saved(image, "WEBP", lossless=True)
        made = finished(content, None)
        assert opened(made.content).tobytes() == opened(content).tobytes()
        assert opened(made.content).mode == opened(content).mode
