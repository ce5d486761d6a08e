"""Fixtures of the tests in a browser: one browser for all of them, and how one signs in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from tests.browser import opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.end_to_end.conftest import CommandLine

SCREENS = ("/", "/gallery", "/jobs/1", "/needs", "/review", "/money", "/drop", "/wall/studio")
SCHEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Give one browser for all tests of this folder; it ends before any test needs its loop."""
    with opened() as found:
        yield found


def enter(page: Page, hotfolder: CommandLine) -> None:
    """Sign in as a person would: by the link that the command prints."""
    page.goto(hotfolder("page").out.strip())
    page.get_by_role("button", name="Enter").click()
    page.get_by_role("heading", name="Watches").wait_for()
