"""The word to whoever supervises the daemon: systemd, by sd_notify(3), or nobody.

The watchdog is fed by who can say that the daemon works, never by a timer of its own.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

MICROSECONDS: Final = 1_000_000
BEAT_S: Final = 10.0
BEATS_IN_WATCHDOG: Final = 3


class Supervisor:
    """Sends states to the socket at `address`; without one, says nothing.

    `beat_s` is how often the supervisor wants to hear that all is well, in seconds; `unit` the
    systemd unit that this process is, or None.
    """

    def __init__(self, address: str = "", beat_s: float = BEAT_S, unit: str | None = None) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.beat_s = beat_s
        self.unit = unit

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Return the supervisor that systemd's variables name.

        A watchdog meant for another process (WATCHDOG_PID) is not ours to feed.
        """
        limit = environment.get("WATCHDOG_USEC", "")
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        beat_s = BEAT_S
        if limit.isdecimal() and int(limit) and ours:
            beat_s = min(BEAT_S, int(limit) / MICROSECONDS / BEATS_IN_WATCHDOG)
        unit = _unit() if "INVOCATION_ID" in environment else None
        return cls(environment.get("NOTIFY_SOCKET", ""), beat_s, unit)

    def ready(self) -> None:
        """Say that the daemon works, or works again after reading its config anew."""
        self._tell("READY=1")

    def reloading(self) -> None:
        """Say that the config is being read anew."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def alive(self, status: str) -> None:
        """Say that every part has just answered; `status` is one line for a person."""
        self._tell("WATCHDOG=1", f"STATUS={' '.join(status.split())}")

    def stopping(self) -> None:
        """Say that what runs is being finished."""
        self._tell("STOPPING=1")

    def _tell(self, *states: str) -> None:
        if not self._address:
            return
        with (
            suppress(OSError),  # a supervisor that does not listen must not stop the work
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender,
        ):
            sender.setblocking(False)  # nor one that is busy
            sender.sendto("\n".join(states).encode(), self._address)


def _unit() -> str | None:
    """Return the service of the system's systemd that this process runs as, by its control group.

    Those of a user's own systemd are not told: another user could not start them.
    """
    try:
        place = Path("/proc/self/cgroup").read_text("utf-8").splitlines()[-1].rpartition(":")[2]
    except (OSError, IndexError):
        return None
    name = place.rpartition("/")[2]
    is_own = place.startswith("/system.slice/") and name.endswith(".service")
    return name.removesuffix(".service") if is_own else None
