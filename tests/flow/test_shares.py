"""Shares that go away, hang and come back: they wait, nothing is lost and nothing is paid twice."""

from __future__ import annotations

import shutil
from contextlib import contextmanager, suppress
from subprocess import CalledProcessError
from typing import TYPE_CHECKING

import pytest

from hotfolder.control import retrying
from hotfolder.tree import threads
from hotfolder.watching.root import MARKER_NAME
from tests.mounting import hanging_share, mount, unmount
from tests.studio import picture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.studio import Studio

OFTEN = 'detect = "scan"\nscan_interval = 0.2'


def watch(studio: Studio, position: int = 0) -> dict[str, str]:
    """Return what `status --json` shows of a watch."""
    return dict(studio.status()["watches"][position])


@contextmanager
def mounted_over(place: Path) -> Iterator[None]:
    """Hide what stands in a folder behind an empty file system, as an unmounted share does."""
    mount("-t", "tmpfs", "-o", "size=4m", "none", str(place))
    try:
        yield
    finally:
        unmount(place)


async def test_a_share_that_is_gone_is_offline_since_a_time(studio: Studio) -> None:
    """The watch, and each file in it, says since when the folder is away and why."""
    studio.configure(watch=OFTEN)
    async with studio.running():
        online_since = watch(studio)["since"]
        studio.input.rename(studio.folder / "away")
        await studio.until(lambda: not watch(studio)["online"], "the watch is offline")
        away = watch(studio)
        told = studio.explain("ann.jpg", daemon=True)
        (studio.folder / "away").rename(studio.input)
        await studio.until(lambda: watch(studio)["online"], "the watch is online")
    assert away["since"] > online_since
    assert "is missing" in away["reason"]
    assert told["verdict"] == "offline"
    assert told["reason"].startswith("offline since 20")
    assert watch(studio)["since"] > away["since"]
    assert watch(studio)["reason"] is None


@pytest.mark.parametrize("detect", ["events", "scan"])
async def test_an_empty_mount_point_is_no_emptied_share(studio: Studio, detect: str) -> None:
    """It is offline, nothing is cancelled or written there, and other watches go on."""
    studio.configure(watch=f'detect = "{detect}"\nscan_interval = 0.5', watches=["other"])
    studio.simulator.update_settings(key_kind="consumer")  # no submit is accepted
    studio.drop("waiting.jpg", number=1)
    async with studio.running():
        await studio.until_states(uploaded=1)
        with mounted_over(studio.input):
            await studio.until(lambda: not watch(studio)["online"], "the watch is offline")
            assert "run release" in watch(studio)["reason"]
            studio.simulator.update_settings(key_kind="enterprise")
            await studio.send("resume")
            (studio.folder / "other-in" / "b.jpg").write_bytes(picture(2))
            await studio.until(lambda: studio.states().get("done") == 1, "the other goes on")
            assert list(studio.input.iterdir()) == []
            assert studio.job("waiting.jpg")["state"] in {"accepted", "uploaded"}
        await studio.until(lambda: watch(studio)["online"], "the watch is online")
        studio.drop("new.jpg", number=3)
        await studio.until_states(done=3)
    assert len(studio.ledger().tasks) == 3


async def test_nothing_is_gone_with_a_share_inside_the_folder(studio: Studio) -> None:
    """While a disk below the root is away its pictures wait, and a failed one stays so."""
    studio.configure(watch=OFTEN)
    disk, place = studio.folder / "disk", studio.input / "card"
    for each in (disk, place):
        each.mkdir()
    mount("--bind", str(disk), str(place))
    try:
        studio.drop("card/broken.jpg", "no picture")
        async with studio.running():
            await studio.until_states(failed=1)
            await studio.send("pause", watch="studio")
            studio.drop("card/waiting.jpg", number=1)
            await studio.until_states(failed=1, accepted=1)
            unmount(place)
            await studio.send("resume", watch="studio")
            studio.drop("new.jpg", number=2)
            await studio.until_states(failed=1, accepted=1, done=1)
            await studio.until(lambda: "not mounted" in told(studio, "card/waiting.jpg"), "why")
            mount("--bind", str(disk), str(place))
            studio.wait(61.0)
            await studio.until_states(failed=1, done=2)
        assert studio.history("card/broken.jpg") == ["Accepted", "GaveUp"]
    finally:
        with suppress(CalledProcessError):  # where it failed while it was away
            unmount(place)
    assert len(studio.ledger().tasks) == 2


def told(studio: Studio, name: str) -> str:
    """Return why a picture is where it is."""
    return str(studio.explain(name, daemon=True)["reason"])


async def test_a_paused_picture_is_not_gone_with_its_share(studio: Studio) -> None:
    """Not yet uploaded when the bare mount point shows, it waits for the share."""
    studio.configure(watch=OFTEN)
    async with studio.running():
        await studio.send("pause", watch="studio")
        studio.drop("ann.jpg", number=1)
        await studio.until_states(accepted=1)
        with mounted_over(studio.input):
            await studio.send("resume", watch="studio")
            await studio.until(lambda: "Postponed" in studio.history("ann.jpg"), "it is tried")
            assert studio.states() == {"accepted": 1}
        studio.wait(61.0)
        await studio.until_states(done=1)
    assert studio.history("ann.jpg").count("Accepted") == 1


async def test_a_share_that_comes_back_anew_pays_for_nothing(studio: Studio) -> None:
    """The same files with other device and inode numbers, 40 of them, make no job."""
    studio.configure(watch=OFTEN)
    studio.drop_many(40)
    async with studio.running():
        await studio.until_states(done=40)
        copy = studio.folder / "copy"
        shutil.copytree(studio.input, copy)
        shutil.rmtree(studio.input)
        await studio.until(lambda: not watch(studio)["online"], "the watch is offline")
        copy.rename(studio.input)
        studio.drop("new.jpg", number=999)
        await studio.until_states(done=41)
        await studio.until(lambda: _is_quiet(studio), "all was looked at")
    assert len(studio.ledger().tasks) == 41


async def test_a_share_that_hangs_stops_nobody_else(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Offline with the reason while a call never returns, and when it breaks (ENOTCONN)."""
    monkeypatch.setattr(threads, "HANGS_AFTER_S", 0.3)
    studio.configure(watch=OFTEN, watches=["other"])
    async with studio.running():
        studio.drop("first.jpg", number=1)
        await studio.until_states(done=1)
        with hanging_share(studio.input) as break_it:
            await studio.until(lambda: not watch(studio)["online"], "the watch is offline")
            assert "does not answer" in watch(studio)["reason"]
            (studio.folder / "other-in" / "b.jpg").write_bytes(picture(2))
            await studio.until_states(done=2)
            assert studio.explain("x.jpg", daemon=True)["verdict"] == "offline"
            break_it()
            await studio.until(lambda: "cannot be read" in watch(studio)["reason"], "it broke")
        await studio.until(lambda: watch(studio)["online"], "the watch is online")
        studio.drop("last.jpg", number=3)
        await studio.until_states(done=3)
    assert len(studio.ledger().tasks) == 3


async def test_a_renamed_watch_keeps_its_jobs(studio: Studio) -> None:
    """Its folder is known by the marker in it: nothing is edited or paid again."""
    studio.drop_many(3)
    await studio.once()
    text = (studio.folder / "config.toml").read_text()
    studio.reconfigure(text.replace('name = "studio"', 'name = "portraits"'))
    await studio.once()
    assert studio.states() == {"done": 3}
    assert {job["watch"] for job in studio.jobs()} == {"portraits"}
    assert len(studio.ledger().tasks) == 3


async def test_a_moved_folder_keeps_its_jobs(studio: Studio) -> None:
    """The same folder mounted elsewhere, and even under another name, pays for nothing."""
    studio.drop_many(3)
    await studio.once()
    studio.input.rename(studio.folder / "elsewhere")
    text = (studio.folder / "config.toml").read_text()
    text = text.replace(f'"{studio.input}"', f'"{studio.folder / "elsewhere"}"')
    studio.reconfigure(text.replace('name = "studio"', 'name = "portraits"'))
    await studio.once()
    assert studio.states() == {"done": 3}
    assert len(studio.ledger().tasks) == 3


async def test_watches_that_exchange_their_folders_keep_their_jobs(studio: Studio) -> None:
    """Each folder's jobs follow the folder, not the name."""
    studio.configure(watches=["other"])
    studio.drop("ann.jpg", number=1)
    (studio.folder / "other-in" / "bob.jpg").write_bytes(picture(2))
    await studio.once()
    text = (studio.folder / "config.toml").read_text()
    here, there = f'"{studio.input}"', f'"{studio.folder / "other-in"}"'
    studio.reconfigure(text.replace(here, "?").replace(there, here).replace("?", there))
    await studio.once()
    assert {job["watch"]: job["source"] for job in studio.jobs()} == {
        "studio": "bob.jpg",
        "other": "ann.jpg",
    }
    assert len(studio.ledger().tasks) == 2


async def test_a_copied_folder_is_another_folder(studio: Studio) -> None:
    """With its marker copied, too: while the first is there, the second is its own watch."""
    studio.drop("ann.jpg", number=1)
    studio.configure(watch=OFTEN)
    await studio.once()
    shutil.copytree(studio.input, studio.folder / "copy-in")
    studio.configure(watch=OFTEN, watches=["copy"])
    async with studio.running():
        await studio.until_states(done=2)
    assert {job["watch"] for job in studio.jobs()} == {"studio", "copy"}
    first, second = (
        (folder / MARKER_NAME).read_text() for folder in (studio.input, studio.folder / "copy-in")
    )
    assert first != second


async def test_a_folder_of_another_journal_is_held(studio: Studio) -> None:
    """A new journal beside an old folder pays for nothing until a person says so."""
    studio.drop("ann.jpg", number=1)
    await studio.once()
    shutil.rmtree(studio.state)
    await studio.once()
    assert len(studio.ledger().tasks) == 1
    assert "Another journal" in " ".join(each["reason"] for each in studio.status()["holds"])
    await studio.act("release", watch="studio")
    await studio.once()
    assert len(studio.ledger().tasks) == 2
    await studio.once()
    assert studio.status()["holds"] == []


async def test_a_journal_put_back_by_hand_is_held(studio: Studio) -> None:
    """The marker knows of more than an older copy of the state, also where no mark is left."""
    studio.drop("ann.jpg", number=1)
    await studio.once()
    copy = studio.folder / "backup"
    shutil.copytree(studio.state, copy, ignore=shutil.ignore_patterns("*.sock"))
    studio.drop("bob.jpg", number=2)
    await studio.once()
    await studio.once()  # the marker is renewed
    for mark in studio.output.glob(".hotfolder-*"):
        mark.unlink()
    shutil.rmtree(studio.state)
    copy.rename(studio.state)
    await studio.once()
    assert len(studio.ledger().tasks) == 2
    assert "an older copy" in " ".join(each["reason"] for each in studio.status()["holds"])


async def test_a_read_only_folder_is_known_by_its_disk(studio: Studio) -> None:
    """No marker can be written: it is scanned, and another disk in its place is no match."""
    disk = studio.folder / "disk"
    disk.mkdir()
    mount("-t", "tmpfs", "-o", "size=4m", "none", str(disk))
    try:
        (disk / "ann.jpg").write_bytes(picture(1))
        mount("--bind", str(disk), str(studio.input))
        mount("-o", "remount,ro,bind", str(studio.input))
        async with studio.running():
            await studio.until_states(done=1)
            assert watch(studio)["detect"] == "scan"
            assert "cannot be tested" in watch(studio)["reason"]
        assert [each.name for each in studio.input.iterdir()] == ["ann.jpg"]
        with mounted_over(studio.input):
            await studio.once()
            assert not watch(studio)["online"]
        await studio.once()
        assert watch(studio)["online"]
    finally:
        unmount(studio.input, disk)
    assert len(studio.ledger().tasks) == 1


def _is_quiet(studio: Studio) -> bool:
    parts = studio.parts
    return parts is not None and all(each.quiet for each in parts.watches.watchers)


async def test_a_hung_share_keeps_no_wish_waiting(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`retry --changed` says that the folder does not answer, and leaves the job alone."""
    monkeypatch.setattr(retrying, "LOOK_TIMEOUT_S", 0.5)
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(done=1)
        studio.drop("ann.txt", "Make it blue")
        await studio.until(lambda: studio.job("ann.jpg")["stale"], "it is stale")
        with hanging_share(studio.input):
            said = await studio.send("retry", jobs=[], changed=True)
        assert said == ["job 1 was left alone: its folder does not answer"]
    assert studio.states() == {"done": 1}
    assert len(studio.ledger().tasks) == 1
