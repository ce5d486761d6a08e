"""What a picture's metadata says in words: for prompts, and for rules that look at marks."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin

from hotfolder.imaging import containers, metadata
from hotfolder.imaging.containers import Blocks
from hotfolder.imaging.inspect import inspect
from tests.pictures import exif, saved, scene

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


def dataset(number: int, text: bytes) -> bytes:
    """Return one field of IPTC's older form."""
    return struct.pack(">BBBH", 0x1C, 2, number, len(text)) + text


def said(kind: str, **blocks: bytes) -> dict[str, str]:
    """Return what is read from a picture with these blocks."""
    content = saved(scene(), kind)
    picture = inspect(content)
    content = containers.write(picture.type, content, Blocks(**blocks))
    return dict(metadata.read(inspect(content), content))


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
    assert set(found) <= metadata.FIELDS


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
    found = metadata.read(inspect(content), content)
    assert found["exif.Make"] == "Phase One"
    assert found["xmp.Label"] == "Red"


def test_an_xmp_file_tells_marks() -> None:
    """Only rating and label are taken from a file beside the picture."""
    assert metadata.of_xmp(XMP.encode()) == {"xmp.Rating": "4", "xmp.Label": "Red"}
    assert metadata.of_xmp(b"<!DOCTYPE x><x/>") == {}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP"])
def test_without_metadata_nothing_is_said(kind: str) -> None:
    """A picture that says nothing has no fields."""
    content = saved(scene(), kind)
    assert dict(metadata.read(inspect(content), content)) == {}


@quick
@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=200))
def test_rubbish_says_nothing_and_harms_nobody(one: bytes, two: bytes, three: bytes) -> None:
    """Blocks from anywhere never raise."""
    found = said("JPEG", exif=b"II*\0\x08\0\0\0" + one, iptc=b"\x1c\x02" + two, xmp=three)
    assert set(found) <= metadata.FIELDS


def test_numbers_are_written_as_people_do() -> None:
    """Exposure times as fractions, apertures as decimals."""
    content = saved(scene(), "JPEG", exif=_camera({0x829A: (1, 200), 0x829D: (28, 10)}))
    found = metadata.read(inspect(content), content)
    assert (found["exif.ExposureTime"], found["exif.FNumber"]) == ("1/200", "2.8")


def _camera(tags: dict[int, Any]) -> Any:  # noqa: ANN401  Pillow's EXIF
    block = Image.Exif()
    ratios = {tag: TiffImagePlugin.IFDRational(*value) for tag, value in tags.items()}
    block.get_ifd(0x8769).update(ratios)
    return block
