"""The mark of jobs that today's sidecars and rules would make otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hotfolder.domain import events as ev
from hotfolder.domain.materials import Material, Origin
from hotfolder.domain.states import BEFORE_INTENT, State
from hotfolder.journal.acceptance import repeat
from hotfolder.journal.staleness import done, is_other_work, known, mark
from tests.builders import draft, intended, sha256, uploaded

if TYPE_CHECKING:
    from hotfolder.domain.jobs import Job
    from tests.builders import Desk

CHANGED = draft(prompt="make it blue")


def marked(desk: Desk, job: Job, *, stale: bool = True) -> list[int]:
    """Mark a job and return those newly stale."""
    return [each.id for each in desk.journal.run_blocking(mark, {job.id: stale}, {})]


@pytest.mark.parametrize("state", [each for each in State if each not in BEFORE_INTENT])
def test_what_was_sent_may_be_stale(desk: Desk, state: State) -> None:
    """The mark changes nothing else, is told once, and goes."""
    job = desk.bring_to(state)
    before = desk.history(job)
    assert marked(desk, job) == [job.id]
    assert marked(desk, job) == []
    (found,) = desk.journal.run_blocking(known, 1, ["ann.jpg", "unknown.jpg"])
    assert [(each.id, each.stale, each.state) for each in found.jobs] == [(job.id, True, state)]
    marked(desk, job, stale=False)
    assert desk.history(job) == before


@pytest.mark.parametrize("state", sorted(BEFORE_INTENT))
def test_what_is_not_yet_sent_is_never_stale(desk: Desk, state: State) -> None:
    """Its plan is simply resolved again."""
    assert marked(desk, desk.bring_to(state)) == []


def test_accepting_again_compares(desk: Desk) -> None:
    """A touched picture whose sidecar changed, too: the same job, marked; undone, unmarked."""
    job = desk.bring_to(State.DONE)
    assert desk.accept_all(drafts=[CHANGED]) == ()
    assert [each.id for each in desk.journal.run_blocking(done)] == [job.id]
    assert desk.accept_all() == ()
    assert desk.journal.run_blocking(done) == []


def test_the_next_generation_takes_the_mark_away(desk: Desk) -> None:
    """What is made anew by today's plan is not offered again, and may share a result."""
    job = desk.bring_to(State.DONE)
    marked(desk, job)
    fresh = desk.journal.run_blocking(repeat, job.id, CHANGED)
    assert (fresh.generation, fresh.plan, fresh.stale) == (2, CHANGED.plan, False)
    assert desk.journal.run_blocking(done) == []
    (found,) = desk.journal.run_blocking(known, 1, ["ann.jpg"])
    assert [each.id for each in found.jobs] == [fresh.id]


def test_a_job_that_is_sent_again_is_fresh(desk: Desk) -> None:
    """A failed one is submitted anew by the plan that then holds."""
    job = desk.bring_to(State.FAILED)
    marked(desk, job)
    waiting = desk.apply(job, ev.Retried(by="test"), uploaded())
    assert desk.apply(waiting, intended()).stale is False


def test_names_make_no_other_work(desk: Desk) -> None:
    """Model, prompt and params do, and what is sent besides the source."""
    job = desk.accept()
    assert not is_other_work(job, draft(rule="renamed", stem="else"))
    assert is_other_work(job, CHANGED)
    assert is_other_work(job, draft(params={"size": "big"}))
    logo = Material(
        position=2,
        parameter="image",
        origin=Origin.REFERENCE,
        path="/logo.png",
        content_hash=sha256("logo"),
    )
    assert is_other_work(job, replace(draft(), materials=(*draft().materials, logo)))
