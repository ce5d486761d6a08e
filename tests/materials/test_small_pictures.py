"""Small pictures: as the large ones look, made while those are decoded, and kept within a bound."""

from __future__ import annotations

import asyncio
import io
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageChops, ImageStat

from hotfolder.domain.preparation import Finish, Preparation
from hotfolder.kinds.metadata.xmp import Note
from hotfolder.kinds.picture.thumbnail import thumbnail
from hotfolder.kinds.workshop import small_pictures
from hotfolder.kinds.workshop.needs import SIDES
from hotfolder.kinds.workshop.small_pictures import SmallPictures
from tests.materials.test_workshop import files, workshop
from tests.pictures import exif, saved, scene, see_through

if TYPE_CHECKING:
    from pathlib import Path

SIDEWAYS = exif(orientation=6)
PICTURES = {
    "sideways": saved(scene(size=(1800, 1200)), "JPEG", quality=95, exif=SIDEWAYS),
    "progressive": saved(scene(), "JPEG", progressive=True),
    "CMYK": saved(scene("CMYK"), "JPEG"),
    "see-through": saved(see_through(), "PNG"),
    "palette": saved(scene("P"), "GIF"),
    "deep": saved(scene("I;16"), "PNG"),
}
ORDERS: dict[str, dict[str, Any]] = {
    "keep": {"decode": True},
    "decode": {},
    "prove_and_finish": {
        "finish": asdict(Finish()),
        "note": asdict(Note(model="m", task_id="t", at="2026-05-01T12:00:00+00:00")),
        "converted": False,
        "signed": False,
        "has_source": False,
    },
    "prepare": asdict(Preparation(types=("jpg",), max_bytes=8_000_000)),
}
BETWEEN = {"decode": 0, "keep": 1}


def jpeg() -> bytes:
    """Return a small JPEG."""
    return saved(Image.new("RGB", (8, 8)), "JPEG")


@pytest.mark.parametrize("task", ORDERS)
async def test_what_is_decoded_is_made_small_on_the_way(tmp_path: Path, task: str) -> None:
    """Upright, in sRGB and opaque, as the thumbnail of the file itself would be."""
    small = SmallPictures(tmp_path, makes=True)
    between = [os.memfd_create(name) for name in "ab"[: BETWEEN.get(task, 2)]]
    with workshop() as shop:
        for name, content in PICTURES.items():
            with files(content) as (source, _):
                async with small.making(name) as made:
                    await shop.work_on(task, [source, *between, *made], ORDERS[task])
            for side in SIDES:
                kept = small.read(name, side)
                assert kept is not None, (name, side)
                with (
                    Image.open(io.BytesIO(kept)) as found,
                    Image.open(io.BytesIO(thumbnail(content, side))) as wanted,
                ):
                    assert (name, found.size) == (name, wanted.size)
                    differ = ImageChops.difference(found.convert("RGB"), wanted.convert("RGB"))
                    assert max(ImageStat.Stat(differ).mean) < 4, (name, side)


@pytest.mark.parametrize("odd", [b"", jpeg()[:-2], bytes(9_000_000) + jpeg()])
async def test_only_what_is_whole_is_kept(tmp_path: Path, odd: bytes) -> None:
    """What a worker left unfinished, did not begin, or wrote without end is gone at the end."""
    small = SmallPictures(tmp_path, makes=True)
    async with small.making("a") as made:
        os.write(made[0], jpeg())
        os.write(made[1], odd)
    assert small.read("a", SIDES[0]) == jpeg()
    assert os.listdir(tmp_path) == [f"a-{SIDES[0]}.jpg"]  # noqa: PTH208  in an async test


async def test_none_are_made_where_nobody_needs_them(tmp_path: Path) -> None:
    """Not at a later attempt, not twice, and not where no page is served or the disk refuses."""
    small = SmallPictures(tmp_path / "kept", makes=True)
    async with small.making("a", attempt=1) as made:
        assert made == []
    async with small.making("a") as made:
        async with small.making("a") as again:
            assert again == []
        for each in made:
            os.write(each, jpeg())
    async with small.making("a") as made:
        assert made == []
    async with SmallPictures(tmp_path, makes=False).making("b") as made:
        assert made == []
    (tmp_path / "file").touch()
    async with SmallPictures(tmp_path / "file", makes=True).making("b") as made:
        assert made == []


async def test_who_asks_meanwhile_waits_for_whoever_makes_them(tmp_path: Path) -> None:
    """Nothing is decoded twice because somebody looks on."""
    small = SmallPictures(tmp_path, makes=True)
    async with small.making("a"):
        waiting = asyncio.create_task(small.until_made("a"))
        await asyncio.sleep(0)
        assert not waiting.done()
    await waiting
    await small.until_made("a")


def test_what_nobody_looked_at_for_longest_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, they stay within their bound; what was looked at stays longer."""
    monkeypatch.setattr(small_pictures, "MOST_BYTES", 10 * len(jpeg()))
    small = SmallPictures(tmp_path, makes=True)
    for number in range(10):
        small.keep(f"p{number}", SIDES[0], jpeg())
        os.utime(tmp_path / f"p{number}-{SIDES[0]}.jpg", (number, number))
    assert small.read("p0", SIDES[0]) == jpeg()
    small.keep("p10", SIDES[0], jpeg())
    left = {each.name.partition("-")[0] for each in tmp_path.iterdir()}
    assert left == {"p0", *(f"p{number}" for number in range(4, 11))}


def test_a_result_is_known_by_its_content_once_that_is_known(tmp_path: Path) -> None:
    """What looked otherwise before it was finished is forgotten."""
    small = SmallPictures(tmp_path, makes=True)
    for key in ("1-1-raw", "2-1-raw"):
        small.keep(key, SIDES[1], jpeg())
    small.rename("1-1-raw", "abc")
    small.forget("2-1-raw")
    small.rename("2-1-raw", "def")
    assert small.read("abc", SIDES[1]) == jpeg()
    assert [each.name for each in tmp_path.iterdir()] == [f"abc-{SIDES[1]}.jpg"]
