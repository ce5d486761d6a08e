"""A clock that was set back: what lies in the future for that reason keeps nobody waiting."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from hotfolder.domain import events as ev
from hotfolder.domain.events import UploadLink
from hotfolder.domain.failures import NO_MONEY
from hotfolder.domain.states import State
from hotfolder.journal import doubts, holds, paid, reading, transitions, uploads
from hotfolder.journal.journal import Journal
from hotfolder.journal.rows import existing_job
from tests.builders import SITE, Desk, StandingClock, remote_failed, uploaded

HOUR_S = 3600.0
DAY_S = 86_400.0
PATIENCE = timedelta(minutes=10)


def test_a_trial_in_vain_puts_the_next_one_off_all_the_same(desk: Desk) -> None:
    """Else one trial would follow the other without a pause until the clock is there again."""
    desk.journal.run_blocking(holds.hold, holds.ACCOUNT, NO_MONEY)
    desk.clock.forward(-DAY_S)
    desk.journal.run_blocking(holds.hold, holds.ACCOUNT, NO_MONEY)
    (found,) = desk.journal.run_blocking(holds.holds)
    assert found.next_trial is not None
    assert timedelta() < found.next_trial - desk.clock() <= timedelta(seconds=60)


def resent(desk: Desk) -> list[int]:
    """Send again what may be."""
    allowance = doubts.Allowance(
        up_to=Decimal(1), silent_since=desk.clock() - PATIENCE, covers=bool
    )
    return [job.id for job in desk.journal.run_blocking(doubts.resend, allowance)]


def test_a_doubt_is_not_young_for_a_day(desk: Desk) -> None:
    """It is sent again as if it were old; whoever asks has listened for long enough."""
    job = desk.bring_to(State.IN_DOUBT)
    desk.clock.forward(60)
    assert resent(desk) == []
    desk.clock.forward(-DAY_S)
    assert resent(desk) == [job.id]


# -- set while the machine runs: no time passes


STEPS = pytest.mark.parametrize("step_s", [-2 * HOUR_S, 5 * HOUR_S, -400 * DAY_S, 4000 * DAY_S])
UNTIL = timedelta(minutes=10)


def reopened(desk: Desk) -> Journal:
    """Close the journal and open it again."""
    desk.journal.close()
    return Journal(desk.journal.folder, clock=desk.clock)


def postponed(desk: Desk) -> int:
    """Let a job be due in ten minutes."""
    job = desk.accept()
    later = ev.Postponed(until=desk.clock() + UNTIL, reason="later")
    desk.journal.run_blocking(transitions.apply, job.id, later)
    return job.id


def due_in(journal: Journal, clock: StandingClock, job: int) -> timedelta:
    """Return in how long a job is due, by what the wall clock shows."""
    due_at = journal.run_blocking(existing_job, job).due_at
    assert due_at is not None
    return due_at - clock()


@STEPS
def test_a_wall_clock_that_is_set_keeps_no_job_waiting(desk: Desk, step_s: float) -> None:
    """Due in ten minutes is due in ten minutes, whatever the wall clock shows then."""
    job = postponed(desk)
    desk.clock.set_by(step_s)
    desk.journal.run_blocking(reading.newest_event)
    assert due_in(desk.journal, desk.clock, job) == UNTIL
    assert desk.journal.clock() == desk.clock()
    desk.clock.forward(60)
    assert due_in(desk.journal, desk.clock, job) == UNTIL - timedelta(minutes=1)


@STEPS
def test_a_step_is_noticed_by_the_next_start(desk: Desk, step_s: float) -> None:
    """Also where it came while no daemon ran, as long as the machine did."""
    job = postponed(desk)
    desk.journal.close()
    desk.clock.set_by(step_s)
    with reopened(desk) as journal:
        journal.run_blocking(reading.newest_event)
        assert due_in(journal, desk.clock, job) == UNTIL


def test_a_machine_that_started_anew_has_only_its_wall_clock(desk: Desk) -> None:
    """Nobody knows how long it was off: what the clock shows then counts."""
    job = postponed(desk)
    desk.journal.close()
    desk.clock.restart()
    desk.clock.set_by(5 * 60)
    with reopened(desk) as journal:
        journal.run_blocking(reading.newest_event)
        assert due_in(journal, desk.clock, job) == timedelta(minutes=5)


@STEPS
def test_all_that_ages_or_waits_goes_along(desk: Desk, step_s: float) -> None:
    """Tasks, links and trials are as old, or as far off, as before the clock was set."""
    desk.clock.forward(HOUR_S)
    running = desk.bring_to(State.RUNNING)
    link = replace(a_link(), expires_at=desk.clock() + timedelta(hours=24))
    desk.journal.run_blocking(uploads.keep, link)
    desk.journal.run_blocking(holds.hold, holds.ACCOUNT, NO_MONEY)
    desk.clock.forward(10)
    before = ages(desk, running.id)
    desk.clock.set_by(step_s)
    desk.journal.run_blocking(reading.newest_event)
    assert ages(desk, running.id) == before


def a_link() -> UploadLink:
    """Return the link of an upload."""
    link = uploaded().link
    assert link is not None
    return link


def ages(desk: Desk, job: int) -> list[timedelta]:
    """Return how long ago, or how far off, all things are that go by time."""
    submit = desk.journal.run_blocking(existing_job, job).submit
    (held,) = desk.journal.run_blocking(holds.holds)
    link = desk.journal.run_blocking(uploads.find, a_link().content_hash, SITE, desk.clock())
    assert submit is not None
    assert held.next_trial is not None
    assert link is not None
    times = (submit.intent_at, held.since, held.next_trial, link.expires_at)
    return [each - desk.clock() for each in times]


def test_what_was_before_the_machine_started_keeps_its_time(desk: Desk) -> None:
    """The clock may have been wrong since the start only, until the network set it."""
    desk.clock.forward(HOUR_S)
    job = desk.bring_to(State.RUNNING)
    sent = job.submit
    desk.clock.restart()
    desk.clock.set_by(-20_000 * DAY_S)
    with reopened(desk) as journal:
        young = journal.run_blocking(reading.newest_event)
        desk.clock.set_by(20_000 * DAY_S)
        assert journal.run_blocking(reading.newest_event) == young
        assert journal.run_blocking(existing_job, job.id).submit == sent


def test_money_heard_of_ages_as_before(desk: Desk) -> None:
    """An unpaid end is asked for again after seconds, not when a clock set back is there again."""
    job = desk.bring_to(State.RUNNING)
    desk.apply(job, remote_failed())
    desk.clock.forward(3)
    (before,) = desk.journal.run_blocking(paid.unconfirmed, job.id)
    age = desk.clock() - before.told_at
    desk.clock.set_by(-2 * HOUR_S)
    desk.journal.run_blocking(reading.newest_event)
    (after,) = desk.journal.run_blocking(paid.unconfirmed, job.id)
    assert desk.clock() - after.told_at == age


@STEPS
def test_the_age_of_a_task_read_before_a_step_is_right_after_it(desk: Desk, step_s: float) -> None:
    """It goes by the clock that nobody sets: what was read a moment ago may be asked for now."""
    job = desk.bring_to(State.RUNNING)
    desk.clock.forward(60)
    submit = desk.journal.run_blocking(existing_job, job.id).submit
    desk.clock.set_by(step_s)
    desk.journal.run_blocking(reading.newest_event)
    assert submit is not None
    assert desk.clock.elapsed_s() - submit.sent_s == 60


def test_a_trimmed_clock_moves_nothing(desk: Desk) -> None:
    """Fractions of a second are the clock's own business."""
    job = postponed(desk)
    desk.clock.set_by(0.9)
    desk.journal.run_blocking(reading.newest_event)
    assert due_in(desk.journal, desk.clock, job) == UNTIL - timedelta(seconds=0.9)
