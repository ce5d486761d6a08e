"""An operator's wishes, carried by the socket to the daemon that runs."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from hotfolder import control
from hotfolder.control import channel
from hotfolder.control.asking import socket_path
from hotfolder.control.channel import LARGEST_WISH_BYTES
from hotfolder.control.control import Control
from hotfolder.domain.errors import OperatorError
from hotfolder.simulator import Fault
from tests.studio import LIMIT_S, Studio

if TYPE_CHECKING:
    from pathlib import Path

    from tests.builders import Desk

WISH_S = 3600.0
BYTE_S = 0.02


async def test_a_doubt_is_settled_while_the_daemon_runs(studio: Studio) -> None:
    """resolve, retry and cancel reach the daemon, which goes on with the jobs at once."""
    studio.fault(
        Fault(call="submit", kind="drop_after", times=1),
        Fault(call="submit", kind="fail_task", code="1501", skip=1, times=1),
    )
    studio.configure(limits="concurrency = 1")
    async with studio.running():
        studio.drop("ann.jpg", number=1)
        await studio.until_states(in_doubt=1)
        studio.drop("bob.jpg", number=2)
        await studio.until_states(in_doubt=1, failed=1)
        (task_id,) = [task.task_id for task in studio.ledger().tasks if not task.answered]
        (line,) = await studio.send("resolve", job=studio.job("ann.jpg")["id"], task_id=task_id)
        assert task_id in line
        await studio.until_states(done=1, failed=1)
        await studio.send("retry", jobs=[studio.job("bob.jpg")["id"]])
        await studio.until_states(done=2)
    assert len(studio.ledger().tasks) == 3


async def test_what_waits_can_be_cancelled(studio: Studio) -> None:
    """A job that is not yet sent is given up at once, and its name is free again."""
    studio.configure(rules=['match = ["*.jpg"]'])
    async with studio.running():
        studio.drop("ann.jpg")
        await studio.until_states(accepted=1)
        (line,) = await studio.send("cancel", jobs=[studio.job("ann.jpg")["id"]])
        assert "nothing was paid" in line
        assert studio.states() == {"cancelled": 1}
        with pytest.raises(OperatorError, match="it was given up"):
            await studio.send("cancel", jobs=[studio.job("ann.jpg")["id"]])
        with pytest.raises(OperatorError, match="no job 77"):
            await studio.send("cancel", jobs=[77])
    assert studio.ledger().requests.get("submit", 0) == 0


async def test_a_settling_file_is_explained(studio: Studio) -> None:
    """The daemon says of a file on its way what it waits for."""
    studio.configure(watch="settle = 30.0")
    async with studio.running():
        studio.drop("ann.jpg")
        lines: list[str] = []
        async with asyncio.timeout(LIMIT_S):
            while not lines:
                lines = await studio.send("settling", watch="studio", path="ann.jpg")
        assert "to go" in lines[0]
        assert studio.explain("ann.jpg", settling=lines[0], daemon=True)["verdict"] == "settling"
        assert await studio.send("settling", watch="studio", path="bob.jpg") == []


@pytest.mark.parametrize(
    ("action", "wish", "words"),
    [
        ("dance", {}, "no action"),
        ("cancel", {"jobs": "all"}, "cancel: "),
        ("cancel", {"jobs": [1], "force": True}, "cancel: "),
        ("resolve", {}, "resolve: "),
        ("retry", {"jobs": ["1"]}, "retry: "),
    ],
)
async def test_a_wrong_wish_is_refused_in_words(
    studio: Studio, action: str, wish: dict[str, object], words: str
) -> None:
    """What is not understood changes nothing, and the daemon goes on."""
    async with studio.running():
        with pytest.raises(OperatorError, match=words):
            await studio.send(action, **wish)
        studio.drop("ann.jpg")
        await studio.until_states(done=1)


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"hello\n",
        b"[]\n",
        b"null\n",
        b"{}\n",
        b'{"action": 7}\n',
        b"\xff\xfe\n",
        b"[" * 9000,
    ],
    ids=lambda line: repr(line[:12]),
)
async def test_nonsense_on_the_socket_is_answered(studio: Studio, line: bytes) -> None:
    """Whatever is written to the socket, there is an answer in one line of JSON, or a hang-up."""
    async with studio.running():
        answer = await asyncio.to_thread(talk, studio.state, line)
        assert json.loads(answer)["ok"] is False
        studio.drop("ann.jpg")
        await studio.until_states(done=1)


WISHES: dict[str, dict[str, object]] = {
    "retry": {"jobs": [1]},
    "resolve": {"job": 1, "task_id": "1"},
    "cancel": {"jobs": [1]},
    "pause": {"watch": "nobody"},
    "resume": {"watch": "nobody"},
    "release": {"watch": "nobody"},
    "settling": {"watch": "studio", "path": "ann.jpg"},
}
ODD: tuple[object, ...] = (
    None,
    -1,
    2**63,
    2**70,
    1e308,
    "",
    "\0",
    "\ud800",
    "a" * 100_000,
    {},
    [[]],
    [2**70],
    ["1"],
)


@pytest.mark.parametrize("action", WISHES)
async def test_odd_values_on_the_socket_are_answered(studio: Studio, action: str) -> None:
    """Each field of each wish may hold anything that JSON can: there is an answer."""
    studio.fault(Fault(call="submit", kind="drop_after", times=1))
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(in_doubt=1)
        for field in (*WISHES[action], "pay_again", "resend", "skip", "another"):
            for odd in ODD:
                wish = {"action": action, **WISHES[action], field: odd}
                said = await asyncio.to_thread(talk, studio.state, json.dumps(wish).encode())
                assert "ok" in json.loads(said), wish
        assert studio.states() == {"in_doubt": 1}


async def test_a_line_without_end_is_answered_or_broken_off(studio: Studio) -> None:
    """More than the largest wish is not taken in."""
    line = b'{"action": "' + b"a" * 2 * LARGEST_WISH_BYTES
    async with studio.running():
        with suppress(ConnectionError):
            said = await asyncio.to_thread(talk, studio.state, line)
            assert not said or json.loads(said)["ok"] is False
        studio.drop("ann.jpg")
        await studio.until_states(done=1)


async def test_a_client_that_leaves_disturbs_nobody(studio: Studio) -> None:
    """One that says nothing, or does not listen, leaves no trace."""
    async with studio.running():
        for line in (b"", b'{"action": "settl', b'{"action": "cancel", "jobs": [1]}\n'):
            await asyncio.to_thread(talk, studio.state, line, listen=False)
        studio.drop("ann.jpg")
        await studio.until_states(done=1)


async def test_whoever_speaks_a_byte_at_a_time_is_cut_off(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wish has a time for all of it, not for each byte; the next one is heard after it."""
    folder, loop, ahead_s = tmp_path, asyncio.get_running_loop(), [0.0]
    monkeypatch.setattr(loop, "time", lambda: time.monotonic() + sum(ahead_s))
    listening = await channel.serve(Control(desk.journal, None), folder, wish_s=WISH_S)
    async with listening:
        slow = [await opened(folder) for _ in range(channel.MOST_AT_ONCE)]
        trickling = [asyncio.create_task(trickle(writer)) for _, writer in slow]
        assert "too many others" in (await asyncio.to_thread(talk, folder, b"{}\n")).decode()
        for _ in range(2):
            ahead_s.append(0.6 * WISH_S)
            await asyncio.sleep(3 * BYTE_S)
        async with asyncio.timeout(LIMIT_S):
            for reader, _ in slow:
                with suppress(ConnectionError):  # of what lies unread at the other end
                    await reader.read()
        wish = b'{"action": "settling", "watch": "x", "path": "y"}\n'
        assert json.loads(await asyncio.to_thread(talk, folder, wish))["ok"]
        for each in trickling:
            each.cancel()
        await asyncio.gather(*trickling, return_exceptions=True)


async def opened(folder: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the daemon's socket."""
    with socket_path(folder) as path:
        return await asyncio.open_unix_connection(path)


async def trickle(writer: asyncio.StreamWriter) -> None:
    """Say a wish without end, a byte at a time, sooner than any time between two bytes."""
    with suppress(ConnectionError):
        try:
            while True:
                writer.write(b" ")
                await asyncio.sleep(BYTE_S)
        finally:
            writer.close()
            await writer.wait_closed()


async def test_a_long_state_folder_is_reached(studio: Studio) -> None:
    """The kernel's 108 bytes for a socket's path do not limit where the state may lie."""
    long = studio.folder / ("d" * 120) / ("e" * 120)
    long.mkdir(parents=True)
    studio.state = long
    studio.configure()
    async with studio.running():
        assert len(os.fsencode(long / control.SOCKET_NAME)) > 108
        assert await studio.send("settling", watch="studio", path="ann.jpg") == []


async def test_without_a_daemon_there_is_nobody_to_ask(studio: Studio) -> None:
    """Neither a missing socket nor one left by a killed daemon is taken for an answer."""
    studio.state.mkdir()
    with pytest.raises(FileNotFoundError):
        await studio.send("retry", jobs=[])
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(studio.state / control.SOCKET_NAME))
    with pytest.raises(ConnectionError):
        await studio.send("retry", jobs=[])
    async with studio.running():
        assert await studio.send("retry", jobs=[]) == []


def talk(folder: Path, line: bytes, *, listen: bool = True) -> bytes:
    """Write bytes to the daemon's socket and return its answer."""
    here = os.open(folder, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(LIMIT_S)
            connection.connect(f"/proc/self/fd/{here}/{control.SOCKET_NAME}")
            connection.sendall(line)
            if not listen:
                return b""
            connection.shutdown(socket.SHUT_WR)
            with connection.makefile("rb") as stream:
                return stream.readline()
    finally:
        os.close(here)
