"""Review in a real browser: pair by pair, by keyboard alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.browser import page_of
from tests.end_to_end.page.conftest import enter
from tests.studio import free_port, picture

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.end_to_end.conftest import CommandLine, Running
    from tests.studio import Studio

AT = "document.querySelector('.pairs .at .name')?.textContent"
LEFT = "document.querySelector('[data-count]').textContent"


@pytest.fixture
def address(studio: Studio) -> str:
    """Give the studio a page at a free port, and a watch whose results are reviewed."""
    port = free_port()
    studio.configure(web=f'listen = "127.0.0.1:{port}"', watch="review = true")
    return f"http://127.0.0.1:{port}"


def wait_for_pairs(studio: Studio, daemon: Running, count: int) -> None:
    """Drop so many pictures, and wait until their results wait to be reviewed."""
    for number in range(count):
        studio.drop(f"p{number:03}.jpg", picture(number + 1, side=64))
    daemon.until(lambda: waiting(studio) == count, f"{count} wait")


def waiting(studio: Studio) -> int:
    """Return how many results wait to be reviewed."""
    return sum(job["waits_for"] == "review" for job in studio.jobs())


def decided(studio: Studio) -> list[str]:
    """Return what was decided of each job."""
    return [job["review"]["decision"] for job in studio.jobs() if job["review"]]


def begin(page: Page, hotfolder: CommandLine) -> None:
    """Sign in, and go to the review."""
    enter(page, hotfolder)
    page.get_by_role("navigation").get_by_role("link", name=re.compile("Review")).click()
    page.locator(".reviewing").wait_for()


@pytest.mark.parametrize("count", [16, pytest.param(50, marks=pytest.mark.long)])
def test_many_pairs_are_reviewed_by_keyboard(
    studio: Studio, hotfolder: CommandLine, address: str, browser: Browser, count: int
) -> None:
    """Every other is approved or rejected; what each key decided is what becomes of it."""
    with hotfolder.daemon() as daemon, page_of(browser) as page:
        wait_for_pairs(studio, daemon, count)
        begin(page, hotfolder)
        for number in range(count):
            daemon.until(lambda: page.evaluate(AT) == f"p{number:03}.jpg", "the next pair")  # noqa: B023  at once
            page.keyboard.press("x" if number % 2 else "a")
        page.get_by_text("Nothing waits for a decision").wait_for()
        daemon.until(lambda: studio.states() == {"done": count}, "all are decided")
    outputs = studio.outputs()
    assert [name for name in outputs if "/" not in name] == [
        f"p{n:03}.jpg" for n in range(0, count, 2)
    ]
    rejected = [name for name in outputs if name.startswith("_rejected/")]
    assert rejected == [f"_rejected/p{n:03}.jpg" for n in range(1, count, 2)]
    assert page.url == f"{address}/review"


@pytest.mark.long
def test_a_decision_is_taken_back_and_made_anew(
    studio: Studio, hotfolder: CommandLine, address: str, browser: Browser
) -> None:
    """`u` brings the last one back before it takes effect; arrows go without deciding."""
    with hotfolder.daemon() as daemon, page_of(browser) as page:
        wait_for_pairs(studio, daemon, 3)
        begin(page, hotfolder)
        page.keyboard.press("ArrowRight")
        daemon.until(lambda: page.evaluate(AT) == "p001.jpg", "the second pair")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("x")
        page.get_by_text("rejected").first.wait_for()
        daemon.until(lambda: page.evaluate(LEFT) == "2", "one is decided")
        page.keyboard.press("u")
        daemon.until(lambda: page.evaluate(LEFT) == "3", "it is taken back")
        assert page.evaluate(AT) == "p000.jpg"
        page.keyboard.press("a")
        daemon.until(lambda: studio.job("p000.jpg")["state"] == "done", "it is published")
        assert studio.outputs() == ["p000.jpg"]
        assert page.url == f"{address}/review"


@pytest.mark.long
def test_redo_says_its_price_and_makes_another(
    studio: Studio, hotfolder: CommandLine, address: str, browser: Browser
) -> None:
    """`r` is a button with the price, too; a second edit is made, and waits for review in turn."""
    with hotfolder.daemon() as daemon, page_of(browser) as page:
        wait_for_pairs(studio, daemon, 1)
        begin(page, hotfolder)
        page.locator(".deciding").get_by_role("button", name="Redo · 0.14 CNY").wait_for()
        page.keyboard.press("r")
        daemon.until(lambda: len(studio.ledger().tasks) == 2, "it is made anew")
        daemon.until(lambda: waiting(studio) == 1, "the second waits")
        assert page.url == f"{address}/review"


def test_review_works_without_scripts(
    studio: Studio, hotfolder: CommandLine, address: str, browser: Browser
) -> None:
    """Each pair has its buttons."""
    with hotfolder.daemon() as daemon, page_of(browser, java_script_enabled=False) as page:
        wait_for_pairs(studio, daemon, 2)
        enter(page, hotfolder)
        page.goto(f"{address}/review")
        page.get_by_role("button", name="Approve").first.click()
        page.get_by_role("button", name="Undo").wait_for()
        page.get_by_role("button", name="Reject").first.click()
        daemon.until(lambda: decided(studio) == ["approved", "rejected"], "both are decided")


def test_new_pairs_come_by_themselves(
    studio: Studio, hotfolder: CommandLine, address: str, browser: Browser
) -> None:
    """Who waits at an empty review sees the first pair come, and the next; nothing is reloaded."""
    with hotfolder.daemon() as daemon, page_of(browser) as page:
        enter(page, hotfolder)
        page.goto(f"{address}/review")
        page.get_by_text("Nothing waits for a decision").wait_for()
        page.evaluate("window.loadedOnce = true")
        wait_for_pairs(studio, daemon, 1)
        page.locator(".reviewing .compare").wait_for()
        assert page.evaluate(AT) == "p000.jpg"
        studio.drop("late.jpg", picture(9, side=64))
        daemon.until(lambda: page.evaluate(LEFT) == "2", "the second is counted")
        page.keyboard.press("a")
        daemon.until(lambda: page.evaluate(AT) == "late.jpg", "the second follows")
        assert page.evaluate("window.loadedOnce")
