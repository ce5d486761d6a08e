"""Every name that a file can have, from the drop to the output, the journal and the log."""

from __future__ import annotations

import json
import logging
import os
import unicodedata
from typing import TYPE_CHECKING

import structlog

from hotfolder import logs
from tests.studio import picture

if TYPE_CHECKING:
    import pytest

    from tests.studio import Studio

LONGEST = 255
NAMES = [
    b"caf\xe9.jpg",
    b"\xff\xfe/\xfd.jpg",
    b"n" * (LONGEST - 4) + b".jpg",
    "é".encode() * 125 + b"x.jpg",
    b"two\nlines.jpg",
    b"bell\x07.jpg",
    "👩\u200d🎨 at work.jpg".encode(),
    b"dots and spaces /ann. . .jpg",
    b" leading.jpg",
    b"a:b?c*.jpg",
    b"CON.jpg",
    b"[red]ann[/red].jpg",
    b"--help.jpg",
    "ann\u202egpj.exe.jpg".encode(),
    unicodedata.normalize("NFC", "é.jpg").encode(),
    unicodedata.normalize("NFD", "é.jpg").encode(),
    *(b"twin.jpg", b"TWIN.JPG", b"Twin.jpeg", b"twin.png"),
]


def drop_all(studio: Studio) -> None:
    """Put a picture of its own under each name."""
    root = os.fsencode(studio.input)
    for number, name in enumerate(NAMES):
        path = os.path.join(root, name)  # noqa: PTH118  bytes
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        with open(path, "wb") as file:  # noqa: PTH123
            file.write(picture(number, "PNG" if name.endswith(b".png") else "JPEG"))


async def test_every_name_is_taken(
    studio: Studio, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal gives the exact bytes back, no two outputs meet, every log line is JSON."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr("sys.stderr.isatty", lambda: False)
    logs.configure("info")
    drop_all(studio)
    await studio.once()
    structlog.reset_defaults()
    jobs = studio.jobs()
    assert sorted(os.fsencode(job["source"]) for job in jobs) == sorted(NAMES)
    assert {job["state"] for job in jobs} == {"done"}
    outputs = studio.outputs()
    folded = {unicodedata.normalize("NFC", name.casefold()) for name in outputs}
    assert len(folded) == len(outputs) == len(NAMES)
    lines = capsys.readouterr().err.splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    published = [json.loads(line) for line in lines if "output.published" in line]
    assert len(published) == len(NAMES)


async def test_names_are_stable_through_a_restart(studio: Studio) -> None:
    """Seen again they are the same pictures: nothing is paid, no output is added."""
    drop_all(studio)
    await studio.once()
    before = studio.outputs()
    await studio.once()
    assert studio.outputs() == before
    assert len(studio.ledger().tasks) == len(NAMES)


async def test_explain_answers_for_every_name(studio: Studio) -> None:
    """Whatever a file is called, it can be asked for, and the answer is JSON."""
    drop_all(studio)
    await studio.once()
    for name in NAMES:
        told = studio.explain(os.fsdecode(name))
        assert told["verdict"] == "job"
        json.dumps(told)
