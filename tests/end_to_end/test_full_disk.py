"""The disk under the journal is full while the daemon works."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.mounting import mount, unmount
from tests.studio import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.end_to_end.conftest import CommandLine, Running
    from tests.studio import Studio


@pytest.fixture
def small_state(studio: Studio) -> Iterator[Path]:
    """Put the studio's state on a small disk of its own."""
    studio.state.mkdir(mode=0o700)
    mount("-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", str(studio.state))
    yield studio.state
    unmount(studio.state)


def fill(folder: Path) -> Path:
    """Take all the space that is left and return the file that takes it."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return filler


def test_a_full_disk_loses_nothing_and_is_told_once(
    small_state: Path, studio: Studio, hotfolder: CommandLine
) -> None:
    """The daemon stays, tells it once, and goes on with room: each picture is paid once."""
    place = f"127.0.0.1:{free_port()}"
    studio.configure(limits=f'[backup]\nkeep = 0\n[monitor]\nlisten = "{place}"')
    studio.simulator.update_settings(task_s=1.0)

    def shown() -> str:
        return httpx.get(f"http://{place}/readyz").text

    def lines(daemon: Running, event: str) -> int:
        return daemon.err.count(f'"event": "{event}"')

    with hotfolder.daemon() as daemon:
        studio.drop_many(10)
        daemon.until(lambda: len(studio.ledger().tasks) >= 3, "some are paid")
        filler = fill(small_state)
        daemon.until(lambda: lines(daemon, "journal.unavailable"), "the disk refuses")
        studio.drop("late.jpg", number=99)
        daemon.until(lambda: "the journal cannot be written" in shown(), "it is shown")
        assert httpx.get(f"http://{place}/healthz").status_code == 200, "a restart would not help"
        assert hotfolder("status").code == 0
        assert lines(daemon, "step.crashed") == 0, daemon.err
        filler.unlink()
        daemon.until(lambda: studio.states() == {"done": 11}, "all go on")
        assert shown() == "ok\n"
        ended = daemon.end()
    assert ended.code == 0
    assert 1 <= lines(daemon, "journal.unavailable") == lines(daemon, "journal.available") < 11
    assert lines(daemon, "event.withheld") < 22, "about one a job, not one a second"
    assert len(studio.ledger().tasks) == 11
    assert len(studio.outputs()) == 11
