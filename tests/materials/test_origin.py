"""`hotfolder provenance`: what any file says of where it comes from, and whether it is whole."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from hotfolder.checkup import origins
from hotfolder.credential import load
from hotfolder.domain.clock import utc_now
from hotfolder.kinds import provenance
from hotfolder.kinds.formats import PictureType
from hotfolder.kinds.metadata import containers
from hotfolder.kinds.metadata.containers import Blocks
from tests.pictures import STUDIO_TAGS, needs_exiftool, saved, scene, tagged
from tests.provenance import (
    CAPTURED,
    OFFLINE,
    authority,
    c2pa,
    looks_signed,
    needs_c2pa,
    signatory,
    signed,
    told,
)

if TYPE_CHECKING:
    from pathlib import Path

BARE = saved(scene(), "JPEG")


def words(folder: Path, content: bytes, name: str = "ann.jpg") -> tuple[str, bool | None]:
    """Return what is told of a file, and whether its manifest is whole."""
    path = folder / name
    path.write_bytes(content)
    found = origins.of_file(path)
    return "\n".join(found.lines), found.whole


@needs_exiftool
def test_marks_of_any_program_are_told(tmp_path: Path) -> None:
    """EXIF, XMP, IPTC, texts; and that a file says nothing."""
    path = tmp_path / "tagged.jpg"
    path.write_bytes(BARE)
    content = tagged(
        path,
        *STUDIO_TAGS,
        "-EXIF:ImageDescription=Signature: b3duZXI=",
        "-IPTC:Credit=Imagine",
        "-XMP-iptcExt:DigitalSourceType=http://cv.iptc.org/x/trainedAlgorithmicMedia",
    )
    said, whole = words(tmp_path, content)
    assert whole is None
    for each in (
        "EXIF: description: Signature: b3duZXI=",
        "EXIF: by: Ann",
        "IPTC: credit: Imagine",
        "XMP: kind of source: http://cv.iptc.org/x/trainedAlgorithmicMedia",
    ):
        assert each in said
    assert words(tmp_path, BARE) == ("nothing in it says where it comes from", None)
    assert words(tmp_path, b"no picture at all")[0].startswith("nothing in it")


@needs_c2pa
def test_a_manifest_is_told_with_whether_it_is_whole(tmp_path: Path) -> None:
    """By whom, what was done, from what; broken ones are called so; nobody is called verified."""
    camera = signed("image/jpeg", BARE)
    said, whole = words(tmp_path, camera)
    assert whole is True
    assert "C2PA: whole" in said
    assert "signed by camera" in said
    assert "created, digitalCapture" in said
    assert "verified" not in said
    broken = containers.write(PictureType.JPEG, camera, Blocks(xmp=b"<x/>"))
    said, whole = words(tmp_path, broken)
    assert whole is False
    assert "BROKEN (assertion.dataHash.mismatch)" in said
    said, whole = words(tmp_path, looks_signed(PictureType.JPEG, BARE))
    assert whole is False
    assert "cannot be read" in said or "BROKEN" in said
    remote = signed("image/jpeg", BARE, remote="https://a.example/1.c2pa")
    said, whole = words(tmp_path, remote)
    assert "https://a.example/1.c2pa, which is not fetched" in said


@needs_c2pa
def test_our_own_manifests_survive_hostile_sources() -> None:
    """A broken manifest, one with a forged signature and one with 30 ingredients sign all the same.

    What was wrong with them stands in ours, which is valid.
    """
    camera = signed("image/jpeg", BARE)
    forged = bytearray(camera)
    at = forged.rindex(b"c2pa.signature") + 900
    forged[at] ^= 0xFF
    sources = {
        "whole": camera,
        "broken": containers.write(PictureType.JPEG, camera, Blocks(xmp=b"<x/>")),
        "forged": bytes(forged),
        "garbage": looks_signed(PictureType.JPEG, BARE),
        "remote": signed("image/jpeg", BARE, remote="http://127.0.0.1:9/1.c2pa"),
        "many": of_many(camera, 30),
        "none": BARE,
    }
    chain, key = authority().signer("hostile")
    credential = load(chain, key, utc_now())
    for name, content in sources.items():
        try:
            kept = provenance.ingredient(content, "image/jpeg", f"{name}.jpg")
        except c2pa.C2paError:
            kept = b""
            assert name in {"garbage", "remote"}
        made = provenance.signed(BARE, BARE, kept, said(credential.chain), credential.sign)
        found = told("image/jpeg", made)
        assert found["validation_state"] == "Valid", (name, found.get("validation_status"))
        active = found["manifests"][found["active_manifest"]]
        roles = {each["relationship"]: each["title"] for each in active["ingredients"]}
        assert roles["parentOf"] == (f"{name}.jpg" if kept else "as m made it")


def of_many(content: bytes, count: int) -> bytes:
    """Sign a picture that is made of so many others."""
    chain, key = signatory("studio")
    made_so = {"actions": [{"action": "c2pa.created", "digitalSourceType": CAPTURED}]}
    manifest = {
        "format": "image/jpeg",
        "assertions": [{"label": "c2pa.actions.v2", "data": made_so}],
    }
    builder = c2pa.Builder(manifest, context=c2pa.Context.from_dict(OFFLINE))
    for number in range(count):
        part = {"title": f"part {number}", "relationship": "componentOf"}
        builder.add_ingredient(part, "image/jpeg", io.BytesIO(content))
    made = io.BytesIO()
    info = c2pa.C2paSignerInfo(b"es256", chain.encode(), key, None)
    builder.sign(c2pa.Signer.from_info(info), "image/jpeg", io.BytesIO(content), made)
    return made.getvalue()


def said(chain: str) -> dict[str, Any]:
    """Give what a manifest is to say."""
    return {
        **dict.fromkeys(("format", "raw_format"), "image/jpeg"),
        "title": "ann.jpg",
        "created": False,
        "materials": [provenance.SOURCE],
        "model": "m",
        "service": "https://service.test",
        "task_id": "1",
        "at": "2026-05-01T12:00:00+00:00",
        "prompt": None,
        "version": "0",
        "algorithm": "es256",
        "chain": chain,
    }
