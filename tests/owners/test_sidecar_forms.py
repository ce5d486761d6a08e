"""What a sidecar says in each of its forms, and what of it is refused."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING

import pytest

from hotfolder.kinds.workshop import answers, tasks
from hotfolder.planning import said, sidecar, speaking
from hotfolder.planning.forms import FORMS, BrokenSidecar, form_of
from hotfolder.planning.looks import Looks, Told, UnseenSidecar
from hotfolder.planning.said import NOTHING_SAID, Sidecar
from tests import hostile_files

if TYPE_CHECKING:
    from pathlib import Path

# Twice what is allowed, in the daemon and in a worker, for busy machines.
MOST_CPU_S = {False: 0.1, True: 4.0}


def told(content: bytes) -> Told:
    """Return what a worker tells of an XMP file."""
    answer = tasks.TASKS["sidecar"]([tasks.OpenFile(0, content)], {})
    return Told(**answers.checked("sidecar", answer))


def parse(content: bytes, name: str) -> Sidecar:
    """Return what a sidecar says; of XMP a worker tells."""
    if not form_of(name).describes:
        return said.parse(content, name)
    heard = told(content)
    return said.of_words(heard.prompt, heard.broken, name)


def read(root: Path, relative: str) -> sidecar.Said:
    """Read what lies beside a source, as a worker tells where only one can."""
    looks = Looks()
    while True:
        try:
            return sidecar.read(looks, root, speaking.beside(root, relative))
        except UnseenSidecar as unseen:
            looks.remember_sidecar(unseen.content, told(unseen.content))


LIGHTROOM = """<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 7.0">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmp:Rating="3" {attributes}>
   <dc:subject><rdf:Bag><rdf:li>wedding</rdf:li></rdf:Bag></dc:subject>
   {elements}
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"
    crs:Exposure2012="+0.35"/>
 </rdf:RDF>
</x:xmpmeta>"""
DESCRIPTION = """<dc:description><rdf:Alt><rdf:li xml:lang="de">Gold</rdf:li>
<rdf:li xml:lang="x-default">Make it gold</rdf:li></rdf:Alt></dc:description>"""
BOMB = """<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<x>&b;</x>"""


def xmp(attributes: str = "", elements: str = "") -> str:
    """Return an XMP file as Lightroom writes it."""
    return LIGHTROOM.format(attributes=attributes, elements=elements)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", b"Make it gold"),
        ("a.txt", b"\xef\xbb\xbf  Make it gold\r\n"),
        ("a.txt", "Make it gold\r\n".encode("utf-16")),
        ("a.txt", b"\xfe\xff" + "Make it gold".encode("utf-16-be")),
        ("a.txt", "Make it gold\n".encode("utf-16-le")),
        ("a.txt", "Make it gold\n".encode("utf-16-be")),
        ("a.txt", b"Make it gold\0"),
        ("a.TXT", b"Make it gold\n\0\0\0"),
        ("a.toml", b'prompt = "Make it gold"\r\n'),
        ("a.toml", b'\xef\xbb\xbfprompt = "Make it gold"'),
        ("a.toml", 'prompt = "Make it gold"'.encode("utf-16")),
        ("a.json", b'{"prompt": "Make it gold"}'),
        ("a.json", b'\xef\xbb\xbf{"prompt": "Make it gold"}\0'),
        ("a.json", '{"prompt": "Make it gold"}'.encode("utf-16")),
        ("a.xmp", xmp('photoshop:Instructions="Make it gold"').encode()),
        ("a.xmp", xmp(elements=DESCRIPTION).encode()),
        ("a.xmp", xmp('dc:description=" Make it gold "').encode()),
        ("a.xmp", xmp(elements="<dc:description>Make it gold</dc:description>").encode()),
        (
            "a.xmp",
            xmp(
                'dc:description="Ann and Bob"',
                "<photoshop:Instructions>Make it gold</photoshop:Instructions>",
            ).encode(),
        ),
        ("a.xmp", xmp('photoshop:Instructions=" "', DESCRIPTION).encode()),
        ("a.xmp", xmp(elements=DESCRIPTION).encode("utf-16")),
        ("a.xmp", b"\xef\xbb\xbf" + xmp(elements=DESCRIPTION).encode() + b"\n\0"),
        (
            "a.xmp",
            b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
            + xmp(elements=DESCRIPTION).encode()
            + b' \n <?xpacket end="w"?>',
        ),
    ],
)
def test_each_form_gives_its_prompt(name: str, content: bytes) -> None:
    """In every encoding that editors on Windows, macOS and Linux write."""
    assert parse(content, name) == Sidecar(prompt="Make it gold")


def test_several_lines_stay_lines() -> None:
    """Line ends of other systems are no difference."""
    assert parse(b"one\r\ntwo\rthree\n", "a.txt").prompt == "one\ntwo\nthree"


def test_toml_and_json_take_every_key() -> None:
    """Prompt, model, params, output_name and skip, in both forms alike."""
    toml = """
prompt = "Gold"
model = "some/model"
output_name = "{stem}.{ext}"
skip = false
[params]
size = "1024*1024"
imageNum = 2
strength = 0.5
tags = ["a", "b"]
"""
    table = {
        "prompt": "Gold",
        "model": "some/model",
        "output_name": "{stem}.{ext}",
        "skip": False,
        "params": {"size": "1024*1024", "imageNum": 2, "strength": 0.5, "tags": ["a", "b"]},
    }
    assert parse(toml.encode(), "a.toml") == parse(json.dumps(table).encode(), "a.json")
    assert parse(toml.encode(), "a.toml").params == table["params"]


def test_an_xmp_file_without_a_prompt_says_nothing() -> None:
    """Ratings and development settings are no wish for an edit."""
    assert parse(xmp().encode(), "a.xmp") == NOTHING_SAID
    assert parse(xmp('photoshop:Instructions=""').encode(), "a.xmp").is_silent


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.txt", b"", "is empty"),
        ("a.txt", b" \r\n\0", "is empty"),
        ("a.txt", b"Sch\xf6n", "a.txt is not UTF-8"),
        ("a.json", b'{"prompt": "Sch\xf6n"}', "a.json is not UTF-8"),
        ("a.txt", b"ab\0cd", "not text"),
        ("a.txt", b"x" * (form_of("a.txt").limit + 1), "larger than 64 KiB"),
        ("a.txt", b"x" * 5_000_000, "larger than 64 KiB"),
        ("a.toml", b"prompt = gold", "not TOML"),
        ("a.toml", b'promt = "gold"', "promt is not a known key; did you mean prompt?"),
        ("a.toml", b'prompt = ""', "prompt is empty"),
        ("a.toml", b"prompt = 5", "prompt must be a text"),
        ("a.toml", b'skip = "yes"', "skip must be true or false"),
        ("a.toml", b"params = { size = nan }", "finite"),
        ("a.toml", b"params = { size = { deep = 1 } }", "must be a text, a number"),
        ("a.toml", b'output_name = "../{stem}.{ext}"', "output_name"),
        ("a.toml", b"x = " + b"9" * 5000, "not TOML"),
        ("a.toml", b"x = " + b"[" * 30_000, "nested too deeply"),
        ("a.toml", b".".join([b"a"] * 20_000) + b" = 1", "dots"),
        ("a.json", b"", "not JSON"),
        ("a.json", b"{", "not JSON"),
        ("a.json", b'{"prompt": "a", "prompt": "b"}', "the same key twice"),
        ("a.json", b'["gold"]', "must be a JSON object"),
        ("a.json", b'{"prompt": "\\ud800"}', "prompt"),
        ("a.json", b'{"params": {"a": NaN}}', "finite"),
        ("a.json", b'{"params": {"a": null}}', "must be a text"),
        ("a.json", b"[" * 60_000, "nested too deeply"),
        ("a.json", b'{"references": ["a"' + b',"a"' * 100 + b"]}", "at most 100 entries"),
        ("a.toml", (b"a." * 400 + b"b = 1\n") * 9, "too many lines with up to 400 dots"),
        ("a.xmp", b"", "not XML"),
        ("a.xmp", xmp()[:-10].encode(), "not XML"),
        ("a.xmp", BOMB.encode(), "DOCTYPE"),
        ("a.xmp", BOMB.encode("utf-16"), "DOCTYPE"),
        ("a.xmp", b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "DOCTYPE"),
        ("a.xmp", b'<?xml version="1.0" encoding="martian"?><x/>', "not XML"),
    ],
)
def test_what_cannot_be_understood_says_why(name: str, content: bytes, why: str) -> None:
    """In plain words, with the file's name; nothing of it is taken, and nothing takes long."""
    with pytest.raises(BrokenSidecar, match=why) as caught:
        parse(content, name)
    assert str(caught.value).startswith(name)


def test_the_worst_of_allowed_sizes_comes_to_an_end() -> None:
    """A file within the limits cannot keep its watch's thread busy (field notes, TOML)."""
    slow: dict[str, float] = {}
    for (name, what), content in hostile_files.SIDECARS.items():
        assert len(content) <= form_of(name).limit
        took_s = min(cpu_s(name, content) for _ in range(3))  # the machine may be busy
        slow |= {what: took_s} if took_s > MOST_CPU_S[form_of(name).describes] else {}
    assert slow == {}


def cpu_s(name: str, content: bytes) -> float:
    """Return the seconds of a processor that a sidecar takes."""
    began_s = time.process_time()
    with contextlib.suppress(BrokenSidecar):
        parse(content, name)
    return time.process_time() - began_s


def test_the_folders_speak_key_by_key(tmp_path: Path) -> None:
    """Each key comes from the nearest that says it, the own sidecar first."""
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "ann.jpg").write_bytes(b"a picture")
    (tmp_path / "_rules.toml").write_text('model = "root"\nskip = true')
    (tmp_path / "a" / "_prompt.txt").write_text("of a")
    (tmp_path / "a" / "_rules.toml").write_text('model = "of a"')
    (deep / "_rules.toml").write_text('prompt = "of b"')
    (deep / "ann.xmp").write_text(xmp())
    (deep / "ann.txt").write_text("own")
    found = speaking.beside(tmp_path, "a/b/ann.jpg")
    assert [each[0] for each in found.unread] == ["a/b/ann.xmp"]
    said = read(tmp_path, "a/b/ann.jpg")
    assert said.layers == (
        Sidecar(prompt="own"),
        Sidecar(prompt="of b"),
        Sidecar(prompt="of a", model="of a"),
        Sidecar(model="root", skip=True),
    )
    (deep / "ann.txt").unlink()
    assert read(tmp_path, "a/b/ann.jpg").silent == "a/b/ann.xmp"
    (deep / "_prompt.txt").write_text("also of b")
    with pytest.raises(BrokenSidecar, match=r"a/b/_rules\.toml says a prompt, and so does"):
        read(tmp_path, "a/b/ann.jpg")


def test_a_file_larger_than_its_form_may_be_is_not_read(tmp_path: Path) -> None:
    """Neither here nor in a worker."""
    for form in FORMS:
        path = tmp_path / f"ann{form.ending}"
        path.write_bytes(b" " * (form.limit + 1))
        with pytest.raises(BrokenSidecar, match=f"larger than {form.limit // 1024} KiB"):
            read(tmp_path, "ann.jpg")
        path.unlink()
