"""A machine with a real systemd: booted in namespaces of its own, over this machine's files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

import hotfolder

if TYPE_CHECKING:
    from collections.abc import Callable

SYSTEMD = Path("/lib/systemd/systemd")
SYSTEM_PYTHON = Path("/usr/bin/python3")
REPOSITORY = Path(hotfolder.__file__).parents[1]
BOOT_S = 60.0
LOOK_S = 0.1

UNSHARE = ("unshare", "--pid", "--mount", "--cgroup", "--ipc", "--uts", "--fork", "--kill-child")

# What is written goes into a tmpfs over the real files, of which nothing is changed.
BOOT = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount --rbind /dev dev
for each in run tmp var/lib srv opt; do mkdir -p $each; mount -t tmpfs tmpfs $each; done
mkdir -p opt/hotfolder/source opt/packages
mount --bind "$2" opt/hotfolder/source
mount --bind "$3" opt/packages
rm -rf etc/systemd/system
mkdir -p etc/systemd/system
for each in systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket \
    systemd-udev-trigger.service systemd-sysctl.service; do
    ln -s /dev/null etc/systemd/system/$each
done
mount --make-rshared .
exec chroot . /usr/bin/env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --unit=basic.target --log-target=journal --show-status=no
"""


class Machine:
    """A booted machine with hotfolder under /opt, as the README installs it.

    `root` is its root folder as this machine sees it.
    """

    def __init__(self, folder: Path) -> None:
        _need(os.geteuid() == 0, "booting a machine needs root")
        _need(SYSTEMD.exists(), "there is no systemd here")
        _need(shutil.which("unshare") is not None, "there is no unshare here")
        _need(system_python_fits(), "the packages here are not for the system's Python")
        folder.mkdir()
        self._log = folder.with_suffix(".log").open("wb")
        packages = sysconfig.get_path("purelib")
        self._outer = subprocess.Popen(
            [*UNSHARE, "sh", "-c", BOOT, "boot", str(folder), str(REPOSITORY), packages],
            stdout=self._log,
            stderr=self._log,
            stdin=subprocess.DEVNULL,
        )
        self._init = 0

    def __enter__(self) -> Self:
        try:
            self.until(self._is_up, "the machine boots")
        except BaseException:
            self.__exit__()
            raise
        self.root = Path(f"/proc/{self._init}/root")
        self._install()
        return self

    def __exit__(self, *_: object) -> None:
        self._outer.kill()
        self._outer.wait()
        self._log.close()

    def run(self, *command: str, check: bool = True) -> str:
        """Run a command there and return what it printed."""
        entered = ["nsenter", "-t", str(self._init), "-m", "-p", "-i", "-u", "-r", "-w"]
        done = subprocess.run(
            [*entered, *command], check=False, capture_output=True, text=True, timeout=120
        )
        assert not check or done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for a condition, for a limited time."""
        end_s = time.monotonic() + BOOT_S
        while not condition():
            assert time.monotonic() < end_s, f"in vain: {what}"
            time.sleep(LOOK_S)

    def write(self, place: str, text: str, mode: int = 0o644) -> None:
        """Write a file there."""
        path = self.root / place.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def _is_up(self) -> bool:
        if self._outer.poll() is not None:
            pytest.skip(f"no machine can be booted here: {Path(self._log.name).read_text()[-300:]}")
        self._init = self._init or _only_child(self._outer.pid)
        if not self._init:
            return False
        return self.run("systemctl", "is-active", "basic.target", check=False) == "active\n"

    def _install(self) -> None:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        venv = "/opt/hotfolder/.venv"
        self.write(f"{venv}/pyvenv.cfg", f"home = {SYSTEM_PYTHON.parent}\n")
        paths = "/opt/hotfolder/source\n/opt/packages\n"
        self.write(f"{venv}/lib/{version}/site-packages/all.pth", paths)
        (self.root / f"{venv}/bin".lstrip("/")).mkdir()
        (self.root / f"{venv}/bin/python".lstrip("/")).symlink_to(SYSTEM_PYTHON)
        starter = f"#!{venv}/bin/python\nfrom hotfolder.cli.app import main\n\nmain()\n"
        self.write(f"{venv}/bin/hotfolder", starter, 0o755)
        units = REPOSITORY / "systemd"
        for name, place in (
            ("hotfolder@.service", "/etc/systemd/system/hotfolder@.service"),
            ("hotfolder.sysusers.conf", "/etc/sysusers.d/hotfolder.conf"),
            ("hotfolder.tmpfiles.conf", "/etc/tmpfiles.d/hotfolder.conf"),
        ):
            self.write(place, (units / name).read_text())
        self.run("systemd-sysusers", "/etc/sysusers.d/hotfolder.conf")
        self.run("systemd-tmpfiles", "--create", "/etc/tmpfiles.d/hotfolder.conf")
        self.run("systemctl", "daemon-reload")


def _need(condition: bool, why: str) -> None:  # noqa: FBT001  a condition by position
    if not condition:
        pytest.skip(why)


def _only_child(pid: int) -> int:
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return 0
    return int(listed[0]) if listed else 0


def system_python_fits() -> bool:
    """Return whether the packages that run these tests are for the system's own Python, too."""
    if not SYSTEM_PYTHON.exists():
        return False
    asked = "import sys; print(*sys.version_info[:2])"
    told = subprocess.run([SYSTEM_PYTHON, "-c", asked], capture_output=True, text=True, check=True)
    return tuple(map(int, told.stdout.split())) == sys.version_info[:2]
