"""What the journal has heard of money: kept for good, over all tasks, from older journals."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import psycopg
import pytest

from hotfolder.domain import events as ev
from hotfolder.domain.failures import PAID_LOST, TASK_FAILED
from hotfolder.domain.paid import Charge, Standing
from hotfolder.domain.states import State
from hotfolder.journal import acceptance, callbacks, connection, doubts, paid
from hotfolder.journal.budgets import Budget, spent
from hotfolder.journal.callbacks import Confirmed
from hotfolder.journal.journal import Journal
from hotfolder.journal.paid import PaidAlready
from hotfolder.journal.rows import existing_job
from tests.builders import (
    LATER,
    NOON,
    StandingClock,
    intended,
    make_old_journal,
    remote_failed,
    sha256,
    submitted,
    succeeded,
    uploaded,
)

if TYPE_CHECKING:
    from pathlib import Path

    from hotfolder.domain.jobs import Job
    from hotfolder.journal.session import Session
    from tests.builders import Desk

ENGINES = ("sqlite", "postgresql")

MONEY = Charge(money=Decimal("0.14"), currency="CNY")
COINS = Charge(coins=Decimal(12))
UNREADABLE = Charge(unreadable="0,14")
PASSING = ev.RemoteFailedInPassing(failure=TASK_FAILED, until=NOON)
BY_LIMIT = ev.ResendApproved(by=doubts.BY_LIMIT, looked_up=False)


def standing(desk: Desk, job: Job) -> Standing:
    """Return how far it is known that nothing was paid for a job."""
    return desk.journal.run_blocking(paid.standing, job.id)


def submit_of(desk: Desk, job: Job) -> int:
    """Return the newest submit of a job."""
    now = desk.journal.run_blocking(existing_job, job.id)
    assert now.submit is not None
    return now.submit.id


@pytest.mark.parametrize("charge", [MONEY, COINS, UNREADABLE], ids=["money", "coins", "unreadable"])
def test_a_charge_keeps_every_intent_back(desk: Desk, charge: Charge) -> None:
    """However it came to that state: the intent itself is refused, and nothing is changed."""
    job = desk.bring_to(State.RUNNING)
    desk.journal.run_blocking(paid.hear, submit_of(desk, job), charge)
    job = desk.apply(job, PASSING, uploaded())
    with pytest.raises(PaidAlready):
        desk.apply(job, intended())
    assert len(desk.rows("known_of_job", job=job.id, since=0)) == 1


def test_an_uncharged_failure_must_be_told_twice(desk: Desk) -> None:
    """Told once it keeps the intent back; told again it does not, but for a while only."""
    job = desk.apply(desk.bring_to(State.RUNNING), PASSING, uploaded())
    assert standing(desk, job) is Standing.UNCONFIRMED
    ((asked),) = desk.journal.run_blocking(paid.unconfirmed, job.id)
    assert (asked.told_at, asked.is_covered) == (NOON, False)
    desk.journal.run_blocking(paid.hear_again, asked.submit)
    assert standing(desk, job) is Standing.UNPAID
    desk.clock.forward(paid.CONFIRMED_FOR.total_seconds() + 1)
    assert standing(desk, job) is Standing.UNCONFIRMED
    desk.journal.run_blocking(paid.hear_again, asked.submit)
    desk.apply(job, intended(), ev.SubmitDeferred(until=NOON, reason="busy"))
    desk.clock.forward(paid.CONFIRMED_FOR.total_seconds() + 1)
    assert standing(desk, job) is Standing.UNPAID


def test_what_was_heard_never_goes_back(desk: Desk) -> None:
    """Neither a later answer without a word nor one of 0 takes a charge or a success away."""
    job = desk.apply(desk.bring_to(State.RUNNING), succeeded(), ev.LinksExpired())
    nothing = Charge(money=Decimal(0), currency="CNY")
    job = desk.apply(job, replace(succeeded(), charge=nothing), ev.LinksExpired())
    job = desk.apply(job, replace(remote_failed(), charge=nothing))
    assert job.submit is not None
    assert (job.submit.outcome, job.submit.charge) == ("failed", Decimal("0.14"))
    assert standing(desk, job) is Standing.PAID


@pytest.mark.parametrize("statement", ["UPDATE heard SET amount = '0'", "DELETE FROM heard"])
def test_the_record_itself_refuses(desk: Desk, statement: str) -> None:
    """No statement of any program changes what was heard."""
    desk.bring_to(State.DONE)

    def attack(session: Session) -> None:
        session._connection.execute(statement)  # noqa: SLF001  no query of the program does this

    with pytest.raises((sqlite3.IntegrityError, psycopg.IntegrityError), match="append-only"):
        desk.journal.run_blocking(attack)


def test_hearing_it_again_is_hearing_it_once(desk: Desk) -> None:
    """A task that is asked for every hour makes the record no longer."""
    job = desk.bring_to(State.RUNNING)
    for _ in range(3):
        desk.journal.run_blocking(paid.hear, submit_of(desk, job), MONEY)
    assert len(desk.rows("heard_of_submit", submit=submit_of(desk, job))) == 1


def test_a_reused_result_is_no_submit(desk: Desk) -> None:
    """Its charge of nothing and its success are the leader's."""
    leader = desk.bring_to(State.DONE)
    job = desk.apply(desk.accept("b.jpg"), ev.Reused(leader=leader.id, results=()))
    assert standing(desk, job) is Standing.UNPAID


def test_a_further_task_keeps_the_intent_back(desk: Desk) -> None:
    """Another task of an earlier submit was charged: a plain resend was allowed, this is news."""
    job = desk.apply(desk.bring_to(State.IN_DOUBT), ev.ResendApproved(by="operator"))
    assert standing(desk, job) is Standing.UNPAID
    token = str(desk.rows("newest_submit", job=job.id)[0]["token"])
    desk.journal.run_blocking(callbacks.hear, token, "2013508786110730241")
    ((told,), _) = desk.journal.run_blocking(callbacks.due, 10)
    charged = Confirmed(outcome="failed", charge=COINS)
    assert desk.journal.run_blocking(callbacks.take, told, charged, LATER) is None
    assert standing(desk, job) is Standing.PAID
    with pytest.raises(PaidAlready):
        desk.apply(job, intended())


def test_a_success_in_reserve_is_heard_at_once(desk: Desk) -> None:
    """A second task that has ended well is known of, even if it is denied ever after."""
    job = desk.apply(
        desk.bring_to(State.IN_DOUBT), ev.ResendApproved(by="operator"), intended(), submitted()
    )
    first = desk.rows("known_of_job", job=job.id, since=0)[0]
    tokens = desk.journal.run_blocking(_tokens)
    desk.journal.run_blocking(callbacks.hear, tokens[0], "2013508786110730241")
    ((told,), _) = desk.journal.run_blocking(callbacks.due, 10)
    assert told.submit == first["id"]
    desk.journal.run_blocking(callbacks.take, told, Confirmed(outcome="succeeded"), LATER)
    desk.journal.run_blocking(callbacks.drop, told)
    desk.apply(job, PASSING)
    assert standing(desk, job) is Standing.PAID


def _tokens(session: Session) -> list[str]:
    rows = session._connection.execute(  # noqa: SLF001  no query of the program asks this
        "SELECT token FROM submit ORDER BY id"
    ).fetchall()
    return [row["token"] for row in rows]


def test_the_owners_leave_pays_for_no_charge(desk: Desk) -> None:
    """What limits.resend_up_to allows is a doubt sent again, not a charge paid again."""
    job = desk.apply(desk.bring_to(State.IN_DOUBT), BY_LIMIT)
    assert standing(desk, job) is Standing.UNPAID
    other = desk.bring_to(State.IN_DOUBT, "b.jpg")
    desk.journal.run_blocking(paid.hear, submit_of(desk, other), UNREADABLE)
    assert standing(desk, desk.apply(other, BY_LIMIT)) is Standing.PAID


def test_a_persons_word_pays_for_what_was_charged_before_it(desk: Desk) -> None:
    """Until the next charge is heard, of whichever task."""
    lost = replace(remote_failed(), charge=COINS)
    job = desk.apply(desk.bring_to(State.RUNNING), lost, ev.Retried(by="operator", anew=True))
    assert standing(desk, job) is Standing.UNPAID
    desk.journal.run_blocking(paid.hear, submit_of(desk, job), MONEY)
    assert standing(desk, job) is Standing.PAID


def test_a_failed_job_asks_for_the_task_that_was_paid(desk: Desk) -> None:
    """Its newest submit was refused and has no task: the one before is asked for, which is free."""
    job = desk.bring_to(State.RUNNING)
    paid_task = job.submit.task_id if job.submit else None
    lost = ev.RemoteFailed(failure=PAID_LOST, ended_by_service=False)
    again = ev.Retried(by="operator", anew=True)
    job = desk.apply(job, lost, again, uploaded(), intended(), ev.SubmitRefused(failure=PAID_LOST))
    job = desk.apply(job, ev.Requeried(by="operator"))
    assert job.submit is not None
    assert job.submit.task_id == paid_task


def test_a_job_without_a_task_to_ask_for_is_left_alone_when_it_is_dropped_again(
    desk: Desk,
) -> None:
    """It may be paid, and nothing can be asked: a person decides."""
    job = desk.apply(desk.accept(), uploaded(), intended(), ev.SubmitRefused(failure=PAID_LOST))
    desk.journal.run_blocking(paid.hear, submit_of(desk, job), MONEY)
    assert desk.journal.run_blocking(acceptance.try_again, job, "dropped") is None


@pytest.mark.parametrize(
    ("charge", "amount"),
    [(MONEY, "0.14"), (COINS, "0"), (UNREADABLE, "0.14"), (Charge(), "0")],
    ids=["money", "coins", "unreadable", "none"],
)
def test_what_a_failure_counts_against_a_budget(desk: Desk, charge: Charge, amount: str) -> None:
    """Coins are no money; what cannot be read counts as it was estimated."""
    desk.apply(desk.bring_to(State.RUNNING), replace(remote_failed(), charge=charge))
    budget = Budget(watch=None, limit=Decimal(9), key="limits.daily_charge")
    assert desk.journal.run_blocking(spent, budget) == Decimal(amount)


# -- older journals

OLD = 12
HASH = sha256("a")
MINUTE = 60_000


class OldJournal:
    """A journal of the version before this record was kept, with one job that failed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        make_old_journal(folder / connection.FILE_NAME, OLD)
        self._at = 0
        self._run("INSERT INTO watch (name, root, output_root) VALUES ('one', x'2f', x'2f')")
        self._run(
            "INSERT INTO source (watch, path, size, mtime_ns, inode, verdict, seen_at)"
            " VALUES (1, x'61', 1, '1', '1', 'job', 1)"
        )
        self._run(
            "INSERT INTO job (source, content_hash, rule, state, ended_at, plan, output_root,"
            " output_folder, output_stem, accepted_at) VALUES (1, ?, 'r', 'failed', 1, ?, x'2f',"
            " x'', x'61', 1)",
            HASH,
            json.dumps({"rule": "r", "model": "m", "prompt": "p", "params": {}, "stem": "a"}),
        )

    def submit(self, outcome: str, *, charge: str | None = None, reused: bool = False) -> None:
        """Add a submit that was answered, or one of a reused result."""
        token = "reused:" if reused else "token"
        self._at += MINUTE
        self._run(
            "INSERT INTO submit (job, number, token, site, payload, intent_at, answered_at,"
            " task_id, outcome, charge) VALUES (1, ?, ?, 's', '{}', ?, ?, ?, ?, ?)",
            *(self._at, f"{token}{self._at}", self._at, self._at + 1, str(self._at)),
            *(outcome, charge),
        )

    def result(self) -> None:
        """Add a result to the newest submit."""
        self._run(
            "INSERT INTO result (submit, position, url, type)"
            " VALUES ((SELECT max(id) FROM submit), 1, 'u', 'jpg')"
        )

    def happened(self, name: str, **detail: object) -> None:
        """Add a line to the history."""
        self._at += MINUTE
        self._run(
            "INSERT INTO event (job, at, name, to_state, detail) VALUES (1, ?, ?, 'failed', ?)",
            *(self._at, name, json.dumps(detail)),
        )

    def standing(self) -> Standing:
        """Return how far it is known that nothing was paid, once it is migrated."""
        with Journal(self.folder, clock=StandingClock()) as journal:
            return journal.run_blocking(paid.standing, 1)

    def charge(self) -> Decimal | None:
        """Return what the newest submit was charged, once it is migrated."""
        with Journal(self.folder, clock=StandingClock()) as journal:
            submit = journal.run_blocking(existing_job, 1).submit
            return submit.charge if submit else None

    def _run(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.folder / connection.FILE_NAME)) as made, made:
            made.execute(statement, values)


@pytest.fixture
def old(tmp_path: Path) -> OldJournal:
    """Give a journal of the version before."""
    return OldJournal(tmp_path)


@pytest.mark.parametrize("outcome", ["succeeded", "no_results"])
def test_an_old_success_is_paid(old: OldJournal, outcome: str) -> None:
    """By its outcome alone."""
    old.submit(outcome)
    assert old.standing() is Standing.PAID


def test_an_old_failure_that_had_results_is_paid(old: OldJournal) -> None:
    """The task had succeeded, and its outcome was overwritten when it failed later."""
    old.submit("failed")
    old.result()
    assert old.standing() is Standing.PAID


def test_an_old_charge_that_was_overwritten_is_heard_from_the_history(old: OldJournal) -> None:
    """The submit says 0 by now: the history knows better, and the submit is put right."""
    old.submit("failed", charge="0")
    old.happened("RemoteFailed", charge="0.14", currency="CNY")
    assert old.standing() is Standing.PAID
    assert old.charge() == Decimal("0.14")


def test_an_old_failure_without_a_charge_is_to_be_asked_for_again(old: OldJournal) -> None:
    """Nothing is known against it, and it was told but once."""
    old.submit("failed")
    assert old.standing() is Standing.UNCONFIRMED


@pytest.mark.parametrize(
    ("name", "detail", "stands"),
    [
        ("Retried", {"by": "operator", "anew": True}, Standing.UNPAID),
        ("ResendApproved", {"by": "operator"}, Standing.UNPAID),
        ("Retried", {"by": "operator", "anew": False}, Standing.PAID),
        ("ResendApproved", {"by": "limits.resend_up_to"}, Standing.PAID),
    ],
)
def test_an_old_word_covers_what_it_covered(
    old: OldJournal, name: str, detail: dict[str, object], stands: Standing
) -> None:
    """A person's word for a charge holds; what a limit or a plain retry allowed covers none."""
    old.submit("no_results", charge="0.14")
    old.happened(name, **detail)
    assert old.standing() is stands
    with Journal(old.folder, clock=StandingClock()) as journal:
        assert journal.run_blocking(paid.was_ever_paid, 1)


def test_an_old_word_ends_with_the_next_charge(old: OldJournal) -> None:
    """Charged, paid anew by a person, charged again: the order is that of the time."""
    old.submit("no_results", charge="0.14")
    old.happened("Retried", by="operator", anew=True)
    old.submit("failed", charge="0.14")
    assert old.standing() is Standing.PAID


def test_an_old_reuse_is_no_submit(old: OldJournal) -> None:
    """What was taken from another job was paid there."""
    old.submit("succeeded", charge="0", reused=True)
    old.result()
    assert old.standing() is Standing.UNPAID
