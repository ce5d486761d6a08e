"""What a picture's metadata says in words: for prompts, and for rules that look at marks."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin

from hotfolder.kinds.formats import PictureError, TruncatedPicture
from hotfolder.kinds.metadata import containers, field_names, packets
from hotfolder.kinds.metadata.containers import Blocks
from hotfolder.kinds.picture import fields, source_metadata
from hotfolder.kinds.picture.inspect import inspect
from tests import pictures
from tests.pictures import STUDIO_TAGS, exif, needs_exiftool, needs_heif, saved, scene, tagged
from tests.tiles import phone_heic

if TYPE_CHECKING:
    from pathlib import Path

quick = settings(derandomize=True, max_examples=60, deadline=None, database=None)

XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/">
 <rdf:Description xmp:Rating="4" xmp:Label="Red" photoshop:Headline="Of XMP">
 <dc:subject><rdf:Bag><rdf:li>sea</rdf:li><rdf:li>sun</rdf:li></rdf:Bag></dc:subject>
 <dc:description><rdf:Alt><rdf:li xml:lang="de">Das Meer</rdf:li>
 <rdf:li xml:lang="x-default">The sea</rdf:li></rdf:Alt></dc:description>
 </rdf:Description></rdf:RDF></x:xmpmeta>"""


AVIF = saved(scene(size=(32, 24)), "AVIF", exif=exif(orientation=6), xmp=XMP.encode())


def dataset(number: int, text: bytes) -> bytes:
    """Return one field of IPTC's older form."""
    return struct.pack(">BBBH", 0x1C, 2, number, len(text)) + text


def said(kind: str, **blocks: bytes) -> dict[str, str]:
    """Return what is read from a picture with these blocks."""
    content = saved(scene(), kind)
    picture = inspect(content)
    content = containers.write(picture.type, content, Blocks(**blocks))
    return dict(fields.read(inspect(content), content))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_exif_and_xmp_are_read(kind: str) -> None:
    """By the names that people know; lists are joined, and of languages the default counts."""
    found = said(kind, exif=exif(), xmp=XMP.encode())
    assert found["exif.Make"] == "Leica"
    assert found["exif.DateTimeOriginal"] == "2026:05:01 12:00:00"
    assert (found["xmp.Rating"], found["xmp.Label"]) == ("4", "Red")
    assert found["iptc.Headline"] == "Of XMP"
    assert found["iptc.Keywords"] == "sea, sun"
    assert found["iptc.Description"] == "The sea"
    assert set(found) <= field_names.FIELDS


def test_iptc_counts_before_xmp() -> None:
    """In Latin-1 as in UTF-8; control characters and line ends become spaces."""
    block = dataset(105, b"Caf\xe9\r\non the\x00 quay") + dataset(25, b"a") + dataset(25, b"b")
    found = said("JPEG", iptc=block, xmp=XMP.encode())
    assert found["iptc.Headline"] == "Café on the quay"
    assert found["iptc.Keywords"] == "a, b"
    assert found["iptc.Description"] == "The sea"


def test_tiff_is_read() -> None:
    """A TIFF holds its metadata in its own directory."""
    content = saved(scene(), "TIFF", tiffinfo={271: "Phase One", 700: XMP.encode()})
    found = fields.read(inspect(content), content)
    assert found["exif.Make"] == "Phase One"
    assert found["xmp.Label"] == "Red"


@needs_heif
def test_heic_is_read() -> None:
    """A phone's picture names its EXIF and XMP among its items."""
    pytest.importorskip("pillow_heif").register_heif_opener()
    content = saved(scene(), "HEIF", exif=exif(), xmp=XMP.encode())
    found = fields.read(inspect(content), content)
    assert found["exif.Make"] == "Leica"
    assert found["xmp.Rating"] == "4"
    assert found["iptc.Headline"] == "Of XMP"


@needs_heif
def test_a_phones_heic_stands_as_it_is_shown() -> None:
    """Its size is that of all tiles; how it is turned and its EXIF stand beside them."""
    content = phone_heic(3, 2, exif=exif(), quarter_turns=3)
    picture = inspect(content)
    assert (picture.width, picture.height, picture.header.orientation) == (1536, 1024, 6)
    assert fields.read(picture, content)["exif.Make"] == "Leica"
    kept = source_metadata.of(picture, content)
    assert (kept.width, kept.height) == (1024, 1536)


def test_avif_is_read_and_stands_as_it_is_shown() -> None:
    """Its rotation is a property of the picture, as is that of a phone's HEIC."""
    content = saved(scene(), "AVIF", exif=exif(orientation=6), xmp=XMP.encode())
    picture = inspect(content)
    assert (picture.width, picture.height, picture.header.orientation) == (160, 120, 6)
    found = fields.read(picture, content)
    assert (found["exif.Make"], found["xmp.Label"]) == ("Leica", "Red")


def test_cr3_is_read() -> None:
    """Canon's boxes hold a TIFF for the picture, one for the shot, one for the place."""
    content = pictures.cr3(XMP.encode())
    picture = inspect(content)
    assert (picture.width, picture.height, picture.header.orientation) == (6000, 4000, 8)
    found = fields.read(picture, content)
    assert found["exif.Make"] == "Canon"
    assert (found["exif.ISOSpeedRatings"], found["exif.LensModel"]) == ("400", "RF50mm")
    assert found["xmp.Rating"] == "4"


def test_raf_is_read() -> None:
    """Fujifilm's preview says everything; the sensor may be larger than it."""
    content = pictures.raf(saved(scene(), "JPEG", exif=exif(orientation=6)))
    picture = inspect(content)
    assert (picture.width, picture.height, picture.header.orientation) == (4352, 1444, 6)
    assert fields.read(picture, content)["exif.Make"] == "Leica"


def test_rw2_is_read() -> None:
    """Panasonic's raw files are TIFFs by another name."""
    content = pictures.rw2(t0x010F="Panasonic", t0x0112=6)
    picture = inspect(content)
    assert (picture.width, picture.height, picture.header.orientation) == (32, 24, 6)
    assert fields.read(picture, content)["exif.Make"] == "Panasonic"


def test_an_rw2_cut_short_is_told() -> None:
    """It would be developed into noise: the library does not miss the end."""
    with pytest.raises(TruncatedPicture):
        inspect(pictures.rw2(t0x010F="Panasonic")[:-8700])


@needs_exiftool
def test_a_dng_is_read(tmp_path: Path) -> None:
    """Like NEF, CR2, ARW and their kin: a TIFF whose pixels are those of the sensor."""
    path = tmp_path / "a.dng"
    path.write_bytes(pictures.dng())
    content = tagged(path, *STUDIO_TAGS)
    found = fields.read(inspect(content), content)
    assert found["exif.Artist"] == "Ann"
    assert found["xmp.Rating"] == "4"
    assert found["iptc.Headline"] == "Summer in Münich"


@quick
@given(st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_damaged_boxes_harm_nobody(at: int, damage: bytes) -> None:
    """A picture whose lists lie is broken, or says less; nothing else leaves."""
    whole = AVIF
    content = whole[:at] + damage + whole[at + len(damage) :]
    try:
        picture = inspect(content)
    except PictureError:
        return
    assert set(fields.read(picture, content)) <= field_names.FIELDS


def test_an_xmp_file_tells_marks() -> None:
    """Only rating and label are taken from a file beside the picture, and its prompt."""
    assert fields.of_file(XMP.encode()).texts == {"xmp.Rating": "4", "xmp.Label": "Red"}


def test_no_picture_says_more_than_an_answer_holds() -> None:
    """What fits is told, field by field; a prompt without end is none."""
    told = fields._told({f"exif.{n}": "x" * 1999 for n in range(99)} | {"xmp.Label": "Red"})  # noqa: SLF001  the bound itself
    assert sum(map(len, told.values())) <= field_names.MOST_CHARACTERS
    assert told["xmp.Label"] == "Red"
    long = XMP.replace('xmp:Label="Red"', f'photoshop:Instructions="{"x" * 99_999}"')
    with pytest.raises(packets.Unreadable, match="more than"):
        fields.of_file(long.encode())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP"])
def test_without_metadata_nothing_is_said(kind: str) -> None:
    """A picture that says nothing has no fields."""
    content = saved(scene(), kind)
    assert dict(fields.read(inspect(content), content)) == {}


@quick
@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=200))
def test_rubbish_says_nothing_and_harms_nobody(one: bytes, two: bytes, three: bytes) -> None:
    """Blocks from anywhere never raise."""
    found = said("JPEG", exif=b"II*\0\x08\0\0\0" + one, iptc=b"\x1c\x02" + two, xmp=three)
    assert set(found) <= field_names.FIELDS


def test_numbers_are_written_as_people_do() -> None:
    """Exposure times as fractions, apertures as decimals."""
    content = saved(scene(), "JPEG", exif=_camera({0x829A: (1, 200), 0x829D: (28, 10)}))
    found = fields.read(inspect(content), content)
    assert (found["exif.ExposureTime"], found["exif.FNumber"]) == ("1/200", "2.8")


def _camera(tags: dict[int, Any]) -> Any:  # noqa: ANN401  Pillow's EXIF
    block = Image.Exif()
    ratios = {tag: TiffImagePlugin.IFDRational(*value) for tag, value in tags.items()}
    block.get_ifd(0x8769).update(ratios)
    return block


def test_metadata_nested_by_the_thousand_hurts_no_picture() -> None:
    """In the second part of a JPEG's XMP, which is read with the first: it is left out."""
    deep = XMP.replace("</rdf:Description>", "<a>" * 8000 + "</a>" * 8000 + "</rdf:Description>")
    head = b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 32 + struct.pack(">II", len(deep), 0)
    part = head + deep.encode()
    segment = b"\xff\xe1" + struct.pack(">H", len(part) + 2) + part
    picture = saved(scene(), "JPEG", xmp=XMP.encode())
    content = picture[:2] + segment + picture[2:]
    assert fields.read(inspect(content), content)["xmp.Rating"] == "4"
