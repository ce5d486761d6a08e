"""One account that the daemons of several machines share, with all its places taken."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from hotfolder import control
from hotfolder.domain import events as ev
from hotfolder.pipeline.outcome import Committing, Shared
from tests.cluster import CLUSTER

if TYPE_CHECKING:
    from collections.abc import Collection

    import pytest

    from hotfolder.domain.jobs import Job
    from hotfolder.journal.session import Session
    from hotfolder.pipeline.step import Outcome
    from tests.studio import Studio


LOOKS = 5


async def test_no_intent_is_looked_into_without_a_place(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for a place that another machine has asks for that alone, and takes it then."""
    intents: list[int] = []
    commit = Committing.commit

    async def counted(
        self: Committing, job: Job, outcome: Outcome, tried: Collection[str]
    ) -> Job | None:
        intents.extend([job.id] * isinstance(outcome.event, ev.SubmitIntended))
        return await commit(self, job, outcome, tried)

    looks: list[int] = []
    free = Shared.free

    def looked(self: Shared, session: Session, wanted: int) -> int:
        looks.append(wanted)
        return free(self, session, wanted)

    monkeypatch.setattr(Committing, "commit", counted)
    monkeypatch.setattr(Shared, "free", looked)
    studio.simulator.update_settings(concurrent_limit=1, task_s=3600.0)
    config: dict[str, Any] = {"watches": ["two"], "limits": "concurrency = 1\ngrace = 5.0"}
    studio.configure(journal=CLUSTER.database(), **config)
    stop = asyncio.Event()
    async with studio.running():
        await studio.send("handover", watch="two")
        studio.drop("ann.jpg")
        await studio.until_states(running=1)
        first, studio.state = studio.state, studio.folder / "other-state"
        studio.configure(journal=studio.config.journal.url, **config)
        other = asyncio.create_task(studio.service().run(stop))
        for number in range(3):
            studio.drop(f"../two-in/q{number}.jpg", number=10 + number)
        await studio.until_states(running=1, uploaded=3)
        looks.clear()
        await studio.until(lambda: len(looks) >= LOOKS, "a place was looked for")
        assert intents == [1]
        studio.simulator.update_settings(task_s=0.0)
        await asyncio.to_thread(control.send, first, "cancel", {"jobs": [1]})
        await studio.until_states(cancelled=1, done=3)
        stop.set()
        await other
    assert sorted(intents) == [1, 2, 3, 4]
    assert (len(studio.ledger().tasks), studio.ledger().rejected) == (4, ())
