"""A journal lost with its disk and put back from a copy: nothing is paid twice by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotfolder.domain.clock import utc_now
from hotfolder.journal import backup

if TYPE_CHECKING:
    from tests.studio import Studio

PICTURES = 20


async def test_a_restored_journal_pays_nothing_by_itself(studio: Studio) -> None:
    """A copy taken while 20 jobs run, put back elsewhere: what ran is fetched, the rest is held."""
    copy = studio.folder / "copy.db"
    studio.configure(limits="concurrency = 4")
    studio.drop_many(PICTURES)
    async with studio.running():
        await studio.until(lambda: studio.states().get("done", 0) >= 5, "some are done")
        backup.take(studio.state, copy)
        await studio.until_states(done=PICTURES)
    charged = len(studio.ledger().tasks)
    assert charged == PICTURES
    for output in studio.output.iterdir():
        output.unlink()

    studio.state = studio.folder / "state-anew"
    studio.state.mkdir()
    studio.configure(limits="concurrency = 4")
    backup.put_back(studio.state, copy, utc_now)
    before = studio.states()
    assert before.get("done", 0) >= 5
    assert before.get("accepted", 0) + before.get("uploaded", 0) >= 5
    async with studio.running():
        await studio.until(
            lambda: not studio.states().keys() & {"running", "finished", "fetched"},
            "what was paid is delivered",
        )
        after = studio.states()
    assert after.get("in_doubt", 0) == before.get("submitting", 0)
    delivered = (
        PICTURES
        - before.get("done", 0)
        - sum(after.get(each, 0) for each in ("accepted", "uploaded", "in_doubt"))
    )
    published = before.get("fetched", 0)  # some may have stood there when the copy was taken
    assert delivered - published <= len(studio.outputs()) <= delivered
    assert studio.hold_code() == "journal_restored"
    assert len(studio.ledger().tasks) == charged


async def test_what_was_paid_after_the_copy_can_be_cancelled(studio: Studio) -> None:
    """A job whose edit is there already is cancelled before the release, and costs nothing more."""
    copy = studio.folder / "copy.db"
    studio.configure(limits="concurrency = 1")
    studio.drop_many(PICTURES)
    async with studio.running():
        await studio.until(lambda: studio.states().get("done", 0) >= 1, "one is done")
        backup.take(studio.state, copy)
        await studio.until_states(done=PICTURES)
    backup.put_back(studio.state, copy, utc_now)
    waiting = [job for job in studio.jobs() if job["state"] in ("accepted", "uploaded")]
    assert waiting
    await studio.act("cancel", jobs=[job["id"] for job in waiting])
    await studio.act("release", watch="studio")
    await studio.once()
    assert len(studio.ledger().tasks) == PICTURES
    assert studio.holds() == []
