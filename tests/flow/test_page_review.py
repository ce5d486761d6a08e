"""Review on the page, without a browser: who may decide what, by the operator's actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotfolder.page.keys import Role
from tests.visitor import token_of, visiting

if TYPE_CHECKING:
    import httpx

    from tests.studio import Studio
    from tests.visitor import Visitor


async def decide(visitor: Visitor, button: str, **headers: str) -> httpx.Response:
    """Press a button of the review."""
    given = {"token": token_of(await visitor.text("/review")), "one": button}
    return await visitor.client.post("/review", data=given, headers={**visitor.own, **headers})


def waiting(studio: Studio) -> int:
    """Return how many results wait to be reviewed."""
    return sum(job["waits_for"] == "review" for job in studio.jobs())


async def test_a_viewer_decides_and_pays_nothing(studio: Studio) -> None:
    """Approving and rejecting cost nothing; making anew does, and is the owner's."""
    async with visiting(studio, watch="review = true") as visitor:
        studio.drop_many(2)
        await studio.until(lambda: waiting(studio) == 2, "both wait")
        await visitor.enter(studio, Role.VIEWER)
        page = await visitor.text("/review")
        assert page.count("Approve") == 2
        assert "Redo" not in page
        assert (await decide(visitor, "redo:1")).status_code == 403
        assert (await decide(visitor, "approve:1")).status_code == 303
        refused = await decide(visitor, "approve:99", accept="text/plain")
        assert (refused.status_code, "no job 99" in refused.text) == (409, True)
        assert (await decide(visitor, "reject:2", accept="text/plain")).status_code == 200
        assert (await decide(visitor, "undo:2")).status_code == 303
        await studio.until(lambda: waiting(studio) == 1, "one is taken back")
        studio.wait(11)
        await studio.until(lambda: studio.job("p000.jpg")["state"] == "done", "one is published")
        assert studio.outputs() == ["p000.jpg"]
        assert studio.job("p000.jpg")["review"]["by"] == "viewer on the page"
    assert len(studio.ledger().tasks) == 2


async def test_a_decision_needs_the_pages_own_form(studio: Studio) -> None:
    """Without the session's token, from another site, or by a made-up button: nothing happens."""
    async with visiting(studio, watch="review = true") as visitor:
        studio.drop("ann.jpg")
        await studio.until(lambda: waiting(studio) == 1, "it waits")
        await visitor.enter(studio)
        given = {"one": "approve:1"}
        sent = await visitor.client.post("/review", data=given, headers=visitor.own)
        assert sent.status_code == 403
        foreign = await decide(visitor, "approve:1", origin="http://evil.test")
        assert foreign.status_code == 403
        assert (await decide(visitor, "publish:1")).status_code == 400
        assert (await decide(visitor, "approve:../1")).status_code == 404
        assert waiting(studio) == 1
        small = await visitor.get("/pictures/1/after/1/small")
        assert small.headers["content-type"] == "image/jpeg"


async def test_what_was_rejected_is_not_in_the_gallery(studio: Studio) -> None:
    """Neither on the wall: only what was approved is shown as a result."""
    async with visiting(studio, watch="review = true") as visitor:
        studio.drop("ann.jpg")
        await studio.until(lambda: waiting(studio) == 1, "it waits")
        await visitor.enter(studio)
        await decide(visitor, "reject:1")
        studio.wait(11)
        await studio.until_states(done=1)
        assert "ann.jpg" not in await visitor.text("/gallery")
        assert "/pictures/" not in await visitor.text("/wall/studio")
        assert "rejected by owner on the page" in await visitor.text("/jobs/1")
