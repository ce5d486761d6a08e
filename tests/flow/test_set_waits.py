"""What sets are waited for, what holds them, and what becomes of their files afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotfolder.watching import set_waits
from tests.films import media
from tests.flow.test_sets import FOLDER, FRAMES, OPEN_END, left_alone, told_by, waiting
from tests.studio import picture
from tests.visitor import token_of, visiting

if TYPE_CHECKING:
    import httpx
    import pytest

    from tests.studio import Studio
    from tests.visitor import Visitor

MANY = f'name = "frames"\nmatch = ["frames/**"]\n{FRAMES}', f'name = "shoots"\n{FOLDER}'


async def test_what_is_wrong_with_sets_is_told_and_nothing_is_paid(studio: Studio) -> None:
    """Two firsts, a sound beside frames, eleven pictures for ten places, a sound in a folder."""
    studio.configure(rules=MANY, limits="backlog = 0")
    for number, name in enumerate(("ann.first.jpg", "ann.first.png", "ann.last.jpg")):
        studio.drop(f"frames/{name}", number=number)
    for number, name in enumerate(("bob.first.jpg", "bob.last.jpg"), 10):
        studio.drop(f"frames/{name}", number=number)
    studio.drop("frames/bob.wav", media("sound.wav"))
    for number in range(11):
        studio.drop(f"shoots/a/{number}.jpg", number=20 + number)
    studio.drop("shoots/b/1.jpg", number=40)
    studio.drop("shoots/b/sound.wav", media("sound.wav"))
    await studio.once()
    told = waiting(studio)
    assert told["frames/ann.*"].startswith("ann.first.jpg and ann.first.png are all first")
    assert told["frames/bob.*"].startswith("bob.wav has no place")
    assert told["shoots/a/"].startswith("11 files for 10 places: 10.jpg has none")
    assert told["shoots/b/"].startswith("sound.wav has no place")
    assert (studio.jobs(), studio.ledger().tasks) == ([], ())
    for path in ("frames/ann.first.png", "frames/bob.wav", "shoots/a/10.jpg", "shoots/b/sound.wav"):
        assert studio.explain(path)["verdict"] == "waiting", path
        (studio.input / path).unlink()
    await studio.once()
    assert studio.states() == {"done": 4}, studio.summary()
    assert waiting(studio) == {}


async def test_an_optional_role_is_waited_for_where_the_rule_says_so(studio: Studio) -> None:
    """However long it takes; then both are one job."""
    studio.configure(rules=[f'{OPEN_END}\nwait_for = ["last"]'])
    studio.drop("ann.jpg", number=1)
    await studio.once()
    assert waiting(studio) == {"ann.*": "needs ann.last.jpg"}
    assert studio.jobs() == []
    studio.drop("ann.last.jpg", number=2)
    left_alone(studio.input)
    await studio.once()
    assert [job["sources"] for job in studio.jobs()] == [["ann.jpg", "ann.last.jpg"]]


async def test_a_role_announces_that_others_may_come(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minute passes before a first picture goes without a last one."""
    studio.configure(rules=[OPEN_END])
    async with studio.running():
        studio.drop("ann.first.jpg")
        wanted = "waiting a moment for ann.last.jpg"
        await studio.until(lambda: wanted in (told_by(studio, "ann.first.jpg") or ""), wanted)
        assert studio.jobs() == []
        monkeypatch.setattr(set_waits, "LONG_WAIT_S", 0.0)
        await studio.until_states(done=1)
    assert studio.outputs() == ["ann.mp4"]


async def test_a_set_is_left_alone_for_as_long_as_the_rule_says(studio: Studio) -> None:
    """Complete, and yet not sent before set_wait has passed without a change."""
    studio.configure(rules=[FOLDER.replace("set_wait = 0.1", "set_wait = 600")])
    async with studio.running():
        studio.drop("shoot7/1.jpg")
        await studio.until(lambda: "to go" in (told_by(studio, "shoot7/1.jpg") or ""), "it waits")
        assert studio.jobs() == []
    studio.configure(rules=[FOLDER])
    await studio.once()
    assert studio.states() == {"done": 1}


async def test_folders_have_their_own_words(studio: Studio) -> None:
    """In a prompt file inside, or in a text beside the folder, under its name."""
    studio.configure(rules=[FOLDER])
    studio.drop("a/1.jpg", number=1)
    studio.drop("a/_prompt.txt", "as an oil painting")
    studio.drop("b/1.jpg", number=2)
    studio.drop("b.txt", "as a woodcut")
    await studio.once()
    assert sorted(str(task.prompt) for task in studio.ledger().tasks) == [
        "as a woodcut",
        "as an oil painting",
    ]
    assert studio.outputs() == ["a.jpg", "b.jpg"]


async def test_originals_of_a_set_go_together(studio: Studio) -> None:
    """Once its job is done; those that are away are not missed, and nothing is paid again."""
    studio.configure(rules=[FRAMES], watch='originals = "move"')
    for number, role in enumerate(("first", "last"), 1):
        studio.drop(f"ann.{role}.jpg", number=number)
    studio.drop("ann.txt", "slowly")
    await studio.once()
    await studio.once()
    assert studio.outputs() == [
        "_originals/ann.first.jpg",
        "_originals/ann.last.jpg",
        "_originals/ann.txt",
        "ann.mp4",
    ]
    assert (waiting(studio), len(studio.ledger().tasks)) == ({}, 1)


async def _staged(visitor: Visitor, name: str, content: bytes) -> str:
    token = token_of(await visitor.text("/drop"))
    headers = {**visitor.own, "x-token": token}
    url = f"/drop/file?watch=studio&name={name}"
    return (await visitor.client.post(url, content=content, headers=headers)).text


async def _posted(visitor: Visitor, where: str, numbers: list[str]) -> httpx.Response:
    given = {"token": token_of(await visitor.text("/drop")), "number": numbers}
    return await visitor.client.post(where, data=given, headers=visitor.own, follow_redirects=True)


async def test_a_set_is_dropped_and_reviewed_on_the_page(studio: Studio) -> None:
    """Planned as one edit at one price, put there whole, and decided once."""
    async with visiting(studio, rules=[FRAMES], watch="review = true") as visitor:
        await visitor.enter(studio)
        half = await _staged(visitor, "ann.first.jpg", picture(1))
        assert "needs ann.last.jpg" in (await _posted(visitor, "/drop/plan", [half])).text
        both = [half, await _staged(visitor, "ann.last.jpg", picture(2))]
        plan = (await _posted(visitor, "/drop/plan", both)).text
        assert "one edit, with ann.first.jpg" in plan
        assert "Have 2 files edited" in plan
        await _posted(visitor, "/drop/send", both)
        await studio.until(
            lambda: [job["waits_for"] for job in studio.jobs()] == ["review"], "one to review"
        )
        assert f"{studio.jobs()[0]['charge']:g} CNY" in plan
        given = {"token": token_of(await visitor.text("/review")), "one": "approve:1"}
        await visitor.client.post("/review", data=given, headers=visitor.own)
        studio.wait(11)
        await studio.until_states(done=1)
    assert (studio.outputs(), len(studio.ledger().tasks)) == (["ann.mp4"], 1)
