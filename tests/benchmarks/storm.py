"""A shoot of 500 pictures in a storm: what is left of it, without callbacks and with them.

The daemon is the real program in a process of its own; nothing is faster than in a studio but
the kills and, to match them, the service's repetitions of a callback that was not heard.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from hotfolder.simulator import Settings, in_thread
from tests.benchmarks.frame import Figures, trial
from tests.end_to_end.storm import Aftermath, Storm, weather
from tests.studio import Studio

PICTURES = 500
BROKEN = 0.2
LIVES_S = (2.0, 5.0)
LIMIT_S = 1800.0
SEED = 2026


@trial("storm")
def storm() -> Figures:
    """500 pictures, limit 8, 20 % of all answers broken, kill -9 every 2 to 5 s; no callbacks."""
    return measure(callbacks=False)


@trial("storm-callbacks")
def storm_callbacks() -> Figures:
    """500 pictures in the same storm with callbacks: no accepted task is left in doubt."""
    return measure(callbacks=True)


@trial("storm-resent")
def storm_resent() -> Figures:
    """500 pictures in a storm with callbacks, then limits.resend_up_to: after ten minutes all."""
    return measure(callbacks=True, resend=True)


def measure(*, callbacks: bool, resend: bool = False) -> Figures:
    """Edit a shoot in a storm and return what is left."""
    settings = Settings(
        seed=SEED, task_s=1.0, concurrent_limit=8, webhook_tries=20, webhook_retry_s=1.0
    )
    with tempfile.TemporaryDirectory() as folder, in_thread(settings) as server:
        studio = Studio(Path(folder), server)
        studio.configure(callbacks=callbacks, limits="backlog = 0")
        studio.drop_many(PICTURES)
        studio.fault(*weather(BROKEN))
        storm = Storm(studio, LIVES_S, SEED)
        left = asyncio.run(storm.rage(PICTURES, LIMIT_S))
        figures = _figures(studio, left)
        if resend:
            studio.simulator.clear_faults()
            studio.configure(callbacks=callbacks, limits="backlog = 0\nresend_up_to = 0.14")
            asyncio.run(storm.calm(lambda: studio.states() == {"done": PICTURES}, LIMIT_S))
            figures["done after sending again"] = studio.states()["done"]
            figures["paid twice after that"] = len(studio.ledger().paid_twice())
        return figures


def _figures(studio: Studio, left: Aftermath) -> Figures:
    ledger = studio.ledger()
    asked = sum(ledger.requests[call] for call in ("upload", "submit", "query"))
    asked += ledger.requests.get("download", 0)
    fired = [rule["fired"] for rule in studio.simulator.faults() if rule["call"] != "webhook"]
    broken = sum(each for each in fired if isinstance(each, int))
    return {
        "pictures": PICTURES,
        **left.states,
        "kills": left.kills,
        "seconds": round(left.seconds, 1),
        "requests": asked,
        "broken answers": broken,
        "share broken": round(broken / asked, 3),
        "submits": ledger.requests["submit"],
        "tasks": len(ledger.tasks),
        "tasks told of by nobody": sum(not task.answered for task in ledger.tasks),
        "doubts in all": left.doubted,
        "tasks found": left.found,
        "in doubt with a task": left.hopeless,
        "paid twice": left.twice,
        "lost": len(left.lost),
        "half-done outputs": len(left.partial),
    }
