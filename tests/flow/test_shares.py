"""Shares that go away, hang and come back: they wait, nothing is lost and nothing is paid twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.studio import Studio


def watch(studio: Studio) -> dict[str, str]:
    """Return what `status --json` shows of the watch."""
    return dict(studio.status()["watches"][0])


async def test_a_share_that_is_gone_is_offline_since_a_time(studio: Studio) -> None:
    """The watch, and each file in it, says since when the folder is away and why."""
    studio.configure(watch="scan_interval = 0.2")
    async with studio.running():
        online_since = watch(studio)["since"]
        studio.input.rename(studio.folder / "away")
        await studio.until(lambda: not watch(studio)["online"], "the watch is offline")
        away = watch(studio)
        told = studio.explain("ann.jpg", daemon=True)
        (studio.folder / "away").rename(studio.input)
        await studio.until(lambda: watch(studio)["online"], "the watch is online")
    assert away["since"] > online_since
    assert "No such file" in away["reason"]
    assert told["verdict"] == "offline"
    assert told["reason"].startswith("offline since 20")
    assert watch(studio)["since"] > away["since"]
    assert watch(studio)["reason"] is None
