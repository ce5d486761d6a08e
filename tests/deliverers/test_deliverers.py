"""Pictures that real programs bring, killed half-way and resumed: each is edited exactly once."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from tests.deliverers import programs
from tests.mounting import unmount
from tests.pictures import mpo, noise, saved
from tests.studio import LOOK_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tests.deliverers.programs import Share
    from tests.studio import Studio

    Serving = Callable[[Path], AbstractAsyncContextManager[Share]]

PLAIN: Final = {f"p{n}.jpg": saved(noise((160, 120), seed=n), "JPEG") for n in range(3)}
LARGE: Final = saved(noise((800, 600), seed=9), "PNG")
PHONE: Final = mpo(noise((96, 64)), noise((1600, 1300), seed=2))  # rsync writes 256 KB at once
PARTIAL: Final = {"truncated", "missing_parts"}
RETRIED_AFTER_S: Final = 61.0
OFTEN: Final = "scan_interval = 0.2"


def hashes(folder: Path) -> list[str]:
    """Return the SHA-256 of each picture of a folder, sorted."""
    return sorted(hashlib.sha256(each.read_bytes()).hexdigest() for each in folder.iterdir())


def sent(studio: Studio) -> list[str]:
    """Return the SHA-256 of each picture that was paid for, sorted."""
    return sorted(task.input_sha256[0] for task in studio.ledger().tasks)


@contextlib.asynccontextmanager
async def looked_at(sizes: Callable[[], dict[str, int]]) -> AsyncIterator[dict[str, set[int]]]:
    """List the output over and over; give the sizes that each file was ever seen with."""
    seen: dict[str, set[int]] = {}

    async def look() -> None:
        while True:
            for name, size in (await asyncio.to_thread(sizes)).items():
                seen.setdefault(name, set()).add(size)
            await asyncio.sleep(LOOK_S)

    looking = asyncio.create_task(look())
    try:
        yield seen
    finally:
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking


@contextlib.contextmanager
def going_on(command: list[str]) -> Iterator[None]:
    """Let a program go on until the block ends, then kill it."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as program:
        try:
            yield
        finally:
            program.kill()


async def deliver(studio: Studio, serving: Serving, slow: tuple[str, bytes]) -> None:
    """Deliver pictures, kill a transfer half-way, resume it; all is edited once, none in part."""
    studio.configure(watch=OFTEN)
    local, (name, content) = studio.folder / "camera", slow
    local.mkdir()
    for each, whole in {**PLAIN, name: content}.items():
        (local / each).write_bytes(whole)
    async with serving(studio.folder) as share, studio.running(), looked_at(share.sizes) as seen:
        for each in PLAIN:
            await asyncio.to_thread(programs.run, share.wholly(local / each))
        with going_on(share.slowly(local / name)):
            await studio.until(lambda: _is_part(studio, name, len(content)), "a part is there")
        await studio.until(lambda: _is_waited_for(studio, name), "it is waited for")
        await studio.until(lambda: len(sent(studio)) == len(PLAIN), "the others are sent")
        await asyncio.to_thread(programs.run, share.wholly(local / name))
        await studio.until(lambda: studio.job(name)["state"] == "done", "the whole one is done")
        there = {each.name: each.stat().st_size for each in studio.output.glob("*.*")}
        final = {each: {size} for each, size in there.items() if not each.startswith(".")}
        await studio.until(lambda: seen.keys() == final.keys(), "the customer sees all")
    assert seen == final
    assert sent(studio) == hashes(local)


def _is_waited_for(studio: Studio, name: str) -> bool:
    error = studio.job(name)["error"]
    return error is not None and error["code"] in PARTIAL


def _is_part(studio: Studio, name: str, size: int) -> bool:
    found = studio.input / name
    return found.exists() and 0 < found.stat().st_size < size


@pytest.mark.long
@pytest.mark.parametrize("program", ["smb", "ftp", "rsync", "sftp"])
async def test_a_transfer_that_is_killed_and_resumed(studio: Studio, program: str) -> None:
    """A large picture that stops half-way is waited for, and paid once when it is whole."""
    await deliver(studio, getattr(programs, program), ("large.png", LARGE))


@pytest.mark.long
@pytest.mark.parametrize("program", ["smb", "ftp", "sftp"])
async def test_a_phones_picture_that_is_killed_and_resumed(studio: Studio, program: str) -> None:
    """A JPEG of several pictures that stops after its first is waited for, too."""
    await deliver(studio, getattr(programs, program), ("phone.jpg", PHONE))


async def test_a_phones_picture_that_rsync_leaves_in_part(studio: Studio) -> None:
    """A JPEG of several pictures, written in place, whose transfer stops after the first."""
    await deliver(studio, programs.rsync, ("phone.jpg", PHONE))


async def test_an_output_that_rclone_mounts(studio: Studio) -> None:
    """It renames only plainly and answers EIO to links: everything is delivered all the same."""
    behind, cache = studio.folder / "behind", studio.folder / "cache"
    behind.mkdir()
    with programs.rclone(studio.output, behind, cache):
        studio.drop_many(5)
        await studio.once()
        assert studio.states() == {"done": 5}, studio.summary()
        assert studio.outputs() == [f"p{number:03}.jpg" for number in range(5)]
    assert len(studio.ledger().tasks) == 5


@pytest.mark.long
async def test_an_output_whose_rclone_is_killed(studio: Studio) -> None:
    """Killed amidst publishing and mounted again: all is delivered whole, nothing paid twice."""
    behind, cache = studio.folder / "behind", studio.folder / "cache"
    behind.mkdir()
    studio.configure(watch=OFTEN)
    with programs.rclone(studio.output, behind, cache) as program:
        async with studio.running():
            studio.drop_many(40)
            await studio.until(lambda: "done" in studio.states(), "some are published")
            program.kill()
            await studio.until(studio.holds, "the output is away")
            program.wait()
            unmount(studio.output)
            with programs.rclone(studio.output, behind, cache):
                studio.wait(RETRIED_AFTER_S)
                await studio.until_states(done=40)
                names = [each for each in studio.outputs() if not each.startswith(".")]
                assert names == [f"p{number:03}.jpg" for number in range(40)]
    assert len(studio.ledger().tasks) == 40
