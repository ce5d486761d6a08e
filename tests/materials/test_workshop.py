"""The workshop: work on pictures that may crash, hang or take all memory."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, cast

import pytest
from PIL import Image

from hotfolder.domain.preparation import Preparation
from hotfolder.kinds.formats import EmptyPicture, NotAPicture, PictureType, TooManyPixels
from hotfolder.kinds.workshop.errors import DiskRefused, MemoryLack, WorkerKilled, WorkerSlow
from hotfolder.kinds.workshop.worker_process import WorkerProcess
from hotfolder.kinds.workshop.workshop import Workshop
from tests.pictures import exif, needs_heif, opened, saved, scene
from tests.tiles import phone_heic

MEGABYTE = 1024 * 1024
LIMIT_S = 20.0
WANTED = {"types": ["jpg"], "max_bytes": MEGABYTE}


@contextlib.contextmanager
def workshop(**options: Any) -> Iterator[Workshop]:  # noqa: ANN401  a workshop's own
    """Give a workshop that ends with the block."""
    made = Workshop(**options)
    try:
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def files(content: bytes) -> Iterator[list[int]]:
    """Give an open file with a content and an empty one."""
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
        source.write(content)
        source.flush()
        yield [source.fileno(), target.fileno()]


async def look(shop: Workshop, content: bytes, *, deadline_s: float = 20.0) -> dict[str, Any]:
    """Let a worker look at a picture."""
    with files(content) as (source, _):
        return await shop.work("look", [source], {}, memory_bytes=1, deadline_s=deadline_s)


def workers(shop: Workshop) -> list[int]:
    """Return the ids of the workers."""
    worker_processes = cast("set[WorkerProcess]", shop._all)  # noqa: SLF001  to kill them
    return [each.program.pid for each in worker_processes]


async def test_a_picture_is_prepared_in_a_worker() -> None:
    """The answer says what was made, and the target holds it."""
    with workshop() as shop, files(saved(scene(), "TIFF")) as (source, target):
        answer = await shop.work(
            "prepare", [source, target], WANTED, memory_bytes=MEGABYTE, deadline_s=20.0
        )
        assert (answer["type"], answer["width"]) == (PictureType.JPEG, 160)
        assert opened(os.pread(target, MEGABYTE, 0)).size == (160, 120)


@needs_heif
async def test_a_phones_picture_fits_into_the_memory_that_is_taken_for_it() -> None:
    """One of many tiles, in a worker that has done nothing yet."""
    content = phone_heic(8, 6, exif=exif(), quarter_turns=3)
    with workshop() as shop, files(content) as (source, target):
        wanted = Preparation(types=("jpg",), max_bytes=4 * MEGABYTE)
        most = wanted.most_pixels
        answer = await shop.work_on("prepare", [source, target], asdict(wanted), most_pixels=most)
        assert (answer["type"], answer["height"] > answer["width"]) == (PictureType.JPEG, True)


async def test_a_picture_of_many_pixels_gets_the_time_and_memory_that_it_takes() -> None:
    """What a small one takes is tried first, and is not enough."""
    large = saved(Image.effect_noise((3000, 3000), 60), "PNG", compress_level=1)
    with workshop() as shop, files(large) as (source, _):
        answer = await shop.work_on("decode", [source], {})
        assert (answer["width"], answer["height"]) == (3000, 3000)


async def test_workers_are_kept_warm() -> None:
    """Many tasks take as few workers as work at once."""
    with workshop(places=2) as shop:
        for _ in range(5):
            await look(shop, saved(scene(), "PNG"))
        assert len(workers(shop)) == 1


async def test_what_is_wrong_with_a_picture_is_told() -> None:
    """Verdicts of the worker arrive as the room's own errors, and the worker lives on."""
    with workshop() as shop:
        with pytest.raises(NotAPicture):
            await look(shop, b"Dear customer" * 9)
        with pytest.raises(EmptyPicture):
            await look(shop, b"")
        with pytest.raises(TooManyPixels):
            await look(shop, saved(Image.new("1", (65_000, 4_000)), "PNG"))
        assert len(workers(shop)) == 1


async def test_a_worker_that_dies_is_replaced() -> None:
    """The kernel's OOM killer costs one task, and is told from a crash; the next is a fresh one."""
    with workshop(places=1) as shop:
        await look(shop, saved(scene(), "PNG"))
        (pid,) = workers(shop)
        os.kill(pid, signal.SIGSTOP)
        task = asyncio.create_task(look(shop, saved(scene(), "PNG")))
        await asyncio.sleep(0)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(WorkerKilled):
            await task
        assert (await look(shop, saved(scene(), "PNG")))["width"] == 160


async def test_a_disk_that_refuses_is_not_the_pictures_fault() -> None:
    """A worker that cannot write says why, and lives on."""
    with workshop() as shop, files(saved(scene(), "TIFF")) as (source, _):
        full = os.open("/dev/full", os.O_WRONLY)
        try:
            with pytest.raises(DiskRefused) as caught:
                await shop.work(
                    "prepare", [source, full], WANTED, memory_bytes=MEGABYTE, deadline_s=20.0
                )
        finally:
            os.close(full)
        assert caught.value.errno == errno.ENOSPC
        assert len(workers(shop)) == 1


async def test_a_worker_that_hangs_is_ended() -> None:
    """A deadline ends the worker and its task alone."""
    with workshop(places=1) as shop:
        await look(shop, saved(scene(), "PNG"))
        (pid,) = workers(shop)
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(WorkerSlow):
            await look(shop, saved(scene(), "PNG"), deadline_s=0.2)
        assert pid not in workers(shop)
        assert (await look(shop, saved(scene(), "PNG")))["width"] == 160


async def test_a_task_gets_no_more_memory_than_it_was_promised() -> None:
    """A picture that takes more than expected is refused its memory; the machine is unharmed."""
    bomb = saved(Image.new("RGB", (9_500, 9_500)), "PNG", compress_level=1)
    with workshop() as shop, files(bomb) as (source, target), pytest.raises(MemoryLack):
        await shop.work("prepare", [source, target], WANTED, memory_bytes=1, deadline_s=60.0)


class HearingWorker(WorkerProcess):
    """A worker that tells when it was asked."""

    asked = threading.Event()

    def ask(self, message: bytes, files: Sequence[int], deadline_s: float) -> object:
        """Do a task."""
        self.asked.set()
        return super().ask(message, files, deadline_s)


async def test_spare_work_gives_way_and_is_done_later() -> None:
    """A thumbnail that takes all the room, and time, keeps no picture that is edited waiting."""
    room = workshop(memory_bytes=MEGABYTE, open_worker=HearingWorker)
    with room as shop, files(saved(scene(), "PNG")) as (source, _):
        look_at = partial(shop.work, "look", [source], {}, memory_bytes=MEGABYTE, deadline_s=60.0)
        await look_at(spare=True)
        (pid,) = workers(shop)
        os.kill(pid, signal.SIGSTOP)  # it would take for ever
        HearingWorker.asked.clear()
        spare = asyncio.create_task(look_at(spare=True))
        assert await asyncio.to_thread(HearingWorker.asked.wait, LIMIT_S)
        async with asyncio.timeout(LIMIT_S):
            assert (await look_at())["width"] == 160
            assert (await spare)["width"] == 160
        assert pid not in workers(shop)


async def test_a_cancelled_task_leaves_nothing_open() -> None:
    """Whoever stops waiting may close its files; the worker's copies are closed by themselves."""
    with workshop(places=1) as shop:
        await look(shop, saved(scene(), "PNG"))
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  counted only
        task = asyncio.create_task(look(shop, saved(scene(), "PNG")))
        await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await look(shop, saved(scene(), "PNG"))
        assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
