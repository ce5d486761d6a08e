"""The worker owns nothing: what an intruder in a decoder is refused."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest

from hotfolder.kinds.workshop.workshop import WorkerDied, WorkerProcess
from tests.owners.test_workshop import workshop

if TYPE_CHECKING:
    from pathlib import Path

intruder = partial(WorkerProcess, module="tests.intruder")


async def test_whoever_takes_over_a_worker_owns_nothing(tmp_path: Path) -> None:
    """No file, no process, no socket, no program: each attempt is refused, and nothing changed."""
    secret, control = tmp_path / "journal.db", str(tmp_path / "control")
    secret.write_text("the key")
    with socket.socket(socket.AF_UNIX) as listener, workshop(open_worker=intruder) as shop:
        listener.bind(control)
        listener.listen()
        order = {"daemon": os.getpid(), "secret": str(secret), "control": control}
        answer = await shop.work("intrude", [], order, memory_bytes=1, deadline_s=20.0)
    assert set(answer["told"].values()) == {"PermissionError"}, answer["told"]
    assert secret.read_text() == "the key"
    assert not (tmp_path / "made").exists()


async def test_nothing_is_left_of_the_last_picture() -> None:
    """Each task has a process of its own, which never saw another customer's."""
    with workshop(places=1, open_worker=intruder) as shop:
        answers = [
            await shop.work("remember", [], {"customer": each}, memory_bytes=1, deadline_s=20.0)
            for each in ("ann", "ben")
        ]
    assert [each["left"] for each in answers] == [[], []]
    assert len({each["process"] for each in answers}) == 2


async def test_a_worker_that_says_too_much_is_ended() -> None:
    """An answer beyond the largest message is no answer."""
    with workshop(open_worker=intruder) as shop, pytest.raises(WorkerDied):
        await shop.work("chatter", [], {"length": 200_000}, memory_bytes=1, deadline_s=20.0)


LOCKS = """
import socket
from hotfolder.kinds.workshop import confinement
held = confinement.confine(newest_landlock={newest})
def refused(attempt):
    try:
        attempt()
    except PermissionError:
        return True
    return False
print(held.landlock, held.filtered, refused(lambda: open("/etc/passwd")), refused(socket.socket))
"""


@pytest.mark.parametrize("newest", [0, 2])
def test_an_older_kernels_locks_hold_too(newest: int) -> None:
    """Landlock of Debian 12, or none at all: the filter of calls alone refuses the same."""
    told = subprocess.run(
        [sys.executable, "-c", LOCKS.format(newest=newest)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout.split() == [str(newest), "True", "True", "True"]
