"""A line that loses packets and takes its time: two tunnel devices and the wire between them.

One end stands here, the other in a network namespace of its own, where there is nothing else. So
every byte goes through the kernel's real TCP, with what loss does to it. The kernel's own netem
would do the same, but is a module that many machines lack.
"""

from __future__ import annotations

import fcntl
import os
import random
import select
import shutil
import struct
import subprocess
import threading
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE, THERE = "10.99.77.1", "10.99.77.2"
LARGEST_PACKET = 65536
_TUNSETIFF = 0x400454CA
_IFF_TUN_NO_PI = 0x0001 | 0x1000


@dataclass(slots=True)
class Line:
    """Packets on their way. Outward a share is lost, and each takes `delay_s`; nothing while cut.

    `within` is a command that runs another one at the far end.
    """

    within: tuple[str, ...]
    here: int
    there: int
    loss: float
    delay_s: float
    chance: random.Random
    is_cut: bool = False
    passed: int = 0
    lost: int = 0
    _is_over: bool = False
    _under_way: deque[tuple[float, bytes]] = field(default_factory=deque)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        if self._thread is not None:
            self._thread.join()

    def _carry(self) -> None:
        while not self._is_over:
            ready, _, _ = select.select([self.here, self.there], [], [], 0.01)
            for end in ready:
                self._take(end, os.read(end, LARGEST_PACKET))
            while self._under_way and self._under_way[0][0] <= time.monotonic():
                os.write(self.here, self._under_way.popleft()[1])

    def _take(self, end: int, packet: bytes) -> None:
        is_outward = end == self.there
        if self.is_cut or (is_outward and self.chance.random() < self.loss):
            self.lost += 1
            return
        self.passed += 1
        if is_outward:
            self._under_way.append((time.monotonic() + self.delay_s, packet))
        else:
            os.write(self.there, packet)


@contextmanager
def lossy_line(*, loss: float, delay_s: float, seed: int) -> Iterator[Line]:
    """Give a line to a namespace of its own; the test is skipped where that cannot be had."""
    if os.geteuid() != 0 or not Path("/dev/net/tun").exists() or shutil.which("ip") is None:
        pytest.skip("a network namespace needs root, /dev/net/tun and the ip command")
    name = f"hotfolder{os.getpid()}"
    if _ip("netns", "add", name).returncode:
        pytest.skip("making a network namespace is not permitted here")
    within, chance = ("ip", "netns", "exec", name), random.Random(seed)  # noqa: S311  no secret
    try:
        here, there = _tunnel(f"hf{os.getpid()}a"), _tunnel(f"hf{os.getpid()}b")
        _require("link", "set", f"hf{os.getpid()}b", "netns", name)
        _require("addr", "add", f"{HERE}/30", "dev", f"hf{os.getpid()}a")
        _require("link", "set", f"hf{os.getpid()}a", "up")
        _require("-n", name, "addr", "add", f"{THERE}/30", "dev", f"hf{os.getpid()}b")
        _require("-n", name, "link", "set", f"hf{os.getpid()}b", "up")
        _require("-n", name, "link", "set", "lo", "up")
        with Line(within, here, there, loss, delay_s, chance) as line:
            yield line
        os.close(here)
        os.close(there)
    finally:
        _ip("netns", "del", name)


def _tunnel(name: str) -> int:
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN_NO_PI))
    return device


def _ip(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["ip", *arguments], check=False, capture_output=True)


def _require(*arguments: str) -> None:
    done = _ip(*arguments)
    assert not done.returncode, done.stderr.decode()
