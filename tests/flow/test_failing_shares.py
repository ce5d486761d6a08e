"""Shares that answer with errors: whatever they say, wherever, nothing is lost or paid twice."""

from __future__ import annotations

import errno
import os
from functools import partial
from typing import TYPE_CHECKING

import pytest

from hotfolder import preflight
from tests.mounting import failing_share
from tests.studio import picture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from tests.mounting import Orders
    from tests.studio import Studio

OFTEN = 'detect = "scan"\nscan_interval = 0.2'
AWAY = ["ESTALE", "EIO", "ENOTCONN", "EHOSTDOWN"]
RETRIED_AFTER_S = 61.0
STEPS_OF_PUBLISHING = [("create",), ("write",), ("fsync",), ("rename", "link")]
# Every error at two of the steps, every step with three of the errors; the others are long.
REFUSED = {
    "ENOSPC": "full",
    "EDQUOT": "full",
    "EROFS": "read-only",
    "EIO": "not reachable",
    "ESTALE": "not reachable",
    "ENOTCONN": "not reachable",
}


@pytest.fixture
def input_share(studio: Studio) -> Iterator[Orders]:
    """Let the studio's input be a share that fails as it is ordered to."""
    studio.configure(watch=OFTEN, watches=["other"])
    with failing_share(studio.input) as orders:
        yield orders


@pytest.fixture
def output_share(studio: Studio) -> Iterator[Orders]:
    """Let the studio's output be a share that fails as it is ordered to."""
    with failing_share(studio.output) as orders:
        yield orders


def watch(studio: Studio) -> dict[str, Any]:
    """Return what `status --json` shows of the studio's watch."""
    return next(each for each in studio.status()["watches"] if each["name"] == "studio")


def words(name: str) -> str:
    """Return what the system calls an error."""
    return os.strerror(getattr(errno, name))


@pytest.mark.parametrize("operation", ["getattr", "readdir"])
@pytest.mark.parametrize("error", AWAY)
async def test_a_share_that_fails_is_offline(
    studio: Studio, input_share: Orders, error: str, operation: str
) -> None:
    """With the reason; nothing counts as deleted, others go on, and back it goes on itself."""
    studio.drop("done.jpg", number=1)
    async with studio.running():
        await studio.until_states(done=1)
        await studio.send("pause", watch="studio")
        studio.drop("waiting.jpg", number=2)
        await studio.until_states(done=1, accepted=1)
        input_share.fail(error, operation, "open")
        await studio.until(lambda: not watch(studio)["online"], "the watch is offline")
        await studio.until(lambda: words(error) in watch(studio)["reason"], "the reason")
        assert studio.explain("waiting.jpg", daemon=True)["verdict"] == "offline"
        await studio.send("resume", watch="studio")
        (studio.folder / "other-in" / "other.jpg").write_bytes(picture(3))
        await studio.until_states(done=2, accepted=1)
        input_share.heal()
        await studio.until_states(done=3)
        await studio.until(lambda: watch(studio)["online"], "the watch is online")
        assert watch(studio)["reason"] is None
    assert len(studio.ledger().tasks) == 3


@pytest.mark.parametrize(("operation", "at"), [("readdir", "/bad"), ("getattr", "/bad/b")])
async def test_one_place_that_fails_stops_no_other(
    studio: Studio, input_share: Orders, operation: str, at: str
) -> None:
    """What cannot be listed or looked at, a folder or a file, is named; all else goes on."""
    studio.drop("bad/a.jpg", number=1)
    studio.drop("bad/b.jpg", number=2)
    input_share.fail("EIO", operation, at=at)
    reached = 1 if operation == "readdir" else 2
    async with studio.running():
        studio.drop("good/c.jpg", number=3)
        await studio.until_states(done=reached)
        await studio.until(lambda: "'bad" in (watch(studio)["reason"] or ""), "it is named")
        assert watch(studio)["online"]
        input_share.heal()
        await studio.until_states(done=3)
        await studio.until(lambda: watch(studio)["reason"] is None, "all is well")
    assert len(studio.ledger().tasks) == 3


@pytest.mark.parametrize("error", ["EIO", "EACCES"])
async def test_an_ignore_file_that_cannot_be_read_stops_no_other_folder(
    studio: Studio, input_share: Orders, error: str
) -> None:
    """Its own folder waits, for nobody knows what is to be ignored there."""
    studio.drop("bad/a.jpg", number=1)
    (studio.input / "bad" / ".hotfolderignore").write_text("b.jpg\n", "utf-8")
    input_share.fail(error, "open", at="/bad/.hotfolderignore")
    async with studio.running():
        studio.drop("good/c.jpg", number=2)
        await studio.until_states(done=1)
        assert watch(studio)["online"]
        input_share.heal()
        await studio.until_states(done=2)
    assert len(studio.ledger().tasks) == 2


async def test_a_folder_that_can_be_read_at_last_is_a_backlog(
    studio: Studio, input_share: Orders
) -> None:
    """What it held when the watch was new stood there; what else stood there went on."""
    studio.configure(watch=OFTEN, limits="backlog = 2")
    for number in range(3):
        studio.drop(f"bad/{number}.jpg", number=number)
    studio.drop("good/a.jpg", number=10)
    input_share.fail("EACCES", "readdir", at="/bad")
    async with studio.running():
        await studio.until_states(done=1)
        studio.drop("good/b.jpg", number=11)
        await studio.until_states(done=2)
        input_share.heal()
        await studio.until(lambda: studio.holds() == ["backlog:studio"], "the rest is held")
        assert studio.hold()["count"] == 3
    assert len(studio.ledger().tasks) == 2


@pytest.mark.parametrize("error", AWAY)
async def test_a_picture_that_cannot_be_read_waits(
    studio: Studio, input_share: Orders, error: str
) -> None:
    """Before it is a job, and when it is to be uploaded: it says why, and is paid once, later."""
    async with studio.running():
        input_share.fail(error, "read", at="/ann.jpg")
        studio.drop("ann.jpg", number=1)
        studio.drop("bob.jpg", number=2)
        await studio.until_states(done=1)
        told = await studio.send("settling", watch="studio", path="ann.jpg")
        assert words(error) in told[0]
        await studio.send("pause", watch="studio")
        input_share.heal()
        await studio.until_states(done=1, accepted=1)
        input_share.fail(error, "read", at="/ann.jpg")
        await studio.send("resume", watch="studio")
        await studio.until(lambda: words(error) in reason(studio, "ann.jpg"), "it says why")
        assert studio.states() == {"done": 1, "accepted": 1}
        input_share.heal()
        studio.wait(RETRIED_AFTER_S)
        await studio.until_states(done=2)
    assert len(studio.ledger().tasks) == 2


@pytest.mark.parametrize("error", REFUSED)
@pytest.mark.parametrize(
    "others", [False, pytest.param(True, marks=pytest.mark.long)], ids=["half", "other-half"]
)
async def test_a_paid_result_waits_for_a_share_that_refuses(
    studio: Studio, output_share: Orders, error: str, *, others: bool
) -> None:
    """Wherever it fails: nothing half-done is seen, nothing more is paid, and it is delivered."""
    first, hint = (list(REFUSED).index(error) + others) % 2, REFUSED[error]
    steps = STEPS_OF_PUBLISHING[first::2]
    async with studio.running():
        for number, operations in enumerate(steps, 1):
            studio.simulator.update_settings(task_s=0.5)
            studio.drop(f"p{number}.jpg", number=number)
            await studio.until(lambda: "running" in studio.states(), "it is paid")
            output_share.fail(error, *operations)
            await studio.until(lambda: studio.holds() == ["watch:studio"], "the hold")
            assert hint in studio.hold()["hint"]
            assert words(error) in studio.hold()["reason"]
            studio.drop(f"late{number}.jpg", number=100 + number)
            await studio.until(partial(has_jobs, studio, 2 * number), "the next")
            assert [each for each in studio.outputs() if not each.startswith(".")] == delivered(
                number
            )
            assert len(studio.ledger().tasks) == 2 * number - 1
            output_share.heal()
            studio.wait(RETRIED_AFTER_S)
            await studio.until_states(done=2 * number)
            assert studio.holds() == []
    assert studio.outputs() == delivered(len(steps) + 1)
    assert len(studio.ledger().tasks) == 2 * len(steps)
    assert studio.ledger().requests["download"] == 2 * len(steps)


async def test_an_output_without_links_gets_its_results(
    studio: Studio, output_share: Orders
) -> None:
    """Like `rclone mount`, which knows plain renames only: all are published, none is replaced."""
    output_share.fail("EINVAL", "flagged_rename")
    output_share.fail("EIO", "link")
    (studio.output / "p000.jpg").write_bytes(b"somebody's")
    studio.drop_many(5)
    await studio.once()
    assert studio.states() == {"done": 5}
    assert (studio.output / "p000.jpg").read_bytes() == b"somebody's"
    assert studio.outputs() == ["p000 (2).jpg", *(f"p{number:03}.jpg" for number in range(5))]
    assert len(studio.ledger().tasks) == 5


async def test_an_output_where_nothing_gets_its_name_is_held_before_it_is_paid(
    studio: Studio, output_share: Orders
) -> None:
    """Files can be written there and not be renamed: a trial file shows that."""
    output_share.fail("EIO", "flagged_rename", "link", "rename")
    studio.drop_many(3)
    async with studio.running():
        await studio.until(lambda: studio.holds() == ["watch:studio"], "the hold")
        assert words("EIO") in studio.hold()["reason"]
        assert len(studio.ledger().tasks) == 0
        # The first of three trials holds the watch, while the others may still be at theirs.
        await studio.until(lambda: studio.outputs() == [], "no trial leaves a trace")
        output_share.heal()

        def passes() -> bool:
            studio.wait(RETRIED_AFTER_S)
            return studio.states() == {"done": 3}

        await studio.until(passes, "the pictures are done")
    assert studio.outputs() == ["p000.jpg", "p001.jpg", "p002.jpg"]
    assert len(studio.ledger().tasks) == 3


async def test_a_share_that_lost_its_renames_is_paid_for_once(
    studio: Studio, output_share: Orders
) -> None:
    """While its watch is held, each further trial is a trial file, not a paid edit."""
    studio.drop("ann.jpg", number=1)
    async with studio.running():
        await studio.until_states(done=1)
        studio.simulator.update_settings(task_s=0.5)
        studio.drop("bob.jpg", number=2)
        await studio.until(lambda: "running" in studio.states(), "it is paid")
        output_share.fail("EACCES", "flagged_rename", "link", "rename")
        await studio.until(lambda: studio.holds() == ["watch:studio"], "the hold")
        studio.drop("cid.jpg", number=3)
        await studio.until(partial(has_jobs, studio, 3), "the next")
        for times in range(1, 4):
            studio.wait(3600)
            await studio.until(partial(had_trials, studio, times), "a trial")
        assert len(studio.ledger().tasks) == 2
        output_share.heal()
        studio.wait(3600)
        await studio.until_states(done=3)
    assert len(studio.ledger().tasks) == 3


async def test_check_names_an_output_where_nothing_gets_its_name(
    studio: Studio, output_share: Orders
) -> None:
    """Before the daemon is ever started; the trial leaves no trace."""
    assert preflight.access_problems(studio.config.watch) == []
    output_share.fail("EIO", "flagged_rename", "link", "rename")
    (problem,) = preflight.access_problems(studio.config.watch)
    assert "no result can be published in the output of watch studio" in problem
    assert studio.outputs() == []


def had_trials(studio: Studio, times: int) -> bool:
    """Return whether the only hold had so many trials."""
    return studio.trials() >= times


def has_jobs(studio: Studio, count: int) -> bool:
    """Return whether there are so many jobs."""
    return len(studio.jobs()) == count


def delivered(number: int) -> list[str]:
    """Return the outputs that there should be before the picture of a number."""
    return sorted(f"{name}{each}.jpg" for name in ("late", "p") for each in range(1, number))


def reason(studio: Studio, name: str) -> str:
    """Return why a picture's job does not go on."""
    return str(studio.explain(name)["reason"])
