"""A journal in PostgreSQL: who has it, who lost it, and a server in trouble."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import sqlite3
import threading
import time
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from decimal import Decimal
from importlib import resources
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from hotfolder.domain import events as ev
from hotfolder.domain import price_failures
from hotfolder.domain.clock import utc_now
from hotfolder.domain.errors import (
    JournalError,
    JournalTakenOver,
    JournalUnavailable,
)
from hotfolder.domain.failures import SPOOL_BLOCKED, UNREACHABLE, Failure
from hotfolder.domain.states import State
from hotfolder.journal import (
    budgets,
    callbacks,
    claims,
    copying,
    counts,
    doubts,
    holds,
    layout,
    leases,
    reading,
    recovery,
    roots,
    seat,
    statements,
)
from hotfolder.journal.acceptance import register_watch
from hotfolder.journal.database import JournalDatabase
from hotfolder.journal.doubts import Allowance
from hotfolder.journal.journal import Journal
from hotfolder.journal.reader import Reader
from hotfolder.journal.roots import Marker, Recognised, Stranger
from hotfolder.journal.rows import existing_job
from hotfolder.journal.session import Session
from hotfolder.journal.transitions import apply
from hotfolder.pipeline.outcome import Shared, commit
from hotfolder.pipeline.step import Outcome
from tests.builders import NOON, Desk, StandingClock, intended

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hotfolder.domain.jobs import Job
    from hotfolder.journal.engine import Row

ENGINES = ("postgresql",)
ROOM = {State.ACCEPTED: 4}
TASK = "2013508786110730241"
SLEPT = "UPDATE hotfolder.seat SET until = '-infinity', beats = -2"  # as others find it
FIRST_SLEPT = """
UPDATE hotfolder.seat SET until = '-infinity', beats = -2
WHERE epoch = (SELECT min(epoch) FROM hotfolder.seat)
"""
RUN_OUT = """
UPDATE hotfolder.seat SET until = clock_timestamp()
WHERE epoch = (SELECT min(epoch) FROM hotfolder.seat)
"""
TABLES = """
SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'hotfolder'
"""
FULL = """
CREATE FUNCTION hotfolder.no_room() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full';
END $$;
CREATE TRIGGER no_room BEFORE INSERT ON hotfolder.job EXECUTE FUNCTION hotfolder.no_room();
"""


def spoil(url: str, statement: str, *values: str) -> None:
    """Do something to a database that its server's owner might do."""
    with psycopg.connect(url, autocommit=True) as opened:
        opened.execute(statement, values or None)


def cut_off(url: str) -> None:
    """End every connection to a database."""
    spoil(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND datname = current_database()",
    )


@contextmanager
def machines(tmp_path: Path, url: str) -> Iterator[Any]:
    """Give a way to start a daemon on one more machine."""
    with ExitStack() as closing:

        def start(name: str) -> Desk:
            folder = tmp_path / name
            folder.mkdir(exist_ok=True)
            clock = StandingClock()
            return Desk(closing.enter_context(Journal(folder, url, clock=clock)), clock)

        yield start


def renew(desk: Desk) -> None:
    """Let a daemon renew its seat now."""
    engine = desk.journal._engine  # noqa: SLF001
    assert isinstance(engine, JournalDatabase)
    desk.journal.run_blocking(lambda _session: engine._seat.renew(engine.connection))  # noqa: SLF001


@contextmanager
def writing(url: str) -> Iterator[None]:
    """Be another machine in the middle of a transaction that writes, while the block runs."""
    with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as opened:
        opened.execute(statements.of_postgresql()["exclude"])
        yield
        opened.execute("COMMIT")


def put(session: Session, key: str, value: str) -> None:
    """Keep a fact."""
    session.change("set_meta", key=key, value=value)


def get(session: Session, key: str) -> str | None:
    """Return a fact."""
    row = session.row("get_meta", key=key)
    return None if row is None else str(row["value"])


def get_or_put(session: Session, key: str) -> str:
    """Return a fact, and make it where there is none."""
    found = get(session, key)
    if found is None:
        put(session, key, "made")
    return found or "made"


def sending(desk: Desk) -> Job:
    """Return a job between its intent and the answer."""
    return desk.apply(desk.bring_to(State.UPLOADED), intended())


def test_a_watch_is_followed_by_one_machine(tmp_path: Path, url: str) -> None:
    """Another says where, and has it at once when the first ends in order."""
    with machines(tmp_path, url) as start:
        with machines(tmp_path, url) as start_first:
            start_first("first")
            taken = start("second").take("one", "three")
            assert (taken.followed, set(taken.elsewhere)) == ({"three"}, {"one"})
            assert taken.elsewhere["one"].endswith("follows it")
        assert start("third").take("one").followed == {"one", "two"}


def test_jobs_are_worked_on_with_their_watch(tmp_path: Path, url: str) -> None:
    """What is due is due to whoever follows the watch, and to nobody else."""
    with machines(tmp_path, url) as start:
        first = start("first")
        job = first.accept()
        second = start("second")
        assert not second.journal.run_blocking(claims.claim, ROOM, (), 8)[0]
        ((claimed,), _) = first.journal.run_blocking(claims.claim, ROOM, (), 8)
        assert claimed.job.id == job.id


def test_the_same_machine_goes_on_at_once(tmp_path: Path, url: str) -> None:
    """A daemon that was killed left its seat behind; the lock on its folder says that it ended."""
    with machines(tmp_path, url) as start:
        start("first")
    spoil(url, "UPDATE hotfolder.seat SET until = 'infinity'")
    spoil(url, "UPDATE hotfolder.lease SET epoch = (SELECT epoch FROM hotfolder.seat)")
    with machines(tmp_path, url) as start:
        assert start("first").take("one").followed == {"one", "two"}


def test_who_hangs_loses_what_it_follows(tmp_path: Path, url: str) -> None:
    """And everything of it: it may write nothing more, whichever watch was taken over."""
    with machines(tmp_path, url) as start:
        first = start("first")
        spoil(url, SLEPT)
        assert start("second").take("one").followed == {"one", "two"}
        with pytest.raises(JournalTakenOver, match="did not answer"):
            first.accept(watch=2)


def test_a_seat_that_runs_out_during_the_look_is_not_free_yet(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what was buried is free: whoever else wakes up may renew its seat, and send."""
    rows = Session.rows

    def late(session: Session, name: str, /, **values: Any) -> list[Row]:  # noqa: ANN401  any
        if name == "leases":
            spoil(url, RUN_OUT)
        return rows(session, name, **values)

    with machines(tmp_path, url) as start:
        one, two = start("one"), start("two")
        one.take("one")
        job = sending(one)
        with monkeypatch.context() as patched:
            patched.setattr(Session, "rows", late)
            taken, doubtful = two.journal.run_blocking(recovery.take_over, {"one": "same"})
        with pytest.raises(JournalUnavailable, match="did not answer for a moment"):
            renew(one)  # which it did all the same
        asyncio.run(one.journal.confirm())
        assert (taken.followed, doubtful) == (frozenset(), [])
        assert one.apply(job, ev.Submitted(task_id=TASK, query_at=NOON)).state is State.RUNNING


def test_another_config_takes_nothing_over(tmp_path: Path, url: str) -> None:
    """It would do something else with the same files; an operator may say that it shall."""
    with machines(tmp_path, url) as start:
        with machines(tmp_path, url) as start_first:
            start_first("first").take("one", config="a")
        second = start("second")
        refused = second.take("one", config="b")
        assert "says something else of it" in refused.elsewhere["one"]
        assert second.journal.run_blocking(leases.give_away, "one")
        assert "one" in second.take("one", config="b").followed
        with machines(tmp_path, url) as start_first:
            again = start_first("first").take("one", config="b")
            assert again.elsewhere["one"].endswith("follows it")


def test_a_watch_is_handed_over(tmp_path: Path, url: str) -> None:
    """Nothing more of it begins, it is left, and for a while it is not taken back."""
    with machines(tmp_path, url) as start:
        first, second = start("first"), start("second")
        first.accept()
        assert second.journal.run_blocking(leases.give_away, "one")
        assert not first.journal.run_blocking(claims.claim, ROOM, (), 8)[0]
        left = first.take("one", "two")
        assert (left.followed, left.leaving) == ({"two"}, {"one"})
        assert not second.take("one").followed
        first.journal.run_blocking(leases.leave, "one")
        assert "was handed over" in first.take("one").elsewhere["one"]
        assert second.take("one").followed == {"one"}
        assert len(second.journal.run_blocking(claims.claim, ROOM, (), 8)[0]) == 1


def test_a_watch_dropped_from_a_config_goes_to_who_wants_it(tmp_path: Path, url: str) -> None:
    """By whatever config, but not before; what others follow is not disturbed."""
    with machines(tmp_path, url) as start:
        first, second = start("first"), start("second")
        assert second.take("three").followed == {"three"}
        dropped = first.take("two")
        assert (dropped.followed, dropped.leaving) == ({"one", "two"}, set())
        wanted = second.take("one", "two", "three", config="b")
        assert (wanted.followed, set(wanted.elsewhere)) == ({"three"}, {"one", "two"})
        assert first.take("two").leaving == {"one"}
        first.journal.run_blocking(leases.leave, "one")
        assert second.take("one", "two", "three", config="b").followed == {"one", "three"}
        assert first.take("two").followed == {"two"}


def test_a_folder_is_not_followed_by_two_names(tmp_path: Path, url: str) -> None:
    """A machine whose config calls it otherwise leaves it to the one that follows it."""

    def recognise(desk: Desk, name: str, found: Marker | None) -> Recognised:
        return desk.journal.run_blocking(roots.recognise, name, found, "disk", ())

    with machines(tmp_path, url) as start:
        second = start("second")
        with machines(tmp_path, url) as start_first:
            first = start_first("first")
            first.journal.run_blocking(register_watch, "renamed", "/in", "/out")
            assert first.take("renamed").new == {"renamed"}
            known = recognise(first, "renamed", None)
            for _ in ("it follows it", "it may yet wake up"):
                with pytest.raises(Stranger, match="follows this folder as watch renamed"):
                    recognise(second, "one", known.marker)
                spoil(url, RUN_OUT.replace("min", "max"))
        assert recognise(second, "one", known.marker).watch == known.watch


def test_a_doubt_of_another_machine_has_its_place(tmp_path: Path, url: str) -> None:
    """It may be running at the service for as long as such a task takes; then others have it."""
    shared = Shared(places=lambda: 1, doubt_s=lambda _model: 60.0)
    with machines(tmp_path, url) as start:
        sending(start("first"))
        spoil(url, SLEPT)
        second = start("second")
        assert second.take("one", "two").followed == {"one", "two"}
        second.journal.run_blocking(recovery.recover)
        job = second.bring_to(State.UPLOADED, "bob.jpg")
        for seconds, state in ((0, State.UPLOADED), (61, State.SUBMITTING)):
            second.clock.forward(seconds)
            intent = Outcome(intended())
            done = second.journal.run_blocking(
                commit, before=job, outcome=intent, tried=(), shared=shared
            )
            job = done.job
            assert job.state is state


def test_nobody_waits_for_what_others_work_on(tmp_path: Path, url: str) -> None:
    """So that `once` ends with its own work, however busy another machine is."""
    with machines(tmp_path, url) as start:
        first, second = start("first"), start("second")
        first.bring_to(State.RUNNING)
        assert first.journal.run_blocking(reading.going_on) == 1
        assert second.journal.run_blocking(reading.going_on) == 0


def test_a_budgets_hold_is_let_go_by_who_knows_it(tmp_path: Path, url: str) -> None:
    """Another would let it go at once, and both would go on like that for ever."""
    spent = price_failures.budget_spent("charge_per_day", Decimal(1), Decimal(1), Decimal(1))
    own = [holds.watch_scope("one"), holds.rule_scope("one", "default")]
    with machines(tmp_path, url) as start:
        first, second = start("first"), start("second")
        for scope in (holds.ACCOUNT, *own):
            first.journal.run_blocking(holds.stop, scope, spent)
        assert second.journal.run_blocking(budgets.let_go, []) == []
        assert first.journal.run_blocking(budgets.let_go, []) == own
        second.clock.forward(61)
        assert second.journal.run_blocking(budgets.let_go, []) == [holds.ACCOUNT]


def test_what_a_machine_lacks_holds_what_it_follows(tmp_path: Path, url: str) -> None:
    """And nothing else: the words say which machine it is; who takes over is not held by it."""
    full = Failure(SPOOL_BLOCKED, "The disk is full.", "Make room.")
    with machines(tmp_path, url) as start:
        first, second = start("first"), start("second")
        second.journal.run_blocking(leases.give_away, "two")
        first.journal.run_blocking(leases.leave, "two")
        assert second.take("two").followed == {"two"}
        first.accept()
        second.accept("bob.jpg", watch=2)
        first.journal.run_blocking(holds.stop, holds.SERVICE, UNREACHABLE)
        first.journal.run_blocking(holds.hold, holds.ACCOUNT, full)
        assert not first.journal.run_blocking(claims.claim, ROOM, (), 8)[0]
        assert len(second.journal.run_blocking(claims.claim, ROOM, (), 8)[0]) == 1
        listed = second.journal.run_blocking(holds.holds)
        here = socket.gethostname()
        assert {each.said for each in listed} == {f"service on {here}", f"machine on {here}"}
        assert {each.failure.message for each in listed} == {
            f"On {here}: The service does not answer.",
            f"On {here}: The disk is full.",
        }
        assert [each.count for each in listed] == [1, 1]
        spoil(url, "UPDATE hotfolder.watch SET online = 1")
        found = second.journal.run_blocking(counts.counts)
        assert (found["one"].waiting, found["two"].under_way) == (1, 1)
        assert second.journal.run_blocking(holds.lift, [holds.ACCOUNT], full.code) == []
        assert first.journal.run_blocking(holds.lift, [holds.ACCOUNT], full.code) == ["account"]
        spoil(url, FIRST_SLEPT)
        assert second.take("one", "two").new == {"one"}
        assert second.journal.run_blocking(holds.holds) == []
        assert len(second.journal.run_blocking(claims.claim, ROOM, (), 8)[0]) == 2


def test_others_are_told_what_concerns_them(tmp_path: Path, url: str) -> None:
    """A change of a job that another machine follows is heard there."""
    with ExitStack() as closing:
        heard = {name: threading.Event() for name in ("first", "second")}
        opened = {}
        for name, event in heard.items():
            (tmp_path / name).mkdir()
            opened[name] = closing.enter_context(Journal(tmp_path / name, url, heard=event.set))
        first = Desk(opened["first"], StandingClock())
        job, later = first.accept(), ev.Postponed(until=NOON, reason="asked", counts=False)
        while not heard["first"].wait(0.1):  # it may not listen yet
            opened["second"].run_blocking(apply, job.id, later)


def test_who_shares_the_journal_is_listed(tmp_path: Path, url: str) -> None:
    """With what each follows, and whether it still runs."""
    with machines(tmp_path, url) as start:
        with machines(tmp_path, url) as start_first:
            start_first("first")
        second = start("second")
        found = second.journal.run_blocking(leases.machines)
        assert {(each.is_there, each.is_here, each.watches) for each in found} == {
            (False, False, ()),
            (True, True, ("one", "two")),
        }


async def test_who_slept_too_long_sends_nothing(tmp_path: Path, url: str) -> None:
    """Its seat is gone: it may not begin, nor write, whatever it was about to do."""
    with machines(tmp_path, url) as start:
        first = start("first")
        job = sending(first)
        await first.journal.confirm()
        spoil(url, SLEPT)
        with pytest.raises(JournalUnavailable, match="no longer ours"):
            await first.journal.confirm()
        second = start("second")
        with pytest.raises(JournalTakenOver, match="did not answer"):
            first.apply(job, ev.SubmitUnanswered(reason="late"))
        assert second.journal.run_blocking(existing_job, job.id).state is State.SUBMITTING


async def test_an_answer_after_the_takeover_ends_the_doubt(tmp_path: Path, url: str) -> None:
    """The one thing that it may still write: which task it paid for."""
    with machines(tmp_path, url) as start:
        first = start("first")
        job = sending(first)
        spoil(url, SLEPT)
        second = start("second")
        (doubtful,) = second.journal.run_blocking(recovery.recover)
        assert (doubtful.id, doubtful.state) == (job.id, State.IN_DOUBT)
        sent = job.submit
        assert sent is not None
        for _ in range(2):
            await first.journal.answer_late(
                submit=sent.id, job=job.id, payload=sent.payload, task_id=TASK
            )
        ((told,), _) = second.journal.run_blocking(callbacks.due, 10)
        assert (told.job, told.task_id) == (job.id, TASK)


@pytest.mark.parametrize(
    ("by", "start", "sent_again"),
    [("first", "one", 1), ("second", "one", 0), ("first", "another", 0), ("first", "", 0)],
)
def test_only_ones_own_doubts_are_sent_again_by_themselves(
    tmp_path: Path,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
    by: str,
    start: str,
    sent_again: int,
) -> None:
    """Nobody else knows that a machine which hangs will not send after all.

    Nor does a clone of it, which looks like the machine itself after another start.
    """
    monkeypatch.setattr(seat, "machine_start", lambda: "one")
    with machines(tmp_path, url) as start_first:
        sending(start_first("first"))
    spoil(url, SLEPT)
    monkeypatch.setattr(seat, "machine_start", lambda: start)
    with machines(tmp_path, url) as start_next:
        desk = start_next(by)
        desk.journal.run_blocking(recovery.recover)
        desk.clock.forward(7200)
        silent = desk.clock() - timedelta(hours=1)
        wanted = Allowance(up_to=Decimal(1), silent_since=silent, covers=lambda _model: True)
        assert len(desk.journal.run_blocking(doubts.resend, wanted)) == sent_again


def test_a_copied_state_directory_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone of a machine neither ends the first nor sends its doubts again."""
    first = seat.place_of(tmp_path)
    assert seat.reader_of(tmp_path) == seat.place_of(tmp_path) == first
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(tmp_path / seat.PLACE_NAME, copy)
    assert seat.place_of(copy).id == first.id
    assert seat.place_of(copy).start != first.start
    monkeypatch.setattr(seat, "machine_start", lambda: "another")
    assert seat.place_of(tmp_path).start != first.start
    monkeypatch.setattr(socket, "gethostname", lambda: "clone")
    assert seat.place_of(tmp_path).id != first.id


@pytest.mark.parametrize("known", [True, False])
def test_a_clone_of_the_same_name_waits(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    """It is not taken for the machine itself, whose work it would end; it says what to do."""
    if not known:  # a kernel that tells no start from another
        monkeypatch.setattr(seat, "machine_start", lambda: "")
    with machines(tmp_path, url) as start:
        with machines(tmp_path, url) as start_first:
            first = start_first("first")
            shutil.copytree(tmp_path / "first", tmp_path / "clone")
            with pytest.raises(JournalUnavailable, match="a copy of this state directory"):
                start("clone")
            assert first.accept().state is State.ACCEPTED
        assert start("clone").take("one").followed == {"one", "two"}


def test_one_memory_goes_on_once(tmp_path: Path, url: str) -> None:
    """Of a suspended machine that is woken twice, the second to renew its seat has lost it."""
    with machines(tmp_path, url) as start:
        first = start("first")
        renew(first)
        engine = first.journal._engine  # noqa: SLF001
        assert isinstance(engine, JournalDatabase)
        engine._seat.stop()  # noqa: SLF001  which else may renew it in between
        twin = seat.Seat(engine._place, engine.name, engine._connect, lambda: None)  # noqa: SLF001
        for name in ("epoch", "_beat"):
            setattr(twin, name, getattr(engine._seat, name))  # noqa: SLF001
        with closing(engine._connect()) as connection:  # noqa: SLF001
            twin.renew(connection)
            with pytest.raises(JournalTakenOver, match="did not answer"):
                renew(first)
            twin.renew(connection)


def test_a_database_put_back_ends_who_used_it(tmp_path: Path, url: str) -> None:
    """Its seat beats slower than the daemon knows: what was committed since is not there."""
    with machines(tmp_path, url) as start:
        desk = start("first")
        renew(desk)
        spoil(url, "UPDATE hotfolder.seat SET beats = 0")
        cut_off(url)
        with pytest.raises((JournalUnavailable, JournalTakenOver)):  # whichever is first
            desk.accept()
        with pytest.raises(JournalTakenOver, match="put back from an older copy"):
            desk.accept()


def test_who_only_looks_waits_for_no_other_machine(tmp_path: Path, url: str) -> None:
    """What writes follows one another; what was seen to change nothing is answered meanwhile."""
    with machines(tmp_path, url) as start:
        desk = start("first")
        job = desk.accept()
        assert len(desk.journal.run_blocking(reading.jobs)) == 1
        with writing(url):
            assert [each.id for each in desk.journal.run_blocking(reading.jobs)] == [job.id]


def test_a_look_that_wants_to_write_has_its_turn(tmp_path: Path, url: str) -> None:
    """Whatever the same operation did before."""
    with machines(tmp_path, url) as start:
        run = start("first").journal.run_blocking
        run(put, "known", "1")
        assert (run(get_or_put, "known"), run(get_or_put, "new")) == ("1", "made")
        assert run(get, "new") == "made"


async def test_a_look_sees_what_was_queued_before_it(tmp_path: Path, url: str) -> None:
    """All three wait for another machine; the look is not answered before the second write."""
    with machines(tmp_path, url) as start:
        journal = start("first").journal
        assert await journal.run(get, "b") is None
        with writing(url):
            queued = [asyncio.ensure_future(journal.run(put, key, "1")) for key in ("a", "b")] + [
                asyncio.ensure_future(journal.run(get, "b"))
            ]
            await asyncio.sleep(0)
        assert (await asyncio.gather(*queued))[2] == "1"


def test_a_look_in_vain_concerns_nobody_else(tmp_path: Path, url: str) -> None:
    """Whether the function fails, its statement or the connection."""

    def fail(session: Session, how: str) -> None:
        if how == "raise":
            raise LookupError(how)
        if how == "refuse":
            session._connection.execute("SELECT CAST('x' AS BIGINT)")  # noqa: SLF001  a wrong one
        if how == "cut":
            cut_off(url)
            session.rows("watches")

    with machines(tmp_path, url) as start:
        desk = start("first")
        desk.journal.run_blocking(fail, "")
        errors = {"raise": LookupError, "refuse": psycopg.DataError, "cut": JournalUnavailable}
        for how, error in errors.items():
            with pytest.raises(error):
                desk.journal.run_blocking(fail, how)
        assert desk.accept().state is State.ACCEPTED


def test_a_lost_connection_costs_one_commit_at_most(tmp_path: Path, url: str) -> None:
    """What was not committed did not happen; the next one goes by a new connection."""
    with machines(tmp_path, url) as start:
        desk = start("first")
        cut_off(url)
        with pytest.raises(JournalUnavailable, match="cannot be used now"):
            desk.accept()
        assert desk.journal.trouble
        assert desk.accept().state is State.ACCEPTED
        assert not desk.journal.trouble


def test_who_waited_in_vain_for_its_turn_tries_again(tmp_path: Path, url: str) -> None:
    """Another machine's transaction took too long: once it is over, all goes on at once."""
    with machines(tmp_path, url) as start, psycopg.connect(url) as other:
        desk = start("first")
        desk.journal._connection.execute("SET lock_timeout = '1ms'")  # noqa: SLF001
        other.execute("SELECT pg_advisory_xact_lock(1751741542)")
        for _ in range(2):
            with pytest.raises(JournalUnavailable, match="lock timeout"):
                desk.accept()
        other.rollback()
        assert desk.accept().state is State.ACCEPTED


@pytest.mark.parametrize("kept", [True, False])
def test_a_commit_whose_answer_is_lost_is_asked_for(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch, *, kept: bool
) -> None:
    """The caller is told whether it was kept: so no intent stands that nobody knows of."""
    with machines(tmp_path, url) as start:
        desk = start("first")
        connection = desk.journal._connection  # noqa: SLF001
        execute = connection.execute

        def lose(text: str, values: dict[str, object] | None = None) -> object:
            if text != "COMMIT":
                return execute(text, values)
            if kept:
                execute(text)
            connection.close()
            raise psycopg.OperationalError("the network is gone")

        monkeypatch.setattr(connection, "execute", lose)
        if kept:
            assert desk.accept().state is State.ACCEPTED
        else:
            with pytest.raises(JournalUnavailable, match="did not take it"):
                desk.accept()
        assert len(desk.journal.run_blocking(reading.jobs)) == kept


def test_a_server_that_only_reads_says_so(tmp_path: Path, url: str) -> None:
    """Nothing is written, in plain words, and once it writes again all goes on."""
    with machines(tmp_path, url) as start:
        desk = start("first")
        connection = desk.journal._connection  # noqa: SLF001
        connection.execute("SET default_transaction_read_only = on")
        with pytest.raises(JournalUnavailable, match="its server only reads"):
            desk.accept()
        connection.execute("SET default_transaction_read_only = off")
        assert desk.accept().state is State.ACCEPTED


def test_a_wrong_clock_is_no_clock(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days and links go by the time: a machine an hour off does nothing, and says why."""
    with machines(tmp_path, url) as start:
        desk = start("first")
        monkeypatch.setattr(seat, "machine_s", lambda: time.time() + 3600)
        renew(desk)
        with pytest.raises(JournalTakenOver, match="3600 seconds ahead"):
            desk.accept()


def test_a_server_away_is_a_plain_sentence(tmp_path: Path) -> None:
    """Neither a trace nor a wait."""
    away = f"postgresql://hotfolder@/hotfolder?host={tmp_path}"
    with pytest.raises(JournalUnavailable, match="cannot be used now"):
        Journal(tmp_path, away)
    with pytest.raises(JournalUnavailable, match="cannot be used now"):
        Reader(tmp_path, away)


def test_a_reader_sees_what_was_committed(tmp_path: Path, url: str) -> None:
    """And that something was, by another number."""
    with machines(tmp_path, url) as start:
        desk = start("first")
        with Reader(desk.journal.folder, url) as reader:
            before = reader.changes()
            desk.accept()
            assert reader.changes() != before
            assert len(reader.read(reading.jobs)) == 1


def test_who_reads_tables_that_were_changed_is_told(tmp_path: Path, url: str) -> None:
    """By a newer program, while an older page is open: it opens the journal anew."""
    with machines(tmp_path, url) as start:
        desk = start("first")
        job = desk.accept()
        with Reader(desk.journal.folder, url) as reader:
            assert reader.read(existing_job, job.id) == job
            spoil(url, "ALTER TABLE hotfolder.job ADD COLUMN newer TEXT")
            try:
                with pytest.raises(JournalUnavailable, match="cached plan must not change"):
                    reader.read(existing_job, job.id)
                with Reader(desk.journal.folder, url) as anew:
                    assert anew.read(existing_job, job.id).id == job.id
            finally:
                spoil(url, "ALTER TABLE hotfolder.job DROP COLUMN newer")


def test_texts_that_no_database_can_hold_are_kept_escaped(tmp_path: Path, url: str) -> None:
    """A service may answer whatever bytes it likes."""

    def keep(session: Session) -> str:
        session.change("set_meta", key="said", value="a\x00b\udcffc")
        return str(session.rows("get_meta", key="said")[0]["value"])

    with machines(tmp_path, url) as start:
        assert start("first").journal.run_blocking(keep) == "a\\x00b\\udcffc"


def test_every_statement_compiles_there(url: str) -> None:
    """Each is known to SQLite, too, and fits the tables."""
    below = statements._read("queries/postgresql")  # noqa: SLF001
    assert set(below) <= set(statements.shared())
    with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as opened:
        opened.execute("SET search_path = hotfolder")
        for name in ("place", "machine", "start"):
            opened.execute(f"SET hotfolder.{name} = ''")
        opened.execute("SET hotfolder.epoch = '0'")
        for name in statements.shared():
            text = statements.of_postgresql()[name]
            wanted = dict.fromkeys(re.findall(r"%\(([^)]+)\)s", text))
            assert opened.execute(f"EXPLAIN {text}", wanted).fetchall(), name


def test_both_databases_have_the_same_columns(url: str) -> None:
    """Whoever changes a table in one changes it in the other."""
    schema = resources.files("hotfolder.journal").joinpath("schema.sql").read_text("utf-8")
    with closing(sqlite3.connect(":memory:")) as made:
        made.executescript(schema)
        (*names,) = made.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
        here = {
            (name, column[1])
            for (name,) in names
            for column in made.execute(f"PRAGMA table_info({name})")
        }
    with psycopg.connect(url) as opened:
        there = set(opened.execute(TABLES).fetchall())
    own = {each for each in there if each[0] in {"seat", "lease", "followed"}}
    own |= {("submit", each) for each in ("place", "epoch", "start")} | {("daemon", "place")}
    assert there - own == here


def test_a_file_is_copied_into_a_database(tmp_path: Path, url: str) -> None:
    """With every job, event and number; nothing goes on in either before somebody says so."""
    (tmp_path / "file").mkdir()
    with Journal(tmp_path / "file", clock=StandingClock()) as journal:
        desk = Desk(journal, StandingClock())
        done, sent = desk.bring_to(State.DONE), desk.bring_to(State.SUBMITTING, "bob\udcff.jpg")
        before = [journal.run_blocking(existing_job, each.id) for each in (done, sent)]
        tallies = desk.rows("tally", watch=1)
    assert copying.copy(tmp_path / "file", url, utc_now) == ["one", "two"]
    with machines(tmp_path, url) as start:
        there = start("machine")
        after = [there.journal.run_blocking(existing_job, each.id) for each in before]
        assert after == before
        assert there.history(done) != []
        assert there.rows("tally", watch=1) == tallies
        assert {each["code"] for each in there.rows("holds")} == {"journal_restored"}
        assert there.accept("cid.jpg").id > sent.id
    with Journal(tmp_path / "file", clock=StandingClock()) as journal:
        assert len(journal.run_blocking(holds.causes)) == 2


def test_a_database_in_use_is_not_copied_into(tmp_path: Path, url: str) -> None:
    """What it knows is not mixed with what another knows; without a journal nothing is made."""
    with machines(tmp_path, url) as start:
        start("machine").accept()
    (tmp_path / "file").mkdir()
    with pytest.raises(FileNotFoundError):
        copying.copy(tmp_path / "file", url, utc_now)
    Journal(tmp_path / "file").close()
    with pytest.raises(JournalError, match="is in use"):
        copying.copy(tmp_path / "file", url, utc_now)


def test_nothing_is_copied_below_a_daemon_that_just_starts(tmp_path: Path, url: str) -> None:
    """It knows the callbacks' key of the database already, although it follows nothing yet."""
    for name in ("file", "daemon"):
        (tmp_path / name).mkdir()
    Journal(tmp_path / "file").close()
    with Journal(tmp_path / "daemon", url), pytest.raises(JournalError, match="is in use"):
        copying.copy(tmp_path / "file", url, utc_now)
    assert copying.copy(tmp_path / "file", url, utc_now) == []


def test_a_server_without_room_says_so(tmp_path: Path, url: str) -> None:
    """Nothing is written, in plain words, and once there is room all goes on."""
    with machines(tmp_path, url) as start:
        desk = start("first")
        spoil(url, FULL)
        try:
            with pytest.raises(JournalUnavailable, match="the disk of its server is full"):
                desk.accept()
        finally:
            spoil(url, "DROP FUNCTION hotfolder.no_room CASCADE")
        assert desk.accept().state is State.ACCEPTED


def test_an_old_server_is_refused_in_words() -> None:
    """Nothing is tried that it could not do."""
    with pytest.raises(JournalError, match="PostgreSQL 12 is too old for a journal: it takes 13"):
        layout.require_server(120004)
