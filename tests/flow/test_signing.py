"""Outputs are signed as the very last that is done to them, and each proves what it is made of."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hotfolder.kinds.formats import PictureType
from hotfolder.kinds.metadata import containers
from hotfolder.kinds.provenance import SIGNED
from hotfolder.simulator import Fault
from tests.certificates import LONG_PAST
from tests.flow.test_references import MIDJOURNEY, NANO, put
from tests.pictures import noise, saved, scene
from tests.provenance import authority, needs_c2pa, signatory, signed, state, told
from tests.studio import KEY, RULE, picture

if TYPE_CHECKING:
    from tests.studio import Studio

pytestmark = needs_c2pa

MEDIA = Path(__file__).parents[1] / "media"
TYPES = ("jpg", "png", "webp", "tif", "avif", "gif")
SOUNDS_AND_FILMS = {
    "mp4": "film.mp4",
    "mov": "film.mov",
    "m4a": "sound.m4a",
    "mp3": "sound.mp3",
    "wav": "sound.wav",
    "flac": "sound.flac",
}
FORMS = {"jpg": "JPEG", "tif": "TIFF"}


def sign_with(studio: Studio, certificate: Path, key: Path, *lines: str, rule: str = RULE) -> None:
    """Let the studio's outputs be signed."""
    studio.configure(rules=[rule])
    text = (studio.folder / "config.toml").read_text()
    table = f'[provenance]\ncertificate_file = "{certificate}"\nkey_file = "{key}"\n'
    studio.reconfigure(text.replace("[limits]", table + "\n".join(lines) + "\n[limits]"))


def sign(studio: Studio, *lines: str, rule: str = RULE) -> Path:
    """Let the studio's outputs be signed by a good key; return its file."""
    chain, secret = signatory("studio")
    certificate, key = studio.folder / "chain.pem", studio.folder / "signing.key"
    certificate.write_text(chain)
    key.write_bytes(secret)
    key.chmod(0o600)
    sign_with(studio, certificate, key, *lines, rule=rule)
    return key


def result(studio: Studio, content: bytes, ending: str) -> None:
    """Let the service answer every picture with one picture."""
    path = studio.folder / f"result.{ending}"
    path.write_bytes(content)
    studio.simulator.update_settings(result_file=path)


async def works_until_held(studio: Studio) -> None:
    """Run the daemon until nothing is submitted any more, since its result cannot be signed."""
    async with studio.running():
        await studio.until(studio.holds, "it is held")
    assert studio.hold_code() == "cannot_sign"


def read(studio: Studio, name: str) -> dict[str, Any]:
    """Return the active manifest of an output, which must be valid."""
    content = (studio.output / name).read_bytes()
    media_type = SIGNED[name.rpartition(".")[2]]
    assert state(media_type, content) == "Valid", name
    found = told(media_type, content)
    active: dict[str, Any] = found["manifests"][found["active_manifest"]]
    return active


def actions(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a manifest says was done."""
    (listed,) = (
        each["data"]["actions"]
        for each in manifest["assertions"]
        if each["label"].startswith("c2pa.actions")
    )
    found: list[dict[str, Any]] = listed
    return found


async def test_every_output_is_signed_over_its_source_and_the_services_result(
    studio: Studio,
) -> None:
    """Results with and without manifests of their own, of every kind; nobody is named verified."""
    for number, ending in enumerate(TYPES):
        media_type = SIGNED[ending]
        made = saved(scene("P" if ending == "gif" else "RGB"), FORMS.get(ending, ending.upper()))
        for kind, content in (("bare", made), ("signed", signed(media_type, made, "service"))):
            sign(studio, rule=f"{RULE}\nmetadata_prompt = {str(kind == 'signed').lower()}")
            result(studio, content, ending)
            camera = saved(noise((64, 48), 2 * number + (kind == "signed")), "JPEG")
            source = signed("image/jpeg", camera)
            studio.drop(f"{kind}-{ending}.jpg", source)
            await studio.once()
            manifest = read(studio, f"{kind}-{ending}.{ending}")
            roles = {each["relationship"]: each for each in manifest["ingredients"]}
            assert roles["parentOf"]["title"] == f"{kind}-{ending}.jpg"
            assert roles["parentOf"]["active_manifest"]
            assert ("active_manifest" in roles["componentOf"]) is (kind == "signed")
            assert manifest["signature_info"]["common_name"] == "studio"
            opened, edited, _ = actions(manifest)
            assert opened["action"] == "c2pa.opened"
            assert edited["action"] == "c2pa.edited"
            assert edited["digitalSourceType"].endswith("/compositeWithTrainedAlgorithmicMedia")
            job = studio.job(f"{kind}-{ending}.jpg")
            assert edited["softwareAgent"]["name"] == job["model"]
            assert edited["parameters"]["hotfolder.task"] == job["task_id"]
            prompt = edited["parameters"].get("hotfolder.prompt")
            assert (prompt == "Make it a summer day") is (kind == "signed")
    assert [name for name in studio.outputs() if name.endswith(".xmp")] == [
        f"{kind}-{ending}.xmp" for kind in ("bare", "signed") for ending in ("avif", "gif", "tif")
    ]
    assert list((studio.state / "spool").iterdir()) == []


async def test_metadata_is_put_in_before_the_signature(studio: Studio) -> None:
    """The signature holds for the output as it is, its note of the edit included."""
    sign(studio)
    result(studio, signed("image/jpeg", saved(scene(), "JPEG"), "service"), "jpg")
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.outputs() == ["ann.jpg"]
    read(studio, "ann.jpg")
    content = (studio.output / "ann.jpg").read_bytes()
    packet = containers.read(PictureType.JPEG, content).xmp
    assert studio.job("ann.jpg")["task_id"].encode() in packet
    assert "signed" in studio.explain("ann.jpg")["reason"]


@pytest.mark.parametrize("case", ["expired", "use", "key", "open", "missing"])
async def test_a_certificate_that_cannot_sign_holds_before_anything_is_paid(
    studio: Studio, case: str
) -> None:
    """With the reason and what to do; with a good one it goes on by itself."""
    chain, key = authority().signer(
        f"studio-{case}",
        until=LONG_PAST if case == "expired" else "20991231235959Z",
        use="serverAuth" if case == "use" else "emailProtection",
    )
    if case == "key":
        _, key = authority().signer("somebody-else")
    if case == "open":
        key.chmod(0o644)
    if case == "missing":
        chain = studio.folder / "nothing.pem"
    sign_with(studio, chain, key)
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.holds() == ["watch:studio"]
    assert studio.hold_code() == "cannot_sign"
    words = {
        "expired": "expired on 2020-01-02",
        "use": "may not sign pictures",
        "key": "not that of the certificate",
        "open": "chmod 600",
        "missing": "cannot be read",
    }
    assert words[case] in studio.hold()["reason"]
    assert studio.ledger().tasks == ()
    sign(studio)
    studio.wait(600)
    await studio.once()
    assert studio.holds() == []
    read(studio, "ann.jpg")


async def test_what_cannot_be_signed_is_published_or_waits_as_the_owner_said(
    studio: Studio,
) -> None:
    """A certificate that expires while an edit runs: by default it comes unsigned, and says so."""
    for number, on_failure in enumerate(("publish", "hold")):
        name = f"{on_failure}.jpg"
        key = sign(studio, f'on_failure = "{on_failure}"')
        studio.drop(name, picture(number + 1))
        studio.fault(Fault(call="download", kind="error_before", status=503))
        await studio.works_until(**({"finished": 1} if not number else {"finished": 1, "done": 1}))
        studio.simulator.clear_faults()
        key.chmod(0o644)
        studio.wait(600)
        if on_failure == "publish":
            await studio.once()
            assert studio.outputs() == [name]
            assert "not signed" in studio.explain(name)["reason"]
            assert state("image/jpeg", (studio.output / name).read_bytes()) == ""
            continue
        await works_until_held(studio)
        assert name not in studio.outputs()
        key.chmod(0o600)
        studio.wait(600)
        await studio.once()
        read(studio, name)
        assert studio.holds() == []
    assert len(studio.ledger().tasks) == 2


async def test_a_follower_signs_over_what_the_service_made(studio: Studio) -> None:
    """Never over the published output, whose parent is another picture: a query is free."""
    sign(studio)
    studio.drop("ann.jpg", picture(1))
    await studio.once()
    first = told("image/jpeg", (studio.output / "ann.jpg").read_bytes())
    studio.drop("bob.jpg", picture(1))
    await studio.once()
    manifest = read(studio, "bob.jpg")
    assert {each["title"] for each in manifest["ingredients"]} >= {"bob.jpg"}
    assert "ann.jpg" not in json.dumps(manifest)
    assert (
        first["active_manifest"]
        not in told("image/jpeg", (studio.output / "bob.jpg").read_bytes())["manifests"]
    )
    assert len(studio.ledger().tasks) == 1


async def test_the_signing_key_is_nowhere_but_in_its_file(studio: Studio) -> None:
    """Not in the journal, not in an output."""
    key = sign(studio)
    studio.drop("ann.jpg")
    await studio.once()
    secret = key.read_bytes().splitlines()[1]
    found = [*studio.state.rglob("*"), *studio.output.rglob("*")]
    assert KEY.encode() not in b"".join(each.read_bytes() for each in found if each.is_file())
    assert secret not in b"".join(each.read_bytes() for each in found if each.is_file())


async def test_films_and_sounds_are_signed_too(studio: Studio) -> None:
    """Whatever the library takes; what the service made is kept beside where that is wanted."""
    sign(studio, rule=f"{RULE}\nkeep_raw = true")
    for number, (ending, name) in enumerate(SOUNDS_AND_FILMS.items()):
        content = (MEDIA / name).read_bytes()
        result(studio, content, ending)
        studio.drop(f"{ending}.jpg", number=number)
        await studio.once()
        manifest = read(studio, f"{ending}.{ending}")
        roles = {each["relationship"] for each in manifest["ingredients"]}
        assert roles == {"parentOf", "componentOf"}, ending
        assert (studio.output / f"_raw/{ending}.{ending}").read_bytes() == content
        assert "signed" in studio.explain(f"{ending}.jpg")["reason"]


@pytest.mark.parametrize("ending", ["bmp", "glb", "webm"])
async def test_a_kind_that_cannot_be_signed_is_published_or_waits(
    studio: Studio, ending: str
) -> None:
    """As the owner said, with a plain word."""
    files = {
        "bmp": saved(scene(), "BMP"),
        "glb": resources.files("hotfolder.simulator").joinpath("samples/cube.glb").read_bytes(),
        "webm": (MEDIA / "film.webm").read_bytes(),
    }
    result(studio, files[ending], ending)
    sign(studio)
    studio.drop("ann.jpg")
    await studio.once()
    assert (studio.output / f"ann.{ending}").is_file()
    said = f"not signed (the library that signs knows no {ending.upper()} file)"
    assert said in studio.explain("ann.jpg")["reason"]
    sign(studio, 'on_failure = "hold"')
    studio.drop("bob.jpg", number=2)
    await works_until_held(studio)
    assert f"bob.{ending}" not in studio.outputs()
    sign(studio)
    studio.wait(600)
    await studio.once()
    assert f"bob.{ending}" in studio.outputs()
    assert len(studio.ledger().tasks) == 2


async def test_references_are_ingredients_too(studio: Studio) -> None:
    """As what the edit was made by means of, each with the manifest that it has."""
    put(studio.folder, "logo.jpg", signed("image/jpeg", saved(noise((64, 48), 5), "JPEG"), "brand"))
    put(studio.folder, "style.jpg", picture(902))
    references = 'references = ["logo.jpg", "style.jpg"]'
    sign(studio, rule=f'model = "{NANO}"\nprompt = "Put the logo on it"\n{references}')
    studio.drop("ann.jpg")
    await studio.once()
    (output,) = studio.outputs()
    manifest = read(studio, output)
    told = [(each["title"], each["relationship"]) for each in manifest["ingredients"]]
    assert told[:3] == [("ann.jpg", "parentOf"), ("logo.jpg", "inputTo"), ("style.jpg", "inputTo")]
    assert manifest["ingredients"][1]["active_manifest"]
    studio.drop_many(2)
    await studio.once()
    for name in studio.outputs()[1:]:
        roles = [each["relationship"] for each in read(studio, name)["ingredients"]]
        assert roles == ["parentOf", "inputTo", "inputTo", "componentOf"], name


async def test_what_is_made_from_words_is_called_created(studio: Studio) -> None:
    """By C2PA and by IPTC; the picture that went along is what it was made by means of."""
    sign(studio, rule=f'model = "{MIDJOURNEY}"\nprompt = "A poster"')
    result(studio, saved(scene(), "JPEG"), "jpg")
    studio.drop("ann.jpg")
    await studio.once()
    manifest = read(studio, "ann.jpg")
    created, _ = actions(manifest)
    assert created["action"] == "c2pa.created"
    assert created["digitalSourceType"].endswith("/trainedAlgorithmicMedia")
    told = [(each["title"], each["relationship"]) for each in manifest["ingredients"]]
    assert told[0] == ("ann.jpg", "inputTo")
    packet = containers.read(PictureType.JPEG, (studio.output / "ann.jpg").read_bytes()).xmp
    assert b"/trainedAlgorithmicMedia" in packet


@pytest.mark.parametrize("kind", ["ed25519", "P-384", "rsa:2048"])
async def test_keys_of_other_kinds_sign(studio: Studio, kind: str) -> None:
    """Ed25519 signs the whole of what is signed, not a digest of it."""
    curve = ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"]
    chain, key = authority().signer(f"studio-{kind[:3]}", key=curve if kind == "P-384" else [kind])
    sign_with(studio, chain, key)
    studio.drop("ann.jpg")
    await studio.once()
    assert read(studio, "ann.jpg")["signature_info"]["alg"].lower() in {"ed25519", "es384", "ps256"}
