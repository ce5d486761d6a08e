"""A folder that was full before anybody asked: nothing of it is paid until a person says so."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from hotfolder.domain.failures import RESTORED
from hotfolder.journal import holds, identities
from tests.studio import RULE

if TYPE_CHECKING:
    from tests.studio import Studio

LIMIT = "backlog = 3"
JPEGS = f'match = ["*.jpg"]\n{RULE}'
PNGS_TOO = f'match = ["*.jpg", "*.png"]\n{RULE}'
EVENTS = 'detect = "events"\nscan_interval = 300.0'
SCAN = 'detect = "scan"\nscan_interval = 0.2'


def backlog(studio: Studio) -> int:
    """Return how many are held, as `status` tells it."""
    listed = studio.status()["holds"]
    return sum(each["count"] for each in listed if each["scope"] == "backlog:studio")


def learned(studio: Studio, name: str) -> bool:
    """Whether the journal knows what a source shows."""
    path = name.encode()
    row = studio.read(lambda session: session.row("find_source", watch=1, path=path))
    return bool(studio.read(identities.essence, row["content_hash"], 1))


def drop_pngs(studio: Studio, count: int) -> None:
    """Put so many PNG pictures into the input folder."""
    for number in range(count):
        studio.drop(f"q{number}.png", number=100 + number)


async def full(studio: Studio, count: int = 5) -> None:
    """Start for the first time over a folder with more than the limit."""
    studio.configure(limits=LIMIT)
    studio.drop_many(count)
    await studio.once()


async def test_a_full_folder_is_held(studio: Studio) -> None:
    """Neither read nor accepted; number and estimate are told, and each file is explained."""
    await full(studio)
    assert studio.jobs() == []
    assert not {"upload", "submit"} & studio.ledger().requests.keys()
    assert studio.hold()["count"] == 5
    assert studio.hold()["estimate"] == pytest.approx(5 * estimate(studio))
    told = studio.explain("p000.jpg")
    assert told["verdict"] == "held"
    assert "release" in told["reason"]
    await studio.once()
    assert backlog(studio) == 5
    assert studio.jobs() == []


def estimate(studio: Studio) -> float:
    """Return what one edit is expected to cost, as the catalog says."""
    rule = studio.config.watch[0].rule[0]
    model = studio.config.watch[0].catalog.find(rule.model)
    assert model is not None
    assert model.price is not None
    assert model.price.price is not None
    return float(model.price.price)


async def test_few_pictures_are_taken(studio: Studio) -> None:
    """As many as the limit are no backlog."""
    await full(studio, count=3)
    assert studio.states() == {"done": 3}
    assert backlog(studio) == 0


async def test_zero_never_holds(studio: Studio) -> None:
    """limits.backlog = 0 takes any number, also what was held before."""
    await full(studio)
    studio.configure(limits="backlog = 0")
    await studio.once()
    assert studio.states() == {"done": 5}
    assert backlog(studio) == 0


@pytest.mark.parametrize("watch", [EVENTS, SCAN])
async def test_what_is_dropped_goes_on_meanwhile(studio: Studio, watch: str) -> None:
    """However many are dropped while others are held, they are edited."""
    studio.configure(limits=LIMIT, watch=watch)
    studio.drop_many(5)
    async with studio.running():
        drop_pngs(studio, 5)
        await studio.until_states(done=5)
        assert backlog(studio) == 5
    drop_pngs(studio, 9)
    await studio.once()
    assert studio.states() == {"done": 9}
    assert backlog(studio) == 5


@pytest.mark.parametrize("running", [True, False])
async def test_release_lets_them_go(studio: Studio, *, running: bool) -> None:
    """With the daemon at once, without it at its next start; each is paid once."""
    await full(studio)
    if running:
        async with studio.running():
            await studio.send("release", watch="studio")
            await studio.until_states(done=5)
    else:
        assert "5 files" in (await studio.act("release", watch="studio"))[0]
        await studio.once()
    assert studio.states() == {"done": 5}
    assert backlog(studio) == 0
    assert len(studio.ledger().tasks) == 5


async def test_skip_leaves_them_out(studio: Studio) -> None:
    """They are not paid, whatever happens to their files, unless they are surely other pictures."""
    await full(studio)
    await studio.act("release", watch="studio", skip=True)
    for path in studio.input.iterdir():
        os.utime(path, (1, 1))
    await studio.once()
    assert (studio.jobs(), backlog(studio)) == ([], 0)
    told = studio.explain("p000.jpg")
    assert told["verdict"] == "skipped"
    assert "--skip" in told["reason"]
    studio.drop("p000.jpg", number=4000)
    await studio.once()
    assert studio.jobs() == []
    async with studio.running():
        await studio.until(lambda: learned(studio, "p001.jpg"), "it is learned")
        studio.drop("p001.jpg", number=4001)
        await studio.until_states(done=1)


async def test_once_release_holds_nothing_back(studio: Studio) -> None:
    """`once --release` takes what stands there, and what was held before."""
    await full(studio)
    await studio.once(release=True)
    assert studio.states() == {"done": 5}
    assert backlog(studio) == 0


async def test_a_wider_rule_holds_what_it_newly_takes(studio: Studio) -> None:
    """Only that: what the narrower rule would have taken was dropped while nobody looked."""
    studio.configure(limits=LIMIT, rules=[JPEGS])
    studio.drop_many(2)
    drop_pngs(studio, 5)
    await studio.once()
    assert studio.states() == {"done": 2}
    for number in range(2, 9):
        studio.drop(f"p{number}.jpg", number=number)
    studio.configure(limits=LIMIT, rules=[PNGS_TOO])
    await studio.once()
    assert studio.states() == {"done": 9}
    assert backlog(studio) == 5


@pytest.mark.parametrize("text", ["q0.*\n", None])
@pytest.mark.parametrize("watch", [EVENTS, SCAN])
async def test_what_an_ignore_file_no_longer_ignores_is_held(
    studio: Studio, watch: str, text: str | None
) -> None:
    """Narrowed or deleted while hotfolder runs; what is dropped goes on, also later."""
    ignore_file = studio.drop(".hotfolderignore", "q*\n")
    studio.configure(limits=LIMIT, watch=watch)
    drop_pngs(studio, 5)
    async with studio.running():
        studio.drop("p0.jpg", number=0)
        await studio.until_states(done=1)
        drop_pngs(studio, 6)
        if text is None:
            ignore_file.unlink()
        else:
            ignore_file.write_text(text)
        held = 6 if text is None else 5
        await studio.until(lambda: backlog(studio) == held, "they are held")
        assert studio.explain("q1.png")["verdict"] == "held"
        studio.drop("qnew.png", number=7)
        await studio.until_states(done=2)
        await studio.send("release", watch="studio")
        await studio.until_states(done=2 + held)
    await studio.once()
    assert studio.states() == {"done": 2 + held}


async def test_an_ignore_file_changed_while_nothing_ran(studio: Studio) -> None:
    """What it ignored when the watch was last looked at is held, what was dropped since is not."""
    studio.configure(limits=LIMIT)
    studio.drop(".hotfolderignore", "q*\n")
    drop_pngs(studio, 5)
    await studio.once()
    studio.drop_many(9)
    (studio.input / ".hotfolderignore").unlink()
    await studio.once()
    assert studio.states() == {"done": 9}
    assert backlog(studio) == 5


async def test_a_mended_ignore_file_lets_few_go_at_once(studio: Studio) -> None:
    """While it is broken all waits; what waited counts as having stood there."""
    studio.configure(limits=LIMIT, watch=SCAN)
    for folder, count in (("many", 5), ("few", 2)):
        studio.drop(f"{folder}/.hotfolderignore", b"\xff\xfe\xff")
        for number in range(count):
            studio.drop(f"{folder}/{number}.jpg", number=number + 10 * count)
    async with studio.running():
        studio.drop("p0.jpg", number=0)
        await studio.until_states(done=1)
        studio.drop("few/.hotfolderignore", "")
        await studio.until_states(done=3)
        studio.drop("many/.hotfolderignore", "")
        await studio.until(lambda: backlog(studio) == 5, "they are held")
    assert studio.states() == {"done": 3}


async def test_a_narrower_rule_lets_the_rest_go(studio: Studio) -> None:
    """What no rule takes any more is not held; few that are left need nobody."""
    studio.configure(limits=LIMIT, rules=[PNGS_TOO])
    studio.drop_many(2)
    drop_pngs(studio, 5)
    await studio.once()
    assert studio.jobs() == []
    studio.configure(limits=LIMIT, rules=[JPEGS])
    await studio.once()
    assert studio.states() == {"done": 2}
    assert backlog(studio) == 0


async def test_another_rule_still_holds_what_was_held(studio: Studio) -> None:
    """A changed rule does not turn what was held into what was dropped."""
    studio.configure(limits=LIMIT, rules=[JPEGS])
    studio.drop_many(5)
    await studio.once()
    studio.configure(limits=LIMIT, rules=[PNGS_TOO])
    await studio.once()
    assert studio.jobs() == []
    assert backlog(studio) == 5


async def test_a_new_journal_holds_a_finished_folder(studio: Studio) -> None:
    """Where the journal was lost, finished pictures are not all paid again."""
    studio.configure(limits="backlog = 0")
    studio.drop_many(5)
    await studio.once()
    studio.configure(limits=LIMIT)
    studio.state = studio.folder / "new-state"
    studio.configure(limits=LIMIT)
    await studio.once()
    assert studio.jobs() == []
    assert backlog(studio) == 5
    assert len(studio.ledger().tasks) == 5


async def test_a_restart_of_the_same_watch_holds_nothing(studio: Studio) -> None:
    """What was dropped while nobody looked is taken, however many: nothing changed."""
    studio.configure(limits=LIMIT)
    await studio.once()
    studio.drop_many(9)
    await studio.once()
    assert studio.states() == {"done": 9}


async def test_a_moved_folder_of_held_pictures_stays_held(studio: Studio) -> None:
    """Renaming the folder lets none of them go; one that is dropped into it does go."""
    studio.configure(limits=LIMIT, watch=EVENTS)
    for number in range(5):
        studio.drop(f"day/p{number}.jpg", number=number)
    async with studio.running():
        (studio.input / "day").rename(studio.input / "night")
        studio.drop("night/new.jpg", number=99)
        await studio.until_states(done=1)
    await studio.once()
    assert studio.states() == {"done": 1}
    assert studio.explain("night/p0.jpg")["verdict"] == "held"
    assert backlog(studio) == 5


async def test_a_share_that_comes_back_otherwise_lets_none_go(studio: Studio) -> None:
    """New times and inode numbers of held pictures, as after a NAS's return, change nothing."""
    await full(studio)
    for path in list(studio.input.iterdir()):
        fresh = path.with_name(".fresh")
        fresh.write_bytes(path.read_bytes())
        fresh.rename(path)
    await studio.once()
    assert studio.jobs() == []
    assert backlog(studio) == 5


async def test_a_held_picture_dropped_again_is_edited(studio: Studio) -> None:
    """Deleted and dropped, or overwritten with what is known to be another, it was dropped."""
    studio.configure(limits=LIMIT, watch=EVENTS)
    studio.drop_many(5)
    async with studio.running():
        path = studio.input / "p000.jpg"
        content = path.read_bytes()
        path.unlink()
        studio.drop("new.jpg", number=99)
        await studio.until_states(done=1)
        path.write_bytes(content)
        await studio.until(lambda: learned(studio, "p001.jpg"), "it is learned")
        studio.drop("p001.jpg", number=4000)
        await studio.until_states(done=3)
    assert backlog(studio) == 3


async def test_a_restored_journal_holds_whatever_it_does_not_know(studio: Studio) -> None:
    """Its watch is held however few they are; released, they are edited."""
    await full(studio, count=1)
    with studio.journal() as journal:  # as `restore` does to the copy
        await journal.run(holds.stop, "watch:studio", RESTORED)
    studio.drop("paid-after-the-backup.jpg", number=7)
    await studio.once()
    assert studio.states() == {"done": 1}
    assert sorted(studio.holds()) == ["backlog:studio", "watch:studio"]
    assert {each["reason"] for each in studio.status()["holds"]} == {RESTORED.message}
    told = studio.explain("paid-after-the-backup.jpg")
    assert (told["verdict"], RESTORED.message in told["reason"]) == ("held", True), told
    await studio.act("release", watch="studio")
    await studio.once()
    assert studio.states() == {"done": 2}
    assert studio.holds() == []


async def test_a_full_folder_of_sets_counts_sets(studio: Studio) -> None:
    """Files that make one job together are one; the estimate is theirs, once."""
    pairs = 'model = "kling-video-o1/start-to-end"\nset_wait = 0.1'
    studio.configure(limits=LIMIT, rules=[pairs])
    for number in range(3):
        studio.drop(f"p{number}.first.jpg", number=2 * number)
        studio.drop(f"p{number}.last.jpg", number=2 * number + 1)
    await studio.once()
    assert studio.states() == {"done": 3}, studio.summary()


async def test_more_sets_than_the_limit_are_held(studio: Studio) -> None:
    """All of their files, at the price of the sets."""
    pairs = 'model = "kling-video-o1/start-to-end"\nset_wait = 0.1'
    studio.configure(limits="backlog = 1", rules=[pairs])
    for number in range(2):
        studio.drop(f"p{number}.first.jpg", number=2 * number)
        studio.drop(f"p{number}.last.jpg", number=2 * number + 1)
    await studio.once()
    assert studio.states() == {}
    assert studio.hold()["count"] == 4
    expected = studio.hold()["estimate"]
    await studio.once(release=True)
    assert studio.states() == {"done": 2}, studio.summary()
    assert sum(job["charge"] for job in studio.jobs()) == pytest.approx(expected)
