"""Eight hours without network, the clock set forward: what is called, logged and written down."""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections import Counter
from pathlib import Path

import structlog

from hotfolder.journal import reading
from hotfolder.simulator import Settings, in_thread
from tests.benchmarks.frame import Figures, trial
from tests.relay import Relay
from tests.studio import LOOK_S, Studio

PICTURES = 200
HOURS = 8
STEP_S = 60.0
TASK_S = 20.0


@trial("outage")
def outage() -> Figures:
    """200 pictures, 8 running, when the network goes for eight hours."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    with tempfile.TemporaryDirectory() as folder, in_thread(Settings(task_s=TASK_S)) as server:
        return asyncio.run(_measure(Studio(Path(folder), server)))


async def _measure(studio: Studio) -> Figures:
    relay = Relay(studio.base_url)
    await relay.open()
    studio.base_url = relay.base_url
    studio.configure(limits="backlog = 0\nconcurrency = 8")
    studio.drop_many(PICTURES)
    with structlog.testing.capture_logs() as logged:
        async with studio.running():
            await studio.until(lambda: studio.states().get("running") == 8, "eight tasks")
            await relay.cut()
            before, begun = len(logged), studio.read(reading.newest_event)
            await studio.until(lambda: studio.holds() == ["service"], "the silence is noticed")
            for _ in range(int(HOURS * 3600 / STEP_S)):
                studio.clock.forward(STEP_S)
                await studio.send("settling", watch="studio", path="any")  # wakes the daemon
                await asyncio.sleep(LOOK_S)
            written = studio.read(reading.newest_event) - begun
            said = Counter(str(each["event"]) for each in logged[before:])
            states = studio.states()
            studio.simulator.update_settings(task_s=0.1)
            await relay.open()
            back_s = time.monotonic()
            studio.clock.forward(STEP_S)
            await studio.send("settling", watch="studio", path="any")
            while studio.states() != {"done": PICTURES} and time.monotonic() < back_s + 200:
                studio.clock.forward(1)
                await asyncio.sleep(0.5)
    await relay.close()
    return {
        "pictures": PICTURES,
        "steps of the clock": int(HOURS * 3600 / STEP_S),
        "log lines while it lasted": sum(said.values()),
        **{f"log: {name}": count for name, count in said.most_common()},
        "lines of the jobs' histories": written,
        "failed or in doubt": states.get("failed", 0) + states.get("in_doubt", 0),
        "done after it": studio.states().get("done", 0),
        "seconds until then": round(time.monotonic() - back_s, 1),
        "tasks paid": len(studio.ledger().tasks),
    }
