"""What a daemon does once in a while, over months."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hotfolder.housekeeping import Housekeeping
from hotfolder.journal import backup, reading
from hotfolder.journal.journal import Journal

if TYPE_CHECKING:
    from tests.studio import Studio

DAY_S = 86_400.0


async def rounds(studio: Studio, count: int, *, every_s: float) -> None:
    """Make so many rounds, some time apart, without a daemon."""
    with Journal(studio.state, clock=studio.clock) as journal:
        keeping = Housekeeping(journal, lambda: studio.config)
        for _ in range(count):
            await keeping.round()
            studio.wait(every_s)


async def test_the_daemon_keeps_daily_copies(studio: Studio) -> None:
    """The first copy is taken once there is something to copy, then one a day; the newest stay."""
    backups = studio.state / "backups"
    studio.drop("ann.jpg")
    studio.state.mkdir()
    await rounds(studio, 1, every_s=0)
    assert not backups.exists(), "the copy of an empty journal would be the day's"
    await studio.once()
    async with studio.running():
        await studio.until(lambda: list(backups.glob(backup.DAILY_GLOB)), "a copy")
    await rounds(studio, 40, every_s=DAY_S / 4)
    assert len(list(backups.iterdir())) == 7


async def test_a_disk_for_copies_that_is_away_stops_nothing(studio: Studio) -> None:
    """Copies that cannot be taken are told in the log; the work goes on."""
    studio.configure(limits='[backup]\nfolder = "/proc/nowhere"')
    studio.drop("ann.jpg")
    async with studio.running():
        await studio.until_states(done=1)


async def test_old_history_goes_and_the_memory_of_payment_stays(studio: Studio) -> None:
    """After `history_days` the lines of ended jobs go; the same picture is still not paid again."""
    studio.configure(limits="history_days = 30")
    studio.drop("ann.jpg", number=1)
    studio.drop("bob.txt", "no picture")
    await studio.once()
    assert studio.history("ann.jpg")
    await rounds(studio, 1, every_s=31 * DAY_S)
    assert studio.history("ann.jpg")
    await rounds(studio, 1, every_s=0)
    assert len(studio.history("ann.jpg")) == 1  # the end of all history
    studio.drop("ann.jpg", number=1)
    await studio.once()
    assert studio.states() == {"done": 1}
    assert len(studio.ledger().tasks) == 1


async def test_a_long_rest_makes_no_older_journal(studio: Studio) -> None:
    """All jobs ended long ago: the history's end stays, by which a copy put back is known."""
    studio.configure(limits="history_days = 30")
    studio.drop("ann.jpg", number=1)
    await studio.once()
    await studio.once()
    newest = studio.read(reading.newest_event)
    await rounds(studio, 2, every_s=31 * DAY_S)
    assert studio.read(reading.newest_event) == newest
    studio.drop("bob.jpg", number=2)
    await studio.once()
    assert studio.holds() == []
    assert studio.states() == {"done": 2}


async def test_the_history_of_open_jobs_stays(studio: Studio) -> None:
    """A job that waits for months keeps its history, however old it gets."""
    studio.configure(limits="history_days = 1", rules=['match = ["*.jpg"]'])
    studio.drop("ann.jpg")
    await studio.once()
    assert studio.states() == {"accepted": 1}
    lines = studio.history("ann.jpg")
    assert lines
    await rounds(studio, 3, every_s=timedelta(days=30).total_seconds())
    assert studio.history("ann.jpg") == lines
