"""Whoever may drop files stops nobody else's: neither another watch nor the daemon."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx

from tests import hostile_files
from tests.studio import LIMIT_S, free_port, picture

if TYPE_CHECKING:
    from tests.end_to_end.conftest import CommandLine
    from tests.studio import Studio

# Three times what is wanted, for busy machines; a daemon that hangs does so for much longer.
PATIENCE_S = 3.0


def test_hostile_files_stop_nothing_but_their_own_jobs(
    studio: Studio, hotfolder: CommandLine
) -> None:
    """Each gets an answer, while another watch's picture passes and the daemon says it lives."""
    port = free_port()
    studio.configure(
        watches=["other"], limits=f'[monitor]\nlisten = "127.0.0.1:{port}"', watch="settle = 0.2"
    )
    files = dict(hostile_files.made())
    with hotfolder.daemon() as daemon:
        for number, content in enumerate(files.values()):
            studio.drop(f"h{number:02}.jpg", content)
        (studio.folder / "other-in" / "ann.jpg").write_bytes(picture(7))
        end_s = time.monotonic() + 2 * LIMIT_S
        while time.monotonic() < end_s and len(studio.jobs()) <= len(files):
            health = httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=PATIENCE_S)
            assert health.status_code == 200
            time.sleep(0.05)
        daemon.until(lambda: "output.published" in daemon.err, "another watch's edit")
    assert len(studio.jobs()) == len(files) + 1, daemon.err[-3000:]
    assert (studio.folder / "other-out" / "ann.jpg").exists()
