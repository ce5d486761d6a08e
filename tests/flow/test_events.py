"""Events are hints: whatever they lose, double, mix up or cannot tell, the same comes out."""

from __future__ import annotations

import asyncio
import mmap
import os
import random
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
import structlog

from hotfolder.tree import mounts
from hotfolder.watching import listening
from hotfolder.watching.inotify import Events
from tests.mounting import mount, unmount
from tests.studio import picture

if TYPE_CHECKING:
    from pathlib import Path

    from hotfolder.watching.inotify import Told
    from hotfolder.watching.watcher import Watcher
    from tests.studio import Studio

SEED = 20
BURST = """
import os, sys
for number in range(100_000):
    os.close(os.open(f"{sys.argv[1]}/{number}.tmp", os.O_CREAT | os.O_WRONLY))
"""


class LossyTold:
    """Drops 30 % of the hints, doubles 30 %, and passes them on in another order."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._chance = random.Random(SEED)  # noqa: S311  no secret
        self._kept: list[str] = []

    def add(self, relative: str) -> None:
        """Take a hint in, and perhaps pass others on."""
        if relative == listening.PROBE:
            self._told.add(relative)
            return
        times = self._chance.choices([0, 1, 2], weights=[30, 40, 30])[0]
        self._kept += [relative] * times
        self._chance.shuffle(self._kept)
        while len(self._kept) > 3:
            self._told.add(self._kept.pop())

    def lose(self) -> None:
        """Pass a loss on."""
        self._told.lose()


def lossy(root: Path, told: Told) -> Events:
    """Open a source of hints that loses many of them."""
    return Events(root, LossyTold(told))


def watch(studio: Studio) -> dict[str, str]:
    """Return what `status --json` shows of the watch."""
    return dict(studio.status()["watches"][0])


def follow(studio: Studio, more: str = "") -> None:
    """Rely on events: the scans are too far apart to help."""
    studio.configure(watch=f'detect = "events"\nscan_interval = 300.0\n{more}')


async def test_a_lossy_source_of_hints_changes_nothing(studio: Studio) -> None:
    """With 30 % dropped, 30 % doubled and all mixed up every picture is edited once."""
    studio.configure(watch='detect = "events"\nscan_interval = 1.0')
    studio.edge(listen=lossy)
    async with studio.running():
        for number in range(40):
            studio.drop(f"d{number % 7}/e/p{number:02}.jpg", number=number)
        (studio.input / "d1").rename(studio.input / "moved")  # what is not yet sent starts anew
        await studio.until(lambda: studio.states().get("done") == 40, "all are done")
    assert len(studio.ledger().tasks) == 40
    assert len(studio.outputs()) == 40


async def test_what_comes_later_into_a_moved_folder_is_seen(studio: Studio) -> None:
    """A folder moved in from outside, and those in it, are followed from then on."""
    follow(studio)
    outside = studio.folder / "outside" / "deep"
    outside.mkdir(parents=True)
    (outside / "first.jpg").write_bytes(picture(1))
    async with studio.running():
        (studio.folder / "outside").rename(studio.input / "day")
        await studio.until_states(done=1)
        studio.drop("day/deep/later.jpg", number=2)
        studio.drop("day/later.jpg", number=3)
        await studio.until_states(done=3)
        (studio.input / "day").rename(studio.input / "night")
        studio.drop("night/deep/last.jpg", number=4)
        await studio.until_states(done=4)


@pytest.mark.long
async def test_an_overflow_of_the_queue_loses_no_picture(studio: Studio) -> None:
    """100,000 files at once while nobody reads the kernel's queue: the pictures are all found."""
    follow(studio)
    async with studio.running():
        burst = studio.input / "burst"
        burst.mkdir()
        await studio.until(lambda: _followed(studio, "burst"), "the folder is followed")
        overflowing = _source(studio)
        with _processor_busy():
            subprocess.run([sys.executable, "-c", BURST, burst], check=True)  # noqa: ASYNC221
        await studio.until(lambda: not overflowing.alive, "the overflow is noticed")
        for number in range(5):
            studio.drop(f"burst/p{number}.jpg", number=number)
        await studio.until_states(done=5)
        studio.drop("burst/after.jpg", number=9)
        await studio.until_states(done=6)
    assert len(studio.ledger().tasks) == 6


async def test_a_source_of_hints_that_dies_is_begun_anew(studio: Studio) -> None:
    """Its thread ended, or it broke at an event: soon new pictures are seen all the same."""
    follow(studio)
    async with studio.running():
        studio.drop("before.jpg", number=1)
        await studio.until_states(done=1)
        source = _source(studio)
        source._kernel.stop()  # noqa: SLF001  as if it died
        await studio.until(lambda: not source.alive, "it is dead")
        studio.drop("meanwhile.jpg", number=2)
        await studio.until_states(done=2)
        assert _source(studio) is not source
        studio.drop("after.jpg", number=3)
        await studio.until_states(done=3)
        assert watch(studio)["detect"] == "events"
        assert watch(studio)["reason"] is None


async def test_an_error_while_a_hint_is_taken_in_is_mended(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watch says that events stopped until they come again."""
    monkeypatch.setattr(listening, "RESTARTED_AFTER_S", 3.0)
    follow(studio)
    async with studio.running():
        broken = _source(studio)

        def fail(_relative: str) -> None:
            raise RuntimeError("this hint cannot be taken in")

        monkeypatch.setattr(broken._told, "add", fail)  # noqa: SLF001  where hints go
        studio.drop("first.jpg", number=1)
        await studio.until(
            lambda: "events stopped" in (watch(studio)["reason"] or ""), "it is told"
        )
        monkeypatch.undo()
        await studio.until_states(done=1)
        await studio.until(lambda: watch(studio)["reason"] is None, "events come again")
        studio.drop("second.jpg", number=2)
        await studio.until_states(done=2)


async def test_what_is_gone_when_its_hint_is_looked_at_costs_no_scan(studio: Studio) -> None:
    """Files that come and go are the everyday life of a folder: the others are seen by events."""
    follow(studio)
    async with studio.running():
        walks = _watcher(studio)._walks  # noqa: SLF001  what nobody else may touch
        asked: list[str] = []
        walks.ask = lambda *folders: asked.extend(folders)  # type: ignore[method-assign]
        for number in range(20):
            studio.drop(f"gone{number}.jpg", number=number).unlink()
        studio.drop("ann.jpg", number=99)
        await studio.until(lambda: "done" in studio.states(), "the picture is seen")
        assert asked == []


async def test_no_ignored_folder_is_followed(studio: Studio) -> None:
    """The litter of a NAS takes none of the kernel's room, and is not walked."""
    follow(studio)
    for name in ("@eaDir", ".Trash-1000", "#recycle", "fine"):
        studio.drop(f"{name}/deep/ann.jpg")
    async with studio.running():
        await studio.until_states(done=1)
        assert _followed(studio, "fine/deep")
        assert len(_source(studio)._folders) == 3  # noqa: SLF001


async def test_a_root_deleted_and_made_again_is_followed(studio: Studio) -> None:
    """It is offline meanwhile; then what comes into it is seen by events again."""
    follow(studio)
    async with studio.running():
        studio.drop("first.jpg", number=1)
        await studio.until_states(done=1)
        shutil.rmtree(studio.input)
        await studio.until(lambda: not watch(studio)["online"], "the watch is offline")
        studio.input.mkdir()
        await studio.until(lambda: watch(studio)["detect"] == "events", "it is followed")
        studio.drop("second.jpg", number=2)
        await studio.until_states(done=2)


async def test_a_file_written_through_memory_is_taken_as_it_is_last(studio: Studio) -> None:
    """The kernel tells nothing of mmap writes: a scan finds the new content."""
    studio.configure(watch='detect = "events"\nscan_interval = 1.0')
    first, second = picture(1, "PNG"), picture(2, "PNG")
    assert len(first) == len(second)
    async with studio.running():
        path = studio.drop("ann.png", first)
        await studio.until_states(done=1)
        with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
            memory[:] = second
            memory.flush()
        await studio.until_states(done=2)
    assert len({task.input_sha256 for task in studio.ledger().tasks}) == 2


async def test_what_copiers_do_is_seen(studio: Studio) -> None:
    """`mkdir -p` and a copy right after, a hard link, a rename: events alone suffice."""
    follow(studio)
    source = studio.folder / "source.jpg"
    source.write_bytes(picture(1))
    async with studio.running():
        deep = studio.input / "x" / "y" / "z"
        script = f"mkdir -p {deep} && cp {source} {deep}/copied.jpg"
        await (await asyncio.create_subprocess_shell(script)).wait()
        os.link(source, studio.input / "linked.jpg")
        shutil.copy(source, studio.input / "upload.jpg.part")
        (studio.input / "upload.jpg.part").rename(studio.input / "renamed.jpg")
        await studio.until_states(done=3)


async def test_a_self_test_in_vain_demotes_to_scanning(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no event comes of a change the watch is scanned, says so once, and is tried again."""
    monkeypatch.setattr(listening, "SELF_TEST_S", 0.2)
    monkeypatch.setattr(listening, "TESTED_AGAIN_S", 1.0)
    studio.configure(watch="scan_interval = 0.2")
    deaf = threading.Event()
    deaf.set()

    opened: list[Events] = []

    def hard_of_hearing(root: Path, told: Told) -> Events:
        source = Events(root, told)
        opened.append(source)
        if deaf.is_set():
            monkeypatch.setattr(source, "_pass_on", lambda _event: None)
        return source

    studio.edge(listen=hard_of_hearing)
    with structlog.testing.capture_logs() as logged:
        async with studio.running():
            await studio.until(
                lambda: "no event came" in (watch(studio)["reason"] or ""), "it says"
            )
            assert watch(studio)["detect"] == "scan"
            studio.drop("ann.jpg")
            await studio.until_states(done=1)
            await studio.until(lambda: len(opened) > 2, "it is tried again")
            deaf.clear()
            await studio.until(lambda: watch(studio)["detect"] == "events", "events are back")
            assert watch(studio)["reason"] is None
    assert [each["event"] for each in logged if each.get("about") == "events"] == [
        "watch.trouble",
        "watch.trouble_ended",
    ]
    assert not (studio.input / listening.PROBE).exists()


async def test_at_the_kernels_limit_the_rest_is_scanned(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One clear message with the setting; what cannot be followed is scanned at once, and later."""
    monkeypatch.setattr("hotfolder.watching.watcher.SCAN_ALONE_S", 0.5)
    studio.configure(watch='detect = "events"')
    folders, room = 12, 4
    for number in range(folders):
        studio.drop(f"old{number:02}/a.jpg", number=number)

    class SmallKernel(Events):
        def follow(self, folder: str) -> bool:
            known = os.fsencode(folder) in self._followed
            return (known or len(self._followed) < room) and super().follow(folder)

    studio.edge(listen=SmallKernel)
    with structlog.testing.capture_logs() as logged:
        async with studio.running():
            await studio.until_states(done=folders)
            await studio.until(lambda: "max_user_watches" in (watch(studio)["reason"] or ""), "why")
            for number in range(folders):
                studio.drop(f"old{number:02}/b.jpg", number=100 + number)
                studio.drop(f"new{number:02}/c.jpg", number=200 + number)
            await studio.until_states(done=3 * folders)
            assert watch(studio)["detect"] == "events"
    assert [each["event"] for each in logged if "about" in each] == ["watch.trouble"]


async def test_a_share_inside_a_local_folder_is_scanned(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events for the local part, a scan at the short interval for the share: both are seen."""
    monkeypatch.setattr(mounts, "_REMOTE", frozenset({"tmpfs"}))
    monkeypatch.setattr("hotfolder.watching.watcher.SCAN_ALONE_S", 0.5)
    place = studio.input / "nas"
    place.mkdir()
    mount("-t", "tmpfs", "-o", "size=4m", "none", str(place))
    try:
        studio.drop("nas/deep/first.jpg", number=1)
        async with studio.running():
            await studio.until_states(done=1)
            assert watch(studio)["detect"] == "events"
            assert not _followed(studio, "nas")
            studio.drop("local.jpg", number=2)
            studio.drop("nas/deep/later.jpg", number=3)
            await studio.until_states(done=3)
    finally:
        unmount(place)


def _watcher(studio: Studio) -> Watcher:
    parts = studio.parts
    assert parts is not None
    return parts.watches.watchers[0]


def _source(studio: Studio) -> Events:
    source = _watcher(studio)._listening._source  # noqa: SLF001
    assert isinstance(source, Events)
    return source


def _followed(studio: Studio, folder: str) -> bool:
    return os.fsencode(folder) in _source(studio)._followed  # noqa: SLF001


class _processor_busy:  # noqa: N801  a context
    """Keeps this process's threads from running in time."""

    def __enter__(self) -> None:
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._count) for _ in range(4)]
        for each in self._threads:
            each.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for each in self._threads:
            each.join()

    def _count(self) -> None:
        while not self._over.is_set():
            sum(range(10_000))
