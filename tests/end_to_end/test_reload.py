"""SIGHUP: the config is read again; what may change changes, a broken one changes nothing."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from hotfolder.simulator import Settings, in_thread
from tests.end_to_end.conftest import LIMIT_S, wait_for
from tests.studio import KEY, picture

if TYPE_CHECKING:
    from tests.end_to_end.conftest import CommandLine, Running

# Makes its standard input the terminal that it hangs on, then becomes hotfolder.
OWN_TERMINAL = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup
os.execv(sys.executable, [sys.executable, "-m", "hotfolder", *sys.argv[1:]])
"""
WATER = 'prompt = "Make it water"'


def reload(daemon: Running, outcome: str = "config.reloaded") -> None:
    """Have the daemon read its config again and wait until it says what came of it."""
    before = daemon.err.count(outcome)
    daemon.process.send_signal(signal.SIGHUP)
    daemon.until(lambda: daemon.err.count(outcome) > before, outcome)


def until_states(hotfolder: CommandLine, **counts: int) -> None:
    """Wait until there are so many jobs of these states, and none of any other."""
    wait_for(lambda: hotfolder.studio.states() == counts, hotfolder.studio.summary)


def test_a_changed_rule_counts_from_then_on(hotfolder: CommandLine) -> None:
    """What is dropped after the reload is edited by the new rule; what was done stays done."""
    studio = hotfolder.studio
    with hotfolder.daemon() as daemon:
        studio.drop("ann.jpg")
        until_states(hotfolder, done=1)
        studio.configure(rules=[WATER])
        reload(daemon)
        studio.drop("bob.jpg", number=2)
        until_states(hotfolder, done=2)
    assert [task.prompt for task in studio.ledger().tasks] == [
        "Make it a summer day",
        "Make it water",
    ]


def test_a_job_that_is_not_yet_sent_is_planned_anew(hotfolder: CommandLine) -> None:
    """The plan is frozen with the intent only: what waits is sent as the new rule says."""
    studio = hotfolder.studio
    studio.simulator.update_settings(task_s=3.0, concurrent_limit=1)
    with hotfolder.daemon() as daemon:
        studio.drop("ann.jpg")
        until_states(hotfolder, running=1)
        studio.drop("bob.jpg", number=2)
        until_states(hotfolder, running=1, uploaded=1)
        studio.configure(rules=[WATER + '\noutput_name = "{stem} wet.{ext}"'])
        reload(daemon)
        until_states(hotfolder, done=2)
    assert [task.prompt for task in studio.ledger().tasks] == [
        "Make it a summer day",
        "Make it water",
    ]
    assert studio.outputs() == ["ann.jpg", "bob wet.jpg"]


def test_watches_come_and_go(hotfolder: CommandLine) -> None:
    """An added watch is followed; what a removed one has not sent waits, what it sent goes on."""
    studio = hotfolder.studio
    studio.simulator.update_settings(task_s=2.0, concurrent_limit=1)
    with hotfolder.daemon() as daemon:
        studio.drop_many(2)
        until_states(hotfolder, running=1, uploaded=1)
        only_first = hotfolder.config.read_text()
        studio.configure(watches=["other"])
        both = hotfolder.config.read_text()
        hotfolder.config.write_text(_without_first_watch(both))
        reload(daemon)
        (studio.folder / "other-in" / "cid.jpg").write_bytes(picture(3))
        studio.drop("left.jpg", number=4)
        until_states(hotfolder, done=2, uploaded=1)
        assert {job["source"] for job in studio.jobs()} == {"p000.jpg", "p001.jpg", "cid.jpg"}
        held = hotfolder("status", "--json").json["holds"]
        assert [(each["scope"], each["count"]) for each in held] == [("watch:studio", 1)]
        hotfolder.config.write_text(only_first)
        reload(daemon)
        until_states(hotfolder, done=4)


def _without_first_watch(text: str) -> str:
    before, _, second = text.split("[[watch]]")
    return f"{before}[[watch]]{second}"


def test_a_broken_config_changes_nothing(hotfolder: CommandLine) -> None:
    """The last good one stays in force, and status, jobs and explain work and say so."""
    studio = hotfolder.studio
    with hotfolder.daemon() as daemon:
        good = hotfolder.config.read_text()
        hotfolder.config.write_text(good.replace("[[watch.rule]]", "[[watch.rule"))
        reload(daemon, "config.refused")
        studio.drop("ann.jpg")
        until_states(hotfolder, done=1)
        told = hotfolder("status", "--json")
        assert told.code == 0
        assert "is not TOML" in told.json["config"]["problem"]
        assert "is not TOML" in told.err
        assert "not taken over" in hotfolder("status").out
        assert hotfolder("explain", "in/ann.jpg", "--json").json["verdict"] == "job"
        assert [job["state"] for job in hotfolder("jobs", "--json").json] == ["done"]
        hotfolder.config.write_text(good)
        reload(daemon)
        assert hotfolder("status", "--json").json["config"] == {
            "problem": None,
            "needs_restart": [],
            "edited": False,
        }
    hotfolder.config.write_text("nonsense")
    assert hotfolder("status").code == 2


def test_what_needs_a_restart_says_so(hotfolder: CommandLine) -> None:
    """Where the journal lies and where the key comes from stay until the next start."""
    studio = hotfolder.studio
    with hotfolder.daemon() as daemon:
        (studio.folder / "key").write_text(KEY)
        (studio.folder / "key").chmod(0o600)
        studio.configure(limits="min_free_mb = 1")
        hotfolder.config.write_text(
            hotfolder.config.read_text().replace("[api]", '[api]\nkey_file = "key"')
        )
        assert hotfolder("status", "--json").json["config"]["edited"]
        reload(daemon)
        told = hotfolder("status", "--json").json["config"]
        assert told == {"problem": None, "needs_restart": ["api.key_file"], "edited": False}
        assert "restart: api.key_file" in hotfolder("status").out


def test_another_service_is_refused_while_jobs_are_open(hotfolder: CommandLine) -> None:
    """A task is known to the service that made it only: first the jobs must end."""
    studio = hotfolder.studio
    studio.simulator.update_settings(task_s=60.0)
    with hotfolder.daemon() as daemon, in_thread(Settings()) as other:
        studio.drop("ann.jpg")
        until_states(hotfolder, running=1)
        text = hotfolder.config.read_text()
        hotfolder.config.write_text(text.replace(studio.base_url, other.base_url))
        reload(daemon, "config.refused")
        assert "base_url" in hotfolder("status", "--json").json["config"]["problem"]
        studio.simulator.update_settings(task_s=0.0)


def test_a_closed_terminal_stops_instead(hotfolder: CommandLine) -> None:
    """The SIGHUP of a terminal that went away is no wish to go on without it."""
    log = hotfolder.studio.folder / "terminal.err"
    words = "run", "--log-format", "json"
    leader, follower = pty.openpty()
    with log.open("wb") as err:
        daemon = subprocess.Popen(
            [sys.executable, "-c", OWN_TERMINAL, *words, "-c", hotfolder.config],
            env=hotfolder.environment,
            stdin=follower,
            stdout=err,
            stderr=err,
            start_new_session=True,
        )
    os.close(follower)
    wait_for(lambda: "watch.online" in log.read_text(), log.read_text)
    daemon.send_signal(signal.SIGHUP)
    wait_for(lambda: "config.reloaded" in log.read_text(), log.read_text)
    os.close(leader)
    assert daemon.wait(LIMIT_S) == 0
    assert "service.stopped" in log.read_text()
