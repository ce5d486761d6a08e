"""The page in a real browser: seen, clicked, dragged and typed at."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from hotfolder.simulator import Fault
from tests.browser import page_of
from tests.end_to_end.page.conftest import SCHEMES, SCREENS, enter
from tests.studio import LIMIT_S, free_port, picture

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.end_to_end.conftest import CommandLine, Running
    from tests.studio import Studio

GROUND = "getComputedStyle(document.body).backgroundColor"
STREAMS = """window.streams = [];
window.EventSource = class extends EventSource {
    constructor(...given) { super(...given); streams.push(this); }
}"""
LISTENING = "streams.filter(each => each.readyState !== EventSource.CLOSED).length"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SHOWN = "[...document.images].filter(each => each.complete && each.naturalWidth > 1).length"


@pytest.fixture
def address(studio: Studio) -> str:
    """Give the studio a page at a free port and return where it is."""
    port = free_port()
    studio.configure(web=f'listen = "127.0.0.1:{port}"')
    return f"http://127.0.0.1:{port}"


def states(studio: Studio, **counts: int) -> bool:
    """Whether there are so many jobs of these states, and none of any other."""
    return studio.states() == counts


def test_the_gallery_fills_while_pictures_are_edited(
    studio: Studio, hotfolder: CommandLine, address: str, browser: Browser
) -> None:
    """What is dropped appears by itself, with its picture, in the open gallery and on the wall."""
    with hotfolder.daemon() as daemon, page_of(browser) as page:
        enter(page, hotfolder)
        page.get_by_role("navigation").get_by_role("link", name="Gallery").click()
        page.get_by_text("Nothing here that matches").wait_for()
        for number in range(3):
            studio.drop(f"p{number}.jpg", number=number + 1)
        page.locator(".card").nth(2).wait_for()
        daemon.until(lambda: page.evaluate(SHOWN) >= 4, "all are shown, and the house's mark")
        daemon.until(lambda: states(studio, done=3), "three are done")
        assert page.url == f"{address}/gallery"
        page.goto(f"{address}/wall/studio")
        page.locator(".wall img").nth(2).wait_for()
        studio.drop("late.jpg", number=9)
        page.locator(".wall li").nth(3).wait_for()
        assert page.locator(".wall img").first.get_attribute("alt") == "late.jpg"
        assert page.locator("nav, button, a").count() == 0


def test_the_slider_goes_by_mouse_and_keys(
    studio: Studio, hotfolder: CommandLine, address: str, browser: Browser
) -> None:
    """Dragging and the arrow keys move the line between before and after; down goes on."""
    with hotfolder.daemon() as daemon, page_of(browser) as page:
        studio.drop("ann.jpg", picture(1, side=256))
        studio.drop("bob.jpg", picture(2, side=256))
        daemon.until(lambda: states(studio, done=2), "two are done")
        enter(page, hotfolder)
        page.goto(f"{address}/gallery")
        page.locator(".card a").first.click()
        slider = page.locator("dialog input[type=range]")
        slider.wait_for()
        loaded = "[...document.querySelectorAll('dialog img')].every(each => each.naturalWidth > 1)"
        daemon.until(lambda: page.evaluate(loaded), "both pictures are there")
        line = (
            "getComputedStyle(document.querySelector('dialog .compare')).getPropertyValue('--at')"
        )
        assert page.evaluate(line) == "50%"
        page.keyboard.press("ArrowRight")
        assert page.evaluate(line) == "54%"
        box = slider.bounding_box()
        assert box is not None
        middle = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + box["width"] * 0.54, middle)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.2, middle, steps=4)
        page.mouse.up()
        assert float(page.evaluate(line).rstrip("%")) < 30
        first = page.locator("dialog .strip p").inner_text()
        page.keyboard.press("ArrowDown")
        assert page.locator("dialog .strip p").inner_text() != first
        page.keyboard.press("Escape")
        page.locator("dialog").wait_for(state="hidden")


def test_what_needs_a_person_is_done_by_its_button(
    studio: Studio, hotfolder: CommandLine, address: str, browser: Browser
) -> None:
    """A backlog is released, a failed one retried, a doubt settled; the list follows by itself."""
    web = f'listen = "{address.removeprefix("http://")}"'
    studio.configure(web=web, limits="backlog = 1")
    studio.drop("old.jpg", number=8)
    studio.drop("older.jpg", number=9)
    with hotfolder.daemon() as daemon, page_of(browser) as page:
        enter(page, hotfolder)
        page.get_by_role("link", name="Needs a person").click()
        page.get_by_role("button", name="Edit them · 0.28 CNY").click()
        daemon.until(lambda: states(studio, done=2), "the backlog is edited")
        page.get_by_text("Nothing needs you").wait_for()
        _settle(studio, daemon, page)
        assert page.url == f"{address}/needs"


def _settle(studio: Studio, daemon: Running, page: Page) -> None:
    """Have one job fail and one be in doubt, and settle both by their buttons."""
    studio.fault(
        Fault(call="submit", kind="drop_after", times=1),
        Fault(call="submit", kind="code", code="1501", skip=1, times=1),
    )
    studio.drop("ann.jpg", number=1)
    daemon.until(lambda: states(studio, done=2, in_doubt=1), "one is in doubt")
    page.locator(".task input").fill("12")  # what is typed stays while the list is made anew
    studio.drop("bob.jpg", number=2)
    page.get_by_role("button", name="Try again · 0.14 CNY").wait_for()
    assert page.locator(".task input").input_value() == "12"
    page.get_by_role("button", name="Try again · 0.14 CNY").click()
    page.get_by_text("is submitted again").wait_for()
    page.get_by_role("button", name="Give up").click()
    page.get_by_text("Nothing needs you").wait_for()
    daemon.until(lambda: states(studio, done=3, cancelled=1), "both are settled")


def test_dropping_shows_the_plan_before_anything_is_paid(
    studio: Studio, hotfolder: CommandLine, address: str, browser: Browser
) -> None:
    """Files are chosen, their prompt and price are seen, and one button has them edited."""
    with hotfolder.daemon() as daemon, page_of(browser) as page:
        enter(page, hotfolder)
        page.get_by_role("link", name="Drop").click()
        page.locator("textarea").fill("Make it snow")
        one: Any = {"name": "ann.jpg", "mimeType": "image/jpeg", "buffer": picture()}
        other: Any = {"name": "notes.docx", "mimeType": "text/plain", "buffer": b"x"}
        page.locator("input[type=file]").set_input_files([one, other])
        page.get_by_text("notes.docx is not taken").wait_for()
        page.get_by_role("button", name="Have 1 file edited · 0.14 CNY").click()
        page.get_by_text("ann.jpg is in studio").wait_for()
        page.locator(".card", has_text="ann.jpg").wait_for()
        daemon.until(lambda: states(studio, done=1), "it is done")
        assert page.url.startswith(address)
        assert studio.ledger().tasks[0].prompt == "Make it snow"


def test_it_fits_every_screen(
    studio: Studio, hotfolder: CommandLine, address: str, browser: Browser
) -> None:
    """On a phone and a large screen, dark and light, nothing is cut off at the side."""
    wrong = []
    with hotfolder.daemon() as daemon, page_of(browser) as page:
        studio.drop("by the sea/a name that goes on and on, as cameras and people do.jpg")
        daemon.until(lambda: states(studio, done=1), "it is done")
        enter(page, hotfolder)
        for path, width in product(SCREENS, (390, 1920)):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(f"{address}{path}")
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                is_light = page.evaluate(GROUND) == "rgb(246, 243, 238)"
                if page.evaluate(OVERFLOW) > 0 or is_light != (
                    scheme == "light" and "wall" not in path
                ):
                    wrong.append((path, width, scheme))
    assert wrong == []


def test_what_reads_works_without_scripts(
    studio: Studio, hotfolder: CommandLine, address: str, browser: Browser
) -> None:
    """Without JavaScript every screen shows what it has, pictures and buttons included."""
    studio.fault(Fault(call="submit", kind="code", code="1501", skip=1, times=1))
    with hotfolder.daemon() as daemon, page_of(browser, java_script_enabled=False) as page:
        studio.drop("ann.jpg", number=1)
        daemon.until(lambda: states(studio, done=1), "one is done")
        studio.drop("bob.jpg", number=2)
        daemon.until(lambda: states(studio, done=1, failed=1), "one failed")
        enter(page, hotfolder)
        page.goto(f"{address}/gallery")
        page.get_by_text("ann.jpg").click()
        page.get_by_alt_text("ann.jpg, before").wait_for()
        page.get_by_alt_text("ann.jpg, after").wait_for()
        page.goto(f"{address}/money")
        page.get_by_role("img", name="Charges by day").wait_for()
        page.goto(f"{address}/needs")
        page.get_by_role("button", name="Try again").click()
        page.get_by_text("is submitted again").wait_for()
        daemon.until(lambda: states(studio, done=2), "both are done")


def test_a_page_listens_only_while_it_is_looked_at(
    studio: Studio, hotfolder: CommandLine, address: str, browser: Browser
) -> None:
    """A page in the background closes its stream; one that nobody answers any more says so."""
    hide = """hidden => {
        Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
        document.dispatchEvent(new Event('visibilitychange'));
    }"""
    with hotfolder.daemon() as daemon, page_of(browser) as page:
        page.add_init_script(STREAMS)
        enter(page, hotfolder)
        mark = page.locator("[data-livemark]")
        mark.wait_for()
        page.evaluate(hide, True)
        mark.wait_for(state="hidden")
        assert page.evaluate(LISTENING) == 0
        studio.drop("ann.jpg")
        daemon.until(lambda: states(studio, done=1), "it is done")
        assert page.locator(".card").count() == 0
        page.evaluate(hide, False)
        assert page.evaluate(LISTENING) == 1
        page.locator(".card", has_text="ann.jpg").wait_for(timeout=LIMIT_S * 1000)
        assert page.url == f"{address}/"
        daemon.end()
        page.get_by_text("hotfolder does not answer").wait_for()
        with hotfolder.daemon():
            page.get_by_text("hotfolder does not answer").wait_for(state="hidden")
            mark.wait_for()
