"""Films, sounds, 3D models and texts on the page, in a real browser."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

import pytest

from tests.browser import page_of
from tests.end_to_end.page.conftest import enter
from tests.end_to_end.page.test_page import OVERFLOW
from tests.flow.test_texts import PAINT
from tests.studio import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.end_to_end.conftest import CommandLine
    from tests.studio import Studio

SAMPLES = resources.files("hotfolder.simulator").joinpath("samples")
KINDS = ("film.mp4", "sound.mp3", "cube.glb", "told.txt")
PLAYABLE = "document.querySelector('video, audio')?.readyState >= 1"
BROKEN = "[...document.images].filter(each => each.complete && !each.naturalWidth).length"


@pytest.fixture
def address(studio: Studio) -> str:
    """Give the studio a page at a free port and return where it is."""
    port = free_port()
    studio.configure(web=f'listen = "127.0.0.1:{port}"', watch="settle = 0.05")
    return f"http://127.0.0.1:{port}"


def file_of(folder: Path, name: str) -> Path:
    """Return a result for the service to answer with."""
    path = folder / name
    path.write_bytes(
        b"A poem of spring\n" if name == "told.txt" else SAMPLES.joinpath(name).read_bytes()
    )
    return path


def test_each_kind_is_shown_by_what_can(
    studio: Studio, hotfolder: CommandLine, address: str, browser: Browser
) -> None:
    """Films and sounds play, 3D models and texts are links, and no picture is a broken one."""
    with hotfolder.daemon() as daemon, page_of(browser) as page:
        for number, name in enumerate(KINDS, start=1):
            studio.simulator.update_settings(result_file=file_of(studio.folder, name))
            studio.drop(f"{name.partition('.')[0]}.jpg", number=number)
            daemon.until(lambda: studio.states() == {"done": number}, name)  # noqa: B023  at once
        enter(page, hotfolder)
        page.get_by_role("navigation").get_by_role("link", name="Gallery").click()
        page.locator(".card").nth(len(KINDS) - 1).wait_for()
        assert page.locator(".card .medium").all_inner_texts() == ["TXT", "GLB", "♪", "▶"]
        for number, name in enumerate(KINDS, start=1):
            page.goto(f"{address}/jobs/{number}")
            link = page.locator(".file a")
            assert link.inner_text() == name
            if name.endswith(("mp4", "mp3")):
                page.wait_for_function(PLAYABLE)
            page.wait_for_load_state("networkidle")
            assert page.evaluate(BROKEN) == 0, name
            assert page.evaluate(OVERFLOW) <= 0, name
        link.click()
        page.get_by_text("A poem of spring").wait_for()


def test_a_text_that_failed_shows_no_broken_picture(
    studio: Studio, hotfolder: CommandLine, address: str, browser: Browser
) -> None:
    """What was dropped is no picture: its page and its card say what it is."""
    studio.configure(
        rules=[PAINT],
        web=f'listen = "{address.removeprefix("http://")}"',
    )
    studio.drop("poem.txt", "A harbour at dawn")
    with hotfolder.daemon() as daemon, page_of(browser) as page:
        daemon.until(lambda: studio.states() == {"done": 1}, "it is made")
        enter(page, hotfolder)
        for at in ("/gallery", "/jobs/1"):
            page.goto(f"{address}{at}")
            page.wait_for_load_state("networkidle")
            assert page.evaluate(BROKEN) == 0, at
