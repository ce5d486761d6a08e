"""A daemon killed at every commit, before and after every answer, and around every publishing.

Whatever the moment: no picture is lost, none is paid twice, nothing half-done is ever visible.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from hotfolder.simulator import Settings, in_thread
from tests.end_to_end.lookout import Lookout
from tests.studio import Studio

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hotfolder.simulator import RunningServer

POINTS = (
    "commit.before",
    "commit.after",
    "submit.sending",
    "submit.answered",
    "upload.answered",
    "query.answered",
    "download.answered",
    "publish.before",
    "publish.after",
)
PATIENCE_S = 60
MOST_KILLS = 60
# A commit is passed about twenty times on a picture's way; its kills are shared out.
SHARES = [(point, *share) for point in POINTS for share in ((0, 2), (1, 2))]


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """Give a service whose tasks take no time."""
    with in_thread(Settings(task_s=0.0)) as server:
        yield server


def run_once(studio: Studio, *failpoint: str) -> int:
    """Run the daemon in a process of its own; return how it ended."""
    command = [sys.executable, "-m", "tests.end_to_end.driver", str(studio.folder / "config.toml")]
    done = subprocess.run(
        [*command, "once", *failpoint], timeout=PATIENCE_S, check=False, capture_output=True
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stdout[-4000:] + done.stderr[-4000:]
    return done.returncode


def tasks_of(studio: Studio, prompt: str) -> list[str]:
    """Return the ids of the tasks that the service accepted with this prompt."""
    return [task.task_id for task in studio.ledger().tasks if task.prompt == prompt]


@pytest.mark.parametrize(("point", "first", "step"), SHARES)
async def test_a_kill_loses_nothing_and_pays_once(
    tmp_path: Path, server: RunningServer, point: str, first: int, step: int
) -> None:
    """At the N-th passing of a point, for every N until the daemon lives to the end."""
    for number in range(1 + first, MOST_KILLS, step):
        folder = tmp_path / str(number)
        folder.mkdir()
        studio = Studio(folder, server)
        prompt = f"{point} {first} of {step}, {number}"
        studio.configure(rules=[f'prompt = "{prompt}"'])
        studio.drop("ann.jpg", number=number)
        with Lookout([studio.output]) as lookout:
            killed = run_once(studio, point, str(number)) != 0
            assert len(tasks_of(studio, prompt)) <= 1
            assert not killed or run_once(studio) == 0
            await assert_paid_and_published_once(studio, prompt, point)
        assert lookout.seen
        assert not lookout.partial
        if not killed:
            return
    pytest.fail(f"{point} is passed more than {MOST_KILLS} times")


async def assert_paid_and_published_once(studio: Studio, prompt: str, point: str) -> None:
    """Check the end; a doubt is allowed where it must be, and is settled as an operator would."""
    tasks = tasks_of(studio, prompt)
    if studio.states() == {"in_doubt": 1}:
        assert point in ("commit.before", "commit.after", "submit.sending", "submit.answered")
        assert studio.outputs() == []
        job = studio.job("ann.jpg")["id"]
        wish = {"task_id": tasks[0]} if tasks else {"resend": True}
        await studio.act("resolve", job=job, **wish)
        assert run_once(studio) == 0
    assert studio.states() == {"done": 1}, studio.summary()
    assert studio.outputs() == ["ann.jpg"]
    assert len(tasks_of(studio, prompt)) == 1
    kinds = Counter(studio.history("ann.jpg"))
    assert kinds["Published"] == kinds["Accepted"] == 1
