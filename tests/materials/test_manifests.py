"""C2PA manifests: none is left broken, whatever is installed."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from hotfolder.domain.preparation import Finish, Preparation
from hotfolder.kinds.formats import PictureType
from hotfolder.kinds.metadata import containers, manifests
from hotfolder.kinds.metadata.containers import Blocks
from hotfolder.kinds.metadata.source_types import EDITED_BY_AI
from hotfolder.kinds.metadata.xmp import Note
from hotfolder.kinds.picture import prepare, source_metadata
from hotfolder.kinds.picture.finish import Finished, finish
from hotfolder.kinds.picture.inspect import inspect
from hotfolder.kinds.picture.source_metadata import SourceMetadata
from tests.pictures import (
    STUDIO_TAGS,
    needs_exiftool,
    needs_heif,
    saved,
    scene,
    tagged,
    told_by_exiftool,
)
from tests.provenance import looks_signed, needs_c2pa, signed, state

if TYPE_CHECKING:
    from pathlib import Path

NOTE = Note(model="xai/grok", task_id="2013", at="2026-05-01T12:00:00+00:00")
FORMS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
BARE = {form: saved(scene(size=(80, 60)), form) for form in FORMS}


def finished(content: bytes, kept: SourceMetadata | None = None, **wanted: Any) -> Finished:  # noqa: ANN401  fields of Finish
    """Finish a result."""
    return finish(content, kept, Finish(**wanted), NOTE, converted=False)


def studio_source(folder: Path) -> SourceMetadata:
    """Give what is kept of a studio's picture."""
    path = folder / "source.jpg"
    path.write_bytes(saved(scene(), "JPEG"))
    content = tagged(path, *STUDIO_TAGS)
    return source_metadata.of(inspect(content), content)


@needs_exiftool
def test_a_result_with_a_manifest_stays_byte_for_byte(tmp_path: Path) -> None:
    """Its metadata goes into an XMP file beside it: rights, camera, place and the note."""
    kept = studio_source(tmp_path)
    for form, bare in BARE.items():
        kind = inspect(bare).type
        content = looks_signed(kind, bare)
        assert manifests.is_bound(kind, content)
        assert manifests.without(kind, content) == bare
        made = finished(content, kept)
        assert made.content == content, form
        assert "beside" in made.notes[-1]
        path = tmp_path / "ann.xmp"
        path.write_bytes(made.companion)
        told = told_by_exiftool(path)
        assert told["XMP-tiff:Make"] == "Leica"
        assert told["XMP-dc:Rights"] == "(c) Ann"
        assert told["XMP-exif:DateTimeOriginal"].startswith("2026:05:01 12:00:00")
        assert told["XMP-exif:GPSLatitude"] == pytest.approx(48.1, abs=1e-3)
        assert told["XMP-iptcExt:DigitalSourceType"] == EDITED_BY_AI
        assert told["XMP-hotfolder:TaskId"] == 2013
        assert "GPS" not in str(finished(content, kept, gps=False).companion)
        assert not finished(bare, kept).companion


def test_what_cannot_stay_is_said() -> None:
    """A result that is made anew, as the owner wants it, has no manifest and no texts any more."""
    for form, bare in BARE.items():
        kind = inspect(bare).type
        made = finished(looks_signed(kind, bare), format="webp" if form == "PNG" else "png")
        assert not manifests.is_in(made.type, made.content), form
        assert "without its C2PA manifest" in " ".join(made.notes)
        assert not made.companion
    chunk = png_text(b"parameters", b"steps: 20")
    made = finished(BARE["PNG"][:33] + chunk + BARE["PNG"][33:], format="jpeg")
    assert 'a text "parameters"' in " ".join(made.notes)
    commented = BARE["JPEG"][:2] + b"\xff\xfe\0\x07seed!" + BARE["JPEG"][2:]
    assert "a comment" in " ".join(finished(commented, format="png").notes)
    assert finished(commented).notes == ()


def test_the_sources_link_to_its_manifest_is_not_the_results() -> None:
    """It would be looked up for the result, and found not to fit."""
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description xmlns:dcterms="http://purl.org/dc/terms/" rdf:about=""'
        b' dcterms:provenance="https://a.example/1.c2pa"/></rdf:RDF></x:xmpmeta>'
    )
    kept = SourceMetadata(blocks=Blocks(xmp=packet), width=80, height=60)
    for form, bare in BARE.items():
        assert b"a.example" not in finished(bare, kept).content, form
        kind = inspect(bare).type
        named = containers.write(kind, bare, Blocks(xmp=packet))
        assert manifests.is_bound(kind, named)
        made = finished(named)
        assert (made.content, bool(made.companion)) == (named, True), form
        assert b"a.example" not in made.companion


def test_what_is_sent_without_private_parts_has_no_manifest() -> None:
    """It signs the parts that are left out, and often repeats them."""
    for form, bare in BARE.items():
        kind = inspect(bare).type
        wanted = Preparation(convert=False, strip=("gps",))
        made = prepare.prepare(looks_signed(kind, bare), wanted)
        assert not manifests.is_in(made.type, made.content), form
        assert "without its C2PA manifest" in made.notes


@needs_c2pa
def test_real_manifests_stay_valid() -> None:
    """As the library itself judges: of the result before and after, with and without metadata."""
    kept = SourceMetadata(blocks=Blocks(iptc=b"\x1c\x02\x69\0\3sea"), width=80, height=60)
    for form, media_type in FORMS.items():
        content = signed(media_type, BARE[form])
        kind = inspect(content).type
        broken = containers.write(kind, content, Blocks(xmp=b"<x/>"))
        assert state(media_type, content) == "Valid"
        assert "dataHash.mismatch" in state(media_type, broken)
        assert state(media_type, finished(content, kept).content) == "Valid"
        for wanted in ("jpeg", "png", "webp"):
            made = finished(content, kept, format=wanted)
            assert state(made.type.media_type, made.content) in {"", "Valid"}, (form, wanted)
        assert manifests.without(kind, content) == BARE[form]


@needs_c2pa
@needs_heif
def test_manifests_of_every_kind_are_found() -> None:
    """Where the library puts them, without it."""
    package = pytest.importorskip("pillow_heif")
    package.register_heif_opener()
    for form in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF", "GIF"):
        content = saved(scene(), form)
        kind = inspect(content).type
        assert not manifests.is_in(kind, content), form
        assert manifests.is_in(kind, signed(kind.media_type, content)), form


@needs_c2pa
def test_a_link_to_a_manifest_elsewhere_is_seen() -> None:
    """As the library writes it."""
    content = signed("image/jpeg", BARE["JPEG"], remote="https://a.example/1.c2pa")
    assert not manifests.is_in(PictureType.JPEG, content)
    assert manifests.is_bound(PictureType.JPEG, content)
    assert finished(content).content == content


def png_text(keyword: bytes, text: bytes) -> bytes:
    """Give a PNG's chunk with a text."""
    body = keyword + b"\0" + text
    checksum = zlib.crc32(b"tEXt" + body)
    return struct.pack(">I", len(body)) + b"tEXt" + body + struct.pack(">I", checksum)
