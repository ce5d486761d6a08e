"""A journal in PostgreSQL that another program wrote: an older one's is brought up to date."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
import pytest
from structlog.testing import capture_logs

from hotfolder.domain.errors import (
    HotfolderError,
    JournalNewer,
    JournalOlder,
    JournalTakenOver,
)
from hotfolder.journal import layout, reading, seat
from hotfolder.journal.connection import migrations, migrations_in
from hotfolder.journal.journal import Journal
from hotfolder.journal.reader import Reader
from tests.builders import Desk, StandingClock
from tests.cluster import CLUSTER

if TYPE_CHECKING:
    from collections.abc import Callable


STORED: Final = Path(__file__).parents[1] / "journals" / "postgresql-33.sql"
STORED_PLACE: Final = "fb76842731b1bdaeb13938d026fa0818"
NEXT: Final = """
CREATE TABLE hotfolder.novelty (job BIGINT NOT NULL REFERENCES hotfolder.job (id));
INSERT INTO hotfolder.novelty SELECT id FROM hotfolder.job;
"""
BROKEN: Final = f"{NEXT} SELECT 1 / 0;"
VERSION: Final = "SELECT value FROM hotfolder.meta WHERE key = 'schema_version'"
VERSION_IS: Final = "UPDATE hotfolder.meta SET value = %s WHERE key = 'schema_version'"
ANY_NOVELTY: Final = "SELECT to_regclass('hotfolder.novelty')"
# All that a schema is made of, by names that do not depend on the order in which it was made.
CATALOG: Final = """
SELECT 'column', c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod)
    || a.attnotnull || coalesce(pg_get_expr(d.adbin, d.adrelid), '') || a.attidentity::text
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'hotfolder'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
    AND c.relkind IN ('r', 'v', 'S')
UNION ALL SELECT 'view', viewname, definition FROM pg_views WHERE schemaname = 'hotfolder'
UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'hotfolder'
UNION ALL SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'hotfolder'::regnamespace
UNION ALL SELECT 'function', proname || pg_get_function_identity_arguments(oid), prosrc
FROM pg_proc WHERE pronamespace = 'hotfolder'::regnamespace
UNION ALL SELECT 'trigger', tgname, pg_get_triggerdef(oid) FROM pg_trigger
WHERE tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'hotfolder'::regnamespace)
    AND NOT tgisinternal
"""


def ask(url: str, question: str, *values: str) -> list[tuple[object, ...]]:
    """Ask a database something, or do it."""
    with psycopg.connect(url, autocommit=True) as opened:
        cursor = opened.execute(question, values or None)
        return cursor.fetchall() if cursor.description else []


def catalog(url: str) -> set[tuple[object, ...]]:
    """Return what the schema of a journal is made of."""
    return set(ask(url, CATALOG))


@pytest.fixture
def own(tmp_path: Path) -> str:
    """Give a database with a journal of this program, and a job in it."""
    url = CLUSTER.empty()
    (tmp_path / "state").mkdir()
    with Journal(tmp_path / "state", url, clock=StandingClock()) as journal:
        Desk(journal, StandingClock()).accept()
    return url


@pytest.fixture
def upgrade(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """Give a way to be a newer program, by one migration; it returns the new version."""

    def install(text: str) -> int:
        later = layout.later_migrations()
        files = (*migrations(), "-- Nothing changes in a file.")
        monkeypatch.setattr(layout, "migrations", lambda: files)
        monkeypatch.setattr(layout, "later_migrations", lambda: (*later, text))
        return len(files)

    return install


@pytest.fixture
def stored(tmp_path: Path) -> str:
    """Give a database with the tables and rows of the first layout, and its state directory."""
    url = CLUSTER.empty()
    ask(url, STORED.read_text("utf-8"))
    (tmp_path / "stored").mkdir()
    (tmp_path / "stored" / seat.PLACE_NAME).write_text(STORED_PLACE)
    return url


def started(folder: Path, url: str) -> None:
    """Open a journal as a daemon does, and close it."""
    folder.mkdir(exist_ok=True)
    Journal(folder, url).close()


def test_an_older_layout_is_brought_up_to_date(
    tmp_path: Path, own: str, upgrade: Callable[[str], int]
) -> None:
    """By the next start, with all that is in it; the log says so, and it is done once."""
    version = upgrade(NEXT)
    with capture_logs() as logs:
        started(tmp_path / "state", own)
        started(tmp_path / "other", own)
    told = [each for each in logs if each["event"] == "journal.upgraded"]
    assert [(each["before"], each["version"]) for each in told] == [(version - 1, version)]
    assert ask(own, VERSION) == [(str(version),)]
    assert ask(own, "SELECT job FROM hotfolder.novelty") == [(1,)]
    with Reader(tmp_path / "state", own) as reader:
        assert len(reader.read(reading.jobs)) == 1


def test_a_reader_waits_for_that(tmp_path: Path, own: str, upgrade: Callable[[str], int]) -> None:
    """Who only looks changes nothing, and says what to do."""
    upgrade(NEXT)
    with pytest.raises(JournalOlder, match="stop that on every machine, then start this one"):
        Reader(tmp_path / "state", own)
    assert ask(own, ANY_NOVELTY) == [(None,)]


def test_an_upgrade_is_made_whole_or_not_at_all(
    tmp_path: Path, own: str, upgrade: Callable[[str], int]
) -> None:
    """Whatever fails: all is as it was, and the older program may go on."""
    version = upgrade(BROKEN)
    with pytest.raises((HotfolderError, psycopg.Error)):
        started(tmp_path / "state", own)
    assert ask(own, VERSION) == [(str(version - 1),)]
    assert ask(own, ANY_NOVELTY) == [(None,)]


def test_two_daemons_at_once_bring_it_up_to_date_once(
    tmp_path: Path, own: str, upgrade: Callable[[str], int]
) -> None:
    """The second waits for the first, and finds nothing left to do."""
    upgrade(f"{NEXT} SELECT pg_sleep(0.2);")
    failed: list[Exception] = []

    def start(name: str) -> None:
        try:
            started(tmp_path / name, own)
        except Exception as error:  # noqa: BLE001  told below
            failed.append(error)

    both = [threading.Thread(target=start, args=(name,)) for name in ("state", "other")]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert failed == []
    assert ask(own, "SELECT job FROM hotfolder.novelty") == [(1,)]


def test_an_older_daemon_at_work_is_not_disturbed(
    tmp_path: Path, own: str, upgrade: Callable[[str], int]
) -> None:
    """The newer one says where it is; once it has ended, the newer one goes on."""
    (tmp_path / "other").mkdir()
    with Journal(tmp_path / "other", own, clock=StandingClock()) as older:
        version = upgrade(NEXT)
        with pytest.raises(JournalOlder, match="still worked on by an older hotfolder on "):
            started(tmp_path / "state", own)
        assert Desk(older, StandingClock()).accept("bob.jpg").id == 2
    started(tmp_path / "state", own)
    assert ask(own, VERSION) == [(str(version),)]


def test_an_older_daemon_that_slept_is_told(
    tmp_path: Path, own: str, upgrade: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was suspended while the tables became others: it writes nothing, and cannot come back."""
    (tmp_path / "other").mkdir()
    monkeypatch.setattr(seat.Seat, "keep", lambda _self: None)
    with Journal(tmp_path / "other", own, clock=StandingClock()) as older:
        desk = Desk(older, StandingClock())
        ask(own, "UPDATE hotfolder.seat SET until = '-infinity'")
        upgrade(NEXT)
        started(tmp_path / "state", own)
        with pytest.raises(JournalTakenOver, match="did not answer"):
            desk.accept("bob.jpg")
    monkeypatch.undo()
    with pytest.raises(JournalNewer, match="install that one here, too"):
        started(tmp_path / "other", own)
    assert ask(own, "SELECT count(*) FROM hotfolder.job") == [(1,)]


def test_the_first_layout_becomes_the_present_one(tmp_path: Path, own: str, stored: str) -> None:
    """By its migrations, which come to what a new database begins with; its jobs go on."""
    before = ask(stored, "SELECT id, state FROM hotfolder.job ORDER BY id")
    with Journal(tmp_path / "stored", stored, clock=StandingClock()) as journal:
        desk = Desk(journal, StandingClock())
        assert ask(stored, "SELECT id, state FROM hotfolder.job ORDER BY id") == before
        assert desk.accept("new.jpg").id == len(before) + 1
    assert catalog(stored) == catalog(own)


def test_migrations_have_the_numbers_and_names_of_the_files() -> None:
    """From the first layout on: version 40 is the same program's in both."""
    of_file = list(migrations_in("migrations"))[layout.FIRST :]
    assert list(migrations_in("postgresql/migrations")) == of_file


@pytest.mark.parametrize(("version", "error"), [(10**6, JournalNewer), (1, JournalOlder)])
def test_another_programs_tables_are_left_alone(
    tmp_path: Path, own: str, version: int, error: type[Exception]
) -> None:
    """Those of a newer one, and of one from before there were any: neither begun nor read."""
    ask(own, VERSION_IS, str(version))
    before = catalog(own)
    with pytest.raises(error, match="hotfolder"):
        started(tmp_path / "state", own)
    with pytest.raises(error, match="hotfolder"):
        Reader(tmp_path / "state", own)
    assert (catalog(own), ask(own, VERSION)) == (before, [(str(version),)])
