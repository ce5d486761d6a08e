"""The journal's tables: what they are, and what they refuse."""

from __future__ import annotations

import inspect
import re
import sqlite3
from contextlib import closing
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import hotfolder
from hotfolder.domain.errors import JournalDamaged, JournalOlder
from hotfolder.domain.states import State, WaitsFor
from hotfolder.journal import connection, seen
from hotfolder.journal.connection import migrations, open_writer
from hotfolder.journal.reader import Reader
from hotfolder.journal.statements import of_postgresql, shared
from tests.builders import make_old_journal, sha256

if TYPE_CHECKING:
    from collections.abc import Iterator

HASH = sha256("a")
PACKAGE = Path(inspect.getfile(hotfolder)).parent
NAMED = re.compile(r"^-- name: (.*)$", re.MULTILINE)
SPOKEN = re.compile(r'\b(?:rows|row|tuples|change)[(,]\s*"(\w+)"')  # session.rows("name", …)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Give the one read-write connection, as the journal makes it."""
    made = open_writer(tmp_path / "journal.db")
    yield made
    made.close()


def plain(sql: str | None) -> str:
    """Return a statement without comments and with single blanks."""
    text = re.sub(r"--[^\n]*", " ", sql or "")
    return re.sub(r"\s*([(),])\s*", r"\1", " ".join(text.split()))


def tables(made: sqlite3.Connection) -> set[tuple[str, str, str]]:
    """Return all of a file's tables, indexes and triggers."""
    rows = made.execute("SELECT type, name, sql FROM sqlite_schema")
    return {(kind, name, plain(sql)) for kind, name, sql in rows}


def test_schema_is_the_sum_of_the_migrations(opened: sqlite3.Connection, tmp_path: Path) -> None:
    """A new journal, made by schema.sql, is what an old one becomes: its tables, and no row."""
    make_old_journal(tmp_path / "old.db", len(migrations()))
    with closing(sqlite3.connect(tmp_path / "old.db")) as old:
        assert tables(opened) == tables(old)
        for _, name, _ in (each for each in tables(old) if each[0] == "table"):
            assert old.execute(f'SELECT count(*) FROM "{name}"').fetchone() == (0,)  # noqa: S608


def test_migrations_are_counted_in_the_file(opened: sqlite3.Connection) -> None:
    """The file names itself and its version."""
    assert opened.execute("PRAGMA user_version").fetchone()[0] == len(migrations())
    assert opened.execute("PRAGMA application_id").fetchone()[0] == connection.APPLICATION_ID


def test_migrations_are_numbered_without_a_gap() -> None:
    """The n-th migration leads to version n, so a gap or a twin would skip one."""
    folder = resources.files("hotfolder.journal").joinpath("migrations")
    numbers = sorted(int(each.name[:4]) for each in folder.iterdir() if each.name.endswith(".sql"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_an_old_file_is_not_migrated_twice(tmp_path: Path) -> None:
    """Opening again changes nothing."""
    path = tmp_path / "journal.db"
    first = open_writer(path)
    before = tables(first)
    first.close()
    second = open_writer(path)
    assert tables(second) == before
    second.close()


def test_an_upgrade_is_made_whole_or_not_at_all(tmp_path: Path) -> None:
    """A row that refers to nothing is found before the older tables are gone, and told."""
    path = tmp_path / connection.FILE_NAME
    before = len(migrations()) - 1
    make_old_journal(path, before)
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("INSERT INTO reservation VALUES (x'2f', 'ann', 99)")
    with pytest.raises(JournalDamaged, match="refer to others that are not there"):
        open_writer(path)
    with closing(sqlite3.connect(path)) as made:
        assert made.execute("PRAGMA user_version").fetchone() == (before,)
        assert made.execute("SELECT count(*) FROM reservation").fetchone() == (1,)
    assert path.with_name(f"{path.name}.version-{before}").exists()


@pytest.mark.parametrize("version", range(1, len(migrations())))
def test_what_a_start_reads_first_is_in_every_version(tmp_path: Path, version: int) -> None:
    """A journal of an older program keeps nobody from starting; else it is not read."""
    make_old_journal(tmp_path / connection.FILE_NAME, version)
    with pytest.raises(JournalOlder, match="older hotfolder"):
        Reader(tmp_path)
    with Reader(tmp_path, any_version=True) as reader:
        assert reader.read(seen.online) == frozenset()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("trusted_schema", 0),
    ],
)
def test_writer_keeps_its_promises(
    opened: sqlite3.Connection, pragma: str, value: str | int
) -> None:
    """What was committed is there after a power cut: WAL with synchronous = FULL."""
    assert opened.execute(f"PRAGMA {pragma}").fetchone()[0] == value


def test_every_table_is_strict(opened: sqlite3.Connection) -> None:
    """A number never turns up where a text belongs."""
    rows = opened.execute("PRAGMA table_list").fetchall()
    own = [
        row
        for row in rows
        if row["type"] == "table" and row["schema"] == "main" and row["name"][:7] != "sqlite_"
    ]
    assert own
    assert all(row["strict"] for row in own)


GOOD_JOB = {
    "watch": 1,
    "key": b"a",
    "digest": HASH,
    "source": 1,
    "rule": "r",
    "state": "accepted",
    "due_at": 1,
    "plan": "{}",
    "output_root": b"/out",
    "output_folder": b"",
    "output_stem": b"ann",
    "named_after": b"a",
    "accepted_at": 1,
}


@pytest.fixture
def peopled(opened: sqlite3.Connection) -> sqlite3.Connection:
    """Give a journal with a watch, a source, a job and a submit."""
    insert(opened, "watch", name="w", root=b"/in", output_root=b"/out")
    insert(opened, "source", **source())
    insert(opened, "job", **GOOD_JOB)
    insert(opened, "submit", **submit())
    return opened


def insert(made: sqlite3.Connection, table: str, **values: object) -> None:
    """Insert one row."""
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    made.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))  # noqa: S608  of this test


def source(**changes: object) -> dict[str, object]:
    """Return a good source with some values replaced."""
    good = {"watch": 1, "path": b"a", "size": 1, "mtime_ns": 1, "inode": "1", "verdict": "job"}
    return {**good, "seen_at": 1, **changes}


def material(**changes: object) -> dict[str, object]:
    """Return a good material with some values replaced."""
    good = {"job": 1, "position": 1, "parameter": "p", "origin": "source", "source": 1}
    return {**good, "content_hash": HASH, "identity": HASH, "size": 1, **changes}


def submit(number: int = 1, mark: str = "t", **changes: object) -> dict[str, object]:
    """Return a good submit, `mark` being its token, with some values replaced."""
    good = {"job": 1, "number": number, "token": mark, "site": "s", "payload": "{}"}
    return {**good, "intent_at": 1, **changes}


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("job", {"state": "unheard_of"}),
        ("job", {"digest": "short"}),
        ("job", {"key": b""}),
        ("job", {"slot": 0}),
        ("job", {"named_after": b""}),
        ("job", {"plan": "no json"}),
        ("job", {"due_at": "soon"}),
        ("job", {"waits_for": "person"}),
        ("job", {"due_at": None}),
        ("job", {"due_at": None, "waits_for": "godot"}),
        ("job", {"state": "done"}),
        ("job", {"ended_at": 1}),
        ("job", {"state": "done", "ended_at": 1}),
        ("job", {"attempt": -1}),
        ("job", {"generation": 0}),
        ("job", {"output_stem": b""}),
        ("job", {"output_root": "text"}),
        ("job", {"error_code": "x"}),
        ("job", {"source": 99}),
        ("job", {}),
    ],
)
def test_job_refuses(peopled: sqlite3.Connection, table: str, values: dict[str, object]) -> None:
    """A job that cannot be, is not: unknown states, ended but due, waiting for nothing, twins."""
    row = {**GOOD_JOB, **({"rule": "other"} if values else {}), **values}
    with pytest.raises(sqlite3.IntegrityError):
        insert(peopled, table, **row)


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("source", source(path=b"b", size=-1)),
        ("source", source(path=b"")),
        ("source", source(path="text")),
        ("source", source(path=b"b", verdict="maybe")),
        ("source", source()),
        ("submit", submit(2)),
        ("submit", submit(1, "u")),
        ("submit", submit(0, "u")),
        ("submit", submit(2, "u", payload="no json")),
        ("submit", submit(2, "u", outcome="perhaps")),
        ("submit", submit(2, "u", job=99)),
        ("watch", {"name": "w", "root": b"/x", "output_root": b"/y"}),
        ("result", {"submit": 1, "position": 1, "type": "jpg"}),
        ("result", {"submit": 1, "position": 0, "type": "jpg", "url": "u"}),
        ("result", {"submit": 1, "position": 1, "type": "", "url": "u", "spool_file": "f"}),
        ("result", {"submit": 1, "position": 1, "type": "", "url": "u", "published_at": 1}),
        ("event", {"job": 1, "at": 1, "name": "x", "to_state": "y", "detail": "no json"}),
        ("material", material(content_hash="short")),
        ("material", material(source=None)),
        ("material", material(path=b"a")),
        ("material", material(origin="reference")),
        ("material", material(origin="reference", source=None, path=b"")),
        ("material", material(origin="nowhere")),
        ("material", material(preparation="no json")),
        ("reservation", {"output_root": b"/out", "name_key": "k", "job": 99}),
        ("reservation", {"output_root": "/out", "name_key": "k", "job": 1}),
        ("hold", {"scope": "account", "code": "x", "reason": "y", "hint": "z", "since": None}),
        ("upload", {"content_hash": HASH, "site": "s", "url": "u", "file_name": "f"}),
    ],
)
def test_table_refuses(peopled: sqlite3.Connection, table: str, values: dict[str, object]) -> None:
    """Constraints come before code: wrong types, twins, and rows that belong to nothing."""
    with pytest.raises(sqlite3.IntegrityError):
        insert(peopled, table, **values)


def test_one_task_belongs_to_one_submit(peopled: sqlite3.Connection) -> None:
    """Two submits cannot claim the same task of the service."""
    peopled.execute("UPDATE submit SET task_id = 'T'")
    with pytest.raises(sqlite3.IntegrityError):
        insert(peopled, "submit", **submit(2, "u", task_id="T"))


@pytest.mark.parametrize("change", ["DELETE FROM event", "UPDATE event SET at = 2"])
def test_the_history_is_append_only(peopled: sqlite3.Connection, change: str) -> None:
    """No line of the history can be changed or taken away."""
    insert(peopled, "event", job=1, at=1, name="x", to_state="y", detail="{}")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        peopled.execute(change)


@pytest.mark.parametrize("state", State)
def test_schema_knows_every_state(peopled: sqlite3.Connection, state: State) -> None:
    """A state of the machine is one of the table, too."""
    ended = state in {State.DONE, State.FAILED, State.CANCELLED}
    extra = {"due_at": None, "ended_at": 1} if ended else {}
    insert(peopled, "job", **{**GOOD_JOB, "rule": state.value, "state": state.value, **extra})


@pytest.mark.parametrize("waits_for", WaitsFor)
def test_schema_knows_all_waiting(peopled: sqlite3.Connection, waits_for: WaitsFor) -> None:
    """What a job can wait for is known to the table, too."""
    state = "fetched" if waits_for is WaitsFor.REVIEW else "accepted"
    extra = {"rule": "other", "state": state, "due_at": None, "waits_for": waits_for.value}
    insert(peopled, "job", **{**GOOD_JOB, **extra})


def spoken() -> set[str]:
    """Return the names of statements that the program's code speaks."""
    texts = (path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.py")))
    return {name for text in texts for name in SPOKEN.findall(text)}


def test_every_spoken_statement_exists_and_every_statement_is_spoken() -> None:
    """No name of a statement is misspelt, and none is kept that nobody speaks."""
    assert set(shared()) <= spoken() <= set(of_postgresql())


def test_every_statement_compiles(opened: sqlite3.Connection) -> None:
    """Every statement fits the tables."""
    for name, text in shared().items():
        wanted = dict.fromkeys(re.findall(r":(\w+)", text))
        plan = opened.execute(f"EXPLAIN {text}", wanted).fetchall()
        assert plan, name


def test_no_two_statements_share_a_name() -> None:
    """A statement of one file never takes the place of another file's."""
    files = sorted((PACKAGE / "journal" / "queries").glob("*.sql"))
    named = [name for each in files for name in NAMED.findall(each.read_text("utf-8"))]
    assert sorted(named) == sorted(shared())


def test_every_statement_says_what_it_is_for() -> None:
    """The line after a statement's name is its purpose."""
    assert all(text.lstrip("\n").startswith("-- ") for text in shared().values())


def test_what_a_day_cost_is_told_by_indexes(opened: sqlite3.Connection) -> None:
    """Its charges by an index alone, what is not charged yet by another; nothing older is read."""
    wanted = {"since": 0, "watch": "one", "now": 0}

    def plan(name: str) -> list[str]:
        return [row[3] for row in opened.execute(f"EXPLAIN QUERY PLAN {shared()[name]}", wanted)]

    assert any(
        "COVERING INDEX submit_charged (intent_at>?)" in each for each in plan("spent_in_all")
    )
    for name, index in (
        ("spent_by_watch", "submit_charged"),
        ("not_yet_charged", "submit_uncharged"),
    ):
        told = plan(name)
        assert any(f"INDEX {index} (intent_at>?)" in each for each in told), told
        assert not [each for each in told if each.startswith("SCAN")], told


def test_what_needs_a_person_is_found_among_what_is_open(opened: sqlite3.Connection) -> None:
    """A long history of finished jobs is not looked through for the few that are told of."""
    wanted = {"before": 9, "wanted": 9}
    text = shared()["open_with_errors"]
    (found, *_) = [row[3] for row in opened.execute(f"EXPLAIN QUERY PLAN {text}", wanted)]
    assert "USING INDEX job_" in found
