"""What a screen reader and a keyboard find on every screen, as axe-core judges it."""

from __future__ import annotations

from importlib import resources
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from hotfolder.simulator import Fault
from tests.browser import page_of
from tests.end_to_end.page.conftest import SCHEMES, SCREENS, enter
from tests.studio import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.end_to_end.conftest import CommandLine
    from tests.studio import Studio

AXE = "axe_playwright_python"
RULES = (
    'name = "spring"\nmatch = ["r*.jpg"]\nprompt = "Make it a spring day"\nreview = true',
    'prompt = "Make it a summer day"',
)
FOUND = """async rules => (await axe.run(rules ? {runOnly: rules} : {})).violations.map(each =>
    [each.impact, each.id, each.nodes.map(node => node.html.slice(0, 200))])"""
OF_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}


@pytest.fixture
def axe() -> str:
    """Give axe-core's own script."""
    if find_spec(AXE) is None:
        pytest.skip("axe-core comes with axe-playwright-python, of the extra `test`")
    return resources.files(AXE).joinpath("axe.min.js").read_text("utf-8")


def findings(page: Page, axe: str) -> list[Any]:
    """Return what axe-core finds, and on the other ground what is wrong with colours alone."""
    found = []
    page.evaluate(axe)
    for scheme, rules in zip(SCHEMES, (None, OF_COLOURS), strict=True):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found += [(page.url, scheme, *each) for each in page.evaluate(FOUND, rules)]
    return found


def test_axe_finds_nothing(
    studio: Studio, hotfolder: CommandLine, browser: Browser, axe: str
) -> None:
    """Every screen, with something on it: names, contrast, order, landmarks, labels."""
    address = f"http://127.0.0.1:{free_port()}"
    studio.configure(web=f'listen = "{address[7:]}"', rules=RULES)
    studio.fault(
        Fault(call="submit", kind="drop_after", times=1),
        Fault(call="submit", kind="code", code="1501", skip=1, times=1),
    )
    with hotfolder.daemon() as daemon, page_of(browser) as page:
        for number, name in enumerate(("doubt", "failed", "review", "done"), 1):
            studio.drop(f"{name}.jpg", number=number)
            daemon.until(lambda: len(studio.jobs()) == number, name)  # noqa: B023  at once
        wanted = {"in_doubt": 1, "failed": 1, "fetched": 1, "done": 1}
        daemon.until(lambda: studio.states() == wanted, "one of each")
        found = []
        for path in ("/sign-in", "/enter/x"):
            page.goto(f"{address}{path}")
            found += findings(page, axe)
        enter(page, hotfolder)
        for path in (
            *SCREENS,
            "/gallery?state=failed",
            "/jobs/2",
            "/jobs/3",
            "/manual",
            "/manual/money",
            "/nowhere",
        ):
            page.goto(f"{address}{path}")
            found += findings(page, axe)
        page.goto(f"{address}/gallery")
        page.locator(".card a").first.click()
        page.locator("dialog input").wait_for()
        found += findings(page, axe)
    assert found == []
