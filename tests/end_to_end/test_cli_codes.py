"""The exit codes of `once` and `run`, each provoked for real."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from hotfolder.simulator import Fault
from tests.builders import make_old_journal
from tests.end_to_end.conftest import wait_for

if TYPE_CHECKING:
    from tests.end_to_end.conftest import CommandLine
    from tests.studio import Studio


def test_all_done_is_0_and_the_second_time_costs_nothing(
    hotfolder: CommandLine, studio: Studio
) -> None:
    """`once` edits what is there and exits with 0; again it has nothing to do and pays nothing."""
    studio.drop("ann.jpg")
    studio.drop("deep/bob.png", number=2)
    ended = hotfolder("once")
    assert ended.code == 0, ended.said
    assert studio.outputs() == ["ann.jpg", "deep/bob.png"]
    files, under_way, done = 2, 0, 2
    rows = [line.split() for line in ended.out.splitlines()]
    assert ["studio", *map(str, (files, under_way, done, 0, 0, 0))] in rows, ended.out
    assert "Charged: 0.28 CNY today" in ended.out
    assert "\x1b" not in ended.out + ended.err
    assert hotfolder("once").code == 0
    assert len(studio.ledger().tasks) == 2


def test_half_a_set_is_1(hotfolder: CommandLine, studio: Studio) -> None:
    """What waits for its other half is not done, and costs nothing."""
    studio.configure(rules=['model = "kling-video-o1/start-to-end"\nset_wait = 0.1'])
    studio.drop("ann.first.jpg")
    ended = hotfolder("once")
    assert ended.code == 1, ended.said
    assert studio.ledger().tasks == ()


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (Fault(call="submit", kind="fail_task", code="1501"), "failed"),
        (Fault(call="submit", kind="drop_after"), "in_doubt"),
        (Fault(call="submit", kind="error_after", status=503), "in_doubt"),
    ],
)
def test_a_job_that_needs_a_person_is_1(
    hotfolder: CommandLine, studio: Studio, fault: Fault, state: str
) -> None:
    """Failed and in doubt: exit code 1 in the run that saw it; the next, idle run is 0 or 1."""
    studio.fault(fault)
    studio.drop("ann.jpg")
    ended = hotfolder("once")
    assert ended.code == 1, ended.said
    assert "Needs a person" in ended.out
    assert studio.states() == {state: 1}
    assert hotfolder("once").code == (1 if state == "in_doubt" else 0)
    assert len(studio.ledger().tasks) == 1


def test_a_picture_that_waits_is_1(hotfolder: CommandLine, studio: Studio) -> None:
    """Text under a picture's name fails, half a picture and a missing prompt wait: exit code 1."""
    studio.configure(rules=['name = "bare"'])
    studio.drop("text.jpg", "hello")
    studio.drop("half.jpg", studio.drop("whole.jpg").read_bytes()[:-20])
    ended = hotfolder("once")
    assert ended.code == 1, ended.said
    assert "not a picture" in ended.out
    assert "not copied completely" in ended.out
    assert "There is no prompt for this file" in ended.out
    assert not studio.ledger().tasks
    studio.drop("_prompt.txt", "Make it a summer day")
    assert hotfolder("once").code == 1
    assert studio.outputs() == ["whole.jpg"]


@pytest.mark.parametrize("code", ["401", "1014", "416"])
def test_a_service_that_refuses_the_account_is_4(
    hotfolder: CommandLine, studio: Studio, code: str
) -> None:
    """Key or money refused: `once` ends at once with 4, no job fails, and nothing is lost."""
    studio.fault(Fault(call="submit", kind="code", code=code))
    for number in range(3):
        studio.drop(f"{number}.jpg", number=number)
    ended = hotfolder("once")
    assert ended.code == 4, ended.said
    assert "Held" in ended.out
    assert set(studio.states()) <= {"accepted", "uploaded"}
    told = hotfolder("explain", studio.input / "0.jpg", "--json").json
    assert told["verdict"] == "held", told
    assert not studio.ledger().tasks
    (held,) = hotfolder("status", "--json").json["holds"]
    assert held["scope"] == "account"
    assert held["count"] == 3


def test_a_second_hotfolder_is_3(hotfolder: CommandLine, studio: Studio) -> None:
    """While one holds the journal, `run` and `once` exit with 3, and the first goes on."""
    with hotfolder.daemon():
        for command in ("run", "once"):
            ended = hotfolder(command)
            assert ended.code == 3, ended.said
            assert "another hotfolder" in ended.err
        studio.drop("ann.jpg")
        wait_for(lambda: studio.outputs() == ["ann.jpg"], studio.summary)


COMMANDS = (
    ["run"],
    ["status"],
    ["explain", "in/ann.jpg"],
    ["cancel", "1"],
)


def test_a_damaged_journal_is_5_and_stays_as_it_is(hotfolder: CommandLine, studio: Studio) -> None:
    """No command begins an empty journal over a broken one: exit code 5, the file untouched."""
    studio.drop("ann.jpg")
    assert hotfolder("once").code == 0
    journal = studio.state / "journal.db"
    whole = journal.read_bytes()
    damaged = b"no journal at all" * 400
    journal.write_bytes(damaged)
    for command in COMMANDS:
        ended = hotfolder(*command)
        assert ended.code == 5, (command, ended.said)
        assert "journal" in ended.err
        assert journal.read_bytes() == damaged
    journal.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    damaged = journal.read_bytes()
    ended = hotfolder("once")
    assert ended.code == 5, ended.said
    assert ".recover" in ended.err
    assert journal.read_bytes() == damaged
    assert len(studio.ledger().tasks) == 1


def test_a_newer_journal_is_5_and_stays_as_it_is(hotfolder: CommandLine, studio: Studio) -> None:
    """A journal of a newer program is not touched: exit code 5 and the reason."""
    assert hotfolder("once").code == 0
    journal = studio.state / "journal.db"
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute("PRAGMA user_version = 999")
    before = journal.read_bytes()
    for command in COMMANDS:
        ended = hotfolder(*command)
        assert ended.code == 5, (command, ended.said)
        assert "newer hotfolder" in ended.err
    assert journal.read_bytes() == before


@pytest.mark.parametrize("version", [1, 5])
def test_an_older_journal_is_brought_up_to_date(
    hotfolder: CommandLine, studio: Studio, version: int
) -> None:
    """Looking says what is to be done and changes nothing; the next start does it."""
    studio.drop("ann.jpg")
    studio.state.mkdir()
    journal = studio.state / "journal.db"
    make_old_journal(journal, version)
    before = journal.read_bytes()
    for command in ("status", "jobs", "doctor"):
        ended = hotfolder(command)
        assert ended.code in (0, 1), ended.said
        assert "older hotfolder" in ended.out + ended.err
    assert hotfolder("check").code == 0
    assert journal.read_bytes() == before
    assert hotfolder("once").code == 0
    assert hotfolder("status").code == 0
    assert (studio.state / f"journal.db.version-{version}").exists()


def test_once_gives_up_after_its_time_without_progress(
    hotfolder: CommandLine, studio: Studio
) -> None:
    """With a service that cannot be reached, `once --timeout` ends with 1 and loses nothing."""
    studio.drop("ann.jpg")
    away = {**hotfolder.environment, "RH_API_BASE_URL": "http://127.0.0.1:9/openapi/v2"}
    ended = hotfolder("once", "--timeout", "1", environment=away)
    assert ended.code == 1, ended.said
    assert studio.states() == {"accepted": 1}
    assert "once.gave_up_waiting" in ended.err
    shutil.rmtree(studio.input)
    ended = hotfolder("once", "--timeout", "0.5")
    assert ended.code == 1, ended.said
    assert "OFFLINE" in ended.out


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["run", "--nonsense"],
        ["once", "--timeout", "0"],
        ["jobs", "--state", "lost"],
        ["status", "--log-level", "loud"],
        ["jobs", "--watch", "nobody"],
        ["explain"],
    ],
)
def test_wrong_usage_is_2(hotfolder: CommandLine, words: list[str]) -> None:
    """Commands, options and values that do not exist: exit code 2, said on standard error."""
    ended = hotfolder(*words)
    assert ended.code == 2, ended.said
    assert not ended.out
    assert re.search(r"nonsense|timeout|lost|loud|nobody|PATH", ended.err)


def test_a_journal_that_is_taken_away_is_5(hotfolder: CommandLine, studio: Studio) -> None:
    """The daemon ends by itself; it and `status` say where what it knew is."""
    with hotfolder.daemon() as daemon:
        studio.drop("ann.jpg")
        daemon.until(lambda: studio.states() == {"done": 1}, "ann is done")
        (studio.state / "journal.db").unlink()
        studio.drop("bob.jpg", number=2)
        ended = daemon.end(0)
    assert ended.code == 5, ended.said
    assert "journal.replaced" in ended.err
    assert "somebody took away the journal" in ended.err
    told = hotfolder("status")
    assert told.code == 5
    assert "hotfolder restore" in told.err
    assert len(studio.ledger().tasks) == 1
