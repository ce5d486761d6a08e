"""Nobody else of the same user learns the key from a daemon."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.conftest import wait_for
from tests.studio import KEY

if TYPE_CHECKING:
    from tests.end_to_end.conftest import CommandLine
    from tests.studio import Studio

# The administrator may look at every process: as long as the rights for that are there.
UNPRIVILEGED = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()


def neighbour(*command: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command as the daemon's user, without an administrator's rights."""
    return subprocess.run([*UNPRIVILEGED, *command], capture_output=True, check=False)


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv")
def test_no_neighbour_reads_the_daemons_environment_or_memory(
    studio: Studio, hotfolder: CommandLine
) -> None:
    """Environment and memory are closed to the daemon's own user, as to any stranger.

    Even the administrator no longer finds the key in the environment.
    """
    hotfolder.python = str(studio.folder / "python")
    Path(hotfolder.python).write_text(
        f'#!/bin/sh\nexec {" ".join([*UNPRIVILEGED, sys.executable])} "$@"\n'
    )
    Path(hotfolder.python).chmod(0o755)
    with subprocess.Popen([*UNPRIVILEGED, "sleep", "600"]) as open_one:
        reading = ("cat", f"/proc/{open_one.pid}/environ")
        wait_for(lambda: neighbour(*reading).returncode == 0, lambda: "everything is refused here")
        open_one.kill()
    with hotfolder.daemon() as daemon:
        place = Path(f"/proc/{daemon.process.pid}")
        assert KEY.encode() not in (place / "environ").read_bytes()
        for each in ("environ", "mem", "maps"):
            told = neighbour("cat", str(place / each))
            assert b"Permission denied" in told.stderr, each


def test_the_config_is_read_again_with_the_key_that_was_there_at_the_start(
    studio: Studio, hotfolder: CommandLine
) -> None:
    """A key taken out of the environment still counts for a reload, and for what is paid then."""
    with hotfolder.daemon() as daemon:
        studio.configure(limits="backlog = 50")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.until(lambda: "config.reloaded" in daemon.err, "the reload")
        studio.drop("ann.jpg")
        daemon.until(lambda: studio.states() == {"done": 1}, "an edit")
