"""What a result proves to be: whole files of every kind, and everything that is none.

The files in tests/media were made once with ffmpeg; 3D models and archives are made here.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import struct
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Final

import pytest

from hotfolder.kinds import proving, solid
from hotfolder.kinds.kind import BY_OUTPUT, ENDINGS, Kind, NotProven, Proven
from hotfolder.kinds.workshop import results
from hotfolder.kinds.workshop.workshop import Workshop
from hotfolder.runninghub.catalog import Catalog
from hotfolder.simulator import stand_ins
from tests.pictures import saved, scene
from tests.workers import WORKERS

MEDIA: Final = Path(__file__).parent.parent / "media"
ANY: Final = {"said": False, "text": False}
TEXTS: Final = {"said": False, "text": True}
SAID: Final = {"said": True, "text": True}
CHANGES: Final = 300
ENDLESS_BYTES: Final = 4 * 1024 * 1024
ENDLESS_S: Final = 10.0
KINDS: Final = {
    **dict.fromkeys(("mp4", "mov", "mkv"), Kind.VIDEO),
    **dict.fromkeys(("mp3", "wav", "flac", "m4a", "ogg"), Kind.AUDIO),
}
PAGE: Final = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
LOST: Final = b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>'
OBJ: Final = b"# SIMULATED\no cube\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"
TEXT_STL: Final = (
    b"solid a\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\n"
    b"endloop\nendfacet\nendsolid a\n"
)
BINARY_STL: Final = b"solid, but in numbers".ljust(80) + struct.pack("<I", 2) + bytes(100)


def archive(*, compression: int = zipfile.ZIP_DEFLATED, **files: bytes) -> bytes:
    """Return an archive of files, one in a folder, with letters of other languages."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", compression) as opened:
        for name, content in files.items():
            opened.writestr(f"modèle/{name}.obj", content)
    return written.getvalue()


def glb(said: object, *, length: int = 0) -> bytes:
    """Return a GLB with a description."""
    text = said if isinstance(said, bytes) else json.dumps(said).encode()
    body = struct.pack("<I4s", len(text), b"JSON") + text
    return struct.pack("<4sII", b"glTF", 2, length or 12 + len(body)) + body


def spoiled(content: bytes, at: int, new: bytes) -> bytes:
    """Return a content with other bytes at a place."""
    return content[:at] + new + content[at + len(new) :]


def whole() -> dict[str, tuple[bytes, Proven]]:
    """Return files that are whole, and what they are, by name."""
    media = {
        each.name: (each.read_bytes(), Proven(KINDS[each.suffix[1:]], each.suffix[1:]))
        for each in MEDIA.iterdir()
        if each.suffix[1:] in KINDS
    }
    films = {name: (MEDIA / name).read_bytes() for name in ("film.webm", "live.webm")}
    return {
        **media,
        **{name: (content, Proven(Kind.VIDEO, "webm")) for name, content in films.items()},
        "cube.glb": (stand_ins.content("3d"), Proven(Kind.SOLID, "glb")),
        "cube.obj": (OBJ, Proven(Kind.SOLID, "obj")),
        "text.stl": (TEXT_STL, Proven(Kind.SOLID, "stl")),
        "binary.stl": (BINARY_STL, Proven(Kind.SOLID, "stl")),
        "model.zip": (archive(a=OBJ, b=OBJ), Proven(Kind.SOLID, "zip")),
    }


def broken() -> dict[str, tuple[bytes, str]]:
    """Return what is no result, and what is said of it."""
    film, song = (MEDIA / "film.mp4").read_bytes(), (MEDIA / "sound.mp3").read_bytes()
    packed = archive(a=OBJ * 99)
    stored = archive(a=OBJ, compression=zipfile.ZIP_STORED)
    return {
        "33 bytes of mp4": (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2SIMULATED", "too early"),
        "mp4 without a list": (film[:32] + film[-900:], "damaged|too early"),
        "mp4 without frames": (film[: film.index(b"mdat") - 4], "too early"),
        "half an mp4": (film[: len(film) // 2], "too early"),
        "mp4 that lasts no time": (without_length(film), "no time"),
        "half an mp3": (song[: len(song) // 2], "too early"),
        "an mp3's tag": (b"ID3\4\0\0\0\0\0\0SIMULATED", "no sound"),
        "half a wav": ((MEDIA / "sound.wav").read_bytes()[:900], "too early"),
        "half a flac": ((MEDIA / "sound.flac").read_bytes()[:9000], "too early"),
        "half an ogg": ((MEDIA / "sound.ogg").read_bytes()[:3000], "too early"),
        "half a webm": ((MEDIA / "film.webm").read_bytes()[:2000], "too early"),
        "12 bytes of glb": (b"glTF\2\0\0\0\x0c\0\0\0", "too early"),
        "half a glb": (stand_ins.content("3d")[:300], "too early"),
        "glb without a shape": (glb({"asset": {"version": "2.0"}}), "no shape"),
        "glb that says nonsense": (glb(b"{nonsense}  "), "damaged"),
        "glb of brackets": (glb(b"[" * 100_000), "damaged"),
        "obj without places": (b"v a b c\nv 1 2 3\nf 1 2 3\n", "vertices are damaged"),
        "half a text stl": (TEXT_STL[:90], "too early"),
        "empty archive": (archive(), "empty|nothing that"),
        "half an archive": (packed[:150], "damaged"),
        "archive with other bytes": (spoiled(stored, 60, b"xxxx"), "damaged"),
        "archive that cannot be unpacked": (spoiled(packed, 60, b"\xff" * 9), "damaged"),
        "locked archive": (locked(packed), "password"),
        "program for Windows": (b"MZ\x90\0" + bytes(200), "a program for Windows"),
        "program for Linux": (b"\x7fELF\2\1\1" + bytes(200), "a program for Linux"),
        "script": (b"#!/bin/sh\nrm -rf /\n", "a script"),
        "web page": (PAGE, "a web page"),
        "page after spaces": (b"\xef\xbb\xbf\n  " + PAGE, "a web page"),
        "drawing that runs scripts": (b"<svg onload='alert(1)'/>", "a web page"),
        "answer of a store": (LOST, "a web page"),
        "answer of an edge": (b'{"error": "rate limited"}', "a text, where none was to come"),
        "document": (b"%PDF-1.7 ...", "a PDF document"),
        "nothing": (b"", "empty"),
        "zeros": (bytes(4096), "nothing but zeros"),
        "noise": (hashlib.shake_128(b"noise").digest(4096), "nothing that"),
    }


def without_length(film: bytes) -> bytes:
    """Return a film all of whose headers say that it lasts no time."""
    for name, skipped in ((b"mvhd", 16), (b"mdhd", 16)):
        at = film.find(name)
        while at >= 0:
            film = spoiled(film, at + 4 + skipped, bytes(4))
            at = film.find(name, at + 1)
    return film


def locked(packed: bytes) -> bytes:
    """Return an archive that says that it is locked with a password."""
    return spoiled(packed, packed.index(b"PK\1\2") + 8, b"\1")


def proven(content: bytes, order: dict[str, bool]) -> Proven | str:
    """Return what a content proves to be, or why it is none."""
    try:
        return proving.prove(content, order)
    except NotProven as error:
        return str(error)


def test_whole_files_of_every_kind_are_known() -> None:
    """Films, sounds, 3D models and archives, each with the ending of what it is."""
    files = whole()
    assert {name: proven(content, ANY) for name, (content, _) in files.items()} == {
        name: expected for name, (_, expected) in files.items()
    }


def test_what_is_no_result_is_told_in_words() -> None:
    """Stubs, halves, pages, programs, and what unpacks to nothing: each with its reason."""
    for name, (content, reason) in broken().items():
        said = proven(content, ANY)
        assert isinstance(said, str), name
        assert any(each in said for each in reason.split("|")), f"{name}: {said}"


def test_a_result_that_is_cut_anywhere_is_not_whole() -> None:
    """Whatever states its length: no part of it passes. Others end well at few places only.

    Frames of a sound are all alike: cut between two of them, one that states no number is whole.
    """
    stated = [
        *("film.mp4", "film.mov", "film.mkv", "film.webm", "sound.m4a", "sound.wav"),
        *("sound.flac", "sound.ogg", "opus.ogg", "cube.glb", "model.zip"),
    ]
    files = whole()
    for name in stated:
        content, expected = files[name]
        places = range(0, len(content), max(1, len(content) // 400))
        passed = [at for at in places if proven(content[:at], ANY) == expected]
        assert passed == [], name
    for name in ("sound.mp3", "bare.mp3"):
        content, _ = files[name]
        cuts = [at for at in range(len(content)) if isinstance(proven(content[:at], ANY), Proven)]
        assert len(cuts) < len(content) / 20, name


def test_texts_count_where_a_text_is_to_come() -> None:
    """JSON is told from other texts; no page is one, but in the service's own words."""
    for content, order, expected in (
        (b"la la la\n", TEXTS, Proven(Kind.TEXT, "txt")),
        ("\ufefflà".encode(), TEXTS, Proven(Kind.TEXT, "txt")),
        (b' {"faces": []}', TEXTS, Proven(Kind.TEXT, "json")),
        (b'[{"id": 1}]', SAID, Proven(Kind.TEXT, "json")),
        (b'"only words"', TEXTS, Proven(Kind.TEXT, "txt")),
        (b"{not json}", TEXTS, Proven(Kind.TEXT, "txt")),
        (b"[" * 100_000, TEXTS, Proven(Kind.TEXT, "txt")),
        (b"<verse> la la", SAID, Proven(Kind.TEXT, "txt")),
        (PAGE, TEXTS, "it is a web page"),
        (b"la\0la", TEXTS, "it is nothing that is known here"),
        (b"\xff\xfe\xff", TEXTS, "it is nothing that is known here"),
        (b"a" * (17 * 1024 * 1024), TEXTS, "it is too long for a text"),
        (b" \n", SAID, "it is empty"),
    ):
        assert proven(content, order) == expected, content[:40]


def test_nothing_but_an_answer_comes_of_damaged_files() -> None:
    """Whatever is changed in a file: it is proven or not, within bounds, and nothing else."""
    chance = random.Random(7)  # noqa: S311  the same damage each time
    for content, _ in whole().values():
        for _ in range(CHANGES):
            changed = bytearray(content)
            within = min(len(changed), chance.choice((64, 600, len(changed))))
            for _ in range(chance.choice((1, 2, 5, 20))):
                changed[chance.randrange(within)] = chance.choice((0, 255, chance.randrange(256)))
            proven(bytes(changed), ANY)


def test_files_that_are_made_to_take_long_do_not() -> None:
    """Millions of the smallest parts, or none that fits: each is told within seconds."""
    size = ENDLESS_BYTES
    film = (MEDIA / "film.webm").read_bytes()
    made = {
        "frames of nothing": b"\xff\xfb\x90\x00" * (size // 4),
        "sync words": b"ID3\4\0\0\0\0\0\0" + b"\xff" * size,
        "tags": b"ID3\4\0\0\0\0\0\0" * (size // 10),
        "empty boxes": b"\0\0\0\x08ftyp" + b"\0\0\0\x08free" * (size // 8),
        "empty elements": film[:60] + b"\xec\x80" * (size // 2),
        "empty pages": (b"OggS" + bytes(23)) * (size // 27),
        "empty chunks": b"RIFF\0\0\0\0WAVE" + b"LIST\0\0\0\0" * (size // 8),
        "headers of FLAC frames": (MEDIA / "sound.flac").read_bytes()
        + b"\xff\xf8\x69\x08\0\xdd" * (size // 6),
        "places": b"v 1 2 3\n" * (size // 8),
        "archive of zeros": archive(a=bytes(8 * 2**20), b=bytes(8 * 2**20)),
    }
    for name, content in made.items():
        began_s = time.process_time()
        proven(content, ANY)
        assert time.process_time() - began_s < ENDLESS_S, name


def test_no_archive_is_read_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What unpacks to more than any model is given up at a limit, whatever it states."""
    monkeypatch.setattr(solid, "MOST_UNPACKED_BYTES", 1000)
    assert "unpacks to more" in str(proven(archive(a=bytes(2000)), ANY))
    monkeypatch.setattr(solid, "MOST_FILES", 1)
    assert "more than 1 files" in str(proven(archive(a=b"x", b=b"y"), ANY))


def test_every_model_makes_a_kind_that_is_known() -> None:
    """And no ending is one that a computer runs or a browser opens as a page."""
    assert {each.output for each in Catalog()} == set(BY_OUTPUT)
    endings = {ending for each in ENDINGS.values() for ending in each}
    assert not endings & {"html", "htm", "svg", "exe", "js", "sh", "pdf", "bin", "xml"}
    with pytest.raises(ValueError, match="no ending"):
        Proven(Kind.TEXT, "html")


async def test_a_confined_worker_proves_them() -> None:
    """With nothing but an open file: all kinds, pictures included, and all that is none."""
    shop = Workshop(open_worker=WORKERS.open)
    picture = saved(scene(), "PNG")
    try:
        for content, expected in (*whole().values(), (picture, Proven(Kind.PICTURE, "png"))):
            assert await _proved(shop, content) == expected
        for name in ("half an mp4", "archive that cannot be unpacked", "web page", "nothing"):
            content, reason = broken()[name]
            with pytest.raises(NotProven, match=reason):
                await _proved(shop, content)
        with pytest.raises(NotProven, match="end"):
            await _proved(shop, picture[: len(picture) // 2])
    finally:
        shop.close()


async def _proved(shop: Workshop, content: bytes) -> Proven:
    with tempfile.TemporaryFile() as file:
        os.write(file.fileno(), content)
        return await results.prove(shop, file.fileno(), ANY)
