"""Whatever bytes somebody makes up, each parser gives what it promises or says what is wrong.

A short form in every run, always of the same examples, and a long one of new ones each time.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import warnings
from functools import cache
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotfolder.domain.errors import RemoteError
from hotfolder.kinds.formats import PictureError
from hotfolder.kinds.kind import NotProven
from hotfolder.kinds.metadata.packets import Unreadable
from hotfolder.kinds.picture.source_metadata import SourceMetadata
from hotfolder.kinds.workshop import answers, tasks
from hotfolder.planning import forms, said
from hotfolder.runninghub import wire
from hotfolder.runninghub.fields import Answer
from hotfolder.tree.globs import Globs
from tests import hostile_files
from tests.materials.test_imaging_prepare import KINDS
from tests.pictures import exif, saved, scene

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SHORT: Final = 12
LONG: Final = 4000
_NEED_MORE: Final = {"heic", "avif", "dng with preview"}
_NUMBERS: Final = [0, 1, 2, 7, 8, 9, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF]
_LONGEST: Final = 90_000
_SMALL: Final = [
    "jpeg, iptc of many datasets",
    "tiff, a loop",
    "heic, exif in ten thousand extents",
]


@cache
def pictures() -> list[bytes]:
    """Return a small picture of each kind, and those that attacks were made of."""
    plain = [make() for name, make in KINDS.items() if name not in _NEED_MORE]
    plain.append(saved(scene(), "JPEG", exif=exif(orientation=6)))
    return [*plain, *(hostile_files.FILES[each]() for each in _SMALL)]


@cache
def sidecars() -> list[bytes]:
    """Return what stands beside pictures."""
    long = [each[:3000] for each in hostile_files.SIDECARS.values()]
    return [*long, b'prompt = "Make it gold"\n', b'{"params": {"n": 1}}', hostile_files.packet(3)]


@st.composite
def changed(draw: st.DrawFn, of: Callable[[], list[bytes]]) -> bytes:
    """Return one of some contents after a few changes where it hurts: numbers, lengths, cuts."""
    content = bytearray(draw(st.sampled_from(of())))
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        way = draw(st.sampled_from(["number", "bytes", "cut", "twice", "between"]))
        if way == "number":
            size, order = draw(st.sampled_from([1, 2, 4])), draw(st.sampled_from(["big", "little"]))
            number = draw(st.sampled_from(_NUMBERS)) % (1 << 8 * size)
            content[at : at + size] = number.to_bytes(size, "big" if order == "big" else "little")
        elif way == "bytes":
            content[at : at + 4] = draw(st.binary(min_size=1, max_size=8))
        elif way == "cut":
            del content[at : at + draw(st.integers(1, 200))]
        elif way == "twice":
            content[at:at] = content[at : at + draw(st.integers(1, 200))]
        else:
            content[at:at] = draw(st.binary(max_size=40))
    return bytes(content[:_LONGEST])


def told(task: str, content: bytes, order: Mapping[str, object]) -> None:
    """Have a task done in this process: its answer is one that counts, and not too long."""
    with tempfile.TemporaryFile() as kept:
        files = [tasks.OpenFile(0, content), tasks.OpenFile(kept.fileno(), b"")]
        answer = tasks.TASKS[task](files[: 1 if task != "keep" else 2], order)
        message = json.dumps(answer).encode()
        assert len(message) <= answers.LARGEST_MESSAGE
        answers.checked(task, answers.parsed(message))
        if task == "keep":
            SourceMetadata.decoded(os.pread(kept.fileno(), 1 << 24, 0))


def describes(content: bytes) -> None:
    """Require that a picture is described, or said to be none."""
    with contextlib.suppress(PictureError):
        told("describe", content, {})


def keeps(content: bytes) -> None:
    """Require that something is kept of whatever is sent, which can be read again."""
    told("keep", content, {"decode": False})


def decodes(content: bytes) -> None:
    """Require that a picture is sound, or said not to be."""
    with contextlib.suppress(PictureError):
        told("keep", content, {"decode": True})


def proves(content: bytes) -> None:
    """Require that a result is of a kind that is published, or of none."""
    with contextlib.suppress(NotProven):
        told("prove", content, {"said": False, "text": False})


def reads_xmp(content: bytes) -> None:
    """Require that XMP says something, or why it cannot be read."""
    with contextlib.suppress(Unreadable):
        told("sidecar", content, {})


def reads_sidecars(content: bytes) -> None:
    """Require that any form of sidecar says something, or why it is broken."""
    for form in forms.FORMS:
        if not form.describes:
            with contextlib.suppress(forms.BrokenSidecar):
                said.parse(content, f"a{form.ending}")


def believes_answers(content: bytes) -> None:
    """Require that a worker's answer is of its form, or none at all."""
    for task in tasks.TASKS:
        with contextlib.suppress(answers.BadAnswer):
            answers.checked(task, answers.parsed(content))


def hears_the_service(content: bytes) -> None:
    """Require that an answer of the service means something, or is its error."""
    answer = Answer(200, {}, content)
    for read in (wire.submitted_task, wire.uploaded, wire.task_report, wire.account, wire.queue):
        with contextlib.suppress(RemoteError):
            read(answer)
    wire.callback_task(content)


def matches_globs(content: bytes) -> None:
    """Require that a glob matches or not, or is refused."""
    with contextlib.suppress(ValueError), warnings.catch_warnings(action="ignore"):
        globs = Globs(content.decode("utf-8", "replace").splitlines()[:50])
        globs.verdict("a/b/ann.jpg")


ANSWERS: Final = [
    json.dumps(each).encode()
    for each in (
        {"type": "jpg", "width": 3, "height": 4, "bytes": 5},
        {"broken": None, "prompt": "x", "texts": {"xmp.Rating": "4"}},
        {"error": "BrokenPicture", "text": "no", "errno": 0},
        {"code": 0, "data": {"taskId": "1", "status": "SUCCESS", "results": [{"url": "http://a"}]}},
        {"taskId": "17", "status": "FAILED", "usage": {"consumeMoney": "0,14"}},
    )
]
# What must hold -> the bytes that it is asked of.
PROPERTIES: Final[Mapping[Callable[[bytes], None], st.SearchStrategy[bytes]]] = {
    describes: changed(pictures),
    keeps: changed(pictures),
    decodes: changed(pictures),
    proves: changed(pictures),
    reads_xmp: changed(sidecars),
    reads_sidecars: changed(sidecars),
    believes_answers: changed(lambda: ANSWERS),
    hears_the_service: changed(lambda: ANSWERS),
    matches_globs: st.text("*?[]!a/\\-b:z\n", max_size=200).map(str.encode),
}


def explore(examples: int, *, always_the_same: bool) -> None:
    """Ask each property of so many examples."""
    for holds, strategy in PROPERTIES.items():
        asked = settings(
            max_examples=examples,
            derandomize=always_the_same,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        asked(given(strategy)(holds))()


def test_whatever_bytes_come() -> None:
    """No parser of what strangers make raises anything but its own errors."""
    explore(SHORT, always_the_same=True)


@pytest.mark.long
def test_whatever_bytes_come_for_long() -> None:
    """The same for minutes, with other examples each time."""
    explore(LONG, always_the_same=False)
