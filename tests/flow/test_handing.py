"""A watch that is handed over: left once nothing of it is under way, and nobody waits for that."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from hotfolder.bell import Bell
from hotfolder.domain.errors import JournalUnavailable
from hotfolder.outputs import publish
from hotfolder.watching.leasing import Leasing
from tests.cluster import CLUSTER
from tests.studio import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Collection

    from hotfolder.config import Config
    from tests.studio import Studio

CUT_OFF = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND datname = current_database()
"""


@pytest.fixture
def database(studio: Studio) -> str:
    """Give the studio a journal in a database, and return its url."""
    url = CLUSTER.database()
    studio.configure(journal=url)
    return url


class Held:
    """A point that a thread does not pass until it is released."""

    def __init__(self, point: str) -> None:
        self._point = point
        self.reached, self.released = threading.Event(), threading.Event()

    def __call__(self, point: str) -> None:
        """Stop there."""
        if point == self._point:
            self.reached.set()
            assert self.released.wait(LIMIT_S)


def spoil(url: str, statement: str) -> None:
    """Do something to a database that its server's owner might do."""
    with psycopg.connect(url, autocommit=True) as opened:
        opened.execute(statement)


def followers(url: str) -> dict[str, int]:
    """Return the epoch of who follows each watch, 0 = nobody."""
    with psycopg.connect(url, autocommit=True) as opened:
        return dict(opened.execute("SELECT watch, epoch FROM hotfolder.lease").fetchall())


def followed(studio: Studio) -> list[str]:
    """Return what the daemon follows."""
    parts = studio.parts
    return [] if parts is None else [each.watch.name for each in parts.watches.watchers]


async def handed_over_after(studio: Studio, held: Held) -> None:
    """Hand the watch over: it is left once what is held goes on, and not before."""
    parts, url = studio.parts, studio.config.journal.url
    assert parts is not None
    await studio.send("handover", watch="studio")
    await studio.until(lambda: not followed(studio), "it follows it no more")
    for _ in range(3):
        await parts.leasing.look()
    assert followers(url)["studio"] != 0
    held.released.set()
    await studio.until(lambda: followers(url)["studio"] == 0, "it is left")


async def test_a_watch_is_left_once_its_original_is_moved(studio: Studio, database: str) -> None:
    """Nobody else looks at the folder while a file of it is on its way."""
    held = Held("original.named")
    studio.edge(failpoint=held)
    studio.configure(journal=database, watch='originals = "move"')
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until(held.reached.is_set, "the original is being moved")
        await handed_over_after(studio, held)
    assert not (studio.input / "ann.jpg").exists()


async def test_a_watch_is_left_once_its_note_is_written(
    studio: Studio, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the next machine finds it, and writes no second one."""
    held, write = Held(""), publish.publish

    def slowly(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401  of publish
        held("")
        return write(*arguments, **named)

    monkeypatch.setattr(publish, "publish", slowly)
    studio.configure(journal=database, watch='notes = "failures"')
    studio.drop("ann.jpg", "no picture")
    async with studio.running():
        await studio.until(held.reached.is_set, "the note is being written")
        await handed_over_after(studio, held)
    assert studio.outputs() == ["ann.jpg.failed.txt"]


async def test_what_hangs_of_a_watch_keeps_no_other_from_being_taken(
    studio: Studio, database: str
) -> None:
    """A machine whose share hangs as it leaves a watch takes over what others leave meanwhile."""
    held = Held("original.named")
    config: dict[str, Any] = {"watches": ["two"], "watch": 'originals = "move"'}
    studio.configure(journal=database, **config)
    studio.edge(failpoint=held)
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until(held.reached.is_set, "the original is being moved")
        await studio.send("handover", watch="studio")
        await studio.send("handover", watch="two")
        await studio.until(lambda: followers(database)["two"] == 0, "the second is left")
        spoil(database, "UPDATE hotfolder.lease SET kept_until = '-infinity'")
        await studio.until(lambda: followed(studio) == ["two"], "it is taken again")
        assert followers(database)["studio"] != 0
        held.released.set()


async def test_a_config_that_could_not_be_put_is_put_at_the_next_look(
    studio: Studio, database: str
) -> None:
    """The database was away between the lease and the watcher: no watch is had and not followed."""
    tries: list[list[str]] = []

    async def put(wanted: Config, _others: Collection[str]) -> None:
        tries.append([each.name for each in wanted.watch])
        if len(tries) == 1:
            spoil(database, CUT_OFF)
            raise JournalUnavailable("away")

    async def left(_watch: str) -> None:
        """Wait for nothing."""

    studio.state.mkdir()
    with studio.journal() as journal:
        leasing = Leasing(journal, studio.config, bell=Bell(), put=put, left=left)
        with pytest.raises(JournalUnavailable):
            await leasing.begin()
        with suppress(JournalUnavailable):  # the connection that was cut
            await leasing.look()
        await leasing.look()
    assert tries == [["studio"], ["studio"]]
