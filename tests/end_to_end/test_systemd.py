"""The shipped unit under a real systemd: start, reload, crash, hang, stop, and a wrong config."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from hotfolder.simulator import Fault, RunningServer, Settings, in_thread
from tests.end_to_end.machine import REPOSITORY, Machine
from tests.studio import KEY, picture

if TYPE_CHECKING:
    from collections.abc import Iterator

UNIT = "hotfolder@studio.service"
CONFIG = """
[api]
base_url = "{base_url}"
[limits]
min_free_mb = 0
[[watch]]
name = "studio"
input = "/srv/studio/in"
output = "/srv/studio/out"
settle = 0.1
[[watch.rule]]
prompt = "{prompt}"
"""


class Studio:
    """A studio on a machine of its own, with the unit as it is shipped."""

    def __init__(self, machine: Machine, server: RunningServer) -> None:
        self.machine = machine
        self.server = server
        self.input = machine.root / "srv/studio/in"
        self.output = machine.root / "srv/studio/out"
        machine.run("install", "-d", "-o", "hotfolder", "/srv/studio/in", "/srv/studio/out")
        machine.write("/etc/hotfolder/studio.key", KEY, 0o600)
        # Only the tests' time: everything else is as it is shipped.
        machine.write(f"/run/systemd/system/{UNIT}.d/quick.conf", "[Service]\nRestartSec=100ms\n")
        machine.run("systemctl", "daemon-reload")
        self.configure()

    def configure(self, prompt: str = "Make it a summer day") -> None:
        """Write the config."""
        text = CONFIG.format(base_url=self.server.base_url, prompt=prompt)
        self.machine.write("/etc/hotfolder/studio.toml", text)

    def shows(self, name: str) -> str:
        """Return a property of the unit."""
        return self.machine.run("systemctl", "show", UNIT, "-P", name).strip()

    def said(self, priority: str = "debug") -> str:
        """Return the unit's lines of the system's journal, from a priority up."""
        return self.machine.run("journalctl", "--no-pager", "-o", "cat", "-u", UNIT, "-p", priority)

    def drop(self, name: str, number: int) -> None:
        """Put a picture into the input folder, for the service's user to read."""
        (self.input / name).write_bytes(picture(number))

    def until_done(self, *names: str) -> None:
        """Wait for outputs."""
        self.machine.until(lambda: all((self.output / each).exists() for each in names), f"{names}")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Boot one machine for all tests of this module."""
    with Machine(tmp_path_factory.mktemp("machine") / "root") as booted:
        yield booted


@pytest.fixture
def studio(machine: Machine) -> Iterator[Studio]:
    """Give a started studio on it, and take everything away afterwards."""
    with in_thread(Settings(task_s=0.2)) as server:
        made = Studio(machine, server)
        machine.run("systemctl", "start", UNIT)
        yield made
        machine.run("systemctl", "stop", UNIT)
        machine.run("systemctl", "reset-failed", UNIT, check=False)
        machine.run("sh", "-c", "rm -rf /srv/studio /var/lib/hotfolder/studio")


def test_it_is_ready_when_started(studio: Studio) -> None:
    """Starting ends when the daemon works; its status line says what it does."""
    assert studio.shows("ActiveState") == "active"
    studio.machine.until(lambda: studio.shows("StatusText") == "idle", "a status line")
    studio.drop("ann.jpg", 1)
    studio.until_done("ann.jpg")
    assert (studio.output / "ann.jpg").stat().st_mode & 0o060 == 0o060
    assert KEY not in studio.said()


def test_the_key_is_seen_by_nobody_else(studio: Studio) -> None:
    """The key reaches the daemon as a credential: no argument, no variable, no file of its own."""
    pid = studio.shows("MainPID")
    process = studio.machine.root / "proc" / pid
    assert KEY.encode() not in (process / "cmdline").read_bytes()
    assert KEY.encode() not in (process / "environ").read_bytes()
    assert studio.shows("User") == "hotfolder"


def test_reloading_is_over_when_it_is_told(studio: Studio) -> None:
    """`systemctl reload` takes a changed config over; a broken one changes nothing."""
    before = studio.shows("MainPID")
    studio.configure(prompt="Make it a winter day")
    studio.machine.run("systemctl", "reload", UNIT)
    studio.machine.until(lambda: "config.reloaded" in studio.said(), "the config is taken over")
    studio.configure(prompt='"\ncolour = "red')
    studio.machine.run("systemctl", "reload", UNIT)
    studio.machine.until(lambda: "config.refused" in studio.said("err"), "the config is refused")
    assert "config.reloaded" not in studio.said("err")
    assert "<" not in studio.said().partition("{")[0]
    studio.drop("ann.jpg", 1)
    studio.until_done("ann.jpg")
    (task,) = studio.server.simulator.ledger().tasks
    assert "winter" in task.prompt
    assert studio.shows("MainPID") == before


def test_a_share_that_is_mounted_later_reaches_it(studio: Studio) -> None:
    """The unit's own view of the mounts follows the system's: a NAS may come after the start."""
    mounts = studio.machine.root / "proc" / studio.shows("MainPID") / "mountinfo"
    studio.machine.run("mkdir", "-p", "/srv/nas")
    studio.machine.run("mount", "-t", "tmpfs", "tmpfs", "/srv/nas")
    assert " /srv/nas " in mounts.read_text()
    studio.machine.run("umount", "/srv/nas")
    assert " /srv/nas " not in mounts.read_text()


def test_a_killed_daemon_comes_back(studio: Studio) -> None:
    """Kill -9 at work: systemd starts it again, and nothing is paid twice or lost."""
    studio.server.simulator.add_fault(Fault(call="query", kind="slow", seconds=1.0, times=1))
    studio.drop("ann.jpg", 1)
    studio.machine.until(lambda: studio.server.simulator.ledger().tasks, "the task runs")
    studio.machine.run("systemctl", "kill", "--kill-whom=main", "-s", "KILL", UNIT)
    studio.until_done("ann.jpg")
    assert int(studio.shows("NRestarts")) >= 1
    assert len(studio.server.simulator.ledger().tasks) == 1


def test_a_hanging_daemon_is_replaced(studio: Studio) -> None:
    """A daemon that no longer turns is killed by the watchdog and started again."""
    place = f"/run/systemd/system/{UNIT}.d/watchdog.conf"
    studio.machine.write(place, "[Service]\nWatchdogSec=2s\nTimeoutAbortSec=1s\n")
    studio.machine.run("systemctl", "daemon-reload")
    studio.machine.run("systemctl", "restart", UNIT)
    before = studio.shows("MainPID")
    studio.machine.run("systemctl", "kill", "--kill-whom=main", "-s", "STOP", UNIT)
    studio.machine.until(lambda: studio.shows("MainPID") not in (before, "0"), "another daemon")
    assert "Watchdog timeout" in studio.said()
    studio.drop("ann.jpg", 1)
    studio.until_done("ann.jpg")
    (studio.machine.root / place.lstrip("/")).unlink()
    studio.machine.run("systemctl", "daemon-reload")


def test_stopping_waits_for_the_paid_answer(studio: Studio) -> None:
    """A stop while the paid call is under way: the answer is taken down, and followed later."""
    studio.server.simulator.add_fault(Fault(call="submit", kind="slow", seconds=2.0, times=1))
    studio.drop("ann.jpg", 1)
    requests = studio.server.simulator.ledger
    studio.machine.until(lambda: requests().requests.get("submit"), "the call is under way")
    studio.machine.run("systemctl", "stop", UNIT)
    assert studio.shows("Result") == "success"
    assert "submit.accepted" in studio.said().rpartition("service.draining")[2]
    studio.machine.run("systemctl", "start", UNIT)
    studio.until_done("ann.jpg")
    assert len(requests().tasks) == 1


def test_a_wrong_config_is_not_tried_again(studio: Studio) -> None:
    """What starting again cannot help is left stopped, with the reason in the log."""
    studio.machine.run("systemctl", "stop", UNIT)
    studio.configure(prompt='"\ncolour = "red')
    studio.machine.run("systemctl", "start", UNIT, check=False)
    studio.machine.until(lambda: studio.shows("ActiveState") == "failed", "it gives up")
    assert studio.shows("NRestarts") == "0"
    assert studio.shows("ExecMainStatus") == "2"
    assert "colour" in studio.said()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_the_unit_is_hardened() -> None:
    """Systemd's own judgement of the unit: nothing unknown in it, at most 1.5 of 10 points."""
    unit = str(REPOSITORY / "systemd/hotfolder@.service")
    scored = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", unit],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"exposure level for \S+: ([\d.]+)", scored.stdout)
    assert found is not None
    assert float(found[1]) <= 1.5
    assert "Unknown key" not in scored.stderr


def test_installing_explains_itself_and_keeps_what_is_there(studio: Studio) -> None:
    """`install` writes unit, user, config and key; run again it keeps the config and key.

    Folders outside the usual places become reachable, their group's files, too. `uninstall` leaves
    config, journal and pictures.
    """
    machine = studio.machine
    program = ("env", f"RH_API_KEY={KEY}", "/opt/hotfolder/.venv/bin/hotfolder")
    dry = machine.run(*program, "install", "second", "--dry-run")
    assert "would write /etc/hotfolder/second.toml" in dry
    assert KEY not in dry
    assert not (machine.root / "etc/hotfolder/second.toml").exists()

    said = machine.run(*program, "install", "second")
    assert "systemctl enable --now hotfolder@second" in said
    key_file = machine.root / "etc/hotfolder/second.key"
    assert key_file.stat().st_mode & 0o777 == 0o600
    config = machine.root / "etc/hotfolder/second.toml"
    text = config.read_text()
    machine.run("groupadd", "pictures")
    machine.run("install", "-d", "-m", "2770", "-g", "pictures", "/data/in", "/home/ann/out")
    for written, meant in (
        ("[api]\n", f'[api]\nbase_url = "{studio.server.base_url}"\n'),
        ("[limits]\n", "[limits]\nmin_free_mb = 0\n"),
        ("#prompt", "prompt"),
        ("/srv/studio/in", "/data/in"),
        ("/srv/studio/out", "/home/ann/out"),
    ):
        assert written in text
        text = text.replace(written, meant)
    config.write_text(text)
    again = machine.run(*program, "install", "second")
    assert "kept /etc/hotfolder/second.toml" in again
    assert "put the API key" not in again, "it is there"
    machine.run("systemctl", "start", "hotfolder@second")
    (machine.root / "data/in/ann.jpg").write_bytes(picture(3))
    output = machine.root / "home/ann/out/ann.jpg"
    machine.until(output.exists, "the edit")
    machine.run("systemctl", "restart", "hotfolder@second")
    kept = machine.root / "var/lib/hotfolder/second"
    machine.until(lambda: list(kept.glob("backups/journal-*.db")), "a copy of the journal")

    machine.run(*program, "uninstall", "second")
    assert machine.run("systemctl", "is-active", "hotfolder@second", check=False) == "inactive\n"
    assert not key_file.exists()
    assert output.exists()
    assert config.exists()
    assert (kept / "journal.db").exists()
    assert studio.shows("ActiveState") == "active"
