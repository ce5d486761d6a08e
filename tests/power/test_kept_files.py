"""A power cut amidst what is rarely done: a restore, an upgrade, a copy, a start, installing."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from importlib import resources
from random import Random
from typing import TYPE_CHECKING

from hotfolder.cli import beginning
from hotfolder.domain.clock import utc_now
from hotfolder.installation import Write
from hotfolder.journal import backup, connection, holds
from hotfolder.journal.connection import FILE_NAME
from hotfolder.journal.journal import Journal
from hotfolder.journal.roots import Marker
from hotfolder.watching import root
from tests.builders import Desk, StandingClock, make_old_journal
from tests.power.cuts import images
from tests.power.disk import lay_out
from tests.power.recorder import operations
from tests.power.scenario import recorded, sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.power.disk import Image

SEEDS = range(4)
OF_NO_ACCOUNT = (".part", ".lock")  # what nothing is read from after a cut


@contextmanager
def cut(tmp_path: Path) -> Iterator[tuple[Path, Callable[[], None], list[Image]]]:
    """Give a disk, what says that all so far is on it, and in the end its images after cuts.

    They are all different in what counts.
    """
    place, told = tmp_path / "disk", tmp_path / "record"
    place.mkdir()
    found: list[Image] = []
    begun: list[float] = []
    with recorded(place, told):
        yield place, lambda: begun.append(time.time()), found
    done, seen = operations(told), set[frozenset[tuple[str, bytes | None]]]()
    for seed in SEEDS:
        for each in images(done, begun[-1], Random(seed)):  # noqa: S311  no secret
            counted = frozenset(each.image.items() - unread(each.image))
            if counted not in seen:
                seen.add(counted)
                found.append(dict(counted))


def unread(image: Image) -> set[tuple[str, bytes | None]]:
    """Return the files of an image that nothing is read from."""
    return {(path, each) for path, each in image.items() if any(x in path for x in OF_NO_ACCOUNT)}


def whole(path: Path, asked: str) -> int:
    """Return a number of a journal's file, which must be whole."""
    with closing(sqlite3.connect(path)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return int(opened.execute(asked).fetchone()[0])


def accept(folder: Path, *names: str) -> None:
    """Accept jobs and close the journal."""
    clock = StandingClock()
    with Journal(folder, clock=clock) as journal:
        desk = Desk(journal, clock)
        for name in names:
            desk.accept(name, content=name)


def left_open(folder: Path, *names: str) -> None:
    """Accept jobs and leave the journal as a kill does: with its log."""
    clock = StandingClock()
    with Journal(folder, clock=clock) as journal:
        desk = Desk(journal, clock)
        for name in names:
            desk.accept(name, content=name)
        kept = {each: each.read_bytes() for each in folder.glob(f"{FILE_NAME}*")}
    for each, content in kept.items():
        if not each.name.endswith("-shm"):
            each.write_bytes(content)


def test_a_cut_amidst_a_restore_leaves_one_journal_or_the_other(tmp_path: Path) -> None:
    """Whole, the copy with every watch held: no log of one is ever read into the other."""
    with cut(tmp_path) as (place, begin, found):
        state = place / "state"
        state.mkdir()
        accept(state, "a.jpg")
        backup.take(state, place / "copy.db")
        left_open(state, "b.jpg", "c.jpg")
        begin()
        backup.put_back(state, place / "copy.db", utc_now)
    seen = set()
    for number, image in enumerate(found):
        folder = tmp_path / str(number)
        lay_out({path: each for path, each in image.items() if path.startswith("state/")}, folder)
        with Journal(folder / "state") as journal:
            held = len(journal.run_blocking(holds.holds))
        seen.add((whole(folder / "state" / FILE_NAME, "SELECT count(*) FROM source"), held))
    assert seen == {(3, 0), (1, 2)}


def test_a_cut_amidst_an_upgrade_keeps_the_older_journal(tmp_path: Path) -> None:
    """Once the journal is the newer program's, the copy for the older one is there whole."""
    version = len(connection.migrations()) - 1
    with cut(tmp_path) as (place, begin, found):
        make_old_journal(place / FILE_NAME, version)
        begin()
        connection.open_writer(place / FILE_NAME).close()
    seen = set()
    for number, image in enumerate(found):
        folder, asked = tmp_path / str(number), "PRAGMA user_version"
        lay_out(image, folder)
        seen.add(now := whole(folder / FILE_NAME, asked))
        if now > version:
            assert whole(folder / f"{FILE_NAME}.version-{version}", asked) == version
    assert seen == {version, version + 1}


def test_a_days_copy_is_there_once_it_was_taken(tmp_path: Path) -> None:
    """Its folder, too, which is made with the first."""
    with cut(tmp_path) as (place, begin, found):
        accept(place, "a.jpg")
        sync(place)
        begin()
        backup.take_daily(place, place / "backups", datetime(2026, 11, 22, tzinfo=UTC), 7)
        (place / "taken").mkdir()
        sync(place / "taken")
    for image in found:
        if "taken" in image:
            assert image["backups/journal-2026-11-22.db"]


def test_an_installed_file_is_whole_or_not_there(tmp_path: Path) -> None:
    """Neither the config nor the key is ever there in part, and it is there once written."""
    with cut(tmp_path) as (place, begin, found):
        begin()
        Write(path=place / "etc" / "studio" / "key", text="k" * 32, why="").take()
        (place / "written").mkdir()
        sync(place / "written")
    assert {image.get("etc/studio/key") for image in found} == {None, b"k" * 32}
    written = {image.get("etc/studio/key") for image in found if "written" in image}
    assert written == {b"k" * 32}


def test_a_folders_marker_and_a_new_config_are_there_once_written(tmp_path: Path) -> None:
    """Content and name are on the disk when the call returns, the folders made for them, too."""
    with cut(tmp_path) as (place, begin, found):
        begin()
        root.write(place, Marker(folder="f" * 32, journal="j" * 32, lines=7))
        (place / "marked").mkdir()
        beginning.init(place / "work" / "studio", full=True)
        (place / "begun").mkdir()
        sync(place / "begun")
    wanted = resources.files("hotfolder").joinpath("config.example.toml").read_bytes()
    told = [each for each in found if "begun" in each]
    assert told
    assert {each.get("work/studio/hotfolder.toml") for each in told} == {wanted}
    lost = [each for each in found if "marked" in each and not each.get(root.MARKER_NAME)]
    assert not lost
