"""Machines of their own on this one: namespaces with a network, mounts and a host name of theirs.

Each reaches the database and the service over a wire of its own, and whatever it sees of this
machine's files. Wires are cut without a word, as by a switch that fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Self

import hotfolder
from tests.mounting import hanging_share

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

Wire = Literal["database", "service"]

ADDRESSES: Final[dict[Wire, str]] = {"database": "10.80.0.1", "service": "10.80.0.2"}
NETWORK: Final = "10.80.0.0/16"
_SUBNETS: Final[dict[Wire, int]] = {"database": 10, "service": 110}
_REPOSITORY: Final = Path(hotfolder.__file__).parents[1]
_NAMES: Final = Path("/run/netns")
_WITHIN: Final = "--within-namespaces"
_OWN_MOUNTS: Final = ("unshare", "--mount", "--propagation", "private")
_OWN: Final = ("--net", "--pid", "--fork", "--kill-child", "--mount-proc")
# The first process of its own takes in whoever lost its parent, which Python would not.
_FIRST: Final = '"$@"; exit $?'
_HOLD: Final = 'echo "$1" > /proc/sys/kernel/hostname && exec sleep infinity'
_PATIENCE_S: Final = 20.0


def enter(module: str) -> None:
    """Go on in namespaces where nobody else is, which end with whatever began in them.

    `module` is the program that is run: it calls this first. Ends it where it may not.
    """
    if _WITHIN in sys.argv:
        sys.argv.remove(_WITHIN)
        _NAMES.mkdir(exist_ok=True)
        _run("mount", "-t", "tmpfs", "tmpfs", str(_NAMES))
        _run("ip", "link", "set", "lo", "up")
        for address in ADDRESSES.values():
            _run("ip", "address", "add", f"{address}/32", "dev", "lo")
        return
    for wanted in ("unshare", "nsenter", "ip"):
        if shutil.which(wanted) is None:
            sys.exit(f"{wanted} is needed for machines of their own (Debian: util-linux, iproute2)")
    if os.geteuid() != 0:
        sys.exit("machines of their own need root")
    _begin_again(module)


def _begin_again(module: str) -> NoReturn:
    program = [sys.executable, "-m", module, *sys.argv[1:], _WITHIN]
    words = [*_OWN_MOUNTS, *_OWN, "sh", "-c", _FIRST, "sh", *program]
    os.execvp(words[0], words)  # noqa: S606  no shell is wanted


@dataclass
class Host:
    """A machine by its name; what is run with `within` before it runs there.

    A share that is put away there is an empty folder, or hangs.
    """

    name: str
    number: int
    _holder: subprocess.Popen[bytes] = field(init=False)
    _away: dict[Path, ExitStack] = field(default_factory=dict)

    def __enter__(self) -> Self:
        _run("ip", "netns", "add", self.name)
        self._inside("ip", "link", "set", "lo", "up")
        for wire in ADDRESSES:
            self._lay(wire)
        hold = ("sh", "-c", _HOLD, "sh", self.name)
        self._holder = subprocess.Popen(
            ["ip", "netns", "exec", self.name, *_OWN_MOUNTS, "--uts", *hold]
        )
        comm = Path(f"/proc/{self._holder.pid}/comm")
        _until(lambda: comm.read_text() == "sleep\n")
        return self

    def __exit__(self, *_: object) -> None:
        for each in list(self._away):
            self.bring_back(each)
        self._holder.kill()
        self._holder.wait()
        _run("ip", "netns", "delete", self.name)

    @property
    def address(self) -> str:
        """Where the service reaches it."""
        return f"{self._subnet('service')}.2"

    @property
    def within(self) -> tuple[str, ...]:
        """The command that runs another there."""
        target = f"--target={self._holder.pid}"
        return ("nsenter", target, "--net", "--mount", "--uts", "env", "-C", str(_REPOSITORY))

    def cut(self, wire: Wire) -> None:
        """Lose whatever is sent over a wire from now on."""
        _run("ip", "link", "set", _end(wire, self.number), "down")

    def mend(self, wire: Wire) -> None:
        """Let a wire carry again."""
        _run("ip", "link", "set", _end(wire, self.number), "up")

    def put_away(self, share: Path, *, hangs: bool) -> None:
        """Let nobody here see a share from now on."""
        self._away[share] = closing = ExitStack()
        if not hangs:
            self._run("mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(share))
            closing.callback(self._run, "umount", "--lazy", str(share))
            return
        program = [sys.executable, "-m", __name__, str(share)]
        hanging = subprocess.Popen(
            [*self.within, *program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        closing.callback(hanging.wait, _PATIENCE_S)
        closing.callback(hanging.communicate, b"")
        assert hanging.stdout is not None
        hanging.stdout.readline()

    def bring_back(self, share: Path) -> None:
        """Let a share be seen again."""
        self._away.pop(share).close()

    def _lay(self, wire: Wire) -> None:
        subnet = self._subnet(wire)
        here, there = _end(wire, self.number), wire
        _run("ip", "link", "add", here, "type", "veth", "peer", "name", there, "netns", self.name)
        _run("ip", "address", "add", f"{subnet}.1/30", "dev", here)
        _run("ip", "link", "set", here, "up")
        self._inside("ip", "address", "add", f"{subnet}.2/30", "dev", there)
        self._inside("ip", "link", "set", there, "up")
        self._inside("ip", "route", "add", f"{ADDRESSES[wire]}/32", "via", f"{subnet}.1")

    def _subnet(self, wire: Wire) -> str:
        return f"10.80.{_SUBNETS[wire] + self.number}"

    def _inside(self, *command: str) -> None:
        """Run a command in its network, before the rest of it is there."""
        _run("ip", "netns", "exec", self.name, *command)

    def _run(self, *command: str) -> None:
        _run(*self.within, *command)


def _end(wire: Wire, number: int) -> str:
    """Return the name of the end that is not the machine's."""
    return f"{wire}{number}"


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")


def _until(condition: object) -> None:
    end_s = time.monotonic() + _PATIENCE_S
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end_s, "the machine does not come up"
        time.sleep(0.02)


def main(arguments: Sequence[str]) -> None:
    """Let a share hang, in whatever namespace this runs, until the input ends."""
    with hanging_share(Path(arguments[0])) as broken:
        print(flush=True)  # noqa: T201  it hangs now
        sys.stdin.read()
        broken()


if __name__ == "__main__":
    main(sys.argv[1:])
