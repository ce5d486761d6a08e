"""What looks like a picture by its name and is none, or none that may be sent."""

from __future__ import annotations

import json
import os
import struct
import zlib
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from hotfolder.kinds.workshop.errors import WorkerDied
from tests.flow.test_explain import ask
from tests.hostile_files import chunk
from tests.pictures import noise, saved
from tests.studio import picture
from tests.workers import WORKERS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hotfolder.kinds.workshop.worker_process import Worker
    from tests.studio import Studio

MEGABYTE = 1024 * 1024
# Hashed within hours.
SPARSE_BYTES = 4 * 1024 * 1024 * MEGABYTE


def broken() -> bytes:
    """Give a TIFF whose directory is at its end and whole; the pixels before it are not."""
    lzw = saved(noise((99, 99)), "TIFF", compression="tiff_lzw")
    return lzw[:200] + b"\xff\x80\x7f" * 2000 + lzw[6200:]


def bomb() -> bytes:
    """Give a PNG of 65,000 x 65,000 black pixels: the same thousand rows, packed, 65 times."""
    side, rows = 65_000, 1_000
    count = rows * (1 + side // 8)
    packer = zlib.compressobj()
    first, again = (packer.compress(bytes(count)) + packer.flush(zlib.Z_FULL_FLUSH) for _ in "12")
    end = b"\x03\0" + struct.pack(">HH", side // rows * count % 65_521, 1)  # Adler-32 of zeros
    packed = first + again * (side // rows - 1) + end
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def padded(size: int) -> bytes:
    """Give a JPEG with so many bytes behind its pixels."""
    return picture()[:-2] + bytes(size) + b"\xff\xd9"


# Each made when it is asked for: some take seconds, or much memory.
BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "text": (lambda: b"Dear customer, the picture follows.", "not_a_picture"),
    "web page": (lambda: b"<!doctype html><title>Log in</title>", "not_a_picture"),
    "one pixel": (lambda: saved(Image.new("RGB", (1, 1)), "PNG"), "too_few_pixels"),
    "a thread": (lambda: saved(Image.new("RGB", (100_000, 1)), "PNG"), "too_few_pixels"),
    "bomb": (bomb, "too_many_pixels"),
    "broken": (broken, "broken_picture"),
    "huge text": (lambda: b"Dear customer, " * (5 * MEGABYTE), "not_a_picture"),
}
NEVER: dict[str, tuple[Callable[[], bytes], str]] = {
    "tiff": (lambda: saved(Image.new("RGB", (8, 8)), "TIFF"), "unsupported_type"),
    "too large": (lambda: padded(10 * MEGABYTE), "too_large"),
    "huge": (lambda: padded(65 * MEGABYTE), "too_large"),
}
WAITING = {
    "empty": (b"", "empty"),
    "truncated": (picture(side=64)[:-40], "truncated"),
    "reserved": (bytes(4096), "unwritten"),
}


@pytest.mark.parametrize(("make", "code"), BAD.values(), ids=BAD)
async def test_a_bad_picture_fails_without_a_call(
    studio: Studio, make: Callable[[], bytes], code: str
) -> None:
    """Nothing is uploaded or paid, and the reason stands wherever one looks for it."""
    studio.drop("ann.jpg", make())
    await studio.once()
    job = studio.job("ann.jpg")
    assert (job["state"], job["error"]["code"]) == ("failed", code)
    assert not {"upload", "submit"} & studio.ledger().requests.keys()
    assert studio.status()["jobs"]["failed"] == 1
    told = studio.explain("ann.jpg")
    assert told["verdict"] == "job"
    assert job["error"]["message"] in told["reason"]
    assert job["error"]["hint"] in told["reason"]


@pytest.mark.parametrize(("make", "code"), NEVER.values(), ids=NEVER)
@pytest.mark.parametrize("prepare", ["never", "fail"])
async def test_a_picture_that_would_need_conversion_fails_where_none_is_wanted(
    studio: Studio, prepare: str, make: Callable[[], bytes], code: str
) -> None:
    """With prepare = "never" or "fail" nothing is converted, uploaded or paid."""
    studio.configure(rules=[f'prompt = "Make it gold"\nprepare = "{prepare}"'])
    studio.drop("ann.jpg", make())
    await studio.once()
    job = studio.job("ann.jpg")
    wanted = code if prepare == "never" else "needs_conversion"
    assert (job["state"], job["error"]["code"]) == ("failed", wanted)
    assert not {"upload", "submit"} & studio.ledger().requests.keys()


@pytest.mark.parametrize(("content", "code"), WAITING.values(), ids=WAITING)
async def test_an_unfinished_picture_waits_without_a_call(
    studio: Studio, content: bytes, code: str
) -> None:
    """A file whose end is missing may still be coming: it waits, and says so."""
    studio.drop("ann.jpg", content)
    await studio.once()
    job = studio.job("ann.jpg")
    assert (job["state"], job["waits_for"], job["error"]["code"]) == ("accepted", "source", code)
    assert not {"upload", "submit"} & studio.ledger().requests.keys()
    assert studio.status()["waiting"] == {"source": 1}
    assert studio.explain("ann.jpg")["verdict"] == "waiting"


@pytest.mark.parametrize("detect", ["events", "scan"])
async def test_a_picture_completed_later_is_done_once(studio: Studio, detect: str) -> None:
    """A stalled copy that goes on is edited once it is whole, and only the whole is paid."""
    studio.configure(watch=f'detect = "{detect}"\nscan_interval = 0.2')
    whole = picture(7, side=64)
    async with studio.running():
        path = studio.drop("ann.jpg", whole[:-40])
        await studio.until_states(accepted=1)
        assert studio.job("ann.jpg")["error"]["code"] == "truncated"
        with path.open("ab") as copy:
            copy.write(whole[-40:])
        await studio.until_states(cancelled=1, done=1)
    assert studio.outputs() == ["ann.jpg"]
    assert len(studio.ledger().tasks) == 1


async def test_a_bad_picture_keeps_no_good_one(studio: Studio) -> None:
    """The good pictures beside bad ones are edited."""
    bad = [make() for make, _ in BAD.values()]
    waiting = [content for content, _ in WAITING.values()]
    for number, content in enumerate([*bad, *waiting]):
        studio.drop(f"bad{number}.jpg", content)
    studio.drop("good.jpg")
    await studio.once()
    assert studio.states() == {"failed": len(BAD), "accepted": len(WAITING), "done": 1}
    assert studio.outputs() == ["good.jpg"]


async def test_the_type_is_told_by_the_content(studio: Studio) -> None:
    """A PNG named .jpg is a good picture; its edit gets the extension of what it is."""
    studio.drop("ann.jpg", picture(1, "PNG"))
    await studio.once()
    assert studio.states() == {"done": 1}
    assert studio.outputs() == ["ann.png"]


class DiesOf:
    """A worker that dies of files of one size, and notes each."""

    def __init__(self, worker: Worker, size: int, deaths: list[str]) -> None:
        self._worker = worker
        self._size = size
        self._deaths = deaths

    def ask(self, message: bytes, files: Sequence[int], deadline_s: float) -> object:
        """Do a task with open files and return the answer. Raises WorkerDied, WorkerSlow."""
        if not files or os.fstat(files[0]).st_size != self._size:
            return self._worker.ask(message, files, deadline_s)
        self._deaths.append(json.loads(message)["task"])
        raise WorkerDied("the worker died of it")

    def end(self) -> None:
        """End now."""
        self._worker.end()


async def test_a_picture_that_workers_die_of_keeps_no_other_waiting(studio: Studio) -> None:
    """It is looked at again, ever later: each look may take a minute of the watch's time."""
    hostile, deaths = picture() + bytes(999), list[str]()
    studio.edge(open_worker=lambda: DiesOf(WORKERS.open(), len(hostile), deaths))
    async with studio.running():
        studio.drop("hostile.jpg", hostile)
        await studio.until(lambda: deaths, "it was looked at")
        for number in range(5):
            studio.drop(f"p{number}.jpg", number=number)
            await studio.until_states(done=number + 1)
        told = await ask(studio, "hostile.jpg")
    assert "cannot be looked at" in told["reason"]
    assert len(deaths) < 4


async def test_a_file_beyond_what_a_folder_takes_is_not_read(studio: Studio) -> None:
    """One of a million MB, with holes, fails with a plain reason; what comes later is edited."""
    studio.configure(watch="largest_mb = 1")
    path = studio.drop("huge.jpg", picture())
    os.truncate(path, SPARSE_BYTES)
    async with studio.running():
        await studio.until(lambda: studio.states() == {"failed": 1}, "it is told")
        studio.drop("ann.jpg")
        await studio.until(lambda: studio.states() == {"failed": 1, "done": 1}, "an edit")
        assert "largest_mb" in str(await ask(studio, "huge.jpg"))
    assert studio.job("huge.jpg")["error"]["code"] == "file_too_large"
    assert studio.ledger().requests["upload"] == 1


async def test_each_kind_has_a_limit_of_its_own(studio: Studio) -> None:
    """A film may be larger than a picture, by its name alone: nothing of either is read for it."""
    studio.configure(watch="largest_mb = { picture = 1, sound = 2 }")
    for name in ("huge.jpg", "huge.wav", "fine.wav"):
        os.truncate(studio.drop(name, picture()), 3 * MEGABYTE if "huge" in name else MEGABYTE)
    await studio.once()
    codes = {each["source"]: each["error"]["code"] for each in studio.jobs()}
    assert codes["huge.jpg"] == "file_too_large"
    assert codes.get("huge.wav", "file_too_large") == "file_too_large"
    assert codes.get("fine.wav") != "file_too_large"


async def test_files_beyond_any_picture_are_not_read_either(studio: Studio) -> None:
    """Whatever the folder's owner says, or where nothing is said."""
    os.truncate(studio.drop("huge.tif", picture()), SPARSE_BYTES)
    await studio.once()
    assert studio.job("huge.tif")["error"]["code"] == "file_too_large"


@pytest.mark.parametrize(
    ("model", "side", "wanted"),
    [
        ("happyhorse-1.0/image-to-video", 290, "of at least 300 pixels"),
        ("kling-v3.0-4k-image-to-video", 290, "of at least 300 pixels"),
        ("Vidu-reference-to-video-q3", 100, "of at least 128 pixels"),
    ],
)
async def test_a_picture_too_small_for_its_model(
    studio: Studio, model: str, side: int, wanted: str
) -> None:
    """It is told before anything is uploaded, as films are."""
    studio.configure(rules=[f'model = "{model}"\nprompt = "she turns"\ngroup = "file"'])
    studio.drop("ann.jpg", picture(1, side=side))
    await studio.once()
    error = studio.job("ann.jpg")["error"]
    assert (error["code"], wanted in error["message"]) == ("wrong_size", True), error
    assert "upload" not in studio.ledger().requests
