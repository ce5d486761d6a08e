"""A shoot in a storm, in the size that a test may take; the benchmarks have the whole of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotfolder.simulator import Settings, in_thread
from tests.end_to_end.storm import Storm, weather
from tests.studio import Studio

if TYPE_CHECKING:
    from pathlib import Path

PICTURES = 40
SEED = 2026
LIVES_S = (0.8, 2.5)
KILLS = 12
LIMIT_S = 600.0  # until it is taken for stuck


async def test_a_storm_loses_nothing_and_pays_once(tmp_path: Path) -> None:
    """Every picture is edited once, or in doubt because the service never accepted it.

    One answer in five is broken and the daemon killed again and again. A person's word then ends
    the doubts, too.
    """
    settings = Settings(
        seed=SEED, task_s=0.3, concurrent_limit=8, webhook_tries=100_000, webhook_retry_s=0.3
    )
    with in_thread(settings) as server:
        studio = Studio(tmp_path, server)
        studio.configure(callbacks=True)
        studio.drop_many(PICTURES)
        studio.fault(*weather(0.2))
        storm = Storm(studio, LIVES_S, SEED)
        left = await storm.rage(PICTURES, LIMIT_S, KILLS)
        print(left)  # noqa: T201  for -rP
        assert (left.lost, left.partial, left.twice, left.hopeless) == ([], [], 0, 0)
        assert left.states.keys() <= {"done", "in_doubt"}
        assert left.reasons.keys() <= {"in_doubt"}  # done jobs have none
        assert sum(left.reasons.values()) == left.states.get("in_doubt", 0)
        assert len(studio.ledger().tasks) == left.states["done"]  # nothing else was accepted
        assert left.kills
        studio.simulator.clear_faults()
        for job in studio.jobs():
            if job["state"] == "in_doubt":
                await studio.act("resolve", job=job["id"], resend=True)
        await storm.calm(lambda: studio.states() == {"done": PICTURES}, LIMIT_S)
        assert studio.ledger().paid_twice() == ()
        assert len(studio.outputs()) == PICTURES
