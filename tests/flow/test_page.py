"""The page: what its screens say, and that its buttons do what the command line does."""

from __future__ import annotations

import asyncio
import html
import io
import os
import re
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from hotfolder import thumbnails
from hotfolder.cli.paging import link
from hotfolder.domain.errors import OperatorError
from hotfolder.page.keys import Role
from hotfolder.simulator import Fault
from hotfolder.views import attention
from tests.flow.test_sets import FRAMES
from tests.mounting import hanging_share
from tests.studio import LIMIT_S, RULE, picture
from tests.visitor import HTML, forget_small, visiting

if TYPE_CHECKING:
    from tests.studio import Studio

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="another user's folder needs root")
BUTTON = '<button name="one"'
SCREENS = ("/", "/gallery", "/needs", "/money", "/wall/studio")


async def test_every_screen_says_how_things_stand(studio: Studio) -> None:
    """A done picture is on every screen that shows results, with its prompt and its charge."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        for screen in SCREENS:  # before there is anything
            await visitor.text(screen)
        studio.drop("by the sea/ann.jpg")
        await studio.until_states(done=1)
        for screen in ("/", "/gallery"):
            assert "by the sea/ann.jpg" in await visitor.text(screen)
        job = await visitor.text("/jobs/1")
        assert "Make it a summer day" in job
        assert "0.14 CNY" in job
        assert "published" in job
        assert "0.14" in await visitor.text("/money")
        assert "/pictures/1/after/1/large" in await visitor.text("/wall/studio")
        assert "Nothing needs you" in await visitor.text("/needs")


async def test_now_counts_each_file_in_one_column(studio: Studio) -> None:
    """As `status` does, with the names and reasons of what is skipped; old watches stand apart."""
    studio.fault(Fault(call="submit", kind="fail_task", code="1501", times=1))
    async with visiting(studio, watch="review = true") as visitor:
        await visitor.enter(studio)
        studio.drop("failed.jpg", number=1)
        await studio.until_states(failed=1)
        studio.drop("review.jpg", number=2)
        studio.drop("left.toml", "skip = true")
        studio.drop("left.jpg", number=3)
        await studio.until_states(failed=1, fetched=1)
        await studio.until(lambda: studio.status()["watches"][0]["counts"]["skipped"], "skipped")
        now = await visitor.text("/")
        shown = dict(re.findall(r'data-says="([\w ]+)">(\d+)<', now))
        told = studio.status()["watches"][0]["counts"]
        assert shown == {says.replace("_", " "): str(count) for says, count in told.items()}
        assert list(shown.values()) == ["3", "0", "0", "1", "1", "1"]
        assert "Under way</h2>" not in now  # what waits for a decision is not
        assert 'to review</dt><dd><a href="/review">1<' in now
        (skipped,) = studio.status()["watches"][0]["skipped"]
        assert skipped["path"] == "left.jpg"
        assert skipped["reason"] in html.unescape(now)
        renamed = (studio.folder / "config.toml").read_text().replace('"studio"', '"renamed"')
        studio.reconfigure(renamed)
        studio.reload.set()
        async with asyncio.timeout(LIMIT_S):
            while "no longer in the config" not in await visitor.text("/"):
                pass  # each answer takes a while


async def test_money_and_time_stand_beside_what_is_usual(studio: Studio) -> None:
    """Today's charges against the budget, an edit's time against the usual; all sums, exactly."""
    studio.fault(Fault(call="submit", kind="drop_after", contains="doubtful", times=1))
    rule = f'{RULE}\nname = "summer"'
    async with visiting(studio, limits="daily_charge = 5.0", rules=[rule]) as visitor:
        await visitor.enter(studio)
        studio.drop("ann.jpg", number=1)
        await studio.until_states(done=1)
        studio.drop("again.jpg", number=1)
        studio.drop("bob.jpg", number=2)
        await studio.until_states(done=3)
        studio.drop("lost.txt", "doubtful")
        studio.drop("lost.jpg", number=3)
        await studio.until_states(done=3, in_doubt=1)
        studio.simulator.update_settings(task_s=3600.0)
        studio.drop("long.jpg", number=4)
        await studio.until_states(done=3, in_doubt=1, running=1)
        now, money = await visitor.text("/"), await visitor.text("/money?days=7")
        assert re.search(r"running · <time [^>]*>\d+ s</time> of about \d+ s", now)
        assert '<meter min="0" max="5.0"' in now
        for says, amount in (("at risk, in doubt", "0.14"), ("saved by reuse", "0.14")):
            assert f"{says}</dt><dd>{amount}" in money
        for key in ("studio", "studio/summer", "xai/grok-imagine-image/edit-official-stable"):
            row = f'<th scope="row">{key}</th><td class="n">3</td><td class="n">1</td>'
            assert f'{row}<td class="n">0.28</td>' in money, key
        assert '<svg class="chart"' in money


async def test_pictures_are_shown_small_and_results_as_they_are(studio: Studio) -> None:
    """Sources come as fresh JPEGs of at most 320 or 1600 pixels; results whole and in parts."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        studio.drop("ann.png", picture(3, "PNG", side=2400))
        await studio.until_states(done=1)
        for side, name in ((320, "small"), (1600, "large")):
            for which in ("before", "after/1"):
                found = await visitor.get(f"/pictures/1/{which}/{name}")
                assert found.headers["content-type"] == "image/jpeg", found.text
                with Image.open(io.BytesIO(found.content)) as shown:
                    assert max(shown.size) <= side
        whole = await visitor.get("/results/1/1")
        assert whole.content == (studio.output / studio.outputs()[0]).read_bytes()
        assert whole.headers["content-type"] == "image/jpeg"
        assert "sandbox" in whole.headers["content-security-policy"]
        part = await visitor.client.get("/results/1/1", headers={"range": "bytes=2-5"})
        assert (part.status_code, part.content) == (206, whole.content[2:6])


async def test_a_job_shows_every_picture_that_the_gallery_shows(studio: Studio) -> None:
    """A result that no browser opens is shown small beside its source, as there."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        for number, kind in enumerate(("bmp", "tiff"), start=1):
            path = studio.folder / f"result.{kind}"
            path.write_bytes(picture(number, kind.upper()))
            studio.simulator.update_settings(result_file=path)
            studio.drop(f"{kind}.jpg", number=number)
            await studio.until_states(done=number)
            assert "data-compare" in await visitor.text(f"/jobs/{number}"), kind
            shown = await visitor.get(f"/pictures/{number}/after/1/large")
            assert shown.headers["content-type"] == "image/jpeg", kind


async def test_pictures_are_made_small_while_they_are_edited(studio: Studio) -> None:
    """Before and after are there as soon as they were decoded, wherever their files are by then."""
    studio.simulator.update_settings(task_s=3600.0)
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        studio.drop("ann.jpg")
        await studio.until_states(running=1)
        (studio.input / "ann.jpg").rename(studio.folder / "ann.jpg")
        for side in ("small", "large"):
            found = await visitor.get(f"/pictures/1/before/{side}")
            assert found.headers["content-type"] == "image/jpeg", found.text
        (studio.folder / "ann.jpg").rename(studio.input / "ann.jpg")
        studio.simulator.update_settings(task_s=0.0)
        studio.drop("bob.png", number=2)
        await studio.until_states(running=1, done=1)
        (studio.output / "bob.png").unlink()
        for side in ("small", "large"):
            found = await visitor.get(f"/pictures/2/after/1/{side}")
            assert found.headers["content-type"] == "image/jpeg", found.text


async def test_a_changed_source_is_not_shown_as_what_was_edited(studio: Studio) -> None:
    """Only the very picture that was edited is shown as the one before."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        studio.drop("ann.jpg", number=1)
        await studio.until_states(done=1)
        forget_small(studio)
        (studio.input / "ann.jpg").unlink()
        gone = await visitor.get("/pictures/1/before/small")
        assert gone.status_code == 404
        assert "no longer" in gone.text


async def test_a_share_that_hangs_keeps_the_page_waiting_once(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pictures are said not to be there, the others at once, and the screens go on."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        studio.drop_many(3)
        await studio.until_states(done=3)
        monkeypatch.setattr(thumbnails, "READ_TIMEOUT_S", 0.5)
        forget_small(studio)
        with hanging_share(studio.input):
            asked = [visitor.get(f"/pictures/{number}/before/large") for number in (1, 2, 3)]
            found = await asyncio.gather(*asked)
            assert [each.status_code for each in found] == [404, 404, 404]
            assert all("does not answer" in each.text for each in found)
            await visitor.text("/gallery")


async def test_the_gallery_filters(studio: Studio) -> None:
    """By watch, name or prompt, day and state."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        studio.drop_many(3)
        await studio.until_states(done=3)
        for asked, shown in {
            "": 3,
            "?text=P001": 1,
            "?text=summer": 3,
            "?text=winter": 0,
            "?watch=studio": 3,
            "?watch=other": 0,
            "?day=2001-01-01": 0,
            "?state=failed": 0,
            "?state=nonsense": 3,
        }.items():
            assert (await visitor.text(f"/gallery{asked}")).count('class="card"') == shown, asked


async def test_the_buttons_act_as_the_command_line_does(studio: Studio) -> None:
    """Retry, resolve, pause, resume and cancel reach the daemon; what pays says how much."""
    studio.fault(
        Fault(call="submit", kind="drop_after", times=1),
        Fault(call="submit", kind="fail_task", code="1501", skip=1, times=1),
    )
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        studio.drop("ann.jpg", number=1)
        await studio.until_states(in_doubt=1)
        studio.drop("bob.jpg", number=2)
        await studio.until_states(in_doubt=1, failed=1)
        ann, bob = studio.job("ann.jpg"), studio.job("bob.jpg")
        needs = await visitor.text("/needs")
        assert "Try again · 0.14 CNY" in needs
        assert "Send again · 0.14 CNY" in needs
        assert bob["error"]["message"] in html.unescape(needs)
        assert "“Send again”" in needs, "hints name what a person can press"
        assert "hotfolder resolve" not in needs
        (task_id,) = [task.task_id for task in studio.ledger().tasks if not task.answered]
        told = await visitor.press(
            f"task:{ann['id']}", on="/needs", **{f"task-{ann['id']}": task_id}
        )
        assert "followed from here" in told.text
        told = await visitor.press(f"retry:{bob['id']}", on="/needs")
        assert "submitted again" in told.text
        await studio.until_states(done=2)
        await visitor.press("pause:studio", on="/")
        assert studio.holds() == ["watch:studio"]
        assert "stopped by hand" in await visitor.text("/")
        await visitor.press("resume:studio", on="/")
        assert studio.holds() == []
        refused = await visitor.press("cancel:1", on="/")
        assert "has nothing to be given up" in refused.text
    assert len(studio.ledger().tasks) == 3


async def test_an_incomplete_set_says_what_is_missing(studio: Studio) -> None:
    """It needs a person, who sees in the row which file is there and which is not."""
    async with visiting(studio, rules=[FRAMES]) as visitor:
        await visitor.enter(studio)
        studio.drop("ann.first.jpg")
        async with asyncio.timeout(LIMIT_S):
            while "needs ann.last.jpg" not in (needs := await visitor.text("/needs")):
                pass  # each answer takes a while
        assert "There so far: ann.first.jpg." in needs
        assert 'need a person</dt><dd><a href="/needs">1<' in await visitor.text("/")


async def test_several_at_once(studio: Studio) -> None:
    """What is chosen is done together, and nothing that is not."""
    studio.fault(Fault(call="submit", kind="fail_task", code="1501", times=3))
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        studio.drop_many(3)
        await studio.until_states(failed=3)
        page = await visitor.text("/needs")
        assert "all of them 0.42 CNY" in page
        token = page.split('name="token" value="')[1].split('"')[0]
        body = f"token={token}&back=/needs&all=retry&chosen=1&chosen=3"
        done = await visitor.client.post(
            "/act",
            content=body,
            headers={**visitor.own, "content-type": "application/x-www-form-urlencoded"},
            follow_redirects=True,
        )
        assert done.text.count("is submitted again") == 2
        await studio.until_states(done=2, failed=1)


async def test_the_count_is_of_all_whatever_is_listed(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many failed, so many are said to have; the rest is one link away."""
    studio.fault(Fault(call="submit", kind="fail_task", code="1501", times=3))
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        studio.drop_many(3)
        await studio.until_states(failed=3)
        monkeypatch.setattr(attention, "SHOWN", 1)  # as if there were hundreds
        needs = await visitor.text("/needs")
        assert 'Failed <span class="count">3</span>' in needs
        assert 'and 2 more: <a href="/gallery?state=failed">' in needs


async def test_a_backlog_is_released_with_its_price(studio: Studio) -> None:
    """What stood there before is held, says what it would cost, and goes by one button."""
    studio.drop_many(3)
    async with visiting(studio, limits="backlog = 1") as visitor:
        await visitor.enter(studio)
        await studio.until(lambda: studio.status()["holds"], "the backlog is held")
        held = await visitor.text("/needs")
        assert "Edit them · 0.42 CNY" in held
        assert "“Edit them” has them edited, “Leave them out” leaves them out." in held
        told = await visitor.press("release:studio", on="/needs")
        assert "3 files are let go" in told.text
        await studio.until_states(done=3)


async def test_one_dearer_than_the_rules_is_allowed_with_its_price(studio: Studio) -> None:
    """What a sidecar makes too dear waits, says its price, and goes on by the owner's button."""
    rule = 'model = "gpt-image-2/image-to-image-official-stable"\nprompt = "Make it gold"\n'
    rule += 'params = { quality = "low", resolution = "1k" }'
    async with visiting(studio, rules=[rule]) as visitor:
        await visitor.enter(studio)
        studio.drop("ann.toml", 'params = { quality = "high", resolution = "4k" }')
        studio.drop("ann.jpg")
        await studio.until(lambda: studio.told() == ["dearer_than_allowed"], "it is held")
        assert "Allow it · 4.738 CNY" in await visitor.text("/needs")
        told = await visitor.press("allow:1", on="/needs")
        assert "may be edited" in told.text
        await studio.until_states(done=1)


async def test_what_is_new_comes_by_itself(studio: Studio) -> None:
    """The stream sends the gallery at once, and again when a picture was edited."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        async with visitor.client.stream("GET", "/live/gallery") as stream:
            lines = stream.aiter_lines()
            while "Nothing here" not in await anext(lines):
                pass
            studio.drop("ann.jpg")
            while "ann.jpg" not in await anext(lines):
                pass


@pytest.mark.parametrize("role", Role)
async def test_a_viewer_looks_and_pays_nothing(studio: Studio, role: Role) -> None:
    """A viewer sees every screen, live too, without a button, and no form of theirs does anything.

    The owner has buttons on the same screens.
    """
    studio.fault(Fault(call="submit", kind="fail_task", code="1501", times=2))
    async with visiting(studio) as visitor:
        studio.drop_many(3)
        await studio.until_states(failed=2, done=1)
        await visitor.enter(studio, role)
        failed = next(job["id"] for job in studio.jobs() if job["state"] == "failed")
        screens = (*SCREENS, "/review", f"/jobs/{failed}", "/gallery?state=failed")
        seen = {each: await visitor.text(each) for each in screens}
        async with visitor.client.stream("GET", "/live/needs") as stream:
            lines = stream.aiter_lines()
            live = ""
            while line := await anext(lines):  # up to the end of one event
                live += line
        assert "p00" in live
        buttons = {name for name, text in {**seen, "live": live}.items() if BUTTON in text}
        mine = {"/", "/needs", "live", f"/jobs/{failed}"}
        assert buttons == (mine if role is Role.OWNER else set())
        pressed = await visitor.press("pause:", on="/")
        assert pressed.status_code == (200 if role is Role.OWNER else 403)
        assert studio.holds() == (["account"] if role is Role.OWNER else [])


async def test_the_link_works_once_and_is_not_used_up_by_looking(studio: Studio) -> None:
    """Whoever only looks at a link uses nothing up; who presses its button, does."""
    async with visiting(studio) as visitor:
        asked = await visitor.get("/")
        assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in")
        link = (await asyncio.to_thread(_link, studio)).replace(visitor.own["origin"], "")
        for _ in range(3):
            assert "Enter" in await visitor.text(link)
        entered = await visitor.client.post(f"{link}?to=gallery", headers=visitor.own)
        assert 'href="/gallery">Go on' in entered.text
        cookie = entered.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        await visitor.text("/")
        again = await visitor.client.post(link, headers=visitor.own)
        assert again.status_code == 403
        await visitor.client.post("/sign-out", headers=visitor.own)
        assert (await visitor.get("/")).status_code == 303
        assert (await visitor.client.get("/", headers={})).status_code == 401


def _link(studio: Studio, *, sign_out: bool = False) -> str:
    return link(studio.config, Role.OWNER, sign_out=sign_out)


@needs_root
async def test_everybody_is_signed_out_at_once(studio: Studio) -> None:
    """By the daemon's own user alone, whose key the daemon can read."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        owner = studio.state.stat().st_uid
        os.chown(studio.state, 12345, -1)
        with pytest.raises(OperatorError, match="belongs to another user"):
            _link(studio, sign_out=True)
        os.chown(studio.state, owner, -1)
        await visitor.text("/")
        fresh = _link(studio, sign_out=True).replace(visitor.own["origin"], "")
        assert (await visitor.get("/")).status_code == 303
        assert (await visitor.client.post(fresh, headers=visitor.own)).status_code == 200
        await visitor.text("/")


async def test_the_password_is_tried_five_times_a_minute(studio: Studio) -> None:
    """The right password signs in; after five wrong ones even that waits a minute."""
    file = studio.folder / "password"
    file.write_text("correct horse\n")
    async with visiting(studio, f'password_file = "{file}"') as visitor:
        assert "Password" in await visitor.text("/sign-in")

        async def tried(password: str) -> int:
            given = {"password": password}
            answer = await visitor.client.post("/sign-in", data=given, headers=visitor.own)
            return answer.status_code

        assert await tried("correct horse") == 200
        await visitor.text("/")
        assert [await tried("wrong") for _ in range(5)] == [403, 403, 403, 403, 429]
        assert await tried("correct horse") == 429
        studio.wait(61)
        assert await tried("correct horse") == 200


async def test_without_a_password_nobody_signs_in_by_an_empty_one(studio: Studio) -> None:
    """No password_file, or an empty one, lets nobody in."""
    file = studio.folder / "password"
    file.write_text("\n")
    async with visiting(studio, f'password_file = "{file}"') as visitor:
        given = await visitor.client.post("/sign-in", data={"password": ""}, headers=visitor.own)
        assert given.status_code == 403
        assert (await visitor.client.get("/", headers=HTML)).status_code == 303


async def test_the_manual_is_served(studio: Studio) -> None:
    """Its pages with their links, signed in; a name that is none of them leads nowhere."""
    async with visiting(studio) as visitor:
        assert "Budgets" not in (await visitor.client.get("/manual/money")).text
        await visitor.enter(studio)
        assert 'href="/manual/money"' in await visitor.text("/manual")
        text = await visitor.text("/manual/troubleshooting")
        assert "<h1>When something went wrong</h1>" in text
        assert 'href="/manual/money"' in text
        assert "<table>" in text
        assert "&lt;!--" not in text
        assert (await visitor.client.get("/manual/..%2Fpyproject")).status_code == 404
        assert 'src="label.jpg"' in await visitor.text("/manual/provenance")
        assert (await visitor.get("/manual/label.jpg")).content.startswith(b"\xff\xd8")
        assert 'href="/manual"' in await visitor.text("/")
