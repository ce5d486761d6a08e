"""The demo as somebody tries it at a terminal: it ends with a link to the live gallery."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from tests.browser import page_of
from tests.end_to_end.conftest import LIMIT_S, drain, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


def test_the_demo_ends_with_a_link_that_signs_in(tmp_path: Path, browser: Browser) -> None:
    """One click on the page that it leads to, and the gallery shows the three samples edited."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "hotfolder", "demo", "--dir", str(tmp_path / "demo")],
        env={},
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    written: list[bytes] = []
    reader = threading.Thread(target=drain, args=(leader, written))
    reader.start()
    link = re.compile(r"the page: \S*?(http://[^\s\x1b]+)\x1b?\S*\s")

    def said() -> str:
        return b"".join(written).decode()

    try:
        wait_for(lambda: link.search(said()), said)
        found = link.search(said())
        assert found is not None
        with page_of(browser) as page:
            page.goto(found[1])
            page.get_by_role("button", name="Enter").click()
            page.locator(".card").nth(2).wait_for()
            assert page.url.endswith("/gallery")
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT_S) == 0, said()
    finally:
        process.kill()
        process.wait()
        reader.join(LIMIT_S)
        os.close(leader)
