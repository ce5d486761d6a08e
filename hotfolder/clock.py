"""The clock of this machine."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Final

from hotfolder.domain.clock import utc_now

_START: Final = Path("/proc/sys/kernel/random/boot_id")


class MachineClock:
    """The machine's wall clock, and how long it has been running."""

    def __call__(self) -> datetime:
        """Return the time as the wall clock shows it."""
        return utc_now()

    def elapsed_s(self) -> float:
        """Return the seconds since the machine started, those of its sleep included."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def awake_s(self) -> float:
        """Return the seconds since the machine started that it was awake."""
        return time.monotonic()

    def start(self) -> str:
        """Return the id that the kernel gave this start."""
        try:
            return _START.read_text("ascii").strip()
        except OSError:
            return ""


MACHINE_CLOCK: Final = MachineClock()
