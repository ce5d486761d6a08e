"""Nothing that a full run writes or shows holds the key, a password or a signed link."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import httpx
import pytest

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
    with hotfolder.running("run", "--log-format", "json", "--log-level", "debug") as daemon:
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


@pytest.mark.long
def test_a_service_that_quotes_what_it_is_sent_gives_nothing_away(
    studio: Studio, hotfolder: CommandLine
) -> None:
    """Every error of the service repeats the key, the callback's address and a signed link.

    None of it is found in what a full run wrote, but for the journal's own fields of addresses.
    """
    more = f'[[notify]]\nurl = "json://ann:{PASSWORD}@127.0.0.1:9/hook"'
    studio.configure(limits=more, watch='notes = "all"', callbacks=True)
    studio.simulator.update_settings(echo=True)
    studio.fault(
        Fault(call="upload", kind="code", code="1000", form="message", times=1),
        Fault(call="submit", kind="code", code="1501", times=1),
        Fault(call="submit", kind="error_before", status=500, times=1),
        Fault(call="submit", kind="fail_task", code="1505", skip=2, times=1),
        Fault(call="query", kind="code", code="1000", times=2),
        Fault(call="queue_status", kind="code", code="1000"),
        Fault(call="account", kind="code", code="1000", form="msg"),
    )
    with hotfolder.running("run", "--log-format", "json", "--log-level", "debug") as daemon:
        daemon.until(lambda: "watch.online" in daemon.err, "the daemon watches")
        studio.drop_many(5)
        ends = {"done": 2, "failed": 2, "in_doubt": 1}
        daemon.until(lambda: studio.states() == ends, f"ends, not {studio.states()}")
        studio.fault(Fault(call="submit", kind="error_before", status=401))
        studio.drop("last.jpg", number=99)
        daemon.until(lambda: "hold.began" in daemon.err, "a hold")
        names = [f"p00{number}.jpg" for number in range(5)]
        shown = [hotfolder(*each).out for each in (("status",), ("jobs", "--json"), ("charges",))]
        shown += [hotfolder("explain", studio.input / name, "--json").out for name in names]
        shown += [hotfolder(*each).err for each in (("check", "--online"), ("doctor", "--online"))]
        shown += [hotfolder("doctor", "--online").out, hotfolder("check", "--online").out]
        hotfolder("backup", studio.folder / "copy.db")
        daemon.end()
    tokens = {found.encode() for found in _tokens(studio)}
    assert len(tokens) >= 4
    assert any("service: " in each and "Bearer" in each for each in shown), "nothing was quoted"
    for path, content in everything_written(studio.folder):
        if path == hotfolder.config:
            continue
        assert KEY.encode() not in content, path
        assert PASSWORD.encode() not in content, path
        if not path.name.startswith(("journal.db", "copy.db")):
            assert not SIGNED.search(content), path
            assert not [each for each in tokens if each in content], path
    for text in shown:
        assert KEY not in text
        assert not SIGNED.search(os.fsencode(text))
        assert not [each for each in tokens if each.decode() in text]
    assert not SIGNED.search("".join(_words(studio)).encode())


def _rows(studio: Studio, query: str) -> list[sqlite3.Row]:
    with closing(sqlite3.connect(studio.state / "journal.db")) as journal:
        journal.row_factory = sqlite3.Row
        return journal.execute(query).fetchall()


def _tokens(studio: Studio) -> list[str]:
    """Return the callbacks' tokens of all submits."""
    return [str(row["token"]) for row in _rows(studio, "SELECT token FROM submit")]


def _words(studio: Studio) -> list[str]:
    """Return everything in the journal that is for people."""
    reasons = "SELECT coalesce(error_message, '') || coalesce(error_hint, '') AS words FROM job"
    return [
        str(row["words"])
        for query in (
            reasons,
            "SELECT detail AS words FROM event",
            "SELECT reason AS words FROM hold",
        )
        for row in _rows(studio, query)
    ]


CRASH = f"""
import sys, threading
from hotfolder.cli import app, redacting, looking
from hotfolder.cli.redacting import REDACTOR

REDACTOR.learn("{KEY}")

def broken(*_args, **_kinds):
    def die():
        raise ValueError("in a thread: https://r.test/a.jpg?sign=abc {KEY}")
    thread = threading.Thread(target=die)
    thread.start()
    thread.join()
    raise ValueError("Authorization: Bearer zzzzzzzzzzzzzzzzzzzz and {KEY}")

app.app = broken
app.main()
"""


def test_a_crash_gives_nothing_away() -> None:
    """The traceback of what nobody expected is redacted, that of a thread, too."""
    ended = subprocess.run(
        [sys.executable, "-c", CRASH], capture_output=True, check=False, text=True
    )
    assert ended.returncode == 1
    assert ended.stderr.count("Traceback") == 2, ended.stderr
    for each in (KEY, "zzzzzzzz", "sign="):
        assert each not in ended.stderr
