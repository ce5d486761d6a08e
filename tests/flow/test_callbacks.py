"""Callbacks of the service: they end doubts and polling, and nothing that they say is believed."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING

import httpx
import pytest

from hotfolder import views
from hotfolder.bell import Ring
from hotfolder.cli import render, status_page
from hotfolder.domain.commands import Commands
from hotfolder.domain.errors import OperatorError
from hotfolder.domain.retry import PollSchedule
from hotfolder.journal import callbacks, reading
from hotfolder.pipeline.steps import querying
from hotfolder.simulator import Fault
from hotfolder.web.serving import MOST_OF_AN_ADDRESS
from tests.customer import NO_TLS
from tests.studio import LIMIT_S, RULE

if TYPE_CHECKING:
    from tests.studio import Studio

LOST = Fault(call="submit", kind="drop_after", times=1)
NEVER_SENT = Fault(call="submit", kind="drop_before", times=1)
UNKNOWN_ID = "2013508786110730241"


class NoPolls(PollSchedule):
    """Asks for a task an hour later, so that only a callback can be what ends it."""

    def first_s(self, usual_s: float, jitter: float) -> float:
        """Return the seconds from the submit to the first query."""
        del usual_s, jitter
        return 3600.0


def with_callbacks(studio: Studio, limits: str = "") -> None:
    """Let the daemon listen, and the service try again at once where it is not heard."""
    studio.configure(callbacks=True, limits=limits)
    studio.simulator.update_settings(webhook_retry_s=0.05)


def webhook_of(studio: Studio, number: int = 0) -> str:
    """Return where the service was told to call back for one of its tasks."""
    return str(studio.ledger().tasks[number].params["webhookUrl"])


async def call_back(url: str, task_id: str) -> int:
    """Call back as anybody could, and return the answer's status."""
    async with httpx.AsyncClient(trust_env=False, verify=NO_TLS) as http:
        body = {"event": "TASK_END", "taskId": task_id, "eventData": "{}"}
        return (await http.post(url, json=body)).status_code


def heard(studio: Studio) -> int:
    """Return how many callbacks the service got through."""
    return studio.ledger().requests.get("webhook_heard", 0)


@pytest.mark.parametrize("form", ["text", "object"])
@pytest.mark.parametrize("spoilt", ["", "twice", "wrong_task"])
async def test_a_callback_ends_a_doubt(studio: Studio, form: str, spoilt: str) -> None:
    """The lost task is found, followed and published; it was paid once and by nobody's help."""
    with_callbacks(studio)
    studio.simulator.update_settings(webhook_form=form)
    studio.fault(LOST)
    if spoilt:
        studio.fault(Fault(call="webhook", kind=spoilt))
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(done=1)
    assert "SubmitUnanswered" in studio.history("ann.jpg")
    assert studio.history("ann.jpg").count("TaskFound") == 1
    assert len(studio.ledger().tasks) == 1
    assert studio.job("ann.jpg")["charge"] == pytest.approx(float(studio.ledger().charged))


async def test_a_callback_ends_polling_early(studio: Studio) -> None:
    """With polls an hour away each edit is published as soon as it has ended."""
    with_callbacks(studio)
    studio.simulator.update_settings(task_s=0.3)
    studio.edge(schedule=NoPolls())
    studio.drop_many(6)
    async with studio.running():
        await studio.until_states(done=6)
    assert studio.ledger().requests["query"] <= 2 * 6


async def test_a_callback_brings_a_denied_task_back(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service denied the task for long, then tells of its end: it is asked once more."""
    with_callbacks(studio)
    monkeypatch.setattr(querying, "DENIED_FOR_S", 0.2)
    studio.fault(Fault(call="query", kind="code", code="1004"))
    studio.fault(Fault(call="webhook", kind="missing"))
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(in_doubt=1)
        studio.simulator.clear_faults()
        assert await call_back(webhook_of(studio), studio.ledger().tasks[0].task_id) == 200
        await studio.until_states(done=1)
    assert len(studio.ledger().tasks) == 1


async def test_without_a_webhook_no_submit_names_one(studio: Studio) -> None:
    """The service is asked to call only where somebody listens."""
    studio.drop("ann.jpg")
    await studio.once()
    assert "webhookUrl" not in studio.ledger().tasks[0].params


async def test_a_late_callback_finds_a_daemon_that_was_killed_meanwhile(studio: Studio) -> None:
    """The token is the journal's: it is known after a restart, too."""
    with_callbacks(studio)
    studio.edge(callback_patience_s=0.1)
    studio.simulator.update_settings(webhook_retry_s=0.3, webhook_tries=50)
    studio.fault(LOST, Fault(call="webhook", kind="slow", seconds=1.5))
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"in_doubt": 1}
    async with studio.running():
        await studio.until_states(done=1)
    assert len(studio.ledger().tasks) == 1


async def test_forged_callbacks_change_nothing(studio: Studio) -> None:
    """Unknown tokens, other jobs' tasks and unknown tasks are answered alike and not believed."""
    with_callbacks(studio)
    studio.edge(jitter=lambda: 0.0)
    studio.drop("bob.jpg", number=2)
    studio.fault(Fault(call="webhook", kind="missing"))
    await studio.once()
    bobs_task, bobs_url = studio.job("bob.jpg")["task_id"], webhook_of(studio)
    studio.fault(LOST)
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(done=1, in_doubt=1)
        anns_url = webhook_of(studio, 1)
        forged = f"{anns_url[:-4]}AAAA"
        calls = [(forged, bobs_task), (anns_url, bobs_task), (anns_url, UNKNOWN_ID)]
        calls += [(anns_url, "nonsense"), (bobs_url, UNKNOWN_ID), (bobs_url, bobs_task)]
        assert {await call_back(*each) for each in calls} == {200}
        studio.wait(601)  # a denial is not believed before
        await studio.until(lambda: not pending(studio), "all are looked into")
        assert studio.states() == {"done": 1, "in_doubt": 1}
        assert studio.job("ann.jpg")["task_id"] is None
        assert await call_back(anns_url, studio.ledger().tasks[1].task_id) == 200
        await studio.until_states(done=2)
    assert len(studio.ledger().tasks) == 2


def pending(studio: Studio) -> bool:
    """Whether a callback is still to be looked into."""
    return studio.read(lambda session: session.row("next_callback")["due_at"]) is not None


async def test_a_flood_is_harmless(studio: Studio) -> None:
    """Hundreds of large, forged and repeated calls: answered, nothing kept, the work goes on."""
    with_callbacks(studio)
    studio.drop_many(5)
    async with studio.running():
        await studio.until_states(done=5)
        url, task_id = webhook_of(studio), studio.ledger().tasks[0].task_id
        queries = studio.ledger().requests["query"]
        async with httpx.AsyncClient(trust_env=False, verify=NO_TLS, timeout=LIMIT_S) as http:
            large = json.dumps({"taskId": task_id, "x": "x" * 200_000})
            for _ in range(20):
                answers = await asyncio.gather(
                    *(http.post(f"http://{studio.webhook}/x{n}", json={}) for n in range(10)),
                    *(http.post(url, json={"taskId": str(10**18 + n)}) for n in range(5)),
                    *(http.post(url, json={"taskId": task_id}) for _ in range(5)),
                    http.post(url, content=large),
                    http.get(url),
                )
                assert {each.status_code for each in answers} <= {200, 503}
        studio.drop("late.jpg", number=99)
        await studio.until_states(done=6)
        studio.wait(601)  # a denial is not believed before
        await studio.until(lambda: not pending(studio), "all are looked into")
    with closing(sqlite3.connect(studio.state / "journal.db")) as journal:
        (kept,) = journal.execute("SELECT count(*) FROM callback").fetchone()
    assert kept <= 6 + callbacks.MOST_TASKS
    assert studio.ledger().requests["query"] <= queries + 40


async def test_a_second_task_is_recorded_with_its_charge(studio: Studio) -> None:
    """A doubt sent again by a person: the first task turns up late, and what it cost is known."""
    with_callbacks(studio)
    studio.fault(LOST, Fault(call="webhook", kind="missing", times=1))
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(in_doubt=1)
        await studio.send("resolve", job=1, resend=True)
        await studio.until_states(done=1)
        first, second = studio.ledger().tasks
        assert await call_back(webhook_of(studio), first.task_id) == 200
        await studio.until(lambda: "TaskRecorded" in studio.history("ann.jpg"), "it is recorded")
    job = studio.job("ann.jpg")
    assert (job["state"], job["task_id"]) == ("done", second.task_id)
    assert job["charge"] == pytest.approx(float(studio.ledger().charged))
    assert studio.read(reading.at_risk).submits == 0


async def test_a_task_that_turns_up_before_it_is_sent_again_saves_the_money(
    studio: Studio,
) -> None:
    """Between a person's --resend and the paid call the callback still counts."""
    with_callbacks(studio)
    studio.fault(LOST, Fault(call="webhook", kind="missing", times=1))
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(in_doubt=1)
        studio.configure(callbacks=True)
    studio.simulator.update_settings(key_kind="consumer")  # the resend is held
    async with studio.running():
        await studio.send("resolve", job=1, resend=True)
        await studio.until(lambda: studio.holds() == ["account"], "the hold")
        assert await call_back(webhook_of(studio), studio.ledger().tasks[0].task_id) == 200
        await studio.until_states(done=1)
    assert len(studio.ledger().tasks) == 1


async def test_a_task_that_a_callback_named_is_not_paid_again(studio: Studio) -> None:
    """While the service denies what it has just told of, --resend is refused with the task's id."""
    with_callbacks(studio)
    studio.fault(LOST, Fault(call="query", kind="code", code="1004"))
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(in_doubt=1)
        await studio.until(lambda: pending(studio), "the callback is kept")
        task_id = studio.ledger().tasks[0].task_id
        with pytest.raises(OperatorError, match=task_id):
            await studio.send("resolve", job=1, resend=True)
        await studio.until(lambda: studio.ledger().requests["query"] > 5, "denied again and again")
        studio.simulator.clear_faults()
        await studio.until_states(done=1)
    assert len(studio.ledger().tasks) == 1


async def test_an_abandoned_task_is_recorded(studio: Studio) -> None:
    """What a person gave up stays given up; its charge is known all the same."""
    with_callbacks(studio)
    studio.fault(LOST, Fault(call="webhook", kind="missing", times=1))
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(in_doubt=1)
        await studio.send("resolve", job=1, abandon=True)
        assert studio.status()["charges"]["at_risk"] == pytest.approx(0.14)
        assert await call_back(webhook_of(studio), studio.ledger().tasks[0].task_id) == 200
        await studio.until(lambda: studio.job("ann.jpg")["charge"], "the charge")
    assert studio.states() == {"cancelled": 1}
    assert studio.status()["charges"]["at_risk"] == 0


async def test_sent_again_only_after_the_callbacks_time(studio: Studio) -> None:
    """`resend_up_to`: never before callbacks had their time, once for a job, by its price."""
    with_callbacks(studio, limits="resend_up_to = 0.14")
    studio.edge(callback_patience_s=1.0)
    studio.fault(NEVER_SENT)
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(done=1)
    lines = studio.read(reading.history, studio.job("ann.jpg")["id"])
    at = {line.name: line.at for line in lines}
    assert at["ResendApproved"] - at["SubmitUnanswered"] >= timedelta(seconds=1)
    assert [line.name for line in lines].count("ResendApproved") == 1
    assert len(studio.ledger().tasks) == 1


async def test_while_callbacks_are_crowded_out_nothing_is_sent_again(studio: Studio) -> None:
    """Whoever keeps callbacks from being heard cannot make a doubt be paid twice by it."""
    with_callbacks(studio, limits="resend_up_to = 0.14")
    studio.edge(callback_patience_s=60.0)
    studio.fault(LOST, Fault(call="webhook", kind="missing", times=1))
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(in_doubt=1)
        assert studio.parts is not None
        bell = studio.parts.bell
        for _ in range(20):
            studio.wait(5)
            await flood(studio)
            bell.ring(Ring.HEARD)
            await asyncio.sleep(0.1)
        assert studio.states() == {"in_doubt": 1}
        assert studio.status()["callbacks"]["unheard_at"]
        shown, seen = StringIO(), studio.read(views.status, studio.config)
        render.console(shown).print(status_page.status(seen, start=None, commands=Commands()))
        assert "Callbacks are crowded out" in shown.getvalue()
        while studio.states() == {"in_doubt": 1}:  # until all was quiet for long enough
            studio.wait(5)
            bell.ring(Ring.HEARD)
            await asyncio.sleep(0.1)
        await studio.until_states(done=1)
    assert "ResendApproved" in studio.history("ann.jpg")


async def flood(studio: Studio) -> None:
    """Open more connections than the listener keeps, and say nothing."""
    host, _, port = studio.webhook.rpartition(":")
    opened = [await asyncio.open_connection(host, int(port)) for _ in range(MOST_OF_AN_ADDRESS + 2)]
    for _, writer in opened:
        writer.close()


async def test_a_clock_that_jumps_makes_no_callback_late(studio: Studio) -> None:
    """Hours that nobody could hear a callback in (the machine slept) are no silence."""
    with_callbacks(studio, limits="resend_up_to = 0.14")
    studio.fault(LOST, Fault(call="webhook", kind="missing", times=1))
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(in_doubt=1)
        studio.wait(4 * 3600)
        studio.drop("bob.jpg", number=2)
        await studio.until_states(in_doubt=1, done=1)
        await studio.until(lambda: heard(studio), "its callback, which makes doubts be looked at")
        assert await call_back(webhook_of(studio), studio.ledger().tasks[0].task_id) == 200
        await studio.until_states(done=2)
    assert "ResendApproved" not in studio.history("ann.jpg")
    assert len(studio.ledger().tasks) == 2


async def test_a_task_that_turns_up_while_another_runs_is_kept_in_reserve(studio: Studio) -> None:
    """Sent again by a person, and the second task fails: the first one's paid result is used."""
    with_callbacks(studio)
    studio.fault(LOST, Fault(call="webhook", kind="missing", times=1))
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(in_doubt=1)
        studio.simulator.update_settings(task_s=2.0)
        studio.fault(Fault(call="submit", kind="fail_task", code="1501", times=1))
        await studio.send("resolve", job=1, resend=True)
        await studio.until(lambda: len(studio.ledger().tasks) == 2, "the second task")
        first = studio.ledger().tasks[0].task_id
        assert await call_back(webhook_of(studio), first) == 200
        await studio.until_states(done=1)
    assert studio.job("ann.jpg")["task_id"] == first
    assert [float(task.charge) for task in studio.ledger().tasks] == [0.14, 0.0]


@pytest.mark.parametrize(
    ("limit", "submits"), [("0.13", 1), ("0.14", 2), ("0.0", 1)], ids=["dear", "fits", "never"]
)
async def test_sent_again_at_once_without_a_webhook(
    studio: Studio, limit: str, submits: int
) -> None:
    """Without callbacks there is nothing to wait for; a second doubt waits for a person."""
    studio.configure(limits=f"resend_up_to = {limit}")
    studio.fault(Fault(call="submit", kind="drop_before"))
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"in_doubt": 1}
    assert studio.ledger().requests["submit"] == submits
    assert studio.read(reading.at_risk).submits == submits


@pytest.mark.parametrize("model", ["hailuo-2.3/i2v-pro", "meshy6/image-to-3d"])
async def test_what_is_dear_is_never_sent_again_by_the_limit(studio: Studio, model: str) -> None:
    """A film, a 3D model, or what has no list price: whatever the limit, a person decides."""
    studio.configure(rules=[f'{RULE}\nmodel = "{model}"'], limits="resend_up_to = 100")
    studio.simulator.update_settings(price="0.14")
    studio.drop("ann.jpg")
    await studio.once()
    studio.fault(Fault(call="submit", kind="drop_before"))
    studio.drop("bob.jpg", number=2)
    await studio.once()
    assert studio.states() == {"done": 1, "in_doubt": 1}


async def test_once_waits_for_a_callback(studio: Studio) -> None:
    """In doubt with a webhook: `once` goes on for as long as a callback may come."""
    with_callbacks(studio)
    studio.simulator.update_settings(task_s=1.0)
    studio.fault(LOST)
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"done": 1}
    studio.edge(callback_patience_s=0.5)
    studio.fault(NEVER_SENT)
    studio.drop("bob.jpg", number=2)
    await studio.once()
    assert studio.states() == {"done": 1, "in_doubt": 1}


async def test_a_taken_port_is_said(studio: Studio) -> None:
    """The daemon does not start half: where it cannot listen it says which key is wrong."""
    with_callbacks(studio)
    server = await asyncio.start_server(lambda *_: None, *studio.webhook.split(":"))
    async with server:
        with pytest.raises(OperatorError, match=r"webhook_listen: cannot listen on 127\.0\.0\.1"):
            await studio.once()
    await studio.once()


async def test_five_doubts_in_a_row_hold_the_account(studio: Studio) -> None:
    """A brown-out does not put a whole shoot in doubt: one at a time is tried, ever more rarely."""
    studio.configure(limits="concurrency = 1")
    studio.edge(schedule=PollSchedule(shortest_s=0.02))
    studio.fault(Fault(call="submit", kind="error_after", status=503))
    studio.drop_many(12)
    async with studio.running():
        await studio.until(lambda: studio.holds() == ["account"], "the hold")
        assert studio.hold_code() == "many_doubts"
        assert studio.states()["in_doubt"] == 5
        studio.wait(31)
        studio.drop("later.jpg", number=99)
        await studio.until(lambda: studio.trials() == 1, "the first trial")
        assert studio.states()["in_doubt"] == 6
        studio.simulator.clear_faults()
        studio.wait(61)
        studio.drop("latest.jpg", number=98)
        await studio.until_states(in_doubt=6, done=8)
        assert studio.holds() == []
    assert len(studio.ledger().tasks) == 14


async def test_a_hold_for_doubts_outlives_a_restart(studio: Studio) -> None:
    """The count is the journal's, and so is the hold."""
    studio.configure(limits="concurrency = 1")
    studio.fault(Fault(call="submit", kind="drop_after"))
    studio.drop_many(8)
    await studio.once()
    assert studio.states()["in_doubt"] == 5
    await studio.once()
    assert studio.states()["in_doubt"] == 5  # a start is no trial: a timer may start it each minute
    assert studio.holds() == ["account"]
