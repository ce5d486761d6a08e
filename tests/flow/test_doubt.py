"""Submits whose answer was lost: nothing is sent again by itself, and a person can settle it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotfolder.domain.errors import OperatorError
from hotfolder.journal import reading
from hotfolder.pipeline.steps import querying
from hotfolder.runninghub.patience import Patience
from hotfolder.simulator import Fault

if TYPE_CHECKING:
    from tests.studio import Json, Studio

LOST = [
    Fault(call="submit", kind="drop_after", skip=10, times=1),
    Fault(call="submit", kind="error_after", status=503, skip=20, times=1),
    Fault(call="submit", kind="timeout_after", skip=30, times=1, seconds=20),
]
UNKNOWN_ID = "2013508786110730241"


def doubts(studio: Studio) -> dict[int, str]:
    """Return the task of every job in doubt, as an operator finds it in the account."""
    tasks = {task.input_sha256[0]: task.task_id for task in studio.ledger().tasks}
    return {
        job.id: tasks.get(job.original.content_hash, "")
        for job in studio.read(reading.jobs)
        if job.state == "in_doubt"
    }


async def in_doubt(studio: Studio, fault: Fault) -> Json:
    """Bring one picture into doubt and return its job."""
    studio.fault(fault)
    studio.drop("ann.jpg")
    await studio.once()
    studio.simulator.clear_faults()
    job = studio.job("ann.jpg")
    assert (job["state"], job["error"]["code"]) == ("in_doubt", "in_doubt")
    return job


@pytest.mark.parametrize("callbacks", [True, False], ids=["callbacks", "none"])
async def test_a_doubt_says_what_ends_it(studio: Studio, callbacks: bool) -> None:  # noqa: FBT001
    """What a person is to do, and whether a callback may yet do it."""
    studio.configure(callbacks=callbacks)
    studio.edge(callback_patience_s=0.0)
    job = await in_doubt(studio, Fault(call="submit", kind="drop_before", times=1))
    assert ("a callback ends the doubt" in job["error"]["hint"]) is callbacks
    for word in ("account pages", "resolve", "--task-id", "--resend", "--abandon"):
        assert word in job["error"]["hint"]
    assert job["error"]["hint"] in studio.explain("ann.jpg")["reason"]


@pytest.mark.long
async def test_three_lost_answers_of_fifty(studio: Studio) -> None:
    """50 pictures, 3 answers lost in three ways: 50 tasks, 47 done; settled: 50 done, 50 tasks."""
    studio.edge(patience=Patience(submit_s=4.0))
    studio.fault(*LOST)
    studio.drop_many(50)
    await studio.once()
    assert studio.states() == {"done": 47, "in_doubt": 3}
    assert len(studio.ledger().tasks) == 50
    assert sum(not task.answered for task in studio.ledger().tasks) == 3
    for job, task_id in doubts(studio).items():
        await studio.act("resolve", job=job, task_id=task_id)
    await studio.once()
    assert studio.states() == {"done": 50}
    assert len(studio.outputs()) == len(studio.ledger().tasks) == 50
    assert studio.ledger().paid_twice() == ()
    assert studio.status()["charges"]["total"] == pytest.approx(float(studio.ledger().charged))


@pytest.mark.parametrize(
    "fault",
    [
        Fault(call="submit", kind="drop_after", times=1),
        Fault(call="submit", kind="drop_before", times=1),
        Fault(call="submit", kind="reset_after", times=1),
        Fault(call="submit", kind="reset_before", times=1),
        Fault(call="submit", kind="error_after", status=500, times=1),
        Fault(call="submit", kind="error_before", status=502, times=1),
        Fault(call="submit", kind="error_before", status=408, times=1),
        Fault(call="submit", kind="timeout_after", seconds=9, times=1),
        Fault(call="submit", kind="timeout_before", seconds=9, times=1),
        Fault(call="submit", kind="html", acting=True, times=1),
        Fault(call="submit", kind="inflate", times=1),
        Fault(call="submit", kind="drip", seconds=1.0, times=1),
        Fault(call="submit", kind="garbage", body="text", acting=True, times=1),
        Fault(call="submit", kind="garbage", body="null", acting=True, times=1),
        Fault(call="submit", kind="garbage", body="empty", acting=True, times=1),
        Fault(call="submit", kind="code", code="1000", acting=True, times=1),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status or fault.body}",
)
async def test_what_may_have_been_accepted_is_never_sent_again(
    studio: Studio, fault: Fault
) -> None:
    """Whatever went wrong after the first byte: the job stays in doubt."""
    studio.edge(patience=Patience(submit_s=2.0))
    await in_doubt(studio, fault)
    for _ in range(2):
        await studio.once()
    assert studio.states() == {"in_doubt": 1}
    assert studio.ledger().requests["submit"] == 1
    assert "resolve" in studio.explain("ann.jpg")["reason"]


@pytest.mark.parametrize("body", ["string", "truncated"])
async def test_a_task_id_always_means_accepted(studio: Studio, body: str) -> None:
    """An answer that names a task, however broken, is an acceptance."""
    studio.fault(Fault(call="submit", kind="garbage", body=body, acting=True, times=1))  # type: ignore[arg-type]
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() in ({"done": 1}, {"in_doubt": 1})
    assert len(studio.ledger().tasks) == 1
    if body == "string":
        assert studio.states() == {"done": 1}


async def test_resolve_refuses_wrong_ids(studio: Studio) -> None:
    """An id that the service does not know, or that another job has, changes nothing."""
    studio.drop("bob.jpg", number=2)
    await studio.once()
    job = await in_doubt(studio, Fault(call="submit", kind="drop_after", times=1))
    with pytest.raises(OperatorError, match="does not know"):
        await studio.act("resolve", job=job["id"], task_id=UNKNOWN_ID)
    with pytest.raises(OperatorError, match="does not know"):
        await studio.act("resolve", job=job["id"], task_id="nonsense")
    with pytest.raises(OperatorError, match="belongs to job"):
        await studio.act("resolve", job=job["id"], task_id=studio.job("bob.jpg")["task_id"])
    for wish in ({}, {"resend": True, "abandon": True}, {"resend": True, "task_id": UNKNOWN_ID}):
        with pytest.raises(OperatorError, match="exactly one"):
            await studio.act("resolve", job=job["id"], **wish)
    with pytest.raises(OperatorError, match="not in doubt"):
        await studio.act("resolve", job=studio.job("bob.jpg")["id"], resend=True)
    with pytest.raises(OperatorError, match="no job"):
        await studio.act("resolve", job=999, resend=True)
    assert studio.job("ann.jpg")["state"] == "in_doubt"


async def denied(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Json:
    """Bring one picture into doubt by a service that denies its task for long."""
    monkeypatch.setattr(querying, "DENIED_FOR_S", 0.2)
    studio.fault(Fault(call="query", kind="code", code="1004"))
    studio.drop("ann.jpg")
    await studio.once()
    studio.simulator.clear_faults()
    job = studio.job("ann.jpg")
    assert (job["state"], job["error"]["code"]) == ("in_doubt", "task_denied")
    assert job["task_id"] in {task.task_id for task in studio.ledger().tasks}
    return job


async def test_a_denied_task_is_brought_back_by_its_id(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that the service forgot and finds again is followed; nothing is paid anew."""
    studio.configure(limits="resend_up_to = 1.0")  # covers only doubts without a task
    job = await denied(studio, monkeypatch)
    assert studio.read(reading.at_risk).submits == 1
    await studio.act("resolve", job=job["id"], task_id=job["task_id"])
    await studio.once()
    assert (studio.states(), len(studio.ledger().tasks)) == ({"done": 1}, 1)
    assert studio.read(reading.at_risk).submits == 0


async def test_a_denied_task_that_is_known_again_needs_nobody(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service lost sight of its tasks in a bad hour: asking for them again is free."""
    await denied(studio, monkeypatch)
    async with studio.running():
        await studio.until_states(done=1)
    assert studio.history("ann.jpg").count("TaskFound") == 1
    assert len(studio.ledger().tasks) == 1


async def test_a_denied_task_that_cannot_be_asked_for_keeps_no_other(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the service answers oddly for is passed over, and asked for again at the next look."""
    studio.drop("bob.jpg", number=2)
    await denied(studio, monkeypatch)
    studio.fault(Fault(call="query", kind="code", code="1000", times=1))
    async with studio.running():
        await studio.until_states(done=1, in_doubt=1)
    await studio.once()
    assert len(studio.ledger().tasks) == 2


async def test_doubts_keep_their_places_over_a_restart(studio: Studio) -> None:
    """What was being sent when the program ended may run at the service: it takes a place."""
    studio.configure(limits="concurrency = 1")
    studio.fault(Fault(call="query", kind="code", code="1000"))
    studio.drop("bob.jpg", number=2)
    async with studio.running():
        await studio.until_states(running=1)
        studio.wait(120)  # so long such a task takes, for all that is known
        studio.simulator.clear_faults()
        await studio.until_states(done=1)
    await in_doubt(studio, Fault(call="submit", kind="drop_after", times=1))
    assert await room(studio) == 0
    studio.wait(300)
    assert await room(studio) == 1


async def room(studio: Studio) -> int:
    """Return how many submits a daemon that has just begun would let leave."""
    async with studio.running():
        parts = studio.parts
        assert parts is not None
        return parts.pace.room(studio.clock.elapsed_s())


async def test_an_older_task_of_the_job_may_be_named(studio: Studio) -> None:
    """After a resend that is in doubt, too, a person may find the first task: it counts again."""
    job = await in_doubt(studio, Fault(call="submit", kind="drop_after", times=1))
    first = studio.ledger().tasks[0].task_id
    await studio.act("resolve", job=job["id"], resend=True)
    studio.fault(Fault(call="submit", kind="drop_before", times=1))
    await studio.once()
    await studio.act("resolve", job=job["id"], task_id=first)
    await studio.once()
    assert (studio.job("ann.jpg")["state"], studio.job("ann.jpg")["task_id"]) == ("done", first)
    assert len(studio.ledger().tasks) == 1


async def test_resend_pays_again_as_the_operator_wants(studio: Studio) -> None:
    """--resend submits once more, and both tasks are in the ledger."""
    job = await in_doubt(studio, Fault(call="submit", kind="drop_after", times=1))
    await studio.act("resolve", job=job["id"], resend=True)
    await studio.once()
    assert studio.states() == {"done": 1}
    assert len(studio.ledger().tasks) == 2


async def test_abandon_gives_the_job_up(studio: Studio) -> None:
    """--abandon ends the doubt; the picture is not sent again."""
    job = await in_doubt(studio, Fault(call="submit", kind="drop_after", times=1))
    await studio.act("resolve", job=job["id"], abandon=True)
    await studio.once()
    assert studio.states() == {"cancelled": 1}
    assert studio.ledger().requests["submit"] == 1


async def test_what_was_never_sent_is_sent_later(studio: Studio) -> None:
    """A service that cannot be reached puts nothing in doubt."""
    studio.drop("ann.jpg")
    alive, studio.base_url = studio.base_url, "http://127.0.0.1:9/openapi/v2"
    studio.configure()
    async with studio.running():
        await studio.until(lambda: studio.holds() == ["service"], "the silence is noticed")
        assert studio.states() == {"accepted": 1}
    studio.base_url = alive
    studio.configure()
    await studio.once()
    assert studio.states() == {"done": 1}
