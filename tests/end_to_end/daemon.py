"""The real program in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Self

from hotfolder.journal.lock import is_locked
from tests.studio import KEY, LIMIT_S, Studio

if TYPE_CHECKING:
    from pathlib import Path


class Daemon:
    """`hotfolder run` over a studio's config; its log is appended to `log` in the folder.

    `within` is a command that runs it.
    """

    def __init__(self, studio: Studio, *within: str) -> None:
        self._studio = studio
        self.log: Path = studio.folder / "log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *within,
                    sys.executable,
                    "-m",
                    "hotfolder",
                    "run",
                    "-c",
                    str(studio.folder / "config.toml"),
                    "--log-format",
                    "json",
                ],
                env={**os.environ, "RH_API_KEY": KEY},
                stdout=log,
                stderr=log,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    async def holds_the_journal(self) -> Self:
        """Wait until the daemon has begun to work."""
        await self._studio.until(lambda: self.over or is_locked(self._studio.state), "its start")
        assert not self.over, self.log.read_text()[-4000:]
        return self

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def end(self) -> int:
        """Wait until it ends; return its exit code."""
        return self._process.wait(LIMIT_S)

    def kill(self) -> None:
        """Kill it as a power cut would."""
        self._process.kill()
        assert self.end() == -signal.SIGKILL, self.log.read_text()[-4000:]
