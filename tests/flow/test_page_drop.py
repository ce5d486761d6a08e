"""Dropping on the page: staged, planned with a price, and put into the watch, never elsewhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote

from hotfolder.page import app
from hotfolder.page.keys import Role
from tests.studio import picture
from tests.visitor import status_of, token_of, visiting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx
    import pytest

    from tests.studio import Studio
    from tests.visitor import Visitor

PROMPT = "Make it snow"


async def staged(visitor: Visitor, name: str, content: bytes) -> httpx.Response:
    """Send one file to be staged."""
    token = token_of(await visitor.text("/drop"))
    return await visitor.client.post(
        f"/drop/file?watch=studio&name={quote(name, safe='')}",
        content=content,
        headers={**visitor.own, "x-token": token},
    )


async def test_a_dropped_picture_is_planned_then_edited(studio: Studio) -> None:
    """The plan says prompt and price before anything is in the watch; the button puts it there."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        number = (await staged(visitor, "ann.jpg", picture())).text
        given = {"token": token_of(await visitor.text("/drop")), "prompt": PROMPT, "number": number}
        plan = await visitor.client.post("/drop/plan", data=given, headers=visitor.own)
        assert PROMPT in plan.text
        assert "Have 1 file edited · 0.14 CNY" in plan.text
        assert os.listdir(studio.input) == [".hotfolder-id"]  # noqa: PTH208  hidden ones, too
        sent = await visitor.client.post(
            "/drop/send", data=given, headers=visitor.own, follow_redirects=True
        )
        assert "ann.jpg is in studio" in sent.text
        await studio.until_states(done=1)
        assert studio.ledger().tasks[0].prompt == PROMPT
        assert (studio.input / "ann.jpg.txt").read_text().strip() == PROMPT
        assert (studio.input / "ann.jpg").read_bytes() == picture()
        assert not list((studio.state / "drops").iterdir())


async def test_where_a_folder_cannot_be_written_nothing_is_dropped(studio: Studio) -> None:
    """It is not offered, and what was staged for it stays out of it; the reason is told."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        number = (await staged(visitor, "ann.jpg", picture())).text
        given = {"token": token_of(await visitor.text("/drop")), "number": number}
        away = studio.input.rename(studio.folder / "away")
        assert "Nothing can be dropped here" in await visitor.text("/drop")
        sent = await visitor.client.post(
            "/drop/send", data=given, headers=visitor.own, follow_redirects=True
        )
        assert "could not be put into studio" in sent.text
        assert not studio.input.exists()
        assert os.listdir(away) == [".hotfolder-id"]  # noqa: PTH208  hidden ones, too


async def test_nothing_that_stands_there_is_replaced(studio: Studio) -> None:
    """A name that is taken gets a number, and so does its prompt."""
    studio.drop("ann.jpg", number=1)
    studio.drop("ann.jpg.txt", "mine alone")
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        number = (await staged(visitor, "ann.jpg", picture(2))).text
        given = {"token": token_of(await visitor.text("/drop")), "prompt": PROMPT, "number": number}
        await visitor.client.post("/drop/send", data=given, headers=visitor.own)
        await studio.until_states(done=2)
    assert (studio.input / "ann.jpg.txt").read_text() == "mine alone"
    assert (studio.input / "ann.jpg").read_bytes() == picture(1)
    assert (studio.input / "ann (2).jpg").read_bytes() == picture(2)
    assert (studio.input / "ann (2).jpg.txt").read_text().strip() == PROMPT


NAMES = (
    *("../../x.jpg", "..", "/etc/x.jpg", "a\\b.jpg", "a/b.jpg", "", ".hidden.jpg", "x\0.jpg"),
    *("_rules.toml", "_prompt.txt", ".hotfolderignore", "ann.jpg.txt", "ann.xmp", "a.docx"),
    *("x" * 300 + ".jpg", "a\nb.jpg"),
)


async def test_no_other_name_is_taken(studio: Studio) -> None:
    """Paths, control files and kinds that no rule takes are refused with a reason."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        for name in NAMES:
            refused = await staged(visitor, name, picture())
            assert (name, refused.status_code) == (name, 409)
            assert refused.text
            assert os.listdir(studio.input) == [".hotfolder-id"]  # noqa: PTH208  hidden ones, too
            assert not list(studio.state.glob("drops/*")), name


async def test_a_broken_picture_is_told_and_not_put_there(studio: Studio) -> None:
    """What cannot be edited says why, has no price, and cannot be sent by the button."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        number = (await staged(visitor, "ann.jpg", b"<html>no picture</html>")).text
        given = {"token": token_of(await visitor.text("/drop")), "number": number}
        plan = await visitor.client.post("/drop/plan", data=given, headers=visitor.own)
        assert "not a picture" in plan.text.lower()
        assert "edited ·" not in plan.text


async def test_a_drop_without_an_end_leaves_nothing(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused as soon as it is too long, and what came of it is dropped."""
    monkeypatch.setattr(app, "LARGEST_DROP_BYTES", 100_000)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield b"x" * 65_536

    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        headers = {**visitor.own, "x-token": token_of(await visitor.text("/drop"))}
        place = "/drop/file?watch=studio&name=a.jpg"
        sent = await visitor.client.post(place, content=endless(), headers=headers)
        assert sent.status_code == 413
        assert not list((studio.state / "drops").iterdir())
        studio.drop("ann.jpg")
        await studio.until_states(done=1)


async def test_others_drop_nothing(studio: Studio) -> None:
    """A viewer, a stranger's number and a drop of 10 GB are refused."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        number = (await staged(visitor, "ann.jpg", picture())).text
        page = await visitor.text("/drop")
        said = {**visitor.own, "x-token": token_of(page), "content-length": str(10**10)}
        ask = visitor.client.build_request("POST", "/drop/file?watch=studio&name=a.jpg")
        assert await status_of(ask, said) == 413
        visitor.client.cookies.clear()
        await visitor.enter(studio)
        given = {"token": token_of(await visitor.text("/drop")), "number": number}
        await visitor.client.post("/drop/send", data=given, headers=visitor.own)
        visitor.client.cookies.clear()
        await visitor.enter(studio, Role.VIEWER)
        assert (await visitor.get("/drop")).status_code == 403
        token = token_of(await visitor.text("/"))
        sent = await visitor.client.post(
            "/drop/file?watch=studio&name=a.jpg",
            content=picture(),
            headers={**visitor.own, "x-token": token},
        )
        assert sent.status_code == 403
        assert os.listdir(studio.input) == [".hotfolder-id"]  # noqa: PTH208  hidden ones, too
