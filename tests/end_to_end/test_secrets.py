"""Nothing that a full run writes or shows holds the key, a password or a signed link."""

from __future__ import annotations

import os
import re
import socket
from typing import TYPE_CHECKING

import httpx

from hotfolder.simulator import Fault
from tests.studio import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.end_to_end.conftest import CommandLine
    from tests.studio import Studio

PASSWORD = "hunter2-hunter2"  # noqa: S105  nobody's
SIGNED = re.compile(rb"\?sign=\w")


def everything_written(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield every file below a folder with its content."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path, path.read_bytes()


def test_a_full_run_gives_no_secret_away(studio: Studio, hotfolder: CommandLine) -> None:
    """Log at its wordiest, journal, notes, pages, commands: with failures, doubts and a hold.

    Only the journal, which nobody else may read, holds the links that are yet to be fetched.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    more = f'[monitor]\nlisten = "127.0.0.1:{port}"\n[[notify]]\n'
    more += f'url = "json://ann:{PASSWORD}@127.0.0.1:9/hook"'
    studio.configure(limits=more, watch='notes = "all"')
    studio.fault(
        Fault(call="submit", kind="drop_after", times=1),
        Fault(call="submit", kind="fail_task", code="1501", skip=1, times=1),
        Fault(call="download", kind="error_before", times=2),
        Fault(call="query", kind="code", code="811", times=2),
    )
    shown: list[str] = []
    with hotfolder.running("run", "--log-level", "debug") as daemon:
        daemon.until(lambda: "watch.online" in daemon.err, "the daemon watches")
        studio.drop_many(5)
        daemon.until(lambda: studio.states() == {"done": 3, "failed": 1, "in_doubt": 1}, "an end")
        commands = (
            ("status",),
            ("status", "--json"),
            ("jobs", "--json"),
            ("explain", studio.input / "p000.jpg", "--json"),
            ("doctor", "--online"),
            ("charges",),
        )
        shown += [hotfolder(*each).out for each in commands]
        shown += [
            httpx.get(f"http://127.0.0.1:{port}/{page}").text for page in ("readyz", "metrics")
        ]
        daemon.end()
    found = dict(everything_written(studio.folder))
    found.pop(hotfolder.config)  # the owner wrote the address into it
    assert sum(len(each) for each in found.values()) > 100_000
    for path, content in found.items():
        assert KEY.encode() not in content, path
        assert PASSWORD.encode() not in content, path
        if path.parent != studio.state and path.parent.name != "backups":
            assert not SIGNED.search(content), path
    assert any(SIGNED.search(content) for content in found.values()), "links have another form now"
    assert studio.state.stat().st_mode & 0o077 == 0
    for each in shown:
        assert KEY not in each
        assert PASSWORD not in each
        assert not SIGNED.search(os.fsencode(each))
