"""What a step's outcome means for holds: committed with its event, over a real journal."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from hotfolder.bell import Bell
from hotfolder.domain import events as ev
from hotfolder.domain.failures import KEY_REFUSED, NO_MONEY, OUTPUT_BLOCKED, PAUSED, Failure
from hotfolder.domain.states import State, WaitsFor
from hotfolder.journal import holds
from hotfolder.journal.claims import Claim
from hotfolder.journal.journal import Journal
from hotfolder.pipeline import outcome as pipeline_outcome
from hotfolder.pipeline.outcome import Committing
from hotfolder.pipeline.step import Outcome
from hotfolder.pipeline.trials import Trials
from tests.builders import Desk, StandingClock, intended, submitted, uploaded
from tests.studio import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from hotfolder.domain.jobs import Job


def commit(desk: Desk, job: Job, outcome: Outcome, tried: Collection[str] = ()) -> Job:
    """Commit an outcome as the runner does and return the job."""
    commit_it = partial(pipeline_outcome.commit, before=job, outcome=outcome, tried=tried)
    return desk.journal.run_blocking(commit_it).job


def hold(desk: Desk, scope: str = holds.ACCOUNT) -> None:
    """Hold a scope."""
    desk.journal.run_blocking(holds.hold, scope, NO_MONEY)


def held(desk: Desk) -> list[object]:
    """Return the scopes that are held."""
    return [row["scope"] for row in desk.rows("holds")]


@pytest.mark.parametrize("scope", ["account", "watch:one", "rule:one/default"])
def test_a_submit_from_before_a_hold_does_not_lift_it(desk: Desk, scope: str) -> None:
    """It was let through when nothing was held yet, so it proves nothing of what came since."""
    job = desk.bring_to(State.SUBMITTING)
    hold(desk, scope)
    assert commit(desk, job, Outcome(submitted())).state is State.RUNNING
    assert held(desk) == [scope]


def test_a_trial_lifts_what_it_tried(desk: Desk) -> None:
    """And leaves the hold that began beside it while it was under way."""
    hold(desk)
    job = desk.bring_to(State.SUBMITTING)
    hold(desk, "watch:one")
    commit(desk, job, Outcome(submitted()), tried={holds.ACCOUNT})
    assert held(desk) == ["watch:one"]


@pytest.mark.parametrize("was_blocked", [True, False])
def test_only_a_publishing_that_was_blocked_shows_that_it_goes_on(
    desk: Desk,
    was_blocked: bool,  # noqa: FBT001
) -> None:
    """A disk that is nearly full still takes what was paid: that is no reason to pay for more."""
    blocked = Failure(OUTPUT_BLOCKED, "the folder is away", "")
    desk.journal.run_blocking(holds.hold, "watch:one", blocked)
    job = desk.bring_to(State.FETCHED)
    if was_blocked:
        job = desk.apply(job, ev.Postponed(until=desk.clock(), reason="away", failure=blocked))
    assert commit(desk, job, Outcome(ev.Published())).state is State.DONE
    assert held(desk) == ([] if was_blocked else ["watch:one"])


@pytest.mark.parametrize("by_hand", [True, False], ids=["paused", "refused"])
def test_no_intent_is_stated_under_a_hold_that_began_meanwhile(desk: Desk, by_hand: bool) -> None:  # noqa: FBT001
    """Between the claim and the intent a person pauses, or another submit is refused: unpaid."""
    job = desk.bring_to(State.UPLOADED)
    if by_hand:
        desk.journal.run_blocking(holds.stop, holds.ACCOUNT, PAUSED)
    else:
        hold(desk)
    job = commit(desk, job, Outcome(intended()))
    assert (job.state, job.submit, job.attempt) == (State.UPLOADED, None, 0)
    assert commit(desk, job, Outcome(intended()), tried={holds.ACCOUNT}).submit is not None


def test_a_trial_in_vain_puts_the_next_one_off(desk: Desk) -> None:
    """Refused again, perhaps for another reason: one hold, tried once more, later."""
    hold(desk)
    desk.clock.forward(31)
    job = desk.bring_to(State.SUBMITTING)
    deferred = ev.SubmitDeferred(until=desk.clock(), reason="refused")
    refused = Outcome(deferred, hold=(holds.ACCOUNT, KEY_REFUSED))
    commit(desk, job, refused, tried={holds.ACCOUNT})
    (row,) = desk.rows("holds")
    assert (row["trials"], row["code"]) == (1, KEY_REFUSED.code)


@pytest.mark.parametrize(
    ("event", "trials"),
    [
        (ev.Postponed(until=None, reason="x", waits_for=WaitsFor.LEADER, counts=False), 0),
        (ev.Postponed(until=None, reason="x", waits_for=WaitsFor.SIDECAR), 1),
        (uploaded(), 0),
    ],
    ids=["waits", "in vain", "goes on"],
)
def test_only_what_was_tried_in_vain_counts(desk: Desk, event: ev.Event, trials: int) -> None:
    """A job that merely begins to wait has tried nothing; the next one does."""
    hold(desk)
    job = desk.bring_to(State.ACCEPTED)
    desk.clock.forward(31)
    commit(desk, job, Outcome(event), tried={holds.ACCOUNT})
    (row,) = desk.rows("holds")
    assert row["trials"] == trials


async def test_a_commit_that_fails_after_a_stop_is_quiet(tmp_path: Path) -> None:
    """Who was to commit it is gone, and the log of a stop tells of no trouble that is none."""
    told: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    closed, began, gate = threading.Event(), threading.Event(), threading.Event()

    def refuse(name: str) -> None:
        if closed.is_set() and name == "commit.before":
            began.set()
            assert gate.wait(LIMIT_S)
            raise sqlite3.OperationalError

    with Journal(tmp_path, failpoint=refuse) as journal:
        job = Desk(journal, StandingClock()).accept()
        committing = Committing(journal, Bell(), asyncio.Event())
        closed.set()
        commits = asyncio.create_task(committing.commit(job, Outcome(uploaded()), ()))
        await asyncio.to_thread(began.wait, LIMIT_S)
        commits.cancel()
        with pytest.raises(asyncio.CancelledError):
            await commits
        closed.clear()
        gate.set()
        await journal.run(holds.holds)
    del commits
    gc.collect()
    assert told == []


def test_only_who_is_at_work_is_a_trial(desk: Desk) -> None:
    """A job that might have tried a hold and did not begin is no trial when it begins later."""
    job, trials = desk.accept(), Trials()
    trying = Claim(job=job, trials=frozenset({holds.ACCOUNT}))
    assert trials.may_try(trying, busy=())
    assert trials.of(job) == frozenset()
    trials.began(trying)
    assert trials.of(job) == {holds.ACCOUNT}
    trials.began(Claim(job=job, trials=frozenset()))
    assert trials.of(job) == frozenset()
