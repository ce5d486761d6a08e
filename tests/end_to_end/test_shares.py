"""The real program while a share hangs, and where the kernel has no room for its events."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from hotfolder.simulator import Settings, in_thread
from tests.end_to_end.daemon import Daemon
from tests.mounting import hanging_share
from tests.studio import Studio

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SMALL_KERNEL = 'echo 12 > /proc/sys/user/max_inotify_watches && exec "$@"'


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """Give a studio with empty folders and a service that works at once."""
    with in_thread(Settings(task_s=0.0)) as server:
        yield Studio(tmp_path, server)


def watch(studio: Studio) -> dict[str, str]:
    """Return what `status --json` shows of the watch."""
    return dict(studio.status()["watches"][0])


async def test_a_hung_share_keeps_nobody_from_stopping(studio: Studio) -> None:
    """`status` answers at once, and SIGTERM ends the program, while a call never returns."""
    studio.configure(watch="scan_interval = 0.5")
    with Daemon(studio) as daemon:
        studio.drop("ann.jpg")
        await studio.until_states(done=1)
        with hanging_share(studio.input):
            await studio.until(lambda: not watch(studio)["online"], "the watch is offline")
            assert "does not answer" in watch(studio)["reason"]
            daemon.signal(signal.SIGTERM)
            assert daemon.end() == 0


async def test_a_share_that_hangs_at_the_start_is_waited_for(studio: Studio) -> None:
    """The program starts, is offline, and goes on as soon as the share answers."""
    studio.configure(watch="scan_interval = 0.5")
    studio.drop("ann.jpg")
    await studio.once()
    with hanging_share(studio.input), Daemon(studio) as daemon:
        await daemon.holds_the_journal()
        await studio.until(lambda: not watch(studio)["online"], "the watch is offline")
        daemon.signal(signal.SIGTERM)
        assert daemon.end() == 0


@pytest.mark.long
async def test_at_the_kernels_limit_nothing_is_missed(studio: Studio) -> None:
    """Said once with the setting to change; what cannot be followed is scanned, now and later."""
    for number in range(30):
        studio.drop(f"old{number:02}/a.jpg", number=number)
    with Daemon(studio, "unshare", "-Ur", "sh", "-c", SMALL_KERNEL, "sh") as daemon:
        await studio.until_states(done=30)
        await studio.until(lambda: "max_user_watches" in (watch(studio)["reason"] or ""), "it says")
        assert watch(studio)["detect"] == "events"
        for number in range(30):
            studio.drop(f"old{number:02}/b.jpg", number=100 + number)
            studio.drop(f"new{number:02}/c.jpg", number=200 + number)
        await studio.until_states(done=90)
        daemon.signal(signal.SIGTERM)
        assert daemon.end() == 0
    assert daemon.log.read_text().count("max_user_watches") == 1
