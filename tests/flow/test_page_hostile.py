"""The page among strangers: what they may try, and that the daemon goes on meanwhile."""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack, suppress
from itertools import product
from typing import TYPE_CHECKING
from urllib.parse import quote

from hotfolder.page.live import MOST_STREAMS
from hotfolder.simulator import Fault
from tests.studio import picture
from tests.visitor import HTML, forget_small, status_of, token_of, visiting

if TYPE_CHECKING:
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
PLACES = (
    "/jobs/{}",
    "/pictures/{}/before/small",
    "/pictures/1/after/{}/small",
    "/pictures/1/before/{}",
    "/results/1/{}",
    "/wall/{}",
    "/live/{}",
    "/live/wall/{}",
    "/static/{}",
    "/enter/{}",
    "/gallery?watch={0}&state={0}&day={0}&text={0}&after={0}",
    "/money?days={}",
)


async def test_another_name_is_refused(studio: Studio) -> None:
    """A name that the config does not give is not answered to, signed in or not."""
    hosts = ["evil.test", "evil.test:80", "", "127.0.0.1.evil.test", "[::2]", "[", "a b"]
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        for host, status in [(each, 421) for each in hosts] + [("localhost", 200), ("[::1]", 200)]:
            found = await visitor.client.get("/", headers={"host": host, **HTML})
            assert (host, found.status_code) == (host, status)
            assert ("Watches" in found.text) == (status == 200)


async def test_names_of_the_config_are_answered_to(studio: Studio) -> None:
    """`web.hosts` names the machine, with any port before a proxy."""
    async with visiting(studio, 'hosts = ["studio.lan"]') as visitor:
        found = await visitor.client.get("/sign-in", headers={"host": "Studio.LAN:443", **HTML})
        assert found.status_code == 200


FOREIGN: list[dict[str, str]] = [
    {},
    {"origin": "http://evil.test"},
    {"origin": "null"},
    {"sec-fetch-site": "cross-site", "origin": "OWN"},
    {"sec-fetch-site": "same-site", "origin": "OWN"},
    {"sec-fetch-site": "none", "origin": "OWN"},
]


async def test_a_form_of_another_site_does_nothing(studio: Studio) -> None:
    """Not even with the right cookie and the right token; from the page itself it does."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        given = {"token": token_of(await visitor.text("/")), "one": "pause:"}
        for headers in FOREIGN:
            own = visitor.own["origin"]
            said = {key: own if value == "OWN" else value for key, value in headers.items()}
            sent = await visitor.client.post("/act", data=given, headers=said)
            assert (headers, sent.status_code) == (headers, 403)
            assert studio.holds() == []
        await visitor.client.post("/act", data=given, headers={"sec-fetch-site": "same-origin"})
        assert studio.holds() == ["account"]


async def test_a_form_without_the_token_of_its_session_does_nothing(studio: Studio) -> None:
    """No token, a made up one, and one of somebody else's session are refused."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        foreign = token_of(await visitor.text("/"))
        visitor.client.cookies.clear()
        await visitor.enter(studio)
        own = token_of(await visitor.text("/"))
        for token in ("", "0" * 32, "é", foreign, own[:-1], own + "0"):
            given = {"token": token, "one": "pause:"}
            sent = await visitor.client.post("/act", data=given, headers=visitor.own)
            assert (token, sent.status_code) == (token, 403)
            assert studio.holds() == []
        given = {"token": own, "one": "pause:"}
        await visitor.client.post("/act", data=given, headers=visitor.own)
        assert studio.holds() == ["account"]


async def test_no_parameter_leads_anywhere_else(studio: Studio) -> None:
    """Whatever stands in an address, byte for byte, is answered plainly, and shows nothing foreign.

    Addresses are sent as they are written: a client would tidy the tricks away.
    """
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        for trick, path in product(TRICKS, PLACES):
            target = quote(path.format(trick), safe="/?&=%.<>")
            found = await visitor.client.get(
                "/", headers=HTML, extensions={"target": target.encode()}
            )
            case = target, found.status_code
            assert found.status_code in ({200} if "?" in path else {303, 400, 404, 200}), case
            assert found.status_code != 200 or "?" in path or path == "/enter/{}", case
            assert "root:" not in found.text, case
            assert "<script>alert" not in found.text, case
            assert "set-cookie" not in found.headers, case


WAYS = ("retry", "allow", "resend", "abandon", "cancel", "task", "release", "skip", "approve")
NAMES = ("../../etc", "studio/../studio", "\0", "<script>alert(1)</script>", "studio ", "ü" * 99)


async def test_no_button_reaches_anything_else(studio: Studio) -> None:
    """A made-up number, watch, way or field is refused or told as text, and changes nothing."""
    studio.fault(Fault(call="submit", kind="fail_task", code="1501", times=1))
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        studio.drop("ann.jpg")
        await studio.until_states(failed=1)
        known = {each for each in studio.folder.rglob("*") if each.parent.name != "state"}
        token = token_of(await visitor.text("/"))
        odd = [f"{way}:{what}" for way, what in product(WAYS, (*NAMES, "0", "-1", "1e3", "9" * 19))]
        for one, place in product((*odd, "publish:1", "retry", "", ":"), ("/act", "/review")):
            given = {"token": token, "one": one, "task-1": "../x", "back": "/needs"}
            sent = await visitor.client.post(place, data=given, headers=visitor.own)
            assert sent.status_code in {303, 400, 404}, (one, place)
        assert "<script>alert" not in await visitor.text("/needs")
        for number, place in product((*NAMES, "0" * 16), ("/drop/plan", "/drop/send")):
            given = {"token": token, "number": number, "prompt": "x"}
            sent = await visitor.client.post(place, data=given, headers=visitor.own)
            assert sent.status_code in {200, 303}, (number, place)
        assert (studio.holds(), studio.states()) == ([], {"failed": 1})
        found = {each for each in studio.folder.rglob("*") if each.parent.name != "state"}
        assert found == known


BACK = {
    "//evil.test/": "/",
    "/\\evil.test": "/",
    "javascript:1": "/",
    "https://evil.test": "/",
    "/a\r\nset-cookie: a": "/aset-cookie:%20a",
    "/needs?a=b": "/needs?a=b",
}


async def test_a_button_leads_back_to_the_page_alone(studio: Studio) -> None:
    """No form of ours sends anybody elsewhere."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        token = token_of(await visitor.text("/"))
        for back, leads in BACK.items():
            given = {"token": token, "one": "resume:", "back": back}
            sent = await visitor.client.post("/act", data=given, headers=visitor.own)
            case = back, sent.status_code, sent.headers["location"]
            assert case == (back, 303, leads)


async def test_names_and_prompts_are_text(studio: Studio) -> None:
    """Markup in names, prompts and reasons is shown as it is written, and never run."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        studio.drop(MARKUP.replace(".jpg", ".txt"), "<b onclick=1>prompt</b>{{ 7*7 }}")
        studio.drop(MARKUP)
        await studio.until_states(done=1)
        said = {"status": "FAILED", "errorCode": "1501", "errorMessage": "<u onclick=1>said</u>"}
        studio.fault(Fault(call="query", kind="says", fields=said))
        studio.drop(MARKUP.replace("jpg", "png"), picture(2, "PNG"))
        await studio.until_states(done=1, failed=1)
        assert "&lt;u onclick=1&gt;said" in await visitor.text("/needs")
        for path in ("/", "/gallery", "/jobs/1", "/jobs/2", "/wall/studio", "/needs"):
            page = await visitor.text(path)
            assert "<script>alert" not in page
            assert "<b onclick" not in page
            assert "<u onclick" not in page
            assert "onerror=alert(2)>" not in page
            assert 'style="' not in page
            policy = (await visitor.get(path)).headers["content-security-policy"]
            assert "unsafe" not in policy
        assert "&lt;b onclick=1&gt;" in await visitor.text("/jobs/1")


async def test_names_are_text_where_one_decides_and_drops(studio: Studio) -> None:
    """In the review, in what is told of a decision, and in the plan of a drop."""
    async with visiting(studio, watch="review = true") as visitor:
        await visitor.enter(studio)
        studio.drop(MARKUP)
        await studio.until(lambda: studio.status()["review"]["waiting"], "it waits")
        token = token_of(await visitor.text("/review"))
        pages = [await visitor.text("/review"), await visitor.text("/review/more?after=0")]
        given = {"token": token, "one": "approve:1"}
        await visitor.client.post("/review", data=given, headers=visitor.own)
        pages.append(await visitor.text("/review"))
        staged = await visitor.client.post(
            f"/drop/file?watch=studio&name={quote(MARKUP)}",
            content=picture(2),
            headers={**visitor.own, "x-token": token},
        )
        given = {"token": token, "prompt": "<b onclick=1>", "number": staged.text}
        plan = await visitor.client.post("/drop/plan", data=given, headers=visitor.own)
        for page in (*pages, plan.text):
            assert "&lt;script&gt;alert(1)" in page
            assert "<script>alert" not in page
            assert "<b onclick" not in page


async def test_a_result_that_became_a_web_page_is_not_served(studio: Studio) -> None:
    """What stands at a result's place is looked at: only what it was proven to be is sent."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        studio.drop("ann.jpg")
        await studio.until_states(done=1)
        place = studio.output / studio.outputs()[0]
        place.write_text("<html><script>alert(1)</script>")
        forget_small(studio)
        for path in ("/results/1/1", "/pictures/1/after/1/small"):
            assert (await visitor.get(path)).status_code == 404
        place.unlink()
        place.symlink_to("/etc/passwd")
        assert (await visitor.get("/results/1/1")).status_code == 404


async def test_no_form_is_longer_than_a_form(studio: Studio) -> None:
    """A body of 10 GB is refused by its stated length, one without an end as soon as it is long."""
    async with visiting(studio) as visitor:
        await visitor.enter(studio)
        form = {**visitor.own, "content-type": "application/x-www-form-urlencoded"}
        ask = visitor.client.build_request("POST", "/act", headers=form)
        assert await status_of(ask, {"content-length": str(10**10)}) == 413
        chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
        assert await status_of(ask, {"transfer-encoding": "chunked"}, chunk * 2) == 413
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
