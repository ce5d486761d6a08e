"""Paid is paid: everything that a service can say of a task over time, and what is done then."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import pytest

from hotfolder.account import charges
from hotfolder.pipeline.steps import querying
from hotfolder.simulator import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.studio import Json, Studio

CHARGED: Final[dict[str, object]] = {
    "none": None,
    "money": {"thirdPartyConsumeMoney": "0.14", "consumeMoney": None},
    "coins": {"consumeCoins": "12", "thirdPartyConsumeMoney": None},
    "unreadable": {"thirdPartyConsumeMoney": "0,14"},
}
SAID: Final[dict[str, dict[str, object]]] = {
    "succeeded": {"status": "SUCCESS"},
    "failed": {"status": "FAILED", "errorCode": "1015", "results": None},
    "cancelled": {"status": "CANCEL", "results": None},
    "unknown": {"taskId": "", "status": "", "errorCode": "1004", "results": None},
}
WHEN: Final = ("before", "after")


def says(
    told: str,
    charge: str = "none",
    *,
    skip: int = 0,
    times: int | None = None,
    contains: str = "",
) -> Fault:
    """Return a fault by which the service says something of every task, whatever is true."""
    fields = {**SAID[told], "usage": CHARGED[charge]}
    return Fault(
        call="query", kind="says", fields=fields, skip=skip, times=times, contains=contains
    )


def links_are_gone(studio: Studio) -> None:
    """Let no result be fetched."""
    studio.fault(Fault(call="download", kind="expired", status=404))


def failed_unpaid(job: Json, studio: Studio) -> bool:
    """Whether a job ended with its money named and with one task."""
    return job["state"] == "failed" and len(studio.ledger().tasks) == 1


async def test_what_had_succeeded_is_not_paid_again_when_it_fails_later(studio: Studio) -> None:
    """SUCCESS with a charge, a dead link, then FAILED without usage: a person decides."""
    links_are_gone(studio)
    studio.fault(says("failed", skip=1))
    studio.drop("ann.jpg")
    await studio.once()
    job = studio.job("ann.jpg")
    assert failed_unpaid(job, studio), studio.summary()
    assert (job["error"]["code"], job["charge"]) == ("paid_lost", 0.14)
    for _ in range(2):
        (line,) = await studio.act("retry", jobs=[job["id"]])
        assert "free" in line
        await studio.once()
        assert failed_unpaid(studio.job("ann.jpg"), studio)


@pytest.mark.parametrize("times", [1, 4])
async def test_an_empty_success_counts_at_once(studio: Studio, times: int) -> None:
    """It need not have had results: that it was told is enough."""
    studio.fault(Fault(call="query", kind="no_results", times=times), says("failed", skip=times))
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.job("ann.jpg")["error"]["code"] == "paid_lost"
    assert len(studio.ledger().tasks) == 1


@pytest.mark.parametrize("charge", ["money", "coins", "unreadable"])
async def test_a_charged_failure_is_not_paid_again(studio: Studio, charge: str) -> None:
    """FAILED with a code that passes and any charge: failed, with the charge in its words."""
    studio.fault(says("failed", charge))
    studio.drop("ann.jpg")
    await studio.once()
    job = studio.job("ann.jpg")
    assert failed_unpaid(job, studio), studio.summary()
    words = {"money": "0.14", "coins": "12 coins", "unreadable": "(0,14)"}[charge]
    assert words in job["error"]["hint"]
    studio.simulator.clear_faults()
    studio.fault(says("failed", times=1))  # the charge is not said again
    await studio.act("retry", jobs=[job["id"]])
    await studio.once()
    assert failed_unpaid(studio.job("ann.jpg"), studio)
    await studio.act("retry", jobs=[job["id"]], pay_again=True)
    await studio.once()
    assert studio.states() == {"done": 1}
    assert len(studio.ledger().tasks) == 2


@pytest.mark.parametrize("charge", ["money", "coins", "unreadable"])
async def test_a_charge_that_is_filled_in_late_is_heard_before_the_next_intent(
    studio: Studio, charge: str
) -> None:
    """FAILED without usage says nothing yet: it is asked once more, and then it was charged."""
    studio.fault(says("failed", times=1), says("failed", charge))
    studio.drop("ann.jpg")
    await studio.once()
    assert failed_unpaid(studio.job("ann.jpg"), studio), studio.summary()
    assert "RemoteFailedInPassing" in studio.history("ann.jpg")


async def test_a_task_that_succeeds_after_all_is_fetched(studio: Studio) -> None:
    """FAILED once, and well the second time: its result is taken, and nothing is paid again."""
    studio.fault(says("failed", times=1))
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"done": 1}
    assert len(studio.ledger().tasks) == 1


async def fails_once(studio: Studio) -> None:
    """Let a task succeed that is told first to have failed unpaid; it is asked for in an hour."""
    studio.edge(schedule=type(studio.environment.schedule)(confirm_after_s=3600.0))
    studio.fault(says("failed", times=1))
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until(lambda: "RemoteFailedInPassing" in studio.history("ann.jpg"), "failed")


async def an_hour_later(studio: Studio) -> None:
    """Work on what is due then."""
    studio.wait(3700)
    await studio.once()


def take_away(studio: Studio) -> None:
    """Delete the picture."""
    (studio.input / "ann.jpg").unlink()


def replace_it(studio: Studio) -> None:
    """Let another picture stand in its place."""
    studio.drop("ann.jpg", number=2)


def skip_it(studio: Studio) -> None:
    """Say that it is not to be edited."""
    studio.drop("ann.toml", "skip = true\n")


@pytest.mark.parametrize(
    ("withdraw", "tasks"),
    [(take_away, 1), (replace_it, 2), (skip_it, 1)],
    ids=["gone", "replaced", "skipped"],
)
async def test_what_is_withdrawn_is_asked_for_before_it_is_paid_anew(
    studio: Studio, withdraw: Callable[[Studio], None], tasks: int
) -> None:
    """A picture that goes after a failure told once, and comes back, is no way around asking."""
    await fails_once(studio)
    withdraw(studio)
    await an_hour_later(studio)
    (studio.input / "ann.toml").unlink(missing_ok=True)
    studio.drop("ann.jpg")
    await an_hour_later(studio)
    assert len(studio.ledger().tasks) == tasks, studio.summary()
    assert studio.states() == {"done": tasks}


async def test_who_follows_is_not_paid_for_before_the_leader_was_asked_for(
    studio: Studio,
) -> None:
    """The leader's picture goes after a failure told once: it has succeeded after all."""
    await fails_once(studio)
    studio.drop("bob.jpg")
    await studio.once(timeout_s=1)
    take_away(studio)
    await an_hour_later(studio)
    assert len(studio.ledger().tasks) == 1, studio.summary()
    assert studio.states() == {"done": 2}


async def test_an_uncharged_failure_is_asked_for_twice_before_it_is_paid_again(
    studio: Studio,
) -> None:
    """At least ten seconds lie between the two answers."""
    studio.simulator.update_settings(task_s=0.2)
    studio.edge(schedule=type(studio.environment.schedule)())
    studio.fault(Fault(call="submit", kind="fail_task", code="1015", times=1))
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until(lambda: "RemoteFailedInPassing" in studio.history("ann.jpg"), "failed")
        await studio.until_states(uploaded=1)
        assert len(studio.ledger().tasks) == 1
        studio.wait(11)
        studio.drop("bob.jpg", number=2)  # wakes the program, whose clock does not jump
        await studio.until_states(done=2)
    assert len(studio.ledger().tasks) == 3


async def test_a_word_ends_with_the_next_charge(studio: Studio) -> None:
    """Paid anew by a person, and charged in vain again: the next time takes another word."""
    studio.fault(says("failed", "coins"))
    studio.drop("ann.jpg")
    await studio.once()
    number = studio.job("ann.jpg")["id"]
    await studio.act("retry", jobs=[number], pay_again=True)
    await studio.once()
    assert len(studio.ledger().tasks) == 2
    await studio.act("retry", jobs=[number])
    await studio.once()
    assert (studio.states(), len(studio.ledger().tasks)) == ({"failed": 1}, 2)


@pytest.mark.parametrize(
    "settings",
    [{}, {"numbers": True}, {"usage_listed": True}, {"numbers": True, "usage_listed": True}],
    ids=["texts", "numbers", "listed", "listed numbers"],
)
async def test_money_is_read_whole(studio: Studio, settings: dict[str, bool]) -> None:
    """Two fees add up to what the account is charged; coins are told beside it, as their own."""
    studio.simulator.update_settings(price="3.0", run_fee="0.2", coins=17, **settings)
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.job("ann.jpg")["charge"] == float(studio.ledger().charged) == 3.0
    listed = studio.read(lambda session: charges.lines(session, charges.By.WATCH))
    assert [(line.charge, line.currency, line.paid) for line in listed] == [
        (3, "CNY", 1),
        (17, "COINS", 1),
    ]
    assert studio.status()["charges"]["total"] == 3.0


async def test_coins_fill_no_budget(studio: Studio) -> None:
    """A budget is in money: what costs coins alone leaves it as it was."""
    studio.configure(limits="daily_charge = 0.2")
    studio.fault(Fault(call="query", kind="says", fields={"usage": {"consumeCoins": 500}}))
    studio.drop_many(3)
    await studio.once()
    assert studio.states() == {"done": 3}


async def test_a_task_that_the_service_charges_and_fails_is_in_its_ledger_once(
    studio: Studio,
) -> None:
    """What hotfolder shows is what the account was charged, and no more was."""
    studio.fault(Fault(call="submit", kind="fail_task", code="1015", charged=True))
    studio.drop("ann.jpg")
    await studio.once()
    job = studio.job("ann.jpg")
    assert failed_unpaid(job, studio)
    assert job["charge"] == float(studio.ledger().charged) > 0


# What becomes of a picture: its state, its code, and how many tasks were made, hence paid.
MATRIX: Final[dict[tuple[str, str, str], tuple[str, str | None, int]]] = {
    **{("succeeded", each, when): ("done", None, 1) for each in CHARGED for when in WHEN},
    **{("failed", each, "before"): ("failed", "task_failed", 1) for each in CHARGED},
    ("failed", "none", "before"): ("done", None, 2),  # said twice, then submitted again
    **{("failed", each, "after"): ("failed", "paid_lost", 1) for each in CHARGED},
    **{
        ("cancelled", each, when): ("cancelled", "cancelled_remotely", 1)
        for each in CHARGED
        for when in WHEN
    },
    **{("unknown", each, "before"): ("failed", "paid_lost", 1) for each in CHARGED},
    ("unknown", "none", "before"): ("in_doubt", "task_denied", 1),
    **{("unknown", each, "after"): ("failed", "paid_lost", 1) for each in CHARGED},
}


async def test_everything_that_can_be_said_over_time(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a success and after one, with every kind of charge: nothing is paid twice.

    After: the task was told as succeeded, without a word of money, and its link is dead. The whole
    table is printed: pytest -s shows it.
    """
    monkeypatch.setattr(querying, "DENIED_FOR_S", 0.2)
    for number, case in enumerate(MATRIX):
        told, charge, when = case
        words = " ".join(case)
        twice = 2 if MATRIX[case][2] > 1 else None
        studio.fault(says(told, charge, contains=words, skip=int(when == "after"), times=twice))
        if when == "after":
            expired = Fault(call="download", kind="expired", status=404, times=3, contains=words)
            studio.fault(expired)
        name = "-".join(case)
        studio.drop(f"{name}.jpg", number=number)
        studio.drop(f"{name}.txt", words)
    await studio.once()
    seen = {case: became(studio, case) for case in MATRIX}
    sys.stdout.write(table(seen))
    assert seen == MATRIX


def became(studio: Studio, case: tuple[str, str, str]) -> tuple[str, str | None, int]:
    """Return the state of a case's picture, its code, and how many tasks were made of it."""
    job = studio.job(f"{'-'.join(case)}.jpg")
    tasks = sum(each.prompt == " ".join(case) for each in studio.ledger().tasks)
    return job["state"], job["error"] and job["error"]["code"], tasks


def table(seen: dict[tuple[str, str, str], tuple[str, str | None, int]]) -> str:
    """Return what was said and what was done then, as lines of columns."""
    heads = ("told", "charge", "success", "state", "code", "tasks")
    lines = [heads, *((*case, *map(str, seen[case])) for case in seen)]
    return "\n".join("".join(f"{each:<20}" for each in line).rstrip() for line in lines)
