"""When a file is complete: real files, looked at by a clock that tests set forward."""

from __future__ import annotations

import os
import threading
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hotfolder.bell import Bell
from hotfolder.journal import aside
from hotfolder.journal.acceptance import register_watch
from hotfolder.journal.journal import Journal
from hotfolder.kinds.workshop.workshop import Workshop
from hotfolder.planning.looking import Looking
from hotfolder.tree.threads import PatientThread
from hotfolder.watching.candidates import Candidates
from tests.builders import StandingClock
from tests.flow.test_changes import DETECTS, follow
from tests.flow.test_sets import FRAMES
from tests.studio import RULE, picture

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from tests.studio import Studio

STEP_S = 0.5
SETTLE_S = 2.0
MEGABYTE = 1024 * 1024
LONG_AGO_S = 1546300800  # 2019


@dataclass
class Watcher:
    """Looks at one file as the daemon does, every half second of a made-up time."""

    candidates: Candidates
    studio: Studio
    clock: StandingClock

    async def see(self, seconds: float = 0.0) -> None:
        """Let time pass and look."""
        for _ in range(round(seconds / STEP_S) or 1):
            self.clock.forward(STEP_S if seconds else 0.0)
            await self.candidates.look()

    def jobs(self) -> list[tuple[str, str | None]]:
        """Return state and error of each job."""
        return [
            (job["state"], job["error"]["code"] if job["error"] else None)
            for job in self.studio.jobs()
        ]

    @property
    def reason(self) -> str:
        """Why the file is not accepted yet."""
        return self.candidates.reason("ann.jpg") or ""


@asynccontextmanager
async def watching(studio: Studio, rules: Sequence[str] = (RULE,)) -> AsyncIterator[Watcher]:
    """Give a watcher with a settle of two seconds."""
    studio.configure(watch=f"settle = {SETTLE_S}\nsidecar_wait = 0.0", rules=rules)
    studio.state.mkdir()
    watch = studio.config.watch[0]

    async def hangs() -> None:
        raise AssertionError

    thread = PatientThread("test", hangs)
    clock = StandingClock()
    with closing(Workshop()) as workshop, Journal(studio.state, clock=clock) as journal:
        number = await journal.run(register_watch, "studio", str(studio.input), str(studio.output))
        candidates = Candidates(
            watch,
            number,
            journal,
            thread,
            Looking(workshop, studio.state),
            bell=Bell(),
        )
        yield Watcher(candidates, studio, clock)
    thread.close()


def whole(size: int = 40_000) -> bytes:
    """Return a JPEG of about a size, whole only with its last two bytes."""
    head = picture(1, side=64)
    comment = b"\xff\xfe\xff\xfd" + b"c" * (0xFFFD - 2)
    return head[:2] + comment * (size // len(comment)) + head[2:]


async def written(watcher: Watcher, path: Path, parts: int, pause_s: float) -> None:
    """Write a picture in so many parts, with a pause after each, the file kept open."""
    content = whole(MEGABYTE)
    with path.open("wb", buffering=0) as copy:
        for at in range(parts):
            copy.write(content[at * len(content) // parts : (at + 1) * len(content) // parts])
            watcher.candidates.add(["ann.jpg"])
            await watcher.see(pause_s)


async def test_a_long_copy_is_read_when_it_is_whole(studio: Studio) -> None:
    """200 MB over 30 seconds are one file, not thirty: it is told as growing, then judged once."""
    async with watching(studio) as watcher:
        path = studio.input / "ann.jpg"
        with path.open("wb", buffering=0) as copy:
            copy.write(whole())
            watcher.candidates.add(["ann.jpg"])
            for megabytes in range(0, 200, 7):
                copy.truncate(megabytes * MEGABYTE + 200_000)
                await watcher.see(1.0)
                assert watcher.jobs() == []
            assert watcher.reason.startswith("still growing, ")
            copy.truncate(200 * MEGABYTE)
        await watcher.see(30.0)
        assert watcher.jobs() == [("accepted", None)]


async def test_a_slow_copy_is_one_job(studio: Studio) -> None:
    """A picture that comes in parts is accepted when its last part has come, and once."""
    async with watching(studio) as watcher:
        await written(watcher, studio.input / "ann.jpg", parts=30, pause_s=1.0)
        assert watcher.jobs() == []
        await watcher.see(10.0)
        assert watcher.jobs() == [("accepted", None)]


async def test_a_file_reserved_at_its_size_is_waited_for(studio: Studio) -> None:
    """Size, and even time, say nothing while the tail is zeros; filled, it is accepted."""
    async with watching(studio) as watcher:
        content = whole()
        path = studio.input / "ann.jpg"
        with path.open("wb", buffering=0) as copy:
            os.posix_fallocate(copy.fileno(), 0, len(content))
            copy.write(content[: len(content) // 2])
            os.utime(path, (LONG_AGO_S, LONG_AGO_S))
            watcher.candidates.add(["ann.jpg"])
            await watcher.see(8.0)
            assert watcher.jobs() == []
            copy.write(content[len(content) // 2 :])
            os.utime(path, (LONG_AGO_S, LONG_AGO_S))
        await watcher.see(20.0)
        assert watcher.jobs() == [("accepted", None)]


@pytest.mark.parametrize("kept_open", [True, False])
async def test_a_copy_paused_for_ten_minutes_is_told(studio: Studio, *, kept_open: bool) -> None:
    """A person can read that its end is missing; when it goes on, the whole is accepted."""
    async with watching(studio) as watcher:
        content = whole()
        path = studio.input / "ann.jpg"
        copy = path.open("wb", buffering=0)
        copy.write(content[:-40])
        if not kept_open:
            copy.close()
        watcher.candidates.add(["ann.jpg"])
        await watcher.see(600.0)
        assert watcher.jobs() == [("accepted", "truncated")]
        assert studio.job("ann.jpg")["waits_for"] == "source"
        with copy if kept_open else path.open("ab", buffering=0) as copy:
            copy.write(content[-40:])
        watcher.candidates.add(["ann.jpg"])
        await watcher.see(20.0)
        assert watcher.jobs() == [("cancelled", "superseded"), ("accepted", None)]


async def test_a_writer_that_closes_in_between_is_waited_for(studio: Studio) -> None:
    """Opened and closed five times in twenty seconds, it is one picture."""
    async with watching(studio) as watcher:
        content = whole()
        path = studio.input / "ann.jpg"
        for at in range(5):
            with path.open("ab") as copy:
                copy.write(content[at * len(content) // 5 : (at + 1) * len(content) // 5])
            watcher.candidates.add(["ann.jpg"])
            await watcher.see(4.0 if at < 4 else 0.5)
        assert watcher.jobs() == []
        await watcher.see(20.0)
        assert watcher.jobs() == [("accepted", None)]


async def test_a_file_that_grows_with_pauses_is_given_longer(studio: Studio) -> None:
    """Whole at any time, as with what phones append: twice the longest pause is waited for."""
    async with watching(studio) as watcher:
        path = studio.drop("ann.jpg")
        watcher.candidates.add(["ann.jpg"])
        for pause_s in (1.5, 1.5, 2.5, 4.5, 8.0):
            await watcher.see(pause_s)
            with path.open("ab") as phone:
                phone.write(b"appended")
        await watcher.see(15.0)
        assert watcher.jobs() == []
        await watcher.see(2.0)
        assert watcher.jobs() == [("accepted", None)]


async def test_an_old_time_proves_nothing(studio: Studio) -> None:
    """A file with a time of 2019 is quiet only when it was quiet by our own clock."""
    async with watching(studio) as watcher:
        path = studio.drop("ann.jpg")
        os.utime(path, (LONG_AGO_S, LONG_AGO_S))
        watcher.candidates.add(["ann.jpg"])
        await watcher.see()
        await watcher.see(1.5)
        assert watcher.jobs() == []
        assert watcher.reason == "just seen, 0.5 s to go"
        await watcher.see(1.0)
        assert watcher.jobs() == [("accepted", None)]


@pytest.mark.parametrize(("size", "code"), [(0, "empty"), (5 * MEGABYTE, "unwritten")])
async def test_a_placeholder_waits_and_says_so(studio: Studio, size: int, code: str) -> None:
    """Zero bytes, or a size without a block on the disk: nothing is sent, a person can read why."""
    async with watching(studio) as watcher:
        path = studio.drop("ann.jpg", b"")
        os.truncate(path, size)
        assert path.stat().st_blocks == 0
        watcher.candidates.add(["ann.jpg"])
        await watcher.see(8.0)
        assert watcher.jobs() == []
        await watcher.see(10.0)
        assert watcher.jobs() == [("accepted", code)]
        studio.drop("ann.jpg")
        watcher.candidates.add(["ann.jpg"])
        await watcher.see(5.0)
        assert watcher.jobs() == [("cancelled", "superseded"), ("accepted", None)]


async def test_a_program_that_never_closes_is_not_waited_for_ever(studio: Studio) -> None:
    """That a file is open for writing is a hint: a whole picture goes its way after a minute."""
    async with watching(studio) as watcher:
        path = studio.drop("ann.jpg")
        with path.open("ab"):
            watcher.candidates.add(["ann.jpg"])
            await watcher.see(50.0)
            assert watcher.reason == "a program still has it open for writing"
            assert watcher.jobs() == []
            await watcher.see(15.0)
            assert watcher.jobs() == [("accepted", None)]


async def test_what_is_long_on_its_way_is_counted(studio: Studio) -> None:
    """A file that is still written after a minute is seen to wait, until it is taken."""
    async with watching(studio) as watcher:
        path = studio.drop("ann.jpg")
        with path.open("ab", buffering=0) as writer:
            watcher.candidates.add(["ann.jpg"])
            await watcher.see(50.0)
            assert studio.status()["watches"][0]["counts"]["files"] == 0
            writer.write(b"more")
            await watcher.see(20.0)
            assert watcher.jobs() == []
            assert studio.status()["watches"][0]["counts"]["waiting"] == 1
        await watcher.see(60.0)
        assert watcher.jobs() == [("accepted", None)]
        assert studio.status()["watches"][0]["counts"]["files"] == 1
        assert studio.read(aside.some, 1, "", "waiting") == []


async def test_a_set_that_is_long_on_its_way_is_counted(studio: Studio) -> None:
    """Each file of a set of which one is still written after a minute is seen to wait."""
    async with watching(studio, [FRAMES]) as watcher:
        studio.drop("ann.first.jpg", number=1)
        path = studio.drop("ann.last.jpg", number=2)
        with path.open("ab", buffering=0) as writer:
            watcher.candidates.add(["ann.last.jpg"])
            await watcher.see(50.0)
            writer.write(b"more")
            await watcher.see(20.0)
            assert watcher.jobs() == []
            assert studio.status()["watches"][0]["counts"]["waiting"] == 2
        await watcher.see(60.0)
        assert watcher.jobs() == [("accepted", None)]
        assert studio.status()["watches"][0]["counts"]["files"] == 2
        assert studio.read(aside.some, 1, "", "waiting") == []


def deleted(path: Path) -> None:
    """Take the file away."""
    path.unlink()


def moved_out(path: Path) -> None:
    """Move the file to a folder that nobody watches."""
    path.rename(path.parents[1] / path.name)


def made_a_link(path: Path) -> None:
    """Swap the file for a link to it."""
    other = path.rename(path.parents[1] / path.name)
    path.symlink_to(other)


def became_a_folder(path: Path) -> None:
    """Swap the file for a folder."""
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("change", [deleted, moved_out, made_a_link, became_a_folder])
@pytest.mark.parametrize("after_s", [0.5, 1.5])
async def test_what_goes_while_it_settles_is_dropped(
    studio: Studio, change: Callable[[Path], None], after_s: float
) -> None:
    """Silently: there is no job, and nothing waits for it."""
    async with watching(studio) as watcher:
        path = studio.drop("ann.jpg")
        watcher.candidates.add(["ann.jpg"])
        await watcher.see(after_s)
        change(path)
        await watcher.see(5.0)
        assert (watcher.jobs(), len(watcher.candidates)) == ([], 0)


async def test_what_changes_while_it_is_read_settles_again(studio: Studio) -> None:
    """Nothing is accepted of a file that was written between its opening and its closing."""
    async with watching(studio) as watcher:
        path = studio.drop("ann.jpg", whole())
        os.truncate(path, 300 * MEGABYTE)  # long enough to be written while it is read
        watcher.candidates.add(["ann.jpg"])
        await watcher.see(10.0)
        assert watcher.jobs() == []
        writer = threading.Thread(target=appended_when_opened, args=(path,))
        writer.start()
        await watcher.see(0.5)
        writer.join()
        assert watcher.jobs() == []
        assert watcher.reason.startswith("still ")
        await watcher.see(30.0)
        assert watcher.jobs() == [("accepted", None)]


def appended_when_opened(path: Path) -> None:
    """Wait until this very process has the file open, and write into it then."""
    while not any(path == Path(link) for link in open_files()):
        pass
    with path.open("ab") as late:
        late.write(b"late")


def open_files() -> Iterator[str]:
    """Yield the names of what this process has open."""
    for each in os.listdir("/proc/self/fd"):  # noqa: PTH208
        with suppress(FileNotFoundError):
            yield os.readlink(f"/proc/self/fd/{each}")  # noqa: PTH115


@DETECTS
async def test_files_found_at_start_pass_the_same_checks(studio: Studio, detect: str) -> None:
    """One that stands there half copied, or still open, waits; the whole one is edited."""
    follow(studio, detect)
    studio.drop("half.jpg", whole()[:-40])
    studio.drop("good.jpg", number=2)
    with studio.drop("open.jpg", number=3).open("ab") as writer:
        async with studio.running():
            await studio.until_states(done=1, accepted=1)
            told = await studio.send("settling", watch="studio", path="open.jpg")
            assert "open for writing" in told[0]
            writer.close()
            await studio.until_states(done=2, accepted=1)
    assert studio.outputs() == ["good.jpg", "open.jpg"]


async def test_a_picture_moved_while_it_settles_is_edited_once(studio: Studio) -> None:
    """Under its new name, and nothing is left of the old one."""
    studio.configure(watch='detect = "events"\nsettle = 0.5')
    async with studio.running():
        path = studio.drop("ann.jpg")
        await studio.until(path.exists, "the drop")
        path.rename(studio.input / "bob.jpg")
        await studio.until_states(done=1)
    assert studio.outputs() == ["bob.jpg"]
    assert [job["source"] for job in studio.jobs()] == ["bob.jpg"]
