"""A service that answers nonsense, fails tasks or breaks its links: never a lost job."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from hotfolder.domain.errors import OperatorError
from hotfolder.domain.retry import PollSchedule
from hotfolder.runninghub.catalog import DEFAULT_MODEL
from hotfolder.simulator import Fault
from tests.studio import RULE

if TYPE_CHECKING:
    from tests.studio import Studio

A_DAY_S = 25 * 3600.0  # longer than links live
REFUSALS = 10

FREE_FAULTS = [
    Fault(call="upload", kind="html", times=2),
    Fault(call="upload", kind="garbage", times=2),
    Fault(call="upload", kind="garbage", body="null", times=2),
    Fault(call="upload", kind="drop_after", times=2),
    Fault(call="upload", kind="reset_before", times=2),
    Fault(call="upload", kind="error_before", times=2),
    Fault(call="upload", kind="alias"),
    Fault(call="upload", kind="inflate", times=2),
    Fault(call="upload", kind="endless", times=2),
    Fault(call="upload", kind="code", code="-1", times=2),
    Fault(call="query", kind="html", times=3),
    Fault(call="query", kind="html", status=502, times=3),
    Fault(call="query", kind="garbage", times=3),
    Fault(call="query", kind="garbage", body="truncated", times=3),
    Fault(call="query", kind="garbage", body="null", times=3),
    Fault(call="query", kind="garbage", body="string", times=3),
    Fault(call="query", kind="garbage", body="empty", times=3),
    Fault(call="query", kind="drop_after", times=3),
    Fault(call="query", kind="reset_after", times=3),
    Fault(call="query", kind="error_before", status=500, times=3),
    Fault(call="query", kind="code", code="401", times=3),
    Fault(call="query", kind="code", code="811", times=3),
    Fault(call="query", kind="code", code="301", times=3),
    Fault(call="query", kind="code", code="1000", form="msg", times=3),
    Fault(call="query", kind="code", code="1004", times=3),
    Fault(call="query", kind="code", code="99999", times=3),
    Fault(call="query", kind="stray_code", code="1000"),
    Fault(call="query", kind="alias"),
    Fault(call="query", kind="no_results", times=2),
    Fault(call="query", kind="inflate", times=3),
    Fault(call="query", kind="endless", times=3),
    Fault(call="submit", kind="alias"),
    Fault(call="submit", kind="stray_code", code="1000"),
    Fault(call="submit", kind="fast"),
    Fault(call="queue_status", kind="html"),
    Fault(call="queue_status", kind="garbage"),
    Fault(call="account", kind="garbage", body="null"),
    Fault(call="account", kind="error_before"),
    Fault(call="download", kind="truncate", length="full", times=2),
    Fault(call="download", kind="truncate", length="none", times=2),
    Fault(call="download", kind="truncate", length="short", times=2),
    Fault(call="download", kind="html", times=2),
    Fault(call="download", kind="wrong_type", times=2),
    Fault(call="download", kind="drop_before", times=2),
    Fault(call="download", kind="reset_after", times=2),
    Fault(call="download", kind="error_before", status=503, times=2),
    Fault(call="download", kind="expired", times=1),
]


def name_of(fault: Fault) -> str:
    """Return what the fault is, for the test's name."""
    details = {fault.body, fault.code, str(fault.status), fault.length}
    return "-".join([fault.call, fault.kind, *sorted(details - {"text", "1000", "None", "full"})])


@pytest.mark.parametrize("fault", FREE_FAULTS, ids=name_of)
async def test_nonsense_costs_time_and_nothing_else(studio: Studio, fault: Fault) -> None:
    """Whatever a free call is answered with, the picture is edited and paid once."""
    studio.fault(fault)
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"done": 1}, studio.summary()
    assert studio.outputs() == ["ann.jpg"]
    assert len(studio.ledger().tasks) == studio.ledger().requests["submit"] == 1


async def test_a_moderated_edit_fails_and_can_be_retried(studio: Studio) -> None:
    """1501 ends the job without a charge, in words for a person; retry submits anew."""
    studio.fault(Fault(call="submit", kind="fail_task", code="1501", times=1))
    studio.drop("ann.jpg")
    await studio.once()
    job = studio.job("ann.jpg")
    assert (job["state"], job["error"]["code"], job["charge"]) == ("failed", "moderated", None)
    assert "content check" in studio.explain("ann.jpg")["reason"]
    await studio.once()
    assert studio.ledger().requests["submit"] == 1
    (line,) = await studio.act("retry", jobs=[job["id"]])
    assert "submitted again" in line
    await studio.once()
    assert studio.states() == {"done": 1}
    assert len(studio.ledger().tasks) == 2
    assert sum(1 for task in studio.ledger().tasks if task.charge) == 1


@pytest.mark.parametrize("code", ["1000", "1005", "1011", "1504"])
async def test_a_passing_failure_is_submitted_again(studio: Studio, code: str) -> None:
    """A task that failed for a cause that passes is made again by itself, twice, and then done."""
    studio.fault(Fault(call="submit", kind="fail_task", code=code, times=2))
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"done": 1}
    assert studio.history("ann.jpg").count("RemoteFailedInPassing") == 2
    assert [bool(task.charge) for task in studio.ledger().tasks] == [False, False, True]
    assert studio.ledger().requests["submit"] == 3


async def test_a_failure_that_does_not_pass_ends_the_job(studio: Studio) -> None:
    """The third failed task is the last; retry submits anew."""
    studio.fault(Fault(call="submit", kind="fail_task", code="1000", times=3))
    studio.drop("ann.jpg")
    await studio.once()
    job = studio.job("ann.jpg")
    assert (job["state"], job["error"]["code"], job["charge"]) == (
        "failed",
        "service_trouble",
        None,
    )
    assert len(studio.ledger().tasks) == 3
    await studio.act("retry", jobs=[job["id"]])
    await studio.once()
    assert studio.states() == {"done": 1}


async def test_a_late_task_says_so_and_is_not_given_up(studio: Studio) -> None:
    """After some hours a running task is shown as late, asked for hourly, and fetched at last."""
    studio.edge(schedule=PollSchedule())
    studio.simulator.update_settings(task_s=3600.0 * 5)
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(running=1)
        studio.wait(4.5 * 3600)
        await studio.send("settling", watch="studio", path="any")  # wakes the daemon
        await studio.until(lambda: studio.job("ann.jpg")["error"], "it is told")
        job = studio.job("ann.jpg")
        assert (job["state"], job["error"]["code"]) == ("running", "late")
        assert "hours" in studio.explain("ann.jpg")["reason"]
        wait = datetime.fromisoformat(job["due_at"]) - studio.clock()
        assert 3000 < wait.total_seconds() <= 3600
    assert "Postponed" not in studio.history("ann.jpg")


async def test_a_success_without_results_keeps_its_task(studio: Studio) -> None:
    """The job fails with its task kept; retry asks again for free and pays nothing."""
    studio.fault(Fault(call="query", kind="no_results", times=5))
    studio.drop("ann.jpg")
    await studio.once()
    job = studio.job("ann.jpg")
    assert (job["state"], job["error"]["code"]) == ("failed", "no_results")
    assert job["task_id"] == studio.ledger().tasks[0].task_id
    (line,) = await studio.act("retry", jobs=[])
    assert "free" in line
    await studio.once()
    assert studio.states() == {"done": 1}
    assert len(studio.ledger().tasks) == 1


async def test_links_that_stay_expired_end_the_job_with_its_money_named(studio: Studio) -> None:
    """Links are asked for anew once; then the paid result is lost, and a person decides."""
    studio.simulator.update_settings(task_s=1.0)
    studio.fault(Fault(call="download", kind="expired"))
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(running=1)
        studio.wait(A_DAY_S)
        await studio.until_states(failed=1)
    job = studio.job("ann.jpg")
    assert (job["state"], job["error"]["code"]) == ("failed", "paid_lost")
    assert job["charge"] == float(studio.ledger().charged)
    assert studio.history("ann.jpg").count("LinksExpired") == 1
    studio.simulator.clear_faults()
    await studio.act("retry", jobs=[job["id"]])
    await studio.once()
    assert studio.states() == {"done": 1}
    assert len(studio.ledger().tasks) == 1


async def test_a_store_that_misses_young_results_for_a_while_loses_nothing(studio: Studio) -> None:
    """A link of today cannot have expired: it is tried on, and nobody who follows pays instead."""
    studio.fault(Fault(call="download", kind="error_before", status=404, times=REFUSALS))
    studio.drop("ann.jpg", number=7)
    studio.drop("bob.jpg", number=7)

    def passes() -> bool:
        studio.wait(300)
        return studio.states() == {"done": 2}

    async with studio.running():
        await studio.until(passes, "both are done")
    assert studio.ledger().requests["download"] > REFUSALS
    assert len(studio.ledger().tasks) == 1


async def test_pay_again_is_said_to_pay_again(studio: Studio) -> None:
    """Only --pay-again submits a paid edit anew, a done one as a new job."""
    studio.drop("ann.jpg")
    await studio.once()
    first = studio.job("ann.jpg")["id"]
    with pytest.raises(OperatorError, match="--pay-again"):
        await studio.act("retry", jobs=[first])
    await studio.act("retry", jobs=[first], pay_again=True)
    await studio.once()
    assert studio.states() == {"done": 2}
    assert len(studio.ledger().tasks) == 2
    assert len(studio.outputs()) in (1, 2)


async def test_a_refused_edit_fails_with_the_services_words(studio: Studio) -> None:
    """A submit refused for its content fails the one job, and no other."""
    shorter = f'[[model]]\nname = "{DEFAULT_MODEL}"\nparams.prompt = {{ min_length = 1 }}'
    studio.configure(rules=[f"{RULE}\n{shorter}"])  # what the owner says, and the service refuses
    studio.drop("ann.jpg")
    studio.drop("ann.txt", "Oops")
    studio.drop("bob.jpg", number=2)
    await studio.once()
    assert studio.states() == {"failed": 1, "done": 1}
    error = studio.job("ann.jpg")["error"]
    assert error["code"] == "wrong_parameters"
    assert "shorter" in error["message"]


async def test_a_task_cancelled_at_the_service_is_cancelled(studio: Studio) -> None:
    """`cancel` of a running job asks the service, and what the query then says counts."""
    studio.simulator.update_settings(task_s=30.0)
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(running=1)
        (line,) = await studio.send("cancel", jobs=[studio.job("ann.jpg")["id"]])
        assert "asked" in line
        await studio.until_states(cancelled=1)
    assert studio.outputs() == []


async def test_a_task_that_cannot_be_cancelled_goes_on(studio: Studio) -> None:
    """A cancel that the service takes and does not heed loses nothing."""
    studio.simulator.update_settings(task_s=0.6, cancel_s=None)
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(running=1)
        await studio.send("cancel", jobs=[studio.job("ann.jpg")["id"]])
        await studio.until_states(done=1)


async def test_storms_of_faults_lose_nothing(studio: Studio) -> None:
    """A third of all free calls fail in five ways: all pictures are edited and paid once."""
    for call in ("upload", "query", "download"):
        for kind in ("drop_before", "error_before", "html"):
            studio.fault(Fault(call=call, kind=kind, probability=0.12))
    studio.fault(Fault(call="query", kind="code", code="401", probability=0.1))
    studio.fault(Fault(call="download", kind="truncate", probability=0.1))
    studio.drop_many(12)
    await studio.once()
    assert studio.states() == {"done": 12}, studio.summary()
    assert len(studio.outputs()) == len(studio.ledger().tasks) == 12
