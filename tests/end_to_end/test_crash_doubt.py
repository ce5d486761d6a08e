"""A chain of three with a doubt in its middle, and a daemon killed at every commit of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotfolder.simulator import Fault, Settings, in_thread
from tests.end_to_end.driver import Driver
from tests.end_to_end.lookout import Lookout
from tests.end_to_end.test_crash import MOST_KILLS, Bench, assert_three_steps_paid_once

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hotfolder.simulator import RunningServer

SHARES = 4
MODELS = ("qwen-image-2.0/image-edit", "wan-2.5-preview/image-to-image")


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """Give a service whose tasks take no time, and which calls back until it is heard."""
    with in_thread(Settings(task_s=0.0, webhook_tries=100_000, webhook_retry_s=0.05)) as server:
        yield server


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    """Give a starter of daemons that wait for a callback as long as need be."""
    with Driver(tmp_path_factory.mktemp("patient") / "log") as driver:
        yield driver


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    """Give a starter of daemons that wait for no callback."""
    folder = tmp_path_factory.mktemp("hasty")
    with Driver(folder / "log", callback_patience_s=0.0) as driver:
        yield driver


@pytest.mark.long
@pytest.mark.parametrize("first", range(SHARES))
@pytest.mark.parametrize("point", ["commit.before", "commit.after"])
async def test_a_callback_ends_the_doubt_whenever_it_is_killed(
    tmp_path: Path, server: RunningServer, patient: Driver, hasty: Driver, point: str, first: int
) -> None:
    """Three tasks, one upload, published once; a person is asked only where nothing was sent."""
    for number in range(1 + first, 4 * MOST_KILLS, SHARES):
        bench = Bench(tmp_path / str(number), server, patient, number)
        bench.prompt = f"{bench.prompt} {point}"
        studio = bench.studio
        rule = f'prompt = "{bench.prompt}"'
        steps = [f'[[watch.rule.then]]\nmodel = "{each}"\n{rule}' for each in MODELS]
        studio.configure(rules=["\n".join([rule, *steps])], callbacks=True)
        lost = {"kind": "drop_after", "contains": bench.prompt, "skip": 1, "times": 1}
        studio.fault(Fault(call="submit", **lost))  # type: ignore[arg-type]
        uploaded = studio.ledger().requests.get("upload", 0)
        with Lookout([studio.output]) as lookout:
            killed = bench.once(point, number)
            if any(job["state"] == "submitting" for job in studio.jobs()) and not unheard(bench):
                hasty.once(studio.folder / "config.toml")
                (job,) = (each for each in studio.jobs() if each["state"] == "in_doubt")
                await studio.act("resolve", job=job["id"], resend=True)
            assert not killed or not bench.once()
        assert not lookout.partial
        assert_three_steps_paid_once(bench, number, uploaded, killed=killed)
        if not killed:
            return
    pytest.fail(f"{point} is passed more than {4 * MOST_KILLS} times")


def unheard(bench: Bench) -> set[str]:
    """Return the tasks of which the journal knows nothing."""
    return set(bench.tasks()) - {job["task_id"] for job in bench.studio.jobs()}
