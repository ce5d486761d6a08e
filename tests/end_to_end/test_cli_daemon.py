"""`status` begins with whether it works at all: a daemon that was killed does not look alive."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hotfolder import __version__

if TYPE_CHECKING:
    from tests.end_to_end.conftest import CommandLine, Ended
    from tests.studio import Studio


def first_line(ended: Ended) -> str:
    """Return the first line that was printed."""
    return ended.out.splitlines()[0]


def test_before_anything_ran(hotfolder: CommandLine, studio: Studio) -> None:
    """Without a journal nothing runs, and the first line says what to type."""
    told = hotfolder("status", "--json").json["daemon"]
    assert (told["running"], told["pid"], told["since"], told["ended"]) == (False, None, None, None)
    said = first_line(hotfolder("status"))
    assert said.startswith("NOT RUNNING")
    assert said.endswith(f"run -c {studio.folder / 'config.toml'}")


def test_a_running_daemon_says_since_when(hotfolder: CommandLine) -> None:
    """While it runs: the process, its version, since when, and what is under way."""
    with hotfolder.daemon() as daemon:
        told = hotfolder("status", "--json").json["daemon"]
        assert (told["running"], told["pid"]) == (True, daemon.process.pid)
        assert (told["version"], told["ended"], told["command"]) == (__version__, None, "run")
        age = datetime.now(UTC) - datetime.fromisoformat(told["since"])
        assert 0 <= age.total_seconds() < 600
        assert first_line(hotfolder("status")).endswith("no files under way")


def test_a_killed_daemon_does_not_look_alive(hotfolder: CommandLine) -> None:
    """After kill -9 the first line says so, and how to start it again."""
    with hotfolder.daemon() as daemon:
        daemon.end(signal.SIGKILL)
    told = hotfolder("status", "--json").json["daemon"]
    assert (told["running"], told["ended"]) == (False, "killed")
    assert told["since"] is not None
    said = first_line(hotfolder("status"))
    assert said.startswith("NOT RUNNING since ")
    assert "(it was killed): start it with " in said


def test_a_stopped_daemon_was_stopped(hotfolder: CommandLine) -> None:
    """Who stopped it on purpose is not alarmed by a kill that never was; `once` ends by itself."""
    with hotfolder.daemon() as daemon:
        daemon.end()
    assert hotfolder("status", "--json").json["daemon"]["ended"] == "stopped"
    assert "(it was stopped)" in first_line(hotfolder("status"))
    hotfolder("once")
    told = hotfolder("status", "--json").json["daemon"]
    assert (told["command"], told["ended"]) == ("once", "stopped")
    assert "(once came to its end)" in first_line(hotfolder("status"))
