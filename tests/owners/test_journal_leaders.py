"""Leaders and followers: nobody leads beside another, nobody waits for nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from hotfolder.domain import events as ev
from hotfolder.domain.failures import NO_RESULTS, PAID_LOST, leader_lost
from hotfolder.domain.paid import Charge
from hotfolder.domain.states import State, WaitsFor
from hotfolder.journal import acceptance, leaders
from hotfolder.journal.rows import existing_job
from tests.builders import WAY_TO, draft, fetched, sha256

if TYPE_CHECKING:
    from hotfolder.domain.jobs import Job
    from tests.builders import Desk

WAITS = ev.Postponed(until=None, reason="same", waits_for=WaitsFor.LEADER, counts=False)


def part(desk: Desk, job: Job, key: str | None = "k") -> int | None:
    """Let a job take part and return its leader."""
    return desk.journal.run_blocking(leaders.take_part, job.id, key)


def now(desk: Desk, job: Job) -> Job:
    """Return a job as it is now."""
    return desk.journal.run_blocking(existing_job, job.id)


def three(desk: Desk) -> list[Job]:
    """Return a leader and two jobs that wait for it."""
    jobs = [desk.accept(f"{name}.jpg") for name in "abc"]
    for job in jobs:
        if part(desk, job) is not None:
            desk.apply(job, WAITS)
    return jobs


def test_the_first_leads_and_the_others_follow(desk: Desk) -> None:
    """Asking again changes nothing; another key is other work; no key takes no part."""
    first, second, third = (desk.accept(f"{name}.jpg") for name in "abc")
    assert part(desk, first) is None
    assert part(desk, second) == first.id
    assert (part(desk, first), part(desk, second)) == (None, first.id)
    assert part(desk, third, "other") is None
    assert part(desk, desk.accept("d.jpg"), None) is None


@pytest.mark.parametrize("end", [State.FAILED, State.CANCELLED])
def test_a_leader_that_ends_without_a_result_lets_go(desk: Desk, end: State) -> None:
    """Its followers are due at once, and the first to look leads."""
    leader, second, third = three(desk)
    for event in WAY_TO[end]():
        desk.apply(leader, event)
    assert [now(desk, each).waits_for for each in (second, third)] == [None, None]
    assert part(desk, third) is None
    assert part(desk, second) == third.id


def test_a_result_wakes_the_followers(desk: Desk) -> None:
    """They are due as soon as the result is safe, not only when it is published."""
    leader, second, _ = three(desk)
    *way, fetched = WAY_TO[State.FETCHED]()
    for event in way:
        desk.apply(leader, event)
    assert now(desk, second).waits_for is WaitsFor.LEADER
    desk.apply(leader, fetched)
    assert now(desk, second).due_at is not None


def test_a_result_that_came_while_looking_is_not_waited_for(desk: Desk) -> None:
    """Between the look and the wait the leader may be done: nobody would wake the follower."""
    leader, second = desk.accept("a.jpg"), desk.accept("b.jpg")
    part(desk, leader)
    part(desk, second)
    for event in WAY_TO[State.DONE]():
        desk.apply(leader, event)
    desk.apply(second, WAITS)
    assert now(desk, second).due_at is not None


def test_a_new_plan_ends_leading(desk: Desk) -> None:
    """Who makes another edit now has nothing for those that waited."""
    leader, second, _ = three(desk)
    desk.journal.run_blocking(acceptance.replan, leader.id, draft(stem="a", prompt="other"))
    assert now(desk, second).waits_for is None
    assert part(desk, second) is None


def test_a_follower_that_a_person_has_paid_leads_from_then_on(desk: Desk) -> None:
    """It waits for a person as a follower still; whoever comes after it follows it, once paid."""
    leader, second, third = three(desk)
    for event in WAY_TO[State.DONE]():
        desk.apply(leader, event)
    lost = ev.GaveUp(failure=leader_lost(leader.id))
    assert desk.apply(second, lost).leader == leader.id
    desk.apply(second, ev.Retried(by="test"))
    assert part(desk, second) == leader.id
    desk.apply(second, lost, ev.Retried(by="test", anew=True))
    assert part(desk, second) is None
    assert part(desk, third) == second.id


@pytest.mark.parametrize(
    "end",
    [
        ev.RemoteFailed(failure=NO_RESULTS, charge=Charge(coins=Decimal(12))),
        ev.RemoteFailed(failure=PAID_LOST, ended_by_service=False),
        ev.RemoteCancelled(charge=Charge(unreadable="0,14")),
    ],
    ids=["charged", "lost", "cancelled and charged"],
)
def test_nobody_takes_the_place_of_a_leader_that_was_paid(desk: Desk, end: ev.Event) -> None:
    """Its work was charged or had succeeded: who makes the same edit waits for a person."""
    leader, second, third = three(desk)
    for event in [*WAY_TO[State.RUNNING](), end]:
        desk.apply(leader, event)
    assert {part(desk, each) for each in (second, third)} == {leader.id}


def test_what_is_made_anew_takes_no_part(desk: Desk) -> None:
    """The next generation and a retry that pays again are never served by another."""
    leader = desk.accept("a.jpg")
    part(desk, leader)
    for event in WAY_TO[State.DONE]():
        desk.apply(leader, event)
    assert part(desk, desk.journal.run_blocking(acceptance.repeat, leader.id)) is None
    failed = desk.accept("b.jpg")
    for event in WAY_TO[State.FAILED]():
        desk.apply(failed, event)
    desk.apply(failed, ev.Retried(by="test", anew=True))
    assert part(desk, failed) is None


def test_who_leads_is_not_paid_beside_its_followers_when_it_is_made_anew(desk: Desk) -> None:
    """Paid, without a result, and paid again by a person: the others wait for that edit."""
    leader, second, third = three(desk)
    for event in WAY_TO[State.RUNNING]():
        desk.apply(leader, event)
    charged = ev.RemoteFailed(
        failure=NO_RESULTS, charge=Charge(money=Decimal("0.14")), ended_by_service=False
    )
    desk.apply(leader, charged, ev.Retried(by="test", anew=True))
    assert part(desk, leader) is None
    assert {part(desk, each) for each in (second, third)} == {leader.id}


def test_a_reused_result_is_the_jobs_own_and_free(desk: Desk) -> None:
    """It has the leader's results as its own, with a charge of nothing; the leader's stay."""
    leader, job, _ = three(desk)
    for event in WAY_TO[State.DONE]():
        desk.apply(leader, event)
    reused = desk.apply(job, ev.Reused(leader=leader.id, results=fetched().results))
    assert reused.reused
    assert [each.sha256 for each in reused.results] == [sha256("1")]
    charges = [row["charge"] for row in desk.rows("job_charge", job=job.id)]
    assert charges == ["0"]
    assert not now(desk, leader).reused
