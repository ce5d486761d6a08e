"""Stopping: the first signal drains within the grace period, the second ends at once."""

from __future__ import annotations

import signal
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from hotfolder.journal.connection import FILE_NAME
from hotfolder.simulator import Fault, Settings, in_thread
from tests.end_to_end.daemon import Daemon
from tests.studio import Studio

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT_ONCE_S = 3.0
NOISE = ("Traceback", "never retrieved", "journal is closed")


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """Give a studio with five pictures, whose service takes two long tasks at once."""
    with in_thread(Settings(task_s=60.0, concurrent_limit=2)) as server:
        studio = Studio(tmp_path, server)
        studio.drop_many(5)
        yield studio


async def begin(studio: Studio, daemon: Daemon) -> None:
    """Wait until two submits are under way and the next pictures are uploaded."""
    await daemon.holds_the_journal()
    await studio.until(lambda: studio.ledger().requests.get("submit") == 2, "two submits")
    await studio.until(lambda: studio.states() == {"submitting": 2, "uploaded": 3}, "uploads")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_submit_without_answer_is_in_doubt_after_the_grace(
    studio: Studio, number: signal.Signals
) -> None:
    """A drain ends with 0 within the grace period; what is unanswered then is in doubt."""
    studio.configure(limits="grace = 1.0")
    studio.fault(Fault(call="submit", kind="slow", seconds=30))
    with Daemon(studio) as daemon:
        await begin(studio, daemon)
        began_s = time.monotonic()
        daemon.signal(number)
        assert daemon.end() == 0, daemon.log.read_text()
        assert 0.9 < time.monotonic() - began_s < 1.0 + AT_ONCE_S
    assert studio.states() == {"in_doubt": 2, "uploaded": 3}
    assert studio.ledger().requests["submit"] == 2


async def test_an_answer_within_the_grace_counts(studio: Studio) -> None:
    """A submit that is answered in time is followed from the next start; nothing new is claimed."""
    studio.configure(limits="grace = 10.0")
    studio.fault(Fault(call="submit", kind="slow", seconds=1))
    with Daemon(studio) as daemon:
        await begin(studio, daemon)
        began_s = time.monotonic()
        daemon.signal(signal.SIGTERM)
        assert daemon.end() == 0, daemon.log.read_text()
        assert time.monotonic() - began_s < AT_ONCE_S
    assert studio.states() == {"running": 2, "uploaded": 3}
    assert studio.ledger().requests["submit"] == len(studio.ledger().tasks) == 2


async def test_the_second_signal_ends_at_once(studio: Studio) -> None:
    """Who signals twice does not want to wait; the next start finds the submits in doubt."""
    studio.configure(limits="grace = 60.0")
    studio.fault(Fault(call="submit", kind="slow", seconds=30))
    with Daemon(studio) as daemon:
        await begin(studio, daemon)
        daemon.signal(signal.SIGTERM)
        await studio.until(lambda: "service.draining" in daemon.log.read_text(), "the drain")
        began_s = time.monotonic()
        daemon.signal(signal.SIGTERM)
        assert daemon.end() == 130
        assert time.monotonic() - began_s < AT_ONCE_S
    assert studio.states() == {"submitting": 2, "uploaded": 3}
    with Daemon(studio) as daemon:
        await daemon.holds_the_journal()
        await studio.until(lambda: studio.states().get("in_doubt") == 2, "the doubts")


async def test_an_idle_daemon_stops_at_once(studio: Studio) -> None:
    """Without work under way a drain takes no time, tasks at the service or not."""
    studio.simulator.update_settings(concurrent_limit=5)
    with Daemon(studio) as daemon:
        await daemon.holds_the_journal()
        await studio.until_states(running=5)
        began_s = time.monotonic()
        daemon.signal(signal.SIGTERM)
        assert daemon.end() == 0
        assert time.monotonic() - began_s < AT_ONCE_S
    assert studio.states() == {"running": 5}


def noise(daemon: Daemon) -> list[str]:
    """Return what of a daemon's log only a programmer understands."""
    said = daemon.log.read_text()
    return [each for each in NOISE if each in said]


async def test_a_stop_amidst_heavy_intake_is_quiet(studio: Studio) -> None:
    """Whatever is just being looked at, accepted or uploaded: no word of a traceback."""
    studio.configure(limits="backlog = 0")
    studio.drop_many(300)
    with Daemon(studio) as daemon:
        await daemon.holds_the_journal()
        await studio.until(lambda: len(studio.jobs()) > 20, "the first are accepted")
        daemon.signal(signal.SIGTERM)
        assert daemon.end() == 0, daemon.log.read_text()[-4000:]
        assert noise(daemon) == []
    assert len(studio.jobs()) < 300


@pytest.mark.long
async def test_a_stop_while_another_program_locks_the_journal_is_quiet(studio: Studio) -> None:
    """It ends within the grace and what a lock may take; what it could not write is in doubt."""
    studio.configure(limits="grace = 1.0")
    studio.fault(Fault(call="submit", kind="slow", seconds=30))
    with Daemon(studio) as daemon:
        await begin(studio, daemon)
        with closing(sqlite3.connect(studio.state / FILE_NAME, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            daemon.signal(signal.SIGTERM)
            daemon.end()
            other.execute("ROLLBACK")
        assert noise(daemon) == [], daemon.log.read_text()[-4000:]
    with Daemon(studio) as daemon:
        await daemon.holds_the_journal()
        await studio.until(lambda: studio.states().get("in_doubt") == 2, "the doubts")
