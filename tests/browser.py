"""A real browser, without a screen."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pytest
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
OPTIONS: Final = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
LIMIT_MS: Final = 60_000


@contextmanager
def opened() -> Iterator[Browser]:
    """Give a browser, or skip saying that there is none."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("the page can only be opened where Chromium is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(OPTIONS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def page_of(browser: Browser, **settings: Any) -> Iterator[Page]:  # noqa: ANN401  playwright's
    """Give a page of its own, on which no script may fail."""
    problems: list[str] = []
    context = browser.new_context(**settings)
    context.set_default_timeout(LIMIT_MS)
    page = context.new_page()
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if _is_breach(said.text) else None)
    try:
        yield page
    finally:
        context.close()
    assert problems == []


def _is_breach(said: str) -> bool:
    return "Content Security Policy" in said or "Refused to" in said
