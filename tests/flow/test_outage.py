"""A service that nobody reaches: one look at a time, nothing failed, everything completes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import structlog

from hotfolder.account.probing import Probing
from hotfolder.simulator import Fault
from tests.relay import Relay
from tests.studio import LOOK_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hotfolder.runninghub.fields import Answer
    from tests.studio import Studio

HOURS = 8
STEP_S = 300.0
PICTURES = 24


@pytest.fixture
async def relay(studio: Studio) -> AsyncIterator[Relay]:
    """Give the network between the studio and the service."""
    made = Relay(studio.base_url)
    await made.open()
    studio.base_url = made.base_url
    studio.configure()
    yield made
    await made.close()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Give the list of calls to come: whether each was answered."""
    made: list[bool] = []
    heard = Probing.heard

    def count(self: Probing, call: str, answer: Answer | None) -> None:
        made.append(answer is not None)
        heard(self, call, answer)

    monkeypatch.setattr(Probing, "heard", count)
    return made


@pytest.mark.long
async def test_eight_hours_without_network(studio: Studio, relay: Relay, calls: list[bool]) -> None:
    """Running, uploaded and fresh pictures outlast a night offline; one look replaces all calls."""
    studio.configure(limits="concurrency = 3")
    studio.simulator.update_settings(task_s=1.5)
    studio.drop_many(PICTURES)
    with structlog.testing.capture_logs() as logged:
        async with studio.running():
            await studio.until(lambda: studio.states().get("running") == 3, "three tasks")
            await relay.cut()
            calls.clear()
            await studio.until(lambda: studio.holds() == ["service"], "the silence is noticed")
            studio.drop("late.jpg", number=99)
            for _ in range(int(HOURS * 3600 / STEP_S)):
                studio.clock.forward(STEP_S)
                await studio.send("settling", watch="studio", path="any")  # wakes the daemon
                await asyncio.sleep(LOOK_S)
            in_vain = len(calls)
            assert not {"failed", "in_doubt", "cancelled"} & studio.states().keys()
            assert studio.explain("late.jpg")["verdict"] == "waiting"
            assert studio.job("late.jpg")["held"]["code"] == "unreachable"
            assert "does not answer" in studio.hold()["reason"]
            studio.simulator.update_settings(task_s=0.0)
            await relay.open()
            studio.clock.forward(STEP_S)
            await studio.send("settling", watch="studio", path="any")
            await studio.until_states(done=PICTURES + 1)
    names = [each["event"] for each in logged]
    print(f"calls in vain in {HOURS} hours: {in_vain}")  # noqa: T201  for -rP
    assert in_vain <= HOURS * 3600 / STEP_S + 50
    assert (names.count("service.silent"), names.count("service.answers")) == (1, 1)
    assert len(studio.ledger().tasks) == PICTURES + 1
    assert studio.holds() == []


async def test_a_clock_that_is_set_back_keeps_no_look_waiting(studio: Studio, relay: Relay) -> None:
    """A day less on the clock while the service is silent: it is looked for as before."""
    await relay.cut()
    studio.drop_many(8)
    async with studio.running():
        await studio.until(lambda: studio.holds() == ["service"], "the silence is noticed")
        studio.clock.set_by(-24 * 3600)
        await relay.open()
        await studio.send("settling", watch="studio", path="any")  # wakes the daemon
        await studio.until_states(done=8)


async def test_once_waits_for_a_service_that_comes_back(studio: Studio, relay: Relay) -> None:
    """An unreachable service is waited for as long as the time-out says."""
    await relay.cut()
    studio.drop_many(8)
    running = asyncio.create_task(studio.once())
    await studio.until(lambda: studio.jobs() and studio.holds() == ["service"], "the silence")
    await relay.open()
    await running
    assert studio.states() == {"done": 8}


async def test_once_gives_up_after_its_time(studio: Studio, relay: Relay) -> None:
    """Without any progress for the time given, once ends, and nothing has failed."""
    await relay.cut()
    studio.drop_many(8)
    await studio.once(timeout_s=4.0)
    assert studio.states() == {"accepted": 8}
    await relay.open()
    await studio.once()
    assert studio.states() == {"done": 8}
    assert studio.holds() == []


async def test_a_gateway_that_answers_for_nobody_is_silence(studio: Studio) -> None:
    """HTTP 502 to everything: uploads stop after a few; when it answers again, all go on."""
    studio.fault(
        *(Fault(call=call, kind="error_before", status=502) for call in ("upload", "account"))
    )
    studio.drop_many(40)
    async with studio.running():
        await studio.until(lambda: studio.holds() == ["service"], "the silence")
        assert studio.ledger().requests["upload"] < 20
        studio.simulator.clear_faults()
        await studio.until_states(done=40)
