"""When nothing can be submitted: jobs wait and none fails; and how many tasks run at once."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from hotfolder.domain.errors import OperatorError
from hotfolder.simulator import Fault
from tests.studio import LIMIT_S, LOOK_S, picture

if TYPE_CHECKING:
    from tests.studio import Studio

QWEN = "qwen-image-2.0/image-edit"
FIRST_TRIAL_S = 31.0

ACCOUNT_TROUBLE: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "kind of key (1014)": ({"key_kind": "consumer"}, {"key_kind": "enterprise"}, "key_kind"),
    "money (416)": ({"balance": Decimal("0.01")}, {"balance": Decimal(1000)}, "no_money"),
    "key (401)": ({"key": "x" * 32}, {"key": None}, "key_refused"),
}


async def trials_lift_the_hold(studio: Studio) -> None:
    """Let time pass, and wake the daemon whose clock was set forward, until nothing is held."""
    async with asyncio.timeout(LIMIT_S):
        while studio.holds():
            studio.wait(2 * FIRST_TRIAL_S)
            await studio.send("settling", watch="studio", path="ann.jpg")
            await asyncio.sleep(LOOK_S)


async def looks_lift_the_hold(studio: Studio) -> None:
    """Let less time pass than until a trial, and wake the daemon whose clock was set forward."""
    studio.wait(FIRST_TRIAL_S - 15)
    await studio.send("settling", watch="studio", path="ann.jpg")
    await studio.until(lambda: not studio.holds(), "a look lifts the hold")


@pytest.mark.parametrize(
    ("trouble", "mended", "code"), ACCOUNT_TROUBLE.values(), ids=ACCOUNT_TROUBLE
)
async def test_trouble_with_the_account_holds_it(
    studio: Studio, trouble: dict[str, Any], mended: dict[str, Any], code: str
) -> None:
    """One hold, no failed job, no storm; a trial lifts it when the trouble is mended."""
    studio.configure(limits="concurrency = 2")
    studio.simulator.update_settings(**trouble)
    studio.drop_many(12)
    async with studio.running():
        await studio.until(lambda: studio.holds() == ["account"], "the hold")
        await studio.until(lambda: studio.hold()["count"] == 12, "all wait")
        assert studio.explain("p000.jpg")["verdict"] == "held"
        assert studio.hold_code() == code
        waiting = {"accepted", "uploaded"}
        await studio.until(lambda: studio.states().keys() <= waiting, "none is being sent")
        refused = studio.ledger().requests.get("submit", 0)
        studio.wait(FIRST_TRIAL_S)
        studio.drop("later.jpg", number=99)  # wakes the runner, whose clock was set forward
        await studio.until(lambda: studio.trials() == 1, "the first trial")
        assert studio.holds() == ["account"]
        assert studio.ledger().requests.get("submit", 0) <= refused + 3
        studio.simulator.update_settings(**mended)
        studio.drop("latest.jpg", number=100)
        await trials_lift_the_hold(studio)
        await studio.until_states(done=14)
        assert studio.holds() == []
    assert len(studio.ledger().tasks) == 14


async def test_running_tasks_are_fetched_during_a_hold(studio: Studio) -> None:
    """What is paid is delivered, whatever became of the account meanwhile."""
    studio.simulator.update_settings(task_s=0.6)
    studio.drop_many(2)
    async with studio.running():
        await studio.until(lambda: len(studio.ledger().tasks) == 2, "two tasks")
        studio.simulator.update_settings(key_kind="consumer")
        studio.drop("late.jpg", number=9)
        await studio.until_states(done=2, uploaded=1)
        assert studio.holds() == ["account"]
    assert len(studio.outputs()) == 2


async def test_a_hold_is_tried_at_every_start(studio: Studio) -> None:
    """Whoever mends the cause and starts again does not wait."""
    studio.simulator.update_settings(key_kind="consumer")
    studio.drop_many(3)
    await studio.once()
    assert studio.states() == {"uploaded": 3}
    await studio.once()
    assert studio.states() == {"uploaded": 3}
    assert len(studio.ledger().rejected) <= 2 + 2
    studio.simulator.update_settings(key_kind="enterprise")
    await studio.once()
    assert studio.states() == {"done": 3}


async def test_a_mended_key_file_lifts_the_hold(studio: Studio) -> None:
    """The key file is read again: a good key in it lets all go on, without restart or trial."""
    file = studio.folder / "key"
    file.touch(mode=0o600)
    file.write_text("o" * 32)
    studio.configure(api=f'key_file = "{file}"')
    studio.simulator.update_settings(key="n" * 32)
    studio.drop_many(3)
    async with studio.running():
        await studio.until(lambda: studio.holds() == ["account"], "the hold")
        submits = studio.ledger().requests.get("submit", 0)
        file.write_text("n" * 32)
        await looks_lift_the_hold(studio)
        await studio.until_states(done=3)
    assert studio.ledger().requests["submit"] <= submits + 3


async def test_a_topped_up_account_goes_on_by_itself(studio: Studio) -> None:
    """A balance that rose lifts the hold before a trial is due."""
    studio.simulator.update_settings(balance=Decimal("0.01"))
    studio.drop_many(3)
    async with studio.running():
        await studio.until(lambda: studio.holds() == ["account"], "the hold")
        accounts = studio.ledger().requests.get("account", 0)
        await studio.until(lambda: studio.ledger().requests["account"] > accounts, "a look")
        assert studio.trials() == 0
        studio.simulator.update_settings(balance=Decimal(100))
        await looks_lift_the_hold(studio)
        await studio.until_states(done=3)


async def test_spurious_refusals_of_queries_hold_nobody(studio: Studio) -> None:
    """401 to many queries in a row, while the account is fine: the edit is fetched, no hold."""
    studio.fault(Fault(call="query", kind="code", code="401", times=5))
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(done=1)
        assert studio.holds() == []


async def test_a_key_that_is_revoked_while_tasks_run_holds_the_account(studio: Studio) -> None:
    """Queries refused for the key, and the account says so, too: held before a submit is tried."""
    studio.simulator.update_settings(task_s=0.8)
    studio.configure(limits="concurrency = 1")
    studio.drop_many(2)
    async with studio.running():
        await studio.until_states(running=1, uploaded=1)
        studio.simulator.update_settings(key="x" * 32)
        await studio.until(lambda: studio.holds() == ["account"], "the hold")
        assert studio.states() == {"running": 1, "uploaded": 1}
        studio.simulator.update_settings(key=None)
        await looks_lift_the_hold(studio)
        studio.wait(300)
        await studio.until_states(done=2)


async def test_resume_tries_with_the_key_as_it_now_stands(studio: Studio) -> None:
    """After mending the key, resume lets all go on at once."""
    file = studio.folder / "key"
    file.touch(mode=0o600)
    file.write_text("o" * 32)
    studio.configure(api=f'key_file = "{file}"')
    studio.simulator.update_settings(key="n" * 32)
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until(lambda: studio.holds() == ["account"], "the hold")
        file.write_text("n" * 32)
        await studio.send("resume")
        await studio.until_states(done=1)


async def test_a_pause_by_hand_lasts_until_resume(studio: Studio) -> None:
    """Pause stops submitting, through the socket and across a restart; resume lets it go on."""
    async with studio.running():
        (line,) = await studio.send("pause")
        assert line == "submitting is paused"
        studio.drop("ann.jpg")
        await studio.until_states(accepted=1)
        assert studio.explain("ann.jpg")["verdict"] == "held"
    await studio.once()
    assert studio.states() == {"accepted": 1}
    assert studio.hold_code() == "paused"
    async with studio.running():
        (line,) = await studio.send("resume")
        assert line == "submitting goes on"
        await studio.until_states(done=1)
    assert studio.holds() == []


async def test_a_paused_watch_leaves_the_others_running(studio: Studio) -> None:
    """Even with more uploaded and held than runs ahead, the other watch's pictures are edited."""
    studio.configure(watches=["b"], limits="concurrency = 1")
    studio.simulator.update_settings(task_s=1.5)
    studio.drop_many(9)
    async with studio.running():
        await studio.until_states(running=1, uploaded=8)
        await studio.send("pause", watch="studio")
        (studio.folder / "b-in" / "bob.jpg").write_bytes(picture(99))
        await studio.until(lambda: studio.states().get("done") == 2, "two edits")
        await studio.until(lambda: studio.job("bob.jpg")["state"] == "done", "the other's edit")
        assert studio.holds() == ["watch:studio"]
    studio.simulator.update_settings(task_s=0.0)
    await studio.act("resume", watch="studio")
    await studio.once()
    assert studio.states() == {"done": 10}


async def test_running_edits_are_delivered_during_a_pause(studio: Studio) -> None:
    """An answer on its way lifts no pause, and its edit is fetched and published."""
    studio.fault(Fault(call="submit", kind="slow", seconds=0.5))
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(submitting=1)
        await studio.send("pause")
        await studio.until_states(done=1)
        assert studio.holds() == ["account"]


async def test_pausing_what_is_not_there_is_refused(studio: Studio) -> None:
    """A watch that nobody knows is an error, and nothing is held."""
    studio.drop("ann.jpg")
    await studio.once()
    with pytest.raises(OperatorError, match="no watch attic"):
        await studio.act("pause", watch="attic")
    assert await studio.act("resume") == ["submitting was not held"]
    assert studio.holds() == []


async def test_an_unknown_endpoint_holds_its_rule_only(studio: Studio) -> None:
    """1001 on a submit holds the rule; other rules go on, and nobody fails."""
    studio.fault(Fault(call="submit", kind="code", code="1001", contains="gold"))
    studio.configure(
        rules=[
            'name = "gold"\nmatch = ["gold/*"]\nprompt = "Make it gold"',
            'name = "blue"\nmatch = ["*.jpg"]\nprompt = "Make it blue"',
        ]
    )
    for number in range(6):
        studio.drop(f"{'gold' if number % 2 else 'blue'}/p{number}.jpg", number=number)
    await studio.once()
    assert studio.holds() == ["rule:studio/gold"]
    states = {job["source"]: job["state"] for job in studio.jobs()}
    assert {state for name, state in states.items() if name.startswith("blue")} == {"done"}
    assert "failed" not in states.values()
    assert len(studio.ledger().rejected) <= 4
    studio.simulator.clear_faults()
    await studio.once()
    assert studio.states() == {"done": 6}


@pytest.mark.parametrize(
    "settings",
    [
        {"limit_answer": "421"},
        {"limit_answer": "1520"},
        {"limit_answer": "429"},
    ],
    ids=str,
)
async def test_a_full_service_fails_nobody(studio: Studio, settings: dict[str, Any]) -> None:
    """An unknown limit is learned: all pictures are edited, with few refused submits."""
    studio.edge(jitter=lambda: 0.5)
    studio.simulator.update_settings(
        concurrent_limit=3, hide_limit=True, task_s=0.1, retry_after_s=1, **settings
    )
    studio.drop_many(20)
    await studio.once()
    assert studio.states() == {"done": 20}
    assert len(studio.ledger().tasks) == 20
    assert len(studio.ledger().rejected) <= 12, len(studio.ledger().rejected)


@pytest.mark.parametrize("answer", ["429", "1003"])
async def test_too_many_requests_fail_nobody(studio: Studio, answer: str) -> None:
    """A limit of the rate slows down: nobody fails, nothing is held."""
    studio.simulator.update_settings(
        requests_per_s=2, rate_answer=answer, rate_calls=["submit"], retry_after_s=1
    )
    studio.drop_many(6)
    async with studio.running():
        await studio.until(lambda: len(studio.ledger().rejected) > 0, "a refusal")
        await studio.until(lambda: "done" in studio.states(), "an edit meanwhile")
        assert not {"failed", "in_doubt"} & studio.states().keys()
        assert studio.holds() == []
        assert len(studio.ledger().rejected) <= 6
    studio.simulator.update_settings(requests_per_s=None)
    await studio.once()
    assert studio.states() == {"done": 6}
    assert len(studio.ledger().tasks) == 6


async def test_the_unknown_limit(studio: Studio) -> None:
    """Limit 3, not told, 50 pictures: 50 done and 50 tasks; few submits are refused."""
    studio.simulator.update_settings(concurrent_limit=3, hide_limit=True, task_s=0.1)
    studio.drop_many(50)
    await studio.once()
    assert studio.states() == {"done": 50}
    assert len(studio.ledger().tasks) == 50
    rejected = len(studio.ledger().rejected)
    print(f"rejected submits: {rejected}")  # noqa: T201  for -rP
    assert rejected <= 20


async def test_a_known_limit_is_kept(studio: Studio) -> None:
    """A limit that the service tells, or the config sets lower, is never exceeded."""
    studio.simulator.update_settings(concurrent_limit=4, task_s=0.1)
    studio.drop_many(16)
    await studio.once()
    assert studio.states() == {"done": 16}
    assert studio.ledger().rejected == ()


async def test_a_key_that_is_refused_is_a_warning_at_the_start(studio: Studio) -> None:
    """Before any picture is there: who starts it sees at once that nothing can be edited."""
    studio.simulator.update_settings(key="x" * 32)
    with capture_logs() as lines:
        async with studio.running():
            await studio.until(
                lambda: [line for line in lines if line["event"] == "service.refuses"], "it is told"
            )
    (said,) = [line for line in lines if line["event"] == "service.refuses"]
    assert (said["log_level"], said["code"]) == ("warning", "key_refused")
    assert "Check the key" in said["hint"]
    assert studio.holds() == []
