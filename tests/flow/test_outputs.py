"""Outputs that cannot be written for a while: paid results wait, and nothing more is paid."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from hotfolder.simulator import Fault
from tests.mounting import mount
from tests.studio import picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.studio import Studio

FIRST_TRIAL_S = 31.0


@pytest.fixture
def disk(studio: Studio) -> Iterator[Studio]:
    """Give the studio an output folder that is a disk of one MiB."""
    mount("-t", "tmpfs", "-o", "size=1m", "hotfolder-test", str(studio.output))
    yield studio
    subprocess.run(["umount", "--lazy", str(studio.output)], check=True)


async def test_a_result_waits_for_its_output_folder(studio: Studio) -> None:
    """Results are kept, submitting pauses and says so, and all goes on when the share is back."""
    away = studio.folder / "away"
    studio.simulator.update_settings(task_s=0.5)
    studio.drop("ann.jpg", number=1)
    async with studio.running():
        await studio.until_states(running=1)
        studio.output.rename(away)
        await studio.until_states(fetched=1)
        await studio.until(lambda: studio.holds() == ["watch:studio"], "the hold")
        studio.drop("bob.jpg", number=2)
        await studio.until(lambda: sum(studio.states().values()) == 2, "the second picture")
        assert studio.states() in ({"fetched": 1, "accepted": 1}, {"fetched": 1, "uploaded": 1})
        assert studio.job("ann.jpg")["error"]["code"] == "output_blocked"
        assert "missing" in studio.explain("ann.jpg")["reason"]
        assert not studio.output.exists()
        away.rename(studio.output)
        await studio.until_states(done=2)
        assert studio.holds() == []
    assert studio.outputs() == ["ann.jpg", "bob.jpg"]
    assert len(studio.ledger().tasks) == 2
    assert studio.ledger().requests["download"] == 2


async def test_nothing_is_paid_while_the_output_is_away(studio: Studio) -> None:
    """A missing output root holds its watch before any money leaves; a trial lifts it."""
    studio.output.rename(studio.folder / "away")
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until(lambda: studio.holds() == ["watch:studio"], "the hold")
        studio.wait(FIRST_TRIAL_S)
        studio.drop("bob.jpg", number=2)
        await studio.until(lambda: studio.trials() >= 1, "a trial")
        assert studio.ledger().tasks == ()
        (studio.folder / "away").rename(studio.output)
        studio.wait(2 * FIRST_TRIAL_S)
        studio.drop("cid.jpg", number=3)
        await studio.until_states(done=3)
    assert len(studio.ledger().tasks) == 3


async def test_one_broken_watch_stops_no_other(studio: Studio) -> None:
    """Each watch has its own hold: the other one's pictures are edited."""
    studio.configure(watches=["other"])
    studio.output.rename(studio.folder / "away")
    studio.drop("ann.jpg", number=1)
    (studio.folder / "other-in" / "bob.jpg").write_bytes(picture(2))
    async with studio.running():
        await studio.until(lambda: studio.holds() == ["watch:studio"], "the hold")
        await studio.until(lambda: studio.job("bob.jpg")["state"] == "done", "the other's edit")
        assert studio.job("ann.jpg")["state"] in ("accepted", "uploaded")
    assert (studio.folder / "other-out" / "bob.jpg").exists()
    assert len(studio.ledger().tasks) == 1


async def test_a_watch_whose_input_is_away_stops_no_other(studio: Studio) -> None:
    """An offline watch says so; the other one goes on."""
    studio.configure(watches=["other"])
    await studio.once()
    (studio.folder / "other-in").rename(studio.folder / "away")
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"done": 1}
    online = {watch["name"]: watch["online"] for watch in studio.status()["watches"]}
    assert online == {"studio": True, "other": False}


async def test_a_full_output_disk_is_waited_for(disk: Studio) -> None:
    """No partial file and no second payment: the result is delivered when there is room."""
    studio = disk
    studio.simulator.update_settings(task_s=0.3)
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(running=1)
        filler = studio.output / "filler"
        fill(filler)
        await studio.until_states(fetched=1)
        await studio.until(lambda: studio.holds() == ["watch:studio"], "the hold")
        assert studio.outputs() == ["filler"]
        assert "full" in studio.explain("ann.jpg")["reason"]
        filler.unlink()
        await studio.until_states(done=1)
    assert studio.outputs() == ["ann.jpg"]
    assert len(studio.ledger().tasks) == 1


async def test_a_read_only_output_disk_is_waited_for(disk: Studio) -> None:
    """A share that became read-only is named, and delivered to when it is writable."""
    studio = disk
    studio.simulator.update_settings(task_s=0.3)
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(running=1)
        mount("-o", "remount,ro", str(studio.output))
        await studio.until(lambda: studio.holds() == ["watch:studio"], "the hold")
        assert "read-only" in studio.hold()["hint"]
        mount("-o", "remount,rw", str(studio.output))
        await studio.until_states(done=1)
    assert studio.outputs() == ["ann.jpg"]


async def test_a_bare_mount_point_is_no_output_folder(disk: Studio) -> None:
    """A share that was unmounted while publishing: nothing is hidden below it, nothing is paid."""
    studio = disk
    studio.simulator.update_settings(task_s=0.5)
    studio.drop("ann.jpg", number=1)
    async with studio.running():
        await studio.until_states(running=1)
        unmount(studio)
        await studio.until(lambda: studio.holds() == ["watch:studio"], "the hold")
        studio.drop("bob.jpg", number=2)
        await studio.until(lambda: sum(studio.states().values()) == 2, "the second picture")
        assert studio.job("ann.jpg")["state"] == "fetched"
        assert "nothing is mounted" in studio.explain("ann.jpg")["reason"]
        assert studio.outputs() == []
        mount("-t", "tmpfs", "-o", "size=1m", "hotfolder-test", str(studio.output))
        await studio.until_states(done=2)
    assert studio.outputs() == ["ann.jpg", "bob.jpg"]
    assert len(studio.ledger().tasks) == 2


async def test_nothing_is_paid_for_a_bare_mount_point(disk: Studio) -> None:
    """Known also after a restart; release lets the outputs go into the bare folder."""
    studio = disk
    studio.drop("ann.jpg", number=1)
    await studio.once()
    unmount(studio)
    studio.drop("bob.jpg", number=2)
    async with studio.running():
        await studio.until(lambda: studio.holds() == ["watch:studio"], "the hold")
    assert studio.outputs() == []
    assert studio.hold_code() == "output_blocked"
    assert len(studio.ledger().tasks) == 1
    await studio.act("release", watch="studio")
    await studio.once()
    assert studio.outputs() == ["bob.jpg"]
    mount("-t", "tmpfs", "-o", "size=1m", "hotfolder-test", str(studio.output))


async def test_too_little_room_stops_submitting(disk: Studio) -> None:
    """Below limits.min_free_mb nothing is paid."""
    studio = disk
    studio.configure(limits="min_free_mb = 5")
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until(lambda: studio.holds() == ["watch:studio"], "the hold")
    assert studio.states() == {"uploaded": 1}
    assert studio.ledger().tasks == ()


async def test_a_lost_spool_is_fetched_again_for_free(studio: Studio) -> None:
    """A fetched result that vanished from the spool is asked for anew, never paid anew."""
    studio.simulator.update_settings(task_s=0.5)
    away = studio.folder / "away"
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(running=1)
        studio.output.rename(away)
        await studio.until_states(fetched=1)
        for spooled in (studio.state / "spool").iterdir():
            spooled.unlink()
        away.rename(studio.output)
        await studio.until_states(done=1)
    assert "SpoolLost" in studio.history("ann.jpg")
    assert studio.ledger().requests["download"] == 2
    assert len(studio.ledger().tasks) == 1


async def test_the_spool_is_empty_in_the_end(studio: Studio) -> None:
    """What is published is no longer kept."""
    studio.fault(Fault(call="download", kind="truncate", times=1))
    studio.drop_many(3)
    await studio.once()
    assert list((studio.state / "spool").iterdir()) == []


def unmount(studio: Studio) -> None:
    """Take the output disk away, even while it is in use."""
    subprocess.run(["umount", "--lazy", str(studio.output)], check=True)


def fill(path: os.PathLike[str]) -> None:
    """Write until the disk is full."""
    with open(path, "wb", buffering=0) as filler:  # noqa: PTH123  any path
        for size in (4096, 1):
            try:
                while filler.write(b"f" * size):
                    pass
            except OSError:
                continue
