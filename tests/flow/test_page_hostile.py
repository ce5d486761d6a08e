"""The page among strangers: what they may try, and that the daemon goes on meanwhile."""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pytest

from hotfolder.page.live import MOST_STREAMS
from tests.visitor import HTML, token_of, visiting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.studio import Studio

MARKUP = "<script>alert(1)<\u2215script><img src=x onerror=alert(2)>&amp; {{7*7}}.jpg"
TRICKS = (
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%00",
    "-1",
    "99999999999999999999",
    "1e3",
    "１",  # noqa: RUF001  a digit of another script
    "<script>",
    "%0d%0aSet-Cookie:%20a=b",
)


@pytest.mark.parametrize("host", ["evil.test", "evil.test:80", "", "127.0.0.1.evil.test", "[::1"])
async def test_another_name_is_refused(studio: Studio, host: str) -> None:
    """A name that the config does not give is not answered to, signed in or not."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        found = await visitor.client.get("/", headers={"host": host, **HTML})
        assert found.status_code in {400, 421}
        assert "hotfolder" not in found.text.lower().replace("of the config", "")


async def test_names_of_the_config_are_answered_to(studio: Studio) -> None:
    """`web.hosts` names the machine, with any port before a proxy."""
    async with visiting(studio, 'hosts = ["studio.lan"]') as visitor:
        found = await visitor.client.get("/sign-in", headers={"host": "Studio.LAN:443", **HTML})
        assert found.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://evil.test"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", "origin": "OWN"},
        {"sec-fetch-site": "same-site", "origin": "OWN"},
        {"sec-fetch-site": "none", "origin": "OWN"},
    ],
)
async def test_a_form_of_another_site_does_nothing(studio: Studio, headers: dict[str, str]) -> None:
    """Not even with the right cookie and the right token."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        token = token_of(await visitor.text("/"))
        said = {
            key: visitor.own["origin"] if value == "OWN" else value
            for key, value in headers.items()
        }
        sent = await visitor.client.post(
            "/act", data={"token": token, "one": "pause:"}, headers=said
        )
        assert sent.status_code == 403
        assert studio.holds() == []


@pytest.mark.parametrize("token", ["", "0" * 32, "é", None])
async def test_a_form_without_the_token_of_its_session_does_nothing(
    studio: Studio, token: str | None
) -> None:
    """No token, a made up one, and one of somebody else's session are refused."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        if token is None:
            token = token_of(await visitor.text("/"))
            visitor.client.cookies.clear()
            await visitor.enter(studio)
        sent = await visitor.client.post(
            "/act", data={"token": token, "one": "pause:"}, headers=visitor.own
        )
        assert sent.status_code in {400, 403}
        assert studio.holds() == []


@pytest.mark.parametrize("trick", TRICKS)
async def test_no_parameter_leads_anywhere_else(studio: Studio, trick: str) -> None:
    """Whatever stands in an address is answered plainly, and nothing foreign is shown."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        for path in (
            f"/jobs/{trick}",
            f"/pictures/{trick}/before/small",
            f"/pictures/1/after/{trick}/small",
            f"/pictures/1/before/{trick}",
            f"/results/1/{trick}",
            f"/wall/{trick}",
            f"/live/{trick}",
            f"/live/wall/{trick}",
            f"/static/{trick}",
            f"/enter/{trick}",
            f"/gallery?watch={trick}&state={trick}&day={trick}&text={trick}&after={trick}",
            f"/money?days={trick}",
        ):
            found = await visitor.get(path)
            assert found.status_code in {200, 303, 307, 400, 404}, path
            assert "root:" not in found.text
            assert "<script>alert" not in found.text
            assert "set-cookie" not in found.headers


@pytest.mark.parametrize(
    "back", ["//evil.test/", "https://evil.test", "/\\evil.test", "javascript:1"]
)
async def test_a_button_leads_back_to_the_page_alone(studio: Studio, back: str) -> None:
    """No form of ours sends anybody elsewhere."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        token = token_of(await visitor.text("/"))
        sent = await visitor.client.post(
            "/act", data={"token": token, "one": "resume:", "back": back}, headers=visitor.own
        )
        assert sent.status_code == 303
        assert sent.headers["location"].startswith("/")
        assert not sent.headers["location"].startswith(("//", "/\\"))


async def test_names_and_prompts_are_text(studio: Studio) -> None:
    """Markup in names, prompts and reasons is shown as it is written, and never run."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        studio.drop(MARKUP)
        studio.drop(MARKUP.replace(".jpg", ".txt"), "<b onclick=1>prompt</b>{{ 7*7 }}")
        await studio.until_states(done=1)
        for path in ("/", "/gallery", "/jobs/1", "/wall/studio", "/needs"):
            page = await visitor.text(path)
            assert "<script>alert" not in page
            assert "<b onclick" not in page
            assert "onerror=alert(2)>" not in page
            assert 'style="' not in page
            policy = (await visitor.get(path)).headers["content-security-policy"]
            assert "unsafe" not in policy
        assert "&lt;b onclick=1&gt;" in await visitor.text("/jobs/1")


async def test_a_result_that_became_a_web_page_is_not_served(studio: Studio) -> None:
    """What stands at a result's place is looked at: only what it was proven to be is sent."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        studio.drop("ann.jpg")
        await studio.until_states(done=1)
        place = studio.output / studio.outputs()[0]
        place.write_text("<html><script>alert(1)</script>")
        for path in ("/results/1/1", "/pictures/1/after/1/small"):
            assert (await visitor.get(path)).status_code == 404
        place.unlink()
        place.symlink_to("/etc/passwd")
        assert (await visitor.get("/results/1/1")).status_code == 404


async def test_no_form_is_longer_than_a_form(studio: Studio) -> None:
    """A body of 10 GB is refused by its stated length, one without an end as soon as it is long."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)

        async def endless() -> AsyncIterator[bytes]:
            for _ in range(10_000):
                yield b"x" * 65_536

        with suppress(Exception):
            sent = await visitor.client.post("/act", content=endless(), headers=visitor.own)
            assert sent.status_code == 413
        await visitor.text("/")
        assert studio.holds() == []


async def test_at_most_so_many_listen(studio: Studio) -> None:
    """Streams that nobody closes leave room for pages: one too many is told to come later."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        host, port = visitor.own["origin"][7:].split(":")
        cookie = "; ".join(f"{each.name}={each.value}" for each in visitor.client.cookies.jar)
        ask = f"GET /live/now HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n".encode()
        with ExitStack() as open_ones:
            for _ in range(MOST_STREAMS):
                stream = open_ones.enter_context(socket.create_connection((host, int(port))))
                stream.sendall(ask)
                assert await asyncio.to_thread(stream.recv, 12) == b"HTTP/1.1 200"
            assert (await visitor.get("/live/now")).status_code == 503
            await visitor.text("/")
            studio.drop("ann.jpg")
            await studio.until_states(done=1)


async def test_two_thousand_connections_stop_nobody(studio: Studio) -> None:
    """Those that say nothing, or a byte, are few at a time; pictures are edited meanwhile."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        host, port = visitor.own["origin"][7:].split(":")
        with ExitStack() as open_ones:
            for number in range(2000):
                with suppress(OSError):
                    each = open_ones.enter_context(socket.create_connection((host, int(port))))
                    each.sendall(b"G" if number % 2 else b"")
            studio.drop("ann.jpg")
            await studio.until_states(done=1)

        async def answers() -> bool:
            with suppress(Exception):
                return (await visitor.get("/")).status_code == 200
            return False

        for _ in range(200):
            if await answers():
                break
            await asyncio.sleep(0.1)
        assert await answers()


async def test_the_journal_away_is_said(studio: Studio) -> None:
    """A journal that cannot be read makes a plain page, not a broken one."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        note = studio.state / "journal.replaced"
        note.write_text("somebody took the journal away")
        away = await visitor.get("/")
        assert (away.status_code, "took the journal away" in away.text) == (503, True)
        note.unlink()
        await visitor.text("/")
